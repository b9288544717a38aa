"""A frozen projection of embeddings to two or three coordinates: fitted once per store, then only applied."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ..errors import InputError
from ..grid import Window
from ..output import whole_file
from ..store import EmbeddingStore, Glass
from .colour import Bools, Floats

Method = Literal["pca", "umap"]
METHODS = ("pca", "umap")
PlaceReader = Callable[[int, Window], tuple[npt.NDArray[np.float32], Bools]]
"""(date index, window) → coordinates [n, component] of the valid pixels, row by row, and validity [y, x]."""
STRIP = 4_096
"""Pixels that pass through the map at a time: its widest layer then stays within the processor's cache."""


@dataclass(frozen=True)
class ProjectionSpec:
    """How a projection is fitted."""

    method: Method = "umap"
    components: int = 2
    """2 or 3."""
    dims: int | None = None
    """Leading dimensions of the embedding; None = all that the store holds."""
    pixels: int = 20_000
    """Pixel-dates in the sample."""
    neighbours: int = 30
    """Of `umap`: more of them show more of the whole and less of the detail."""
    min_dist: float = 0.1
    """Of `umap`: how close points may lie."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError("there is no such projection", value=self.method, remedy=" or ".join(METHODS))
        if self.components not in (2, 3):
            raise InputError("a projection has 2 or 3 components", value=self.components)
        if self.pixels < 100:
            raise InputError("a projection needs at least 100 pixels", value=self.pixels)
        if not 2 <= self.neighbours < self.pixels:
            raise InputError("the number of neighbours can't be used", value=self.neighbours)
        if not 0 <= self.min_dist <= 1:
            raise InputError("min_dist must lie in 0 to 1", value=self.min_dist)

    @property
    def file(self) -> str:
        """Its name within the store's folder."""
        return f"projection-{self.method}-{self.components}.safetensors"


@dataclass(frozen=True)
class Fidelity:
    """What a projection keeps, measured on pixels held out from its distilled map (16 × 16 px squares, dates).

    Errors are distances between map and UMAP, relative to the spread (root mean squared distance from the
    centre) of the UMAP; all 0 for PCA, which is applied as it is. `trust` is the trustworthiness of Venna &
    Kaski (2001), `kept` the share of the nearest neighbours among the embeddings that are still the nearest
    after projecting, each for `pca`, `umap` and the distilled `map`: 1 is perfect."""

    pixels: int
    neighbours: int
    error: float
    """Root mean square."""
    error_median: float
    error_p90: float
    trust: Mapping[str, float]
    kept: Mapping[str, float]

    def __str__(self) -> str:
        name = "map" if "map" in self.trust else "pca"
        beside = "".join(
            f"; {other.upper()} {self.trust[other]:.2f} and {self.kept[other]:.0%}"
            for other in self.trust
            if other != name
        )
        error = f"error {self.error:.0%} of the spread (median {self.error_median:.0%}); " if beside else ""
        return (
            f"{error}trustworthiness {self.trust[name]:.2f}, {self.kept[name]:.0%} of {self.neighbours} "
            f"neighbours kept{beside} (n = {self.pixels:,} held-out pixels)"
        )


@dataclass(frozen=True, eq=False)
class Projection:
    """Embedding → coordinates: a linear map (PCA) or a small network that stands for a UMAP."""

    spec: ProjectionSpec
    weights: tuple[npt.NDArray[np.float32], ...]
    """[in, out] of each layer; ReLU between layers. The first one includes the whitening."""
    biases: tuple[npt.NDArray[np.float32], ...]
    limits: npt.NDArray[np.float64]
    """[component, 2]: what a picture shows, the sample's range with a margin."""
    fidelity: Fidelity
    model: str
    """SHA-256 of the model whose embeddings it is of."""
    explained: tuple[float, ...] = ()
    """Of PCA: share of the sample's variance in each component."""

    @property
    def dims(self) -> int:
        return len(self.weights[0])

    @cached_property
    def fit(self) -> str:
        """The same for the same places alone: what was drawn in one fit means other pixels in the next."""
        told = hashlib.sha256()
        for layer in (*self.weights, *self.biases):
            told.update(np.ascontiguousarray(layer).tobytes())
        return told.hexdigest()[:16]

    @property
    def axis_names(self) -> tuple[str, ...]:
        if self.spec.method == "umap":
            return tuple(f"UMAP {n + 1} (no unit)" for n in range(self.spec.components))
        return tuple(
            f"component {n + 1} ({share:.0%} of variance; whitened)"
            for n, share in enumerate(self.explained[: self.spec.components])
        )

    def apply(self, values: Floats) -> npt.NDArray[np.float32]:
        """[pixel, dim] → [pixel, component]"""
        out = np.empty((len(values), self.spec.components), np.float32)
        for start in range(0, len(values), STRIP):
            flow = values[start : start + STRIP].astype(np.float32, copy=False)
            for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
                if number:
                    np.maximum(flow, 0, out=flow)
                flow = flow @ weight
                flow += bias
            out[start : start + STRIP] = flow
        return out

    def apply_map(self, values: Floats, validity: Bools) -> npt.NDArray[np.float32]:
        """[dim, y, x] and [y, x] → [component, y, x]; NaN where not valid."""
        drawn = np.full((self.spec.components, *validity.shape), np.nan, np.float32)
        drawn[:, validity] = self.apply(values[: self.dims][:, validity].T).T
        return drawn

    def reader(self, store: EmbeddingStore) -> PlaceReader:
        """Where the pixels of a store lie, read and projected whenever they are asked for."""

        def see(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            return self.apply(values.reshape(self.dims, -1).T).T.reshape(-1, *values.shape[1:])

        glass = Glass(self.spec.components, "float32", see)

        def read(date: int, window: Window) -> tuple[npt.NDArray[np.float32], Bools]:
            places, validity = store.read_through(date, glass, window, self.dims)
            return np.ascontiguousarray(places[:, validity].T), validity

        return read

    def check(self, store: EmbeddingStore) -> None:
        """`InputError` unless the store's embeddings are those that the projection was fitted on."""
        if self.model != store.model["sha256"]:
            raise InputError(
                "the projection is of another model",
                value=f"{self.model[:12]}, the store's is {store.model['sha256'][:12]}",
                remedy="fit it again on this store (--refit)",
            )
        if self.dims != (self.spec.dims or store.dims):
            raise InputError(
                "the projection is of embeddings of another size",
                value=f"{self.dims}, the store has {store.dims}",
                remedy="fit it again on this store (--refit)",
            )

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Write as safetensors, settings as JSON in its header."""
        arrays: dict[str, npt.NDArray[Any]] = {
            f"weight{n}": np.ascontiguousarray(w) for n, w in enumerate(self.weights)
        }
        arrays |= {f"bias{n}": b for n, b in enumerate(self.biases)} | {"limits": self.limits}
        about = {
            "spec": asdict(self.spec),
            "fidelity": asdict(self.fidelity),
            "model": self.model,
            "explained": list(self.explained),
        }
        with whole_file(path, overwrite=overwrite) as partial:
            save_file(arrays, partial, {"projection": json.dumps(about)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; `InputError` where it is something else or damaged."""
        try:
            with safe_open(path, "numpy") as file:
                about = json.loads((file.metadata() or {})["projection"])
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            return cls._of(about, arrays)
        except (OSError, SafetensorError, KeyError, ValueError, TypeError, InputError) as error:
            raise InputError(
                "the projection can't be read", value=path, remedy="delete this file to fit it again"
            ) from error

    @classmethod
    def _of(cls, about: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Self:
        count = sum(name.startswith("weight") for name in arrays)
        weights = tuple(arrays[f"weight{n}"] for n in range(count))
        biases = tuple(arrays[f"bias{n}"] for n in range(count))
        spec, fidelity = ProjectionSpec(**about["spec"]), Fidelity(**about["fidelity"])
        fits = all(b.shape == (w.shape[1],) for w, b in zip(weights, biases, strict=True))
        fits &= all(a.shape[1] == b.shape[0] for a, b in pairwise(weights))
        if not fits or weights[-1].shape[1] != spec.components:
            raise ValueError("the layers don't fit together")
        return cls(
            spec, weights, biases, arrays["limits"], fidelity, about["model"], tuple(about["explained"])
        )


def kept_projection(store: EmbeddingStore, spec: ProjectionSpec) -> Projection | None:
    """The projection kept with a store; None where there is none yet.

    `InputError` where it is unreadable, of another model, or was fitted with other settings than `spec`."""
    path = store.path / spec.file
    if not path.exists():
        return None
    kept = Projection.load(path)
    kept.check(store)
    if replace(kept.spec, dims=kept.dims) != replace(spec, dims=spec.dims or store.dims):
        raise InputError(
            "the store keeps a projection with other settings",
            value=kept.spec,
            remedy="use these, or fit it again (--refit), which replaces it",
        )
    return kept

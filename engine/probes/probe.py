"""A probe: a small model on embeddings, with all that one must know before applying it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..classes import ClassTable
from ..errors import ProbeError
from ..response import Response
from ..store import EmbeddingStore
from .estimators import EstimatorSpec, Fitted, ProbeRecipe, one_blas_thread
from .slots import names_of
from .table import Floats, SampleTable

__all__ = [
    "Attachment",
    "EstimatorSpec",
    "Origin",
    "Prediction",
    "Probe",
    "ProbeRecipe",
    "Training",
]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a probe says of samples."""

    values: npt.NDArray[Any]
    """[n]: class codes (int64), or values (float32) in the response's unit."""
    probabilities: Floats | None = None
    """[n, class] in the order of the response's classes, 0 for those without training samples; or None."""


@dataclass(frozen=True)
class Origin:
    """The embeddings that a probe was fitted on; it can read those of no other model."""

    model: str
    sha256: str
    dims: int
    """Leading dimensions that its features are made of."""
    past_only: bool = False
    store: str = ""
    """Name of the store."""

    @classmethod
    def of(cls, store: EmbeddingStore, dims: int | None = None) -> Self:
        """Of a store; `dims` of which are used, all by default."""
        return cls(
            str(store.model["name"]),
            str(store.model["sha256"]),
            dims or store.dims,
            past_only_of(store),
            store.path.name,
        )


def past_only_of(store: EmbeddingStore) -> bool:
    """Whether a store's embeddings rest on no acquisition after their date."""
    return bool(json.loads(store.attributes.get("run", "{}")).get("past_only", False))


@dataclass(frozen=True)
class Training:
    """What a probe was fitted on."""

    samples: int
    sha256: str
    """Of responses and features: the same samples, the same hash."""
    per_class: Mapping[str, int] = field(default_factory=dict)
    """Samples of each class, by name."""
    groups: Mapping[str, int] = field(default_factory=dict)
    """Number of different polygons, sites, …, by key."""
    per_site: Mapping[str, int] = field(default_factory=dict)
    """Samples of each site, where there are sites."""
    first_day: str = ""
    last_day: str = ""
    score: Mapping[str, float] = field(default_factory=dict)
    """On the training samples themselves: says whether fitting worked, nothing about other places."""
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Attachment:
    """What others add to a probe, such as a conformal calibration: settings (JSON-able) and arrays."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Probe:
    """A fitted probe."""

    recipe: ProbeRecipe
    response: Response
    codes: tuple[int, ...]
    """Class codes that the estimator tells apart, ascending; empty for a regression."""
    feature_names: tuple[str, ...]
    estimator: Fitted
    training: Training
    origin: Origin | None = None
    """None = fitted on a table that comes from no store; it can't make maps."""
    scores: Mapping[str, Any] = field(default_factory=dict)
    """Results of a validation, JSON-able."""
    attachments: Mapping[str, Attachment] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    """Software that fitted it."""

    @property
    def classes(self) -> ClassTable:
        if self.response.classes is None:
            raise ProbeError("a regression has no classes", value=self.response.name)
        return self.response.classes

    def predict(self, features: Floats) -> Prediction:
        """Predict [n, feature] samples; missing features (NaN) as the estimator's recipe states.

        `ProbeError` where the number of features is another one."""
        if features.ndim != 2 or features.shape[1] != len(self.feature_names):
            raise ProbeError(
                "the probe needs other features",
                value=f"shape {features.shape}",
                remedy=f"[sample, {len(self.feature_names)}]: {some_of(self.feature_names)}",
            )
        with one_blas_thread():
            scores = self.estimator.scores(np.ascontiguousarray(features, np.float32))
        if self.response.task == "regression":
            return Prediction(scores[:, 0])
        values = np.array(self.codes)[scores.argmax(axis=1)]
        return Prediction(values, self._all_classes(scores))

    def _all_classes(self, scores: Floats) -> Floats:
        """[n, class] of the whole class table."""
        if self.codes == self.classes.codes:
            return scores
        out = np.zeros((len(scores), len(self.classes)), np.float32)
        out[:, [self.classes.codes.index(code) for code in self.codes]] = scores
        return out

    def predict_table(self, table: SampleTable) -> Prediction:
        """Predict the samples of a table; `ProbeError` where its features are called otherwise."""
        names = names_in(table, self.recipe)
        if names != self.feature_names:
            raise ProbeError(
                "the samples have other features than the probe was fitted on",
                value=some_of(names),
                remedy=f"make them as {self.recipe.spec.kind} features: {some_of(self.feature_names)}",
            )
        return self.predict(table.features(self.recipe.blocks))

    def attach(self, name: str, attachment: Attachment) -> Self:
        """The probe with one more attachment, or another one of that name."""
        return replace(self, attachments={**self.attachments, name: attachment})

    def with_scores(self, scores: Mapping[str, Any]) -> Self:
        return replace(self, scores=dict(scores))


def check_probe_fits(probe: Probe, store: EmbeddingStore, blocks: tuple[str, ...] = ("embedding",)) -> None:
    """`ProbeError` with the reason unless a probe can be applied to a store.

    `blocks`: which blocks of features can be made there; `bands` and `indices` need acquisitions."""
    origin = probe.origin
    if origin is None:
        raise ProbeError(
            "the probe was fitted on samples of no embedding store", remedy="fit it on labels and a store"
        )
    model = store.model
    if model["sha256"] != origin.sha256:
        raise ProbeError(
            "the probe belongs to another model's embeddings",
            value=f"{model['name']} {str(model['sha256'])[:12]}… instead of {origin.model} {origin.sha256[:12]}…",
            remedy="embed the area with that model, or fit the probe again on this store",
        )
    if store.dims < origin.dims:
        raise ProbeError(
            "the store holds fewer dimensions than the probe needs",
            value=f"{store.dims} instead of {origin.dims}",
            remedy=f"embed with --dims {origin.dims}, or fit the probe on fewer",
        )
    if past_only_of(store) != origin.past_only:
        raise ProbeError(
            "the embeddings see other dates than those that the probe was fitted on",
            value=f"past only: {past_only_of(store)} instead of {origin.past_only}",
            remedy="embed in the same way",
        )
    missing = [name for name in probe.recipe.blocks if name not in blocks]
    if missing:
        raise ProbeError(
            "the probe needs features that aren't given here", value=", ".join(missing), remedy=_give(missing)
        )
    _check_names(probe, origin)


def _check_names(probe: Probe, origin: Origin) -> None:
    """The features that the recipe makes must be those that the estimator was fitted on."""
    bands = embedding_names(origin.dims)
    expected = names_of(probe.recipe.spec, bands)
    mine = probe.feature_names
    if "embedding" in probe.recipe.blocks and not set(expected) <= set(mine):
        raise ProbeError(
            f"the probe was not fitted on {probe.recipe.spec.kind} features of {origin.dims} dimensions",
            value=some_of(mine),
            remedy="fit it again",
        )


def embedding_names(dims: int) -> tuple[str, ...]:
    return tuple(f"e{dim + 1:02d}" for dim in range(dims))


def _give(missing: list[str]) -> str:
    return "give the weather of the dates" if missing == ["weather"] else "give the acquisitions as well"


def names_in(table: SampleTable, recipe: ProbeRecipe) -> tuple[str, ...]:
    absent = [name for name in recipe.blocks if name not in table.blocks]
    if absent:
        raise ProbeError(
            "the samples lack features that the probe is to see",
            value=", ".join(absent),
            remedy=f"there are {', '.join(table.blocks) or 'none'}",
        )
    return table.feature_names(recipe.blocks)


def some_of(names: tuple[str, ...]) -> str:
    return ", ".join(names[:4]) + (f", … ({len(names)})" if len(names) > 4 else "")

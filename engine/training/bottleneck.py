"""E2: what does the bottleneck keep? The target is visible; its bands are read back from the embedding."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..acquisitions.cube import Cube
from ..representation.fusion import DenseModel
from .gap_filling import Values, embed_cubes, in_units
from .series import screen_residual_cloud

Samples = npt.NDArray[np.float64]


def read_back(
    model: DenseModel, cubes: Mapping[str, Cube], reference: Mapping[str, Cube]
) -> list[dict[str, Any]]:
    """A row per size and method: mean absolute error per band at clear Sentinel-2 dates, in reflectance and dB.

    The principal components are those of standardised raw values (the bands at hand and the nearest backscatter) of
    the reference place, which is a training place: both methods meet the test place for the first time."""
    here, axes = _raw(cubes), _raw(reference)
    names = [name for name in here[0] if name in axes[0]]
    values, fitted = (np.stack([part[0][n] for n in names], axis=1)[part[1]] for part in (here, axes))
    embedding = embed_cubes(model, cubes, cubes["s2"].days)
    rows = []
    for size in model.config.prefixes:
        rows.append(_row("PCA of raw values", size, names, _through_pca(values, fitted, size), values))
        ours = in_units(model, embedding, size)
        flat = {f"{m}_{b}": x[:, k].ravel() for m, x in ours.items() for k, b in enumerate(_bands(model, m))}
        rows.append(_row("model", size, names, np.stack([flat[n] for n in names], 1)[here[1]], values))
    return rows


def _bands(model: DenseModel, name: str) -> tuple[str, ...]:
    return model.modalities[name].bands


def _raw(cubes: Mapping[str, Cube]) -> tuple[dict[str, Values], npt.NDArray[np.bool_]]:
    """Raw values at the Sentinel-2 dates, flat per band, and where all bands at hand are clear."""
    s2 = cubes["s2"]
    clear = screen_residual_cloud(s2)
    present = np.atleast_1d(clear.any(axis=(0, 2, 3)))
    flat = {f"s2_{b}": s2.values[:, k].ravel() for k, b in enumerate(s2.modality.bands) if present[k]}
    use = np.atleast_1d(clear[:, present].all(axis=1)).ravel()
    if "s1" in cubes:
        s1 = cubes["s1"]
        near = np.abs(s1.days[None] - s2.days[:, None]).argmin(axis=1)
        flat |= {f"s1_{b}": s1.values[near, k].ravel() for k, b in enumerate(s1.modality.bands)}
        use &= s1.validity[near].all(axis=1).ravel()
    return flat, use


def _through_pca(values: Values, fitted: Values, size: int) -> Samples:
    mean, spread = fitted.mean(0), fitted.std(0)
    _, _, axes = np.linalg.svd((fitted[::7] - mean) / spread, full_matrices=False)
    axes = axes[:size]
    kept: Samples = ((values - mean) / spread) @ axes.T @ axes * spread + mean
    return kept


def _row(method: str, size: int, names: list[str], back: Values | Samples, values: Values) -> dict[str, Any]:
    error = np.abs(back - values).mean(axis=0)
    bands = {name: float(e) for name, e in zip(names, error, strict=True)}
    s2 = [e for name, e in bands.items() if name.startswith("s2_")]
    return {"method": method, "dims": size, "n": len(values), "s2_mae": float(np.mean(s2)), "bands": bands}

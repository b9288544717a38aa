"""E1: does it fill gaps? Clear Sentinel-2 values are hidden, then predicted by the model and by classical methods.

All of them see the same series, screened for missed cloud as in a run on an area."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..acquisitions.cube import Cube, CubeInMemory
from ..acquisitions.screening import screened
from ..representation.fusion import DenseModel
from ..representation.interface import Observations
from .series import Neighbouring, screen_residual_cloud

Values = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
SPACING_DAYS = 60.0  # between hidden blocks, so that each has clear frames on both sides


@dataclass(frozen=True, eq=False)
class Gap:
    """A cube with values hidden, and the values that must be predicted."""

    scenario: str
    cube: Cube
    """What may be seen."""
    hidden: Mask
    """[frame, band, y, x]: hidden from the cube, and fit to be a target (screened for residual cloud)."""
    truth: Values


def draw_gaps(cube: Cube, seed: int) -> Iterator[Gap]:
    """Real cloud masks moved to other dates, and blocks of 10, 20 and 40 days in which nothing is seen."""
    rng = np.random.default_rng(seed)
    yield _hide(cube, "clouds moved in time", _moved_clouds(cube, rng))
    for days in (10, 20, 40):
        yield _hide(cube, f"{days} days", _blocks(cube, days, rng))


def _moved_clouds(cube: Cube, rng: np.random.Generator) -> Mask:
    """The mask of another date, drawn among those that are neither clear nor fully clouded, on 40 % of the frames."""
    cloudy: Mask = np.logical_not(np.any(cube.validity, axis=1, keepdims=True))
    share = cloudy.mean(axis=(1, 2, 3))
    partial = np.flatnonzero((share > 0.2) & (share < 0.98))
    struck = rng.random(len(share)) < 0.4
    if not len(partial):
        return np.zeros_like(cloudy)
    moved: Mask = cloudy[rng.choice(partial, len(share))] & struck[:, None, None, None]
    return moved


def _blocks(cube: Cube, days: int, rng: np.random.Generator) -> Mask:
    starts = np.arange(
        cube.days[0] + rng.uniform(10, SPACING_DAYS), cube.days[-1] - days, days + SPACING_DAYS
    )
    inside = (cube.days[:, None] >= starts) & (cube.days[:, None] <= starts + days)
    struck: Mask = np.atleast_1d(inside.any(axis=1))
    return struck[:, None, None, None]


def _hide(cube: Cube, scenario: str, struck: Mask) -> Gap:
    hidden = screen_residual_cloud(cube) & struck
    left = CubeInMemory(replace(cube, validity=cube.validity & ~struck))
    return Gap(scenario, screened(left).read(cube.grid.window), hidden, cube.values)


def linear(cube: Cube) -> Values:
    return Neighbouring.of(cube.values, cube.validity, cube.days).linear()


def nearest(cube: Cube) -> Values:
    return Neighbouring.of(cube.values, cube.validity, cube.days).nearest()


def harmonic(cube: Cube) -> Values:
    """Per-pixel least squares of a mean, a trend and two annual harmonics, with a slight ridge."""
    t = (cube.days - cube.days.mean()) / 365.2425
    waves = [f(2 * np.pi * k * t) for k in (1, 2) for f in (np.sin, np.cos)]
    design = np.stack([np.ones_like(t), t, *waves], axis=1)
    weights = cube.validity.reshape(len(t), -1).astype(float)
    values = np.where(cube.validity, cube.values, 0).reshape(len(t), -1)
    normal = np.einsum("fp,fi,fj->pij", weights, design, design) + 0.01 * np.eye(design.shape[1])
    right = np.einsum("fp,fi->pi", weights * values, design)
    fit = design @ np.linalg.solve(normal, right[..., None])[..., 0].T
    return fit.reshape(cube.values.shape).astype(np.float32)


def predict(
    model: DenseModel, cubes: Mapping[str, Cube], days: npt.NDArray[np.float64], prefix: int
) -> dict[str, Values]:
    """What the model's embeddings say about each modality at `days`: [target, band, y, x] in the cubes' units."""
    return in_units(model, embed_cubes(model, cubes, days), prefix)


def in_units(model: DenseModel, embedding: torch.Tensor, prefix: int) -> dict[str, Values]:
    """What the first `prefix` dimensions say about each modality: [target, band, y, x] in the cubes' units."""
    bands, modalities = model.reconstruct(embedding, prefix), model.modalities
    return {m: (b * modalities[m].scale + modalities[m].offset).numpy() for m, b in bands.items()}


def embed_cubes(model: DenseModel, cubes: Mapping[str, Cube], days: npt.NDArray[np.float64]) -> torch.Tensor:
    """Embeddings [target, dim, y, x] of cubes in memory, with nothing known around them."""
    seen = {name: Observations.from_cube(cube).padded(model.halo) for name, cube in cubes.items()}
    return model.embed(seen, torch.from_numpy(days)).values


def fill_gaps(model: DenseModel, cubes: Mapping[str, Cube], seeds: int = 3) -> list[dict[str, Any]]:
    """A row per scenario, method and mask seed: RMSE, MAE, per-band RMSE (reflectance) and spectral angle (rad)."""
    rows = []
    for seed in range(seeds):
        for gap in draw_gaps(cubes["s2"], seed):
            for method, filled in _methods(model, cubes, gap):
                rows.append({"scenario": gap.scenario, "method": method, "seed": seed} | _scores(gap, filled))
    return rows


def _methods(model: DenseModel, cubes: Mapping[str, Cube], gap: Gap) -> Iterator[tuple[str, Values]]:
    classical: dict[str, Callable[[Cube], Values]] = {
        "linear interpolation": linear,
        "nearest date": nearest,
        "harmonic fit": harmonic,
    }
    for name, method in classical.items():
        yield name, method(gap.cube)
    asked = gap.hidden.any(axis=(1, 2, 3))
    given = {"model, S2 only": {"s2": gap.cube}}
    if "s1" in cubes:
        given["model, S1 + S2"] = {"s1": cubes["s1"], "s2": gap.cube}
    for name, seen in given.items():
        filled = np.full_like(gap.truth, np.nan)
        filled[asked] = predict(model, seen, gap.cube.days[asked], model.dims)["s2"]
        yield name, filled


def _scores(gap: Gap, filled: Values) -> dict[str, Any]:
    counted = gap.hidden & np.isfinite(filled)
    error = np.where(counted, filled - gap.truth, 0)
    n = int(counted.sum())
    bands = {
        band: float(np.sqrt((error[:, b] ** 2).sum() / counted[:, b].sum()))
        for b, band in enumerate(gap.cube.modality.bands)
        if counted[:, b].any()
    }
    return {
        "n": n,
        "missed": int(gap.hidden.sum()) - n,
        "rmse": float(np.sqrt((error**2).sum() / n)),
        "mae": float(np.abs(error).sum() / n),
        "sam": _spectral_angle(gap.truth, filled, counted),
        "bands": bands,
    }


def _spectral_angle(truth: Values, filled: Values, counted: Mask) -> float:
    """Mean angle in rad between spectra over the bands counted; pixels with fewer than two are left out."""
    use = counted.sum(axis=1) >= 2
    a, b = (np.where(counted, x, 0) for x in (truth, filled))
    cosine = (a * b).sum(1) / np.maximum(np.sqrt((a**2).sum(1) * (b**2).sum(1)), 1e-9)
    return float(np.arccos(np.clip(cosine[use], -1, 1)).mean())

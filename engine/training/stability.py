"""E6: is it stable? The same pixels from another tiling, and what is lost without a sensor or some bands."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..acquisitions.cube import Cube
from ..representation.fusion import DenseModel
from ..representation.interface import Observations
from .gap_filling import embed_cubes, predict
from .masking import HLS_BANDS
from .series import screen_residual_cloud


def tiling_difference(model: DenseModel, cubes: Mapping[str, Cube], tile: int = 24) -> float:
    """Largest absolute difference of an embedding between the whole area at once and tiles with their halo."""
    days = cubes["s2"].days[:: max(1, len(cubes["s2"].days) // 8)]
    whole = embed_cubes(model, cubes, days)
    padded = {name: Observations.from_cube(cube).padded(model.halo) for name, cube in cubes.items()}
    largest = 0.0
    for window in cubes["s2"].grid.tiles(tile):
        rows, cols = window.slices
        haloed = [slice(s.start, s.stop + 2 * model.halo) for s in (rows, cols)]
        seen = {name: observations.cut(*haloed) for name, observations in padded.items()}
        part = model.embed(seen, torch.from_numpy(days)).values
        largest = max(largest, float((part - whole[:, :, rows, cols]).abs().max()))
    return largest


def without_parts(model: DenseModel, cubes: Mapping[str, Cube]) -> list[dict[str, Any]]:
    """A row per set of inputs: RMSE in reflectance over the clear, screened values of all Sentinel-2 bands at hand."""
    s2 = cubes["s2"]
    inputs: dict[str, dict[str, Cube]] = {"S1 + S2": dict(cubes), "S2 only": {"s2": s2}}
    kept = np.array([band in HLS_BANDS for band in s2.modality.bands])
    inputs["S2, HLS bands only"] = {"s2": replace(s2, validity=s2.validity & kept[None, :, None, None])}
    if "s1" in cubes:
        inputs["S1 only"] = {"s1": cubes["s1"]}
    clear = screen_residual_cloud(s2)
    rows = []
    for name, given in inputs.items():
        error = (predict(model, given, s2.days, model.dims)["s2"] - s2.values)[clear]
        rows.append({"input": name, "s2_rmse": float(np.sqrt((error**2).mean())), "n": int(clear.sum())})
    return rows

"""A small dense model and acquisitions in memory: quick, and every number can be computed again by hand."""

import gc
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import torch
from phenolens.engine.acquisitions.cube import Acquisition, Cube
from phenolens.engine.acquisitions.modality import MODALITIES, SENTINEL1, SENTINEL2, Modality
from phenolens.engine.grid import Grid, Window
from phenolens.engine.representation.checkpoint import Checkpoint
from phenolens.engine.representation.interface import Embeddings, Observations

DIMS = 5
REACH_DAYS = 20.0


class BoxModel:
    """Mean over 7 × 7 px and over time, weighted by inverse time distance; the dims are multiples of it."""

    family = "box"
    modalities = MODALITIES
    dims = DIMS
    halo = 3
    reach_days = REACH_DAYS

    def __init__(self) -> None:
        self.calls = 0

    def embed(
        self, observations: Mapping[str, Observations], targets: torch.Tensor, *, past_only: bool = False
    ) -> Embeddings:
        self.calls += 1
        total, weight = torch.zeros(1), torch.zeros(1)
        for seen in observations.values():
            values, observed = self._smooth(seen)
            offset = targets[:, None] - seen.days[None]
            usable = (offset.abs() <= self.reach_days) & ((offset >= 0) | (not past_only))
            nearness = (usable / (1 + offset.abs())).float()
            total = total + torch.einsum("tf,fyx->tyx", nearness, values)
            weight = weight + torch.einsum("tf,fyx->tyx", nearness, observed)
        validity = weight > 0
        mean = torch.where(validity, total / weight.clamp(min=1e-9), 0)
        scales = torch.arange(1, self.dims + 1).view(1, -1, 1, 1)
        return Embeddings(mean[:, None] * scales, validity)

    def _smooth(self, seen: Observations) -> tuple[torch.Tensor, torch.Tensor]:
        inner = slice(self.halo, -self.halo)
        count = seen.validity.float().sum(1)
        values = torch.nn.functional.avg_pool2d((seen.values * seen.validity).sum(1, keepdim=True), 7, 1)[
            :, 0
        ]
        return values * (count[:, inner, inner] > 0), count[:, inner, inner]

    def bytes_per_pixel(self, frames: Mapping[str, int], targets: int) -> float:
        return 100.0 * (sum(frames.values()) + targets)


class MemorySource:
    """Acquisitions in memory; counts what is read."""

    def __init__(self, modality: Modality, grid: Grid, days: Sequence[float], *, seed: int = 1) -> None:
        self.modality = modality
        self.grid = grid
        start = datetime(2021, 3, 1, 10, 30, tzinfo=UTC)
        self.acquisitions = tuple(
            Acquisition(start + timedelta(days=day), (f"scene_{day}",), "S2A", "ascending") for day in days
        )
        random = np.random.default_rng(seed)
        shape = (len(days), len(modality.bands), *grid.shape)
        low, high = modality.valid_range
        self.values = random.uniform(low, high, shape).astype(np.float32)
        clear = random.random((len(days), 1, *grid.shape)) < 0.6
        self.validity = np.broadcast_to(clear, shape).copy()
        self.windows: list[Window] = []

    def read(self, window: Window, frames: Sequence[int] | None = None) -> Cube:
        self.windows.append(window)
        wanted = list(range(len(self.acquisitions))) if frames is None else list(frames)
        values = np.zeros((len(wanted), len(self.modality.bands), window.height, window.width), np.float32)
        validity = np.zeros(values.shape, np.bool_)
        rows, cols = self.grid.shape
        top, left = max(window.row, 0), max(window.col, 0)
        bottom, right = min(window.row + window.height, rows), min(window.col + window.width, cols)
        there = (
            ...,
            slice(top - window.row, bottom - window.row),
            slice(left - window.col, right - window.col),
        )
        values[there] = self.values[wanted][..., top:bottom, left:right]
        validity[there] = self.validity[wanted][..., top:bottom, left:right]
        kept = tuple(self.acquisitions[i] for i in wanted)
        return Cube(self.modality, self.grid.crop(window), kept, values, validity)


@pytest.fixture
def grid() -> Grid:
    """150 × 90 px: 3 × 2 chunks, none of them whole."""
    return Grid.from_bounds("EPSG:32631", (600_000, 5_600_000, 600_900, 5_601_500))


@pytest.fixture
def sources(grid: Grid) -> dict[str, MemorySource]:
    return {
        "s1": MemorySource(SENTINEL1, grid, [1.0, 7.25, 13, 19, 60], seed=2),
        "s2": MemorySource(SENTINEL2, grid, [0.0, 5, 10, 15, 20, 62], seed=3),
    }


@pytest.fixture
def checkpoint() -> Checkpoint:
    return Checkpoint(BoxModel(), "box", "0" * 64)


@pytest.fixture
def memory_source() -> Callable[..., MemorySource]:
    return MemorySource


@pytest.fixture(scope="module")
def nothing_left():
    """What workers have left complains in the module that expects it, not in the one that comes next."""
    yield
    gc.collect()

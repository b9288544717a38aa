"""Embeddings as colours that mean the same on every date: fitted once, on a sample over space and dates."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..grid import Grid, Window

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

MapReader = Callable[[int, Window], tuple[Floats, Bools]]
"""(date index, window) → values [dim, y, x] and validity [y, x]."""

STRETCH_PERCENTILES = (2.0, 98.0)
SAMPLE_PIXELS = 60_000
SAMPLE_DATES = 16
SAMPLE_CELLS = 6  # per side; every cell of the area counts the same, however large the area is
SAMPLE_BLOCK = 64  # pixels read per cell and side


@dataclass(frozen=True, eq=False)
class FrozenColours:
    """A PCA-RGB basis and the ranges of single dimensions, fitted on one sample of a store."""

    mean: npt.NDArray[np.float64]
    """[dim]"""
    components: npt.NDArray[np.float64]
    """[3, dim], by falling variance; the largest weight of each is positive, so signs can't flip."""
    stretch: npt.NDArray[np.float64]
    """[3, 2]: component values that become 0 and 255."""
    ranges: npt.NDArray[np.float64]
    """[dim, 2]: values of each dimension that become the ends of the palette."""
    explained: tuple[float, ...]
    """Share of the sample's variance that each component holds."""
    pixels: int
    """Pixel-dates in the sample."""
    seed: int

    @classmethod
    def fit(cls, sample: Floats, seed: int = 0) -> Self:
        """Fit on a sample [pixel, dim]; `InputError` where it holds fewer than two pixels."""
        if len(sample) < 2:
            raise InputError(
                "too few valid embeddings to fit colours",
                value=len(sample),
                remedy="choose dates or an area with valid embeddings",
            )
        sample = sample.astype(np.float64)
        mean = sample.mean(axis=0)
        components, explained = principal_components(sample - mean, count=3)
        scores = (sample - mean) @ components.T
        return cls(
            mean, components, _robust_range(scores), _robust_range(sample), explained, len(sample), seed
        )

    @property
    def dims(self) -> int:
        return len(self.mean)

    @property
    def digest(self) -> str:
        """Sixteen hex digits that name this basis in the pictures made with it."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:16]

    def pca_rgb(self, values: Floats, validity: Bools) -> Bytes:
        """[dim, y, x] and [y, x] → RGBA [4, y, x], transparent where not valid."""
        sums = self.pca_weight @ values.astype(np.float32, copy=False).reshape(len(values), -1)
        return painted(self.pca_levels(sums.reshape(3, *values.shape[1:])), validity)

    def pca_levels(self, sums: npt.NDArray[np.float32]) -> Bytes:
        """Embeddings times `pca_weight`, [3, y, x], which it changes → red, green, blue; anything where one is NaN."""
        sums += self._pca_shift
        np.clip(sums, 0, 255, out=sums)
        np.rint(sums, out=sums)
        with np.errstate(invalid="ignore"):  # NaN is no level
            return sums.astype(np.uint8)

    @cached_property
    def pca_weight(self) -> npt.NDArray[np.float32]:
        """[3, dim]: components and stretch as one matrix; with the shift that follows a level is 0 to 255."""
        low, high = self.stretch.T[:, :, None]
        weight: Floats = self.components * (255 / (high - low))
        return weight.astype(np.float32)

    @cached_property
    def _pca_shift(self) -> npt.NDArray[np.float32]:
        """[3, 1, 1]"""
        low, high = self.stretch.T[:, :, None]
        shift: Floats = -(self.components @ self.mean[:, None] + low) * (255 / (high - low))
        return shift.astype(np.float32)[..., None]

    def dimension(self, values: Floats, validity: Bools, dim: int) -> Bytes:
        """[dim, y, x] and [y, x] → palette index [1, y, x]: 1-255 over the frozen range, 0 not valid."""
        return np.where(validity, self.dimension_levels(values, dim), 0).astype(np.uint8)

    def dimension_levels(self, values: Floats, dim: int) -> Bytes:
        """[dim, y, x] → palette index [1, y, x], 1-255; anything where a value is NaN."""
        level = stretched(values[dim : dim + 1].astype(np.float32, copy=False), self.ranges[dim : dim + 1])
        with np.errstate(invalid="ignore"):  # NaN is no level
            return (1 + np.rint(level * 254)).astype(np.uint8)

    def to_dict(self) -> dict[str, Any]:
        arrays = {name: getattr(self, name).tolist() for name in ("mean", "components", "stretch", "ranges")}
        return {**arrays, "explained": list(self.explained), "pixels": self.pixels, "seed": self.seed}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        arrays = {
            name: np.array(stored[name], np.float64) for name in ("mean", "components", "stretch", "ranges")
        }
        return cls(
            **arrays, explained=tuple(stored["explained"]), pixels=stored["pixels"], seed=stored["seed"]
        )


def stratified_sample(
    read: MapReader, grid: Grid, dates: int, *, pixels: int = SAMPLE_PIXELS, seed: int = 0
) -> npt.NDArray[np.float32]:
    """[pixel, dim] float32: about as many valid pixels from each cell of the area and each chosen date.

    Reads one small block per cell and date, so that its cost does not grow with the area.
    """
    random = np.random.default_rng(seed)
    chosen = np.unique(np.linspace(0, dates - 1, min(dates, SAMPLE_DATES)).round().astype(int))
    blocks = _blocks(grid, random)
    quota = max(1, pixels // (len(chosen) * len(blocks)))
    drawn = [_draw(*read(int(date), block), quota, random) for date in chosen for block in blocks]
    return np.concatenate(drawn)


def _blocks(grid: Grid, random: np.random.Generator) -> list[Window]:
    """One block at a random place in each cell of the grid."""
    rows, cols = grid.shape
    size = max(-(-rows // SAMPLE_CELLS), -(-cols // SAMPLE_CELLS))
    return [_block_within(cell, random) for cell in grid.tiles(size)]


def _block_within(cell: Window, random: np.random.Generator) -> Window:
    height, width = min(cell.height, SAMPLE_BLOCK), min(cell.width, SAMPLE_BLOCK)
    row = cell.row + int(random.integers(cell.height - height + 1))
    col = cell.col + int(random.integers(cell.width - width + 1))
    return Window(row, col, height, width)


def _draw(
    values: Floats, validity: Bools, quota: int, random: np.random.Generator
) -> npt.NDArray[np.float32]:
    valid = values[:, validity].T
    keep = random.permutation(len(valid))[:quota]
    drawn: npt.NDArray[np.float32] = valid[keep].astype(np.float32)
    return drawn


def principal_components(centred: Floats, count: int) -> tuple[npt.NDArray[np.float64], tuple[float, ...]]:
    """[count, dim] with fixed signs (zeros where there are fewer dimensions), and shares of the variance."""
    variances, vectors = np.linalg.eigh(np.cov(centred.T).reshape(centred.shape[1], -1))
    order = np.argsort(variances)[::-1][:count]
    components = np.zeros((count, centred.shape[1]))
    components[: len(order)] = vectors[:, order].T
    peak = np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], axis=1)
    explained = variances[order] / max(float(variances.sum()), np.finfo(float).tiny)
    return components * np.where(peak < 0, -1.0, 1.0), tuple(float(share) for share in explained)


def _robust_range(values: Floats) -> npt.NDArray[np.float64]:
    """[n, k] → [k, 2], never empty, so that stretching can't divide by zero."""
    low, high = np.percentile(values, STRETCH_PERCENTILES, axis=0)
    return np.stack([low, np.maximum(high, low + 1e-6)], axis=1)


def stretched(bands: Floats, limits: Floats | Sequence[Sequence[float]]) -> npt.NDArray[np.float32]:
    """[band, y, x] scaled so that each band's (low, high) becomes (0, 1), clipped to that."""
    low, high = np.asarray(limits, dtype=np.float32).T[:, :, None, None]
    level: npt.NDArray[np.float32] = np.clip((bands - low) / (high - low), 0, 1).astype(np.float32)
    return level


def painted(colours: Bytes, validity: Bools) -> Bytes:
    """Red, green, blue [3, y, x] and validity [y, x] → RGBA [4, y, x], transparent where not valid."""
    out = np.empty((4, *validity.shape), np.uint8)
    np.multiply(colours, validity, out=out[:3])
    np.multiply(validity, np.uint8(255), out=out[3])
    return out


def rgba(bands: Floats, validity: Bools) -> Bytes:
    """Red, green, blue [3, y, x] in 0-1 and validity [y, x] → RGBA [4, y, x], transparent where not valid."""
    colour = np.where(validity, np.round(np.nan_to_num(bands) * 255), 0)
    return np.concatenate([colour, np.where(validity, 255, 0)[None]]).astype(np.uint8)

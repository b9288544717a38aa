"""A training recipe: which series, how they are split by place, how long each stage runs; read from TOML."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyproj

from ..acquisitions.cube import Cube
from ..acquisitions.local import open_local
from ..acquisitions.modality import MODALITIES
from ..acquisitions.options import preset
from ..acquisitions.simulate import Climate, Landscape
from ..errors import InputError
from ..grid import AreaOfInterest, Grid
from ..representation.config import HALO
from .series import Series
from .stages import TrainingData

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class RealSeries:
    """One place of real data: files per modality, and the split that the whole place belongs to."""

    name: str
    split: str
    files: Mapping[str, tuple[str, ...]]
    """Paths below the data folder, per modality."""
    presets: Mapping[str, str]
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise InputError("no such split", value=self.split, remedy=f"choose one of {', '.join(SPLITS)}")

    def cubes(self, data: Path) -> dict[str, Cube]:
        """All acquisitions of the place, in memory, on the grid of the finest Sentinel-2 files."""
        grid: Grid | None = None
        cubes = {}
        for modality in sorted(self.files, reverse=True):  # s2 first: it sets the grid
            paths = [data / f for f in self.files[modality]]
            source = open_local(
                paths, MODALITIES[modality], grid=grid, options=preset(self.presets[modality])
            )
            grid = source.grid
            cubes[modality] = source.read(grid.window)
        return cubes


@dataclass(frozen=True)
class Simulations:
    """How many simulated landscapes take part, their size in pixels and length in days."""

    train: int = 0
    validation: int = 0
    size: int = 64
    days: int = 480
    weight: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """Everything that a training depends on beside the code."""

    series: tuple[RealSeries, ...]
    simulated: Simulations
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """`StageOptions` of `stage1-<modality>` and stage2."""

    @classmethod
    def read(cls, path: Path) -> "Recipe":
        try:
            stored = tomllib.loads(path.read_text())
            series = tuple(_series(entry) for entry in stored.get("series", []))
            return cls(series, Simulations(**stored.get("simulated", {})), stored.get("stages", {}))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError("the training recipe can't be read", value=path, remedy=str(error)) from error

    def data(self, folder: Path) -> TrainingData:
        """Read and simulate all training and validation series; the test places stay unread."""
        train = [(_prepared(s, folder), s.weight) for s in self.series if s.split == "train"]
        train += [(s, self.simulated.weight) for s in _simulated(self.simulated, 0, self.simulated.train)]
        validation = [_prepared(s, folder) for s in self.series if s.split == "validation"]
        validation += _simulated(self.simulated, 10_000, self.simulated.validation)
        return TrainingData([s for s, _ in train], [w for _, w in train], validation)

    def record(self, folder: Path) -> list[dict[str, Any]]:
        """Name, split and hashes of all files, for the checkpoint's record."""
        return [
            {
                "name": s.name,
                "split": s.split,
                "files": {f: _sha256(folder / f) for fs in s.files.values() for f in fs},
            }
            for s in self.series
        ]


def _series(entry: dict[str, Any]) -> RealSeries:
    files = {m: tuple(entry[m]) for m in MODALITIES if m in entry}
    presets = {m: entry[f"{m}_preset"] for m in files}
    return RealSeries(entry["name"], entry["split"], files, presets, entry.get("weight", 1.0))


def _prepared(series: RealSeries, folder: Path) -> Series:
    return Series.from_cubes(series.name, series.cubes(folder), HALO)


def _simulated(options: Simulations, first_seed: int, count: int) -> Iterator[Series]:
    """Landscapes in climates drawn at random, each elsewhere, so that none is seen twice."""
    for seed in range(first_seed, first_seed + count):
        area = AreaOfInterest.from_bounds(3.0, 46.0, 3.001, 46.001)
        x, y = pyproj.Transformer.from_crs("EPSG:4326", area.utm, always_xy=True).transform(3.0, 46.0)
        left, top = round(x, -1) + seed % 100 * 5000.0, round(y, -1) + seed // 100 * 5000.0
        extent = options.size * 10.0
        grid = Grid.from_bounds(area.utm, (left, top - extent, left + extent, top))
        start = date(2018, 1, 1) + timedelta(days=seed * 37 % 365)
        landscape = Landscape(
            grid,
            seed,
            start,
            start + timedelta(days=options.days),
            Climate.random(seed),
            s1_repeat_days=6 if seed % 2 else 12,
            s2_orbits=1 + seed % 3 // 2,
        )
        cubes = {m: landscape.source(m).read(grid.window) for m in MODALITIES}
        clear = {"s2": landscape.source("s2", true_mask=True).read(grid.window).validity}
        yield Series.from_cubes(f"simulated-{seed}", cubes, HALO, known_clear=clear)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

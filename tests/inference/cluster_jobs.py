"""Acquisitions that a worker opens by itself, and that can fail it; a module of its own, as workers import it."""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conftest import BoxModel, MemorySource
from phenolens.engine.acquisitions.cube import Cube
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.errors import AcquisitionError
from phenolens.engine.grid import Grid, Window
from phenolens.engine.representation.checkpoint import Checkpoint

GRID = Grid.from_bounds("EPSG:32631", (600_000, 5_600_000, 603_000, 5_603_000))  # 300 × 300 px: 2 × 2 shards
MODEL = Checkpoint(BoxModel(), "box", "0" * 64)


@dataclass
class Failing:
    """The second source of a worker's acquisitions: fails when it reads below row 270, `times` times in all."""

    source: MemorySource
    folder: Path
    times: int
    kill: bool

    def __post_init__(self) -> None:
        self.modality, self.grid, self.acquisitions = (
            self.source.modality,
            self.source.grid,
            self.source.acquisitions,
        )

    def read(self, window: Window, frames: Sequence[int] | None = None) -> Cube:
        if window.row + window.height > 270 and self._claimed():
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise AcquisitionError("the file is cut short", value="scene_62.tif")
        return self.source.read(window, frames)

    def _claimed(self) -> bool:
        """Whether one of the failures was left; a file for each, as many processes share them."""
        for number in range(self.times):
            try:
                (self.folder / f"failed_{number}").touch(exist_ok=False)
            except FileExistsError:
                continue
            return True
        return False


@dataclass(frozen=True)
class Opener:
    """Opens the same acquisitions in any process."""

    folder: Path
    times: int = 0
    kill: bool = False
    vary: bool = False
    """Every process or thread that opens them finds one acquisition more: as if machines held other files."""

    def __call__(self) -> dict[str, MemorySource | Failing]:
        late = [62.0 + len(list(self.folder.glob("opened_*")))] if self.vary else [62.0]
        (self.folder / f"opened_{len(list(self.folder.glob('opened_*')))}").touch()
        s2 = MemorySource(SENTINEL2, GRID, [0.0, 5, 10, 15, 20, *late], seed=3)
        return {
            "s1": MemorySource(SENTINEL1, GRID, [1.0, 7.25, 13, 19, 60], seed=2),
            "s2": Failing(s2, self.folder, self.times, self.kill),
        }

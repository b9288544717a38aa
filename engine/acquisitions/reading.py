"""What all readers of one source share: what is asked for, open files, memory for small cubes."""

import warnings
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader

from .modality import Modality
from .options import ReadOptions

OPEN_FILES = 64


class Pool:
    """Open files, the longest unused of which is closed when there are too many."""

    def __init__(self, size: int = OPEN_FILES) -> None:
        self._size = size
        self._open: OrderedDict[Path, DatasetReader] = OrderedDict()

    def get(self, path: Path) -> DatasetReader:
        """The open file; OSError where it can't be opened."""
        if path not in self._open:
            with warnings.catch_warnings():
                # said by an error of ours, where it matters
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                self._open[path] = rasterio.open(path)
            if len(self._open) > self._size:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(path)
        return self._open[path]


class Budget:
    """Memory that the small variables of one source may share for as long as it lives."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, size: int) -> bool:
        if size > self.left:
            return False
        self.left -= size
        return True


@dataclass(frozen=True, eq=False)
class Reading:
    """What is to be read, how, and with which resources."""

    modality: Modality
    options: ReadOptions
    pool: Pool = field(default_factory=Pool)
    budget: Budget = field(default_factory=lambda: Budget(0))

    @classmethod
    def start(cls, modality: Modality, options: ReadOptions) -> "Reading":
        return cls(modality, options, Pool(), Budget(options.cache_bytes))

"""Acquisitions as they were chosen: a bundled sample, or files of each sensor; opened on one grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import AreaError, InputError
from ..grid import Grid
from .cube import CubeSource
from .local import open_local
from .modality import MODALITIES
from .options import AS_STATED, ReadOptions
from .samples import open_sample


@dataclass(frozen=True)
class SourceChoice:
    """Where acquisitions come from, and what their files don't say themselves."""

    sample: str | None = None
    """A bundled sample, instead of files."""
    files: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    """By modality name, `s1` and `s2`."""
    options: Mapping[str, ReadOptions] = field(default_factory=dict)
    """By modality name; as the files state, where absent."""

    @property
    def given(self) -> bool:
        return bool(self.sample or any(self.files.values()))

    def open(self, grid: Grid | None = None) -> "Gathered":
        """The acquisitions on `grid`, else on the data's own.

        `InputError` where nothing is named, or a sample and files at once."""
        if self.sample and any(self.files.values()):
            raise InputError(
                "a sample and files were given",
                value=f"--sample {self.sample}",
                remedy="give one or the other",
            )
        if not self.given:
            raise InputError(
                "no acquisitions were given", remedy="give --sample romania, or --s2 PATH and --s1 PATH"
            )
        return _sample(self.sample, grid) if self.sample else self._files(grid)

    def _files(self, grid: Grid | None) -> "Gathered":
        sources: dict[str, CubeSource] = {}
        notes: list[str] = []
        # Sentinel-2 first: without an area its pixels become the grid, and Sentinel-1 is put on them
        paths = {name: list(self.files[name]) for name in ("s2", "s1") if self.files.get(name)}
        for name, given in paths.items():
            options = self.options.get(name, AS_STATED)
            source = open_local(given, MODALITIES[name], grid=grid, options=options)
            sources[name], grid = source, source.grid
            notes += [f"{name}: {problem}" for problem in source.report.problems]
        assert grid is not None
        return Gathered(next(iter(paths.values()))[0].stem, grid, sources, tuple(notes))


@dataclass(frozen=True)
class Gathered:
    """Acquisitions by modality, on one grid."""

    name: str
    grid: Grid
    sources: Mapping[str, CubeSource]
    notes: tuple[str, ...] = ()
    """What the person should know about them."""


def _sample(name: str, grid: Grid | None) -> Gathered:
    sample = open_sample(name)
    if grid is not None and grid != sample.grid:
        raise AreaError(
            "a sample has its own area", value=name, remedy="leave out --bounds, --area and --crs"
        )
    return Gathered(sample.name, sample.grid, sample.sources, tuple(sample.notes))

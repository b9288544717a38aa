"""Acquisitions as they were chosen: a bundled sample, or files of each sensor; opened on one grid."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyproj import Transformer

from ..errors import AcquisitionError, AreaError, InputError
from ..grid import Grid, Window
from ..outline import Outline
from .cube import CubeSource, PartOfSource, SomeFrames
from .footprint import BeyondError
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
    leave_out: Sequence[str] = ()
    """Acquisitions not to use: `s2:2020-05-01`, or with the time where a day has several."""

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
        found = _sample(self.sample, grid) if self.sample else self._files(grid)
        return found.without(self.leave_out)

    def _files(self, grid: Grid | None) -> "Gathered":
        sources: dict[str, CubeSource] = {}
        notes: list[str] = []
        known: set[str] = set()
        beyond: dict[str, BeyondError] = {}
        # Sentinel-2 first: without an area its pixels become the grid, and Sentinel-1 is put on them
        paths = {name: list(self.files[name]) for name in ("s2", "s1") if self.files.get(name)}
        for name, given in paths.items():
            options = self.options.get(name, AS_STATED)
            try:
                source = open_local(given, MODALITIES[name], grid=grid, options=options)
            except BeyondError as error:
                if options.strict:
                    raise
                beyond[name] = error
                notes.append(f"{name}: {error.cause}, they are left out")
                continue
            sources[name], grid = source, source.grid
            known = known.union(*(scene.names(name) for scene in source.report.scenes))
            notes += [f"{name}: {problem}" for problem in source.report.problems]
        if grid is None or not sources:
            raise next(iter(beyond.values()))
        name = next(iter(paths.values()))[0].stem
        return Gathered(name, grid, sources, tuple(notes), known=known, beyond=tuple(beyond))


@dataclass(frozen=True)
class Gathered:
    """Acquisitions by modality, on one grid."""

    name: str
    grid: Grid
    sources: Mapping[str, CubeSource]
    notes: tuple[str, ...] = ()
    """What the person should know about them."""
    outline: Outline | None = None
    """The part of the grid that is wanted; None: all of it."""
    known: Collection[str] = ()
    """What may be left out beside the acquisitions: scenes that don't touch the grid."""
    beyond: Collection[str] = ()
    """Sensors none of whose files touch the grid."""

    def without(self, left_out: Sequence[str]) -> "Gathered":
        """What is left without some acquisitions, by their names; a sensor that loses all dates is gone.

        `AcquisitionError` where nothing is left, or one isn't there."""
        if not left_out:
            return self
        sources: dict[str, CubeSource] = {}
        known = set(self.known)
        for name, source in self.sources.items():
            names = [acquisition.names(name) for acquisition in source.acquisitions]
            kept = tuple(frame for frame, mine in enumerate(names) if not mine & set(left_out))
            known = known.union(*names)
            if kept:
                sources[name] = SomeFrames(source, kept)
        wrong = [one for one in left_out if one not in known and one.partition(":")[0] not in self.beyond]
        if wrong:
            raise AcquisitionError(
                "an acquisition that is to be left out isn't there",
                value=", ".join(wrong[:3]),
                remedy="write its sensor and day, such as s2:2020-05-01",
            )
        if not sources:
            raise AcquisitionError("every acquisition is left out", remedy="keep some")
        return replace(self, sources=sources)


def _sample(name: str, area: Grid | None) -> Gathered:
    """All of it, or the part that lies in the area, on the sample's own pixels."""
    sample = open_sample(name)
    window = sample.grid.window if area is None else _common(sample.grid, area, name)
    if window == sample.grid.window:
        return Gathered(sample.name, sample.grid, sample.sources, tuple(sample.notes))
    sources = {key: PartOfSource(source, window) for key, source in sample.sources.items()}
    return Gathered(sample.name, sample.grid.crop(window), sources, tuple(sample.notes))


def _common(grid: Grid, area: Grid, name: str) -> Window:
    to_grid = Transformer.from_crs(area.crs, grid.crs, always_xy=True)
    left, bottom, right, top = to_grid.transform_bounds(*area.bounds, densify_pts=21)
    corners = [~grid.transform * corner for corner in ((left, top), (right, bottom))]
    # 1e-6 px of slack: a part that was cut before must not gain a row from rounding
    first_col, first_row = (max(0, math.floor(v + 1e-6)) for v in corners[0])
    stop_col, stop_row = (math.ceil(v - 1e-6) for v in corners[1])
    height, width = min(stop_row, grid.shape[0]) - first_row, min(stop_col, grid.shape[1]) - first_col
    if height < 1 or width < 1:
        raise AreaError(
            "the area lies outside the sample",
            value=f"{name}: west, south, east, north {_degrees(grid)}; the area {_degrees(area)}",
            remedy="leave out the area, or choose one within the sample",
        )
    return Window(first_row, first_col, height, width)


def _degrees(grid: Grid) -> str:
    return " ".join(f"{degree:.4f}" for degree in grid.lonlat_bounds)

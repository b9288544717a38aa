"""What a path holds, in plain values: for `phenolens doctor` and the table of acquisitions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pyproj import CRS

from ..grid import Grid
from .cube import Acquisition
from .modality import Modality
from .scenes import Findings, Frame

MOST_NAMED = 3
"""Of files, in a sentence."""


@dataclass(frozen=True, eq=False)
class SourceReport:
    """What was found in local files, and what was left out and why."""

    paths: tuple[str, ...]
    modality: str
    kinds: tuple[str, ...]
    """NetCDF/Zarr cube, GeoTIFF, SAFE."""
    grid: Grid
    acquisitions: tuple[Acquisition, ...]
    bands: tuple[str, ...]
    """Bands that at least one date has."""
    absent: tuple[str, ...]
    """Bands that no date has: never valid."""
    units: tuple[str, ...]
    """How stored numbers are read, and who said so, one line for each way."""
    pixels: tuple[str, ...]
    """Pixel sizes and CRS of the files, one line for each."""
    masked: bool
    """Whether any date has a cloud or custom mask."""
    merged: tuple[str, ...] = ()
    """Dates that were put together from several scenes of the same bands."""
    skipped: tuple[tuple[str, str], ...] = ()
    """(file, why): unreadable."""
    ignored: tuple[tuple[str, str], ...] = ()
    """(file or variable, why): of no use for this modality."""
    undated: tuple[str, ...] = ()
    """Files left out as they don't say when they were taken."""
    outside: int = 0
    """Scenes that don't touch the area."""
    scenes: tuple[Acquisition, ...] = ()
    """Each scene by itself, with those that don't touch the area."""
    problems: tuple[str, ...] = ()
    """What the user should know, in sentences."""

    def __str__(self) -> str:
        days = [a.time.date() for a in self.acquisitions]
        rows = [
            ("files", ", ".join(self.paths)),
            ("kind", ", ".join(self.kinds)),
            ("dates", f"{len(days)}, {days[0]} to {days[-1]}"),
            (
                "bands",
                f"{', '.join(self.bands)}" + (f" (absent: {', '.join(self.absent)})" if self.absent else ""),
            ),
            ("units", "; ".join(self.units)),
            ("pixels", "; ".join(self.pixels)),
            (
                "grid",
                _grid_text(self.grid),
            ),
            ("merged", f"{len(self.merged)} dates had duplicates" if self.merged else "no duplicates"),
            ("skipped", "; ".join(f"{name}: {why}" for name, why in self.skipped) or "none"),
            ("ignored", "; ".join(f"{name}: {why}" for name, why in self.ignored) or "none"),
            ("outside", f"{self.outside} scenes don't touch the area"),
            ("masks", "yes" if self.masked else "none: every pixel with a value counts as clear"),
            *(("note", problem) for problem in self.problems),
        ]
        return "\n".join(f"{name:8} {text}" for name, text in rows)


def _grid_text(grid: Grid) -> str:
    return f"{grid.shape[0]} × {grid.shape[1]} at {grid.resolution:g} m, {grid.crs[:40]}"


def report_on(
    frames: Sequence[Frame],
    found: Findings,
    *,
    paths: Sequence[Path],
    kinds: tuple[str, ...],
    modality: Modality,
    grid: Grid,
) -> SourceReport:
    """The report on frames and what else was found."""
    layers = [layer for frame in frames for scene in frame.scenes for layer in scene.bands.values()]
    have = {band for frame in frames for scene in frame.scenes for band in scene.bands}
    encodings, grids = (x.encoding for x in layers), (x.raster.grid for x in layers)
    return SourceReport(
        paths=tuple(map(str, paths)),
        modality=modality.name,
        kinds=kinds,
        grid=grid,
        acquisitions=tuple(f.acquisition for f in frames),
        bands=tuple(b for b in modality.bands if b in have),
        absent=tuple(b for b in modality.bands if b not in have),
        units=_unique(f"{e.unit} = stored × {e.scale:g} + {e.offset:g} ({e.why})" for e in encodings),
        pixels=_unique(f"{abs(g.transform.a):g} {_unit(g.crs)} in {g.crs[:40]}" for g in grids),
        masked=any(f.masks or s.masks for f in frames for s in f.scenes),
        merged=tuple(f"{f.acquisition.time:%Y-%m-%d %H:%M:%S}" for f in frames if _is_merged(f)),
        skipped=tuple(found.skipped),
        ignored=_unique(found.ignored),
        undated=_undated(found),
        problems=_problems(frames, found, modality),
    )


def _undated(found: Findings) -> tuple[str, ...]:
    return tuple(Path(str(error.value)).name for error in found.undated)


def _first(names: Sequence[str]) -> str:
    """Some of many, and how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _unit(crs: str) -> str:
    """Of the coordinates."""
    name = CRS.from_user_input(crs).axis_info[0].unit_name
    return {"metre": "m", "degree": "°"}.get(name, name)


T = TypeVar("T")


def _unique(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))


def _problems(frames: Sequence[Frame], found: Findings, modality: Modality) -> tuple[str, ...]:
    """What the user should know, in sentences."""
    unmasked = sum(not any(s.masks for s in f.scenes) and not f.masks for f in frames)
    aimless = sum(f.acquisition.orbit_direction is None for f in frames)
    layers = [layer for frame in frames for scene in frame.scenes for layer in scene.bands.values()]
    open_ended = any(not x.encoding.nodata and x.encoding.unit == "reflectance" for x in layers)
    told = {
        f"left out without a date: {_first(_undated(found))}": bool(found.undated),
        f"{len(found.skipped)} files could not be read": bool(found.skipped),
        f"{unmasked} of {len(frames)} dates have no cloud mask": modality.unit == "reflectance"
        and unmasked > 0,
        f"{aimless} of {len(frames)} dates have no known orbit direction, state orbit_direction=": (
            "orbit_direction" in modality.conditioning and aimless > 0
        ),
        "no value is declared as nodata, state nodata= if there is one": open_ended,
    }
    return tuple(text for text, holds in told.items() if holds)


def _is_merged(frame: Frame) -> bool:
    """Whether several scenes have the same band at the same pixel size: 10 m beside 20 m is no duplicate."""
    sizes = (
        (band, layer.raster.grid.transform.a) for scene in frame.scenes for band, layer in scene.bands.items()
    )
    return any(n > 1 for n in Counter(sizes).values())

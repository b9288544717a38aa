"""Acquisitions before anything is embedded: what files and samples hold, and what an embedding of them would take."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
import shapely
from pyproj import Transformer

from ...acquisitions.choice import Gathered, SourceChoice
from ...acquisitions.cube import EPOCH, Acquisition, CubeSource
from ...acquisitions.local import open_local
from ...acquisitions.modality import MODALITIES
from ...acquisitions.options import AS_STATED, PRESETS
from ...acquisitions.report import SourceReport
from ...acquisitions.samples import SAMPLES, open_sample
from ...acquisitions.unnamed import unnamed_bands
from ...errors import AcquisitionError, BandError, EngineError, UnitError
from ...grid import AreaOfInterest, Grid, Window
from ...inference.on_paper import Wish, estimated, recorded_model
from ...inference.targets import TargetChoice, acquisition_days
from ...outline import Outline
from ..faults import described
from ..workspace import Workspace
from .kept import Kept

MOST_OPEN = 8
LOOKED_AT = 16
"""Side of the windows, in pixels, by which the share of clear pixels is estimated."""
MOST_POLYGONS, MOST_CORNERS, MOST_HOLES = 200, 500, 200
FINE_DEGREES = 1e-4
"""About a pixel."""
EDGE_POINTS = 5
"""Of a footprint, along each side: the sides of a grid are curves in degrees."""

Values = dict[str, Any]


@dataclass(frozen=True)
class WantedArea:
    """Where acquisitions are opened, and what of it is wanted."""

    grid: Grid | None = None
    """None: the extent of the data."""
    shape: AreaOfInterest | None = None
    """None: all of the grid."""


class SourcesAtHand:
    """Opens acquisitions by what was chosen, and keeps those opened last."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._open: Kept[Gathered] = Kept(MOST_OPEN)
        self._samples: Kept[Values] = Kept(MOST_OPEN)
        self._clear: Kept[npt.NDArray[np.float64]] = Kept(MOST_OPEN)

    def samples(self) -> list[Values]:
        """The bundled ones."""
        return [self._samples.get(name, partial(_of_sample, name)) for name in SAMPLES]

    def described(self, choice: SourceChoice) -> Values:
        """What each sensor's files hold; what is wrong with one is told beside what the other holds.

        Raises where nothing was chosen, or a sample and files at once."""
        if choice.sample or not choice.given:
            choice.open()  # says what is wrong with a choice
            return _of_sample(str(choice.sample))
        told, faults, errors, grid = [], [], list[AcquisitionError](), None
        for name in ("s2", "s1"):
            if not choice.files.get(name):
                continue
            try:
                source = open_local(
                    list(choice.files[name]),
                    MODALITIES[name],
                    options=choice.options.get(name, AS_STATED),
                )
            except AcquisitionError as error:
                faults.append(_fault(name, error))
                errors.append(error)
            else:
                grid = grid or source.grid
                told.append(_of_report(source.report))
        nameless = [isinstance(error, BandError) for error in errors]
        # where a sensor's bands are known, those of other files are none that are missed
        asked = all(nameless) or any(options.band_names for options in choice.options.values())
        return {
            "name": next(iter(choice.files.values()))[0].stem,
            "title": "",
            "simulated": False,
            "attribution": "",
            "notes": [],
            "sensors": told,
            "faults": faults,
            "grid": None if grid is None else _grid(grid),
            "footprint": [] if grid is None else footprint(grid),
            "unnamed": _unnamed(choice) if any(nameless) and asked and not told else None,
        }

    def opened(self, choice: SourceChoice, area: WantedArea) -> Gathered:
        """The acquisitions on the grid of an area, kept until their files change."""
        whole = replace(choice, leave_out=())
        found = self._open.get(_key(whole, area.grid), lambda: whole.open(area.grid))
        found = found.without(choice.leave_out)
        return replace(found, outline=Outline.of(area.shape, found.grid.crs)) if area.shape else found

    def over(self, choice: SourceChoice, area: WantedArea) -> dict[str, list[Values]]:
        """The acquisitions that an area would be embedded from, by sensor: scenes of a pass are one."""
        found = self.opened(choice, area)
        return {name: [_told(one) for one in source.acquisitions] for name, source in found.sources.items()}

    def clear(self, choice: SourceChoice, area: WantedArea) -> npt.NDArray[np.float64]:
        """About how much of the area each Sentinel-2 acquisition saw, by a few windows of it, [frame]."""
        found = self.opened(choice, area)
        if "s2" not in found.sources:
            return np.zeros(0)
        key = (*_key(choice, area.grid), area.shape)
        return self._clear.get(key, lambda: _sampled_clear(found.sources["s2"], found.outline))

    def planned(
        self, choice: SourceChoice, area: WantedArea, targets: TargetChoice, wish: Wish, model: str | None
    ) -> Values:
        """What embedding an area would take; nothing is written."""
        found = self.opened(choice, area)
        wish = replace(wish, outline=found.outline)
        wanted = targets.wanted(found.sources)
        if wanted == "clear":
            targets = self._as_list(choice, area, targets)
        days = targets.days(found.sources, found.outline)
        estimate = estimated(recorded_model(model), found.sources, found.grid, days, wish)
        return {
            "grid": _grid(found.grid),
            "footprint": footprint(found.grid),
            "km2": estimate.pixel_dates // len(days) * found.grid.resolution**2 / 1e6,
            "acquisitions": {name: len(source.acquisitions) for name, source in found.sources.items()},
            "dates": [_iso(EPOCH + timedelta(days=float(day))) for day in days],
            "about": wanted == "clear",
            **vars(estimate),
            "free_bytes": shutil.disk_usage(self._workspace.root).free,
            "free_memory_bytes": psutil.virtual_memory().available,
            "notes": list(found.notes),
        }

    def _as_list(self, choice: SourceChoice, area: WantedArea, targets: TargetChoice) -> TargetChoice:
        """Clear dates by the estimate: reading everything would take as long as the work itself."""
        source = self.opened(choice, area).sources.get("s2")
        if source is None:
            return targets  # says itself that clear dates need Sentinel-2
        share = self.clear(choice, area)
        days = acquisition_days(source)[share >= targets.clear_share]
        if not len(days):
            return targets
        return replace(targets, dates=",".join(_iso(EPOCH + timedelta(days=float(day))) for day in days))


def _sampled_clear(source: CubeSource, outline: Outline | None) -> npt.NDArray[np.float64]:
    clear, pixels = np.zeros(len(source.acquisitions)), 0
    for window in _looked_at(source.grid, outline):
        wanted = np.ones((window.height, window.width), np.bool_)
        if outline:
            wanted = outline.mask(source.grid, window)
        clear += (source.read(window).validity.any(axis=1) & wanted).sum(axis=(1, 2))
        pixels += int(wanted.sum())
    return clear / max(pixels, 1)


def _looked_at(grid: Grid, outline: Outline | None) -> list[Window]:
    """A few windows: the middle and towards the corners, or spread over what lies in the outline."""
    rows, cols = grid.shape
    if rows * cols <= 4 * LOOKED_AT**2:
        return [grid.window]
    height, width = min(LOOKED_AT, rows), min(LOOKED_AT, cols)
    if outline is None:
        places = [(0.5, 0.5), (0.15, 0.15), (0.15, 0.85), (0.85, 0.15), (0.85, 0.85)]
        return [
            Window(round(down * (rows - height)), round(right * (cols - width)), height, width)
            for down, right in places
        ]
    held = [window for window in grid.tiles(_step(grid)) if outline.pixels(grid, window)]
    chosen = [held[number] for number in np.linspace(0, len(held) - 1, min(5, len(held))).astype(int)]
    return [_most_held(grid, outline, window) for window in chosen]


def _step(grid: Grid) -> int:
    """Side of squares, about eight along the longer side of a grid."""
    return max(LOOKED_AT, max(grid.shape) // 8)


def _most_held(grid: Grid, outline: Outline, square: Window) -> Window:
    """A window of a square around the middle of what the outline holds of it."""
    rows, cols = np.nonzero(outline.mask(grid, square))
    middle = len(rows) // 2
    height, width = min(LOOKED_AT, square.height), min(LOOKED_AT, square.width)
    row = min(max(0, int(rows[middle]) - height // 2), square.height - height)
    col = min(max(0, int(cols[middle]) - width // 2), square.width - width)
    return Window(square.row + row, square.col + col, height, width)


def _key(choice: SourceChoice, area: Grid | None) -> tuple[Any, ...]:
    """Of what was chosen and of the files as they are."""
    files = [path for paths in choice.files.values() for path in paths]
    stamps = tuple((str(path), path.stat().st_mtime_ns) for path in files if path.exists())
    stated = repr(dict(choice.options)), repr(dict(choice.files)), tuple(choice.leave_out)
    return choice.sample, *stated, stamps, area


Ring = list[list[float]]


@dataclass(frozen=True)
class Outlines:
    """A file's polygons in degrees, the largest first."""

    polygons: list[Ring]
    """Outer edges."""
    holes: list[list[Ring]]
    """Of each."""
    filled: int
    """How many small holes are left out."""
    mended: int
    """How many polygons of the file crossed themselves."""


def outlines(path: Path) -> Outlines:
    """The polygons of a file; fine detail of long edges is left out."""
    area = AreaOfInterest.from_file(path)
    parts = sorted(shapely.get_parts(area.geometry), key=lambda part: -part.area)[:MOST_POLYGONS]
    holes = [sorted(part.interiors, key=lambda ring: -shapely.Polygon(ring).area) for part in parts]
    kept = [[_corners(ring) for ring in rings[:MOST_HOLES]] for rings in holes]
    left_out = sum(max(0, len(rings) - MOST_HOLES) for rings in holes)
    return Outlines([_corners(part.exterior) for part in parts], kept, left_out, area.mended)


def _corners(edge: shapely.LinearRing) -> Ring:
    plain = edge if len(edge.coords) <= MOST_CORNERS else edge.simplify(FINE_DEGREES)
    return [[x, y] for x, y in shapely.get_coordinates(plain)]


def footprint(grid: Grid) -> list[list[float]]:
    """The edge of a grid in degrees: [longitude, latitude], closed."""
    rows, cols = grid.shape
    steps = np.linspace(0, 1, EDGE_POINTS)[:-1]
    edge = (
        [(t * cols, 0) for t in steps]
        + [(cols, t * rows) for t in steps]
        + [((1 - t) * cols, rows) for t in steps]
        + [(0, (1 - t) * rows) for t in steps]
    )
    to_degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    ring = [list(to_degrees.transform(*(grid.transform * place))) for place in edge]
    return [*ring, ring[0]]


def _unnamed(choice: SourceChoice) -> Values | None:
    """GeoTIFFs whose bands have to be named by somebody."""
    paths = list(dict.fromkeys(path for files in choice.files.values() for path in files))
    found = unnamed_bands(paths)
    return None if found is None else {**vars(found), "bands": [vars(band) for band in found.bands]}


def _of_sample(name: str) -> Values:
    sample = open_sample(name)
    return {
        "name": sample.name,
        "title": sample.title,
        "simulated": sample.truth is not None,
        "attribution": sample.attribution,
        "notes": list(sample.notes),
        "sensors": [_of_source(source, sample.truth is not None) for source in sample.sources.values()],
        "faults": [],
        "grid": _grid(sample.grid),
        "footprint": footprint(sample.grid),
    }


def _of_source(source: CubeSource, simulated: bool) -> Values:
    report = getattr(source, "report", None)
    if isinstance(report, SourceReport):
        return _of_report(report)
    return {
        "sensor": source.modality.name,
        "kinds": ["simulated"] if simulated else [],
        "acquisitions": [_told(one) for one in source.acquisitions],
        "bands": list(source.modality.bands),
        "absent": [],
        "units": [source.modality.unit],
        "pixels": [f"{source.grid.resolution:g} m, {source.grid.crs}"],
        "masked": source.modality.unit == "reflectance",
        "skipped": [],
        "ignored": [],
        "undated": [],
        "problems": [],
    }


def _of_report(report: SourceReport) -> Values:
    return {
        "sensor": report.modality,
        "kinds": list(report.kinds),
        "acquisitions": [_told(one) for one in report.acquisitions],
        "bands": list(report.bands),
        "absent": list(report.absent),
        "units": list(report.units),
        "pixels": list(report.pixels),
        "masked": report.masked,
        "skipped": [f"{name}: {why}" for name, why in report.skipped],
        "ignored": [f"{name}: {why}" for name, why in report.ignored],
        "undated": list(report.undated),
        "problems": list(report.problems),
    }


def _told(one: Acquisition) -> Values:
    return {
        "time": _iso(one.time),
        "platform": one.platform,
        "orbit_direction": one.orbit_direction,
        "relative_orbit": one.relative_orbit,
        "processing_baseline": one.processing_baseline,
        "sources": list(one.sources),
        "times": [_iso(time) for time in one.times],
    }


def _fault(sensor: str, error: EngineError) -> Values:
    """With what can be stated about files that don't say their units themselves."""
    choices: Mapping[str, str] = {}
    if isinstance(error, UnitError):
        choices = {name: text for name, text in PRESETS.items() if name.startswith(sensor)}
    return {"sensor": sensor, **described(error), "choices": dict(choices)}


def _grid(grid: Grid) -> Values:
    return {**grid.to_dict(), "bounds": grid.bounds, "lonlat_bounds": grid.lonlat_bounds}


def _iso(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

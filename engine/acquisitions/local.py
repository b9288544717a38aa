"""Local files → a lazy cube on the area's grid: NetCDF and Zarr cubes, GeoTIFF folders, SAFE products."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from affine import Affine
from pyproj import CRS

from ..errors import AcquisitionError, BandError
from ..grid import RESOLUTION_M, AreaOfInterest, Grid
from . import cubefile
from .bands import check_required
from .modality import Modality
from .options import ReadOptions
from .report import SourceReport
from .scenes import Findings, Frame, Scene, merge
from .source import LocalSource
from .warp import RasterGrid

log = logging.getLogger(__name__)


def open_local(
    path: Path | Sequence[Path],
    modality: Modality,
    *,
    grid: Grid | None = None,
    options: ReadOptions = ReadOptions(),
) -> LocalSource:
    """Open local acquisitions of one modality as a lazy `CubeSource`; no pixels but samples are read.

    `path` is a NetCDF file, a Zarr store, a GeoTIFF, a SAFE product, a folder of such, or several of them, whose
    dates are merged. Without `grid` the files' own extent is taken, at 10 m: in the files' own projected CRS and on
    their own pixels where these nest in 10 m, else snapped to multiples of 10 m (UTM where the files are geographic).
    The cube has all bands of the modality, those that no file has being never valid. Values not on the grid already
    are interpolated in the modality's unit, also dB.

    Raises `AcquisitionError` (unreadable, no dates, no overlap), `BandError`, `UnitError`."""
    paths = [path] if isinstance(path, Path) else list(path)
    found, kinds = _scan(paths, modality, options)
    scenes = _dated(found.scenes, options)
    grid = grid or _own_grid([g for s in scenes for g in s.grids])
    inside = _overlapping(scenes, grid)
    frames = merge(inside)
    check_required(
        (b for s in inside for b in s.bands), options.require_bands, modality, ", ".join(map(str, paths))
    )
    report = _report(paths, kinds, modality, grid, frames, found, len(scenes) - len(inside))
    return LocalSource(modality, grid, frames, options, report)


def describe_local(
    path: Path | Sequence[Path],
    modality: Modality,
    *,
    grid: Grid | None = None,
    options: ReadOptions = ReadOptions(),
) -> SourceReport:
    """What `open_local` would find, with the same errors: dates, bands, units, grid, problems."""
    return open_local(path, modality, grid=grid, options=options).report


def _scan(paths: Sequence[Path], modality: Modality, options: ReadOptions) -> tuple[Findings, list[str]]:
    """The scenes of all files; files of no use are listed, and it is an error if there is no other."""
    found, kinds, errors = Findings(), [], []
    budget = cubefile.Budget(options.cache_bytes)
    files = [f for path in paths for f in _cubes(path)]
    for file in files:
        try:
            found.add(cubefile.scan_cube(file, modality, options, budget))
            kinds.append("NetCDF/Zarr cube")
        except BandError as error:
            found.ignored.append((file.name, error.cause))
            errors.append(error)
    if not found.scenes:
        raise errors[0]
    return found, sorted(set(kinds))


def _cubes(path: Path) -> list[Path]:
    return [path]


def _dated(scenes: list[Scene], options: ReadOptions) -> list[Scene]:
    """The scenes between the start and end dates."""
    kept = [s for s in scenes if options.covers(s.acquisition.time)]
    if not kept:
        days = sorted(s.acquisition.time.date() for s in scenes)
        raise AcquisitionError(
            "there are no acquisitions between these dates",
            value=f"{options.start or 'any'} to {options.end or 'any'}",
            remedy=f"the files reach from {days[0]} to {days[-1]}",
        )
    return kept


def _own_grid(grids: list[RasterGrid]) -> Grid:
    """The 10 m grid of the files themselves: their pixels where these nest, else snapped to 10 m."""
    finest = min(grids, key=lambda g: abs(g.transform.a))
    crs = CRS.from_user_input(finest.crs)
    metric = crs.is_projected and all(axis.unit_conversion_factor == 1 for axis in crs.axis_info)
    target = finest.crs if metric else AreaOfInterest.from_bounds(*finest.bounds_in("EPSG:4326")).utm
    unique = {(g.crs, g.transform, g.shape): g for g in grids}.values()
    boxes = list(zip(*(g.bounds_in(target) for g in unique), strict=True))
    bounds = min(boxes[0]), min(boxes[1]), max(boxes[2]), max(boxes[3])
    dx, dy = finest.transform.c % RESOLUTION_M, finest.transform.f % RESOLUTION_M
    nests = metric and finest.transform.a % RESOLUTION_M == 0 and finest.transform.is_rectilinear
    shift = (dx, dy) if nests else (0.0, 0.0)
    left, bottom, right, top = (b - shift[k % 2] for k, b in enumerate(bounds))
    snapped = Grid.from_bounds(target, (left, bottom, right, top))
    return Grid(target, Affine.translation(*shift) * snapped.transform, snapped.shape)


def _overlapping(scenes: list[Scene], grid: Grid) -> list[Scene]:
    """The scenes that touch the grid."""
    kept = [s for s in scenes if any(_touch(g, grid) for g in s.grids)]
    if not kept:
        file = scenes[0].grids[0]
        raise AcquisitionError(
            "the files don't overlap the area",
            value=f"files {_rounded(file.bounds_in(grid.crs))}, area {_rounded(grid.bounds)}, in {grid.crs[:40]}",
            remedy="choose an area within the files, or other files",
        )
    return kept


def _touch(file: RasterGrid, grid: Grid) -> bool:
    left, bottom, right, top = file.bounds_in(grid.crs)
    west, south, east, north = grid.bounds
    return left < east and right > west and bottom < north and top > south


def _rounded(bounds: tuple[float, ...]) -> str:
    return " ".join(f"{v:.0f}" for v in bounds)


def _report(
    paths: Sequence[Path],
    kinds: list[str],
    modality: Modality,
    grid: Grid,
    frames: list[Frame],
    found: Findings,
    outside: int,
) -> SourceReport:
    scenes = [s for f in frames for s in f.scenes]
    layers = [layer for s in scenes for layer in s.bands.values()]
    have = {band for s in scenes for band in s.bands}
    return SourceReport(
        paths=tuple(map(str, paths)),
        modality=modality.name,
        kinds=tuple(kinds),
        grid=grid,
        acquisitions=tuple(f.acquisition for f in frames),
        bands=tuple(b for b in modality.bands if b in have),
        absent=tuple(b for b in modality.bands if b not in have),
        units=tuple(
            dict.fromkeys(
                f"{e.unit} × {e.scale:g} + {e.offset:g} ({e.why})" for e in (x.encoding for x in layers)
            )
        ),
        pixels=tuple(
            dict.fromkeys(f"{abs(g.transform.a):g} in {g.crs[:40]}" for s in scenes for g in s.grids)
        ),
        masked=any(f.masks_of(s) for f in frames for s in f.scenes),
        merged=tuple(str(f.acquisition.time) for f in frames if _duplicated(f)),
        skipped=tuple(found.skipped),
        ignored=tuple(dict.fromkeys(found.ignored)),
        outside=outside,
        problems=tuple(found.notes),
    )


def _duplicated(frame: Frame) -> bool:
    counts = Counter(band for scene in frame.scenes for band in scene.bands)
    return any(n > 1 for n in counts.values())

"""Local files → a lazy cube on the area's grid: NetCDF and Zarr cubes, GeoTIFF folders, SAFE products."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import AcquisitionError
from ..grid import Grid
from .bands import check_required
from .discover import scan, take_stock
from .footprint import overlapping, own_grid
from .modality import Modality
from .options import AS_STATED, ReadOptions
from .productid import time_of
from .rasterfile import RasterFile
from .reading import Reading
from .report import SourceReport, report_on
from .scenes import Frame, MaskLayer, Scene, merge
from .source import LocalSource


def open_local(
    path: Path | Sequence[Path],
    modality: Modality,
    *,
    grid: Grid | None = None,
    options: ReadOptions = AS_STATED,
) -> LocalSource:
    """Open local acquisitions of one modality as a lazy `CubeSource`; no pixels but samples are read.

    `path` is a NetCDF file, a Zarr store, a GeoTIFF, a SAFE product, a folder of such, or several of them,
    whose dates are merged. Without `grid` the files' own extent is taken, at 10 m: in the files' own
    projected CRS and on their own pixels where 10 m nest in them, else snapped to multiples of 10 m (UTM
    where the files are geographic). The cube has all bands of the modality; those that no file has are never
    valid. Values that aren't on the grid already are interpolated in the modality's unit, dB included.

    Raises `AcquisitionError` (unreadable, no dates, no overlap), `BandError`, `UnitError`."""
    paths = [path] if isinstance(path, Path) else list(path)
    reading = Reading.start(modality, options)
    stock = take_stock(paths)
    found = scan(stock, reading)
    dated = _dated(found.scenes, options)
    grid = grid or own_grid(dated)
    scenes = overlapping(dated, grid)
    where = ", ".join(p.name for p in paths)
    check_required((b for s in scenes for b in s.bands), options.require_bands, modality, where)
    frames = _with_mask_files([f for f in merge(scenes) if any(s.bands for s in f.scenes)], reading)
    found.scenes = scenes
    report = report_on(frames, found, paths=paths, kinds=stock.kinds, modality=modality, grid=grid)
    each = tuple(scene.acquisition for scene in dated)
    report = replace(report, outside=len(dated) - len(scenes), scenes=each)
    return LocalSource(modality, grid, frames, options, report)


def describe_local(
    path: Path | Sequence[Path],
    modality: Modality,
    *,
    grid: Grid | None = None,
    options: ReadOptions = AS_STATED,
) -> SourceReport:
    """What `open_local` would find, with the same errors: dates, bands, units, grid, problems."""
    return open_local(path, modality, grid=grid, options=options).report


def _dated(scenes: list[Scene], options: ReadOptions) -> list[Scene]:
    """The scenes between the start and end dates."""
    kept = [s for s in scenes if options.covers(s.acquisition.time)]
    if not any(s.bands for s in kept):
        days = sorted(s.acquisition.time.date() for s in scenes)
        raise AcquisitionError(
            "there are no acquisitions between these dates",
            value=f"{options.start or 'any'} to {options.end or 'any'}",
            remedy=f"the files reach from {days[0]} to {days[-1]}",
        )
    return kept


def _with_mask_files(frames: list[Frame], reading: Reading) -> list[Frame]:
    """The frames with the masks that the options name: of their own day, or of all days."""
    for path in reading.options.mask_files:
        mask = MaskLayer(RasterFile(path, reading.pool, reading.options.crs), 0, is_scl=False)
        when = time_of(path.stem)
        hit = [when is None or f.acquisition.time.date() == when.date() for f in frames]
        if not any(hit):
            raise AcquisitionError(
                "a mask file has the date of no acquisition", value=path, remedy="rename it"
            )
        frames = [replace(f, masks=(*f.masks, mask)) if h else f for f, h in zip(frames, hit, strict=True)]
    return frames

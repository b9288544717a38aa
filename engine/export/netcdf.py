"""Maps over time as one NetCDF file after the CF conventions, which xarray, GDAL, QGIS, R and Panoply open."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import h5netcdf  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
from pyproj import CRS

from ..errors import InputError, OutputError
from ..grid import Grid, Window
from ..output import output_error, whole_file
from ..progress import CancelToken, Progress
from .cog import in_order
from .product import ProductBand, Stored

CHUNK = 256
StackRender = Callable[[int, Window], Stored | Sequence[Stored]]
"""(index of the time, window) → [band, y, x] as stored; bands may differ in type."""


@dataclass(frozen=True)
class Stack:
    """Maps of the same bands at several times."""

    title: str
    grid: Grid
    times: npt.NDArray[np.datetime64]
    """[time], UTC, ascending."""
    bands: tuple[ProductBand, ...]
    """Each becomes a variable [time, y, x]."""
    render: StackRender
    """May be called from several threads at once."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Of the file: provenance."""

    def __post_init__(self) -> None:
        names = [variable_name(band) for band in self.bands]
        if not names or len(set(names)) < len(names) or any(band.channel != "value" for band in self.bands):
            raise InputError("variables of a NetCDF need names of their own", value=", ".join(names))
        if not len(self.times) or (np.diff(self.times.astype(np.int64)) <= 0).any():
            raise InputError("a stack needs ascending times", value=f"{len(self.times)} times")


def variable_name(band: ProductBand) -> str:
    """The band's name as NetCDF variables are called."""
    name = re.sub(r"[^0-9A-Za-z]+", "_", band.name).strip("_")
    return name if name[:1].isalpha() else f"band_{name}"


def write_stack(
    stack: Stack,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    threads: int = 0,
    side: int = CHUNK,
) -> Path:
    """Write a NetCDF 4 file, one window of one time in memory at a time.

    `OutputError` where `path` exists or the disk refuses; then, and on `Cancelled`, nothing is left behind."""
    windows = list(stack.grid.tiles(side))
    progress, cancel = progress or Progress("write", 0), cancel or CancelToken()
    progress.total = progress.total or len(windows) * len(stack.times)
    with whole_file(path, overwrite=overwrite) as partial_path, _opened(partial_path, path) as (target, file):
        with _said(path):
            variables = _declare(target, stack)
        for index in range(len(stack.times)):
            for window, drawn in in_order(windows, partial(stack.render, index), threads, cancel):
                with _said(path):
                    for variable, stored in zip(variables, drawn, strict=True):
                        variable[(index, *window.slices)] = stored
                    file.check()
                progress.advance()
    return path


@contextmanager
def _opened(partial_path: Path, path: Path) -> Iterator[Any]:
    with _said(path), _Forgiving(partial_path, "w+b") as file:
        target = h5netcdf.File(file, "w")
        try:
            yield target, file
        finally:
            target.close()
        file.check()


class _Forgiving(io.FileIO):
    """A file that keeps its first failure for later and lets HDF5 go on: a failing close would crash the process."""

    failure: OSError | None = None

    def check(self) -> None:
        if self.failure:
            raise self.failure

    def write(self, data: Any, /) -> int:
        if self.failure is None:
            try:
                return self._write_all(memoryview(data).cast("B"))
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes

    def truncate(self, size: int | None = None, /) -> int:
        if self.failure is None:
            try:
                return super().truncate(size)
            except OSError as error:
                self.failure = error
        return size or 0

    def _write_all(self, data: memoryview) -> int:
        """A disk that fills up takes a part first."""
        done = 0
        while done < len(data):
            done += super().write(data[done:])
        return done


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """HDF5 says in words alone that the disk is full, sometimes as a `RuntimeError` while it closes."""
    try:
        yield
    except OSError as error:
        raise output_error(error, path) from error
    except RuntimeError as error:
        raise OutputError(
            "the file can't be written", value=path, remedy=f"check the disk ({error})"
        ) from error


def _declare(target: Any, stack: Stack) -> list[Any]:
    rows, cols = stack.grid.shape
    target.dimensions = {"time": len(stack.times), "y": rows, "x": cols}
    facts = {"Conventions": "CF-1.11", "title": stack.title, "source": "Phenolens", **stack.attributes}
    target.attrs.update({key: value for key, value in facts.items() if value})
    _coordinate(
        target,
        "time",
        stack.times.astype("datetime64[s]").astype(np.int64),
        {
            "standard_name": "time",
            "axis": "T",
            "units": "seconds since 1970-01-01",
            "calendar": "proleptic_gregorian",
        },
    )
    about = {"units": "metre"}
    _coordinate(target, "y", stack.grid.y, {**about, "standard_name": "projection_y_coordinate", "axis": "Y"})
    _coordinate(target, "x", stack.grid.x, {**about, "standard_name": "projection_x_coordinate", "axis": "X"})
    _add_crs(target, stack.grid)
    return [_variable(target, stack.grid, band) for band in stack.bands]


def _coordinate(target: Any, name: str, values: npt.NDArray[Any], about: Mapping[str, str]) -> None:
    variable = target.create_variable(name, (name,), values.dtype, data=values)
    variable.attrs.update(about)


def _add_crs(target: Any, grid: Grid) -> None:
    crs = CRS.from_user_input(grid.crs)
    variable = target.create_variable("spatial_ref", (), np.int64, data=np.int64(0))
    transform = " ".join(str(v) for v in grid.transform.to_gdal())
    about = {**crs.to_cf(), "spatial_ref": crs.to_wkt(), "GeoTransform": transform}
    variable.attrs.update({key: value for key, value in about.items() if value is not None})


def _variable(target: Any, grid: Grid, band: ProductBand) -> Any:
    chunks = (1, *(min(CHUNK, size) for size in grid.shape))
    fill = None if band.nodata is None else np.dtype(band.dtype).type(band.nodata)
    variable = target.create_variable(
        variable_name(band),
        ("time", "y", "x"),
        band.dtype,
        fillvalue=fill,
        chunks=chunks,
        compression="gzip",
        compression_opts=4,
        shuffle=True,
    )
    about: dict[str, Any] = {"long_name": band.name, "units": band.unit or "1", "grid_mapping": "spatial_ref"}
    if band.description:
        about["comment"] = band.description
    if (band.scale, band.offset) != (1, 0):
        about |= {"scale_factor": band.scale, "add_offset": band.offset}
    if band.classes is not None:
        about["flag_values"] = np.array(band.classes.codes, np.uint8)
        about["flag_meanings"] = " ".join(re.sub(r"\s+", "_", name) for name in band.classes.names)
    variable.attrs.update(about)
    return variable

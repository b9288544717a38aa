"""NetCDF and Zarr cubes, with CF or plain coordinates: a variable per band, or a band dimension."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from affine import Affine

from ..errors import AcquisitionError, BandError, DateError
from ..grid import Window
from .bands import MASK_BAND, band_of, known_names, other_modality_of
from .cube import Acquisition
from .modality import Modality
from .options import ReadOptions
from .productid import direction_of, facts_of
from .reading import Budget, Reading
from .scenes import Findings, Layer, MaskLayer, Scene, UnreadableError
from .sensors import resolve
from .stated_crs import grid_by
from .units import Encoding, Raw, Stated
from .warp import RasterGrid, parse_crs

_X, _Y = ("x", "lon", "longitude", "easting", "eastings"), ("y", "lat", "latitude", "northing", "northings")
SUFFIXES = (".nc", ".nc4", ".cdf", ".netcdf")


class CubeRaster:
    """One band of a cube, its dates being the layers."""

    def __init__(self, name: str, array: xr.DataArray, grid: RasterGrid, budget: Budget) -> None:
        self.name = name
        self.grid = grid
        self._array = array
        self._budget = budget
        self._whole: Raw | None = None

    def read(self, layers: Sequence[int], window: Window) -> Raw:
        rows, cols = window.slices
        if self._whole is None and self._budget.take(self._array.nbytes):
            self._whole = _unsigned(self._array)
        if self._whole is not None:
            return self._whole[list(layers), rows, cols]
        return np.stack([_unsigned(self._array[k, rows, cols]) for k in layers])


def _unsigned(array: xr.DataArray) -> Raw:
    """The stored numbers, native byte order, with netCDF-3's `_Unsigned` convention honoured."""
    raw = np.ascontiguousarray(array.to_numpy())
    raw = raw.astype(raw.dtype.newbyteorder("="), copy=False)
    return raw.view(f"u{raw.dtype.itemsize}") if _is_unsigned(array) else raw


def _is_unsigned(array: xr.DataArray) -> bool:
    return str(array.attrs.get("_Unsigned", "")).lower() == "true" and array.dtype.kind == "i"


def scan_cube(path: Path, reading: Reading) -> Findings:
    """The scenes of one NetCDF file or Zarr store; its errors are those of `open_local`."""
    dataset = open_cube(path)
    try:
        return _scenes(dataset, path, reading)
    except Exception:
        dataset.close()  # the user may want to mend and replace the file at once
        raise


def _scenes(dataset: xr.Dataset, path: Path, reading: Reading) -> Findings:
    found = Findings()
    layers = _layers(dataset, path, reading, found)
    for k, time in enumerate(_times(dataset, path, reading.options)):
        acquisition = _acquisition(time, dataset, path, reading.options)
        bands = {band: Layer(r, k, e) for band, (r, e) in layers.bands.items()}
        masks = tuple(MaskLayer(r, k, is_scl) for r, is_scl in layers.masks)
        found.scenes.append(Scene(acquisition, bands, masks))
    return found


def open_cube(path: Path) -> xr.Dataset:
    """A NetCDF or Zarr dataset as stored (no scaling, no masks); `UnreadableError` where it is none."""
    kinds = ("zarr",) if path.is_dir() else ("h5netcdf", "scipy")
    causes = []
    for engine in kinds:
        more: dict[str, Any] = {"consolidated": False} if engine == "zarr" else {}
        try:
            return xr.open_dataset(path, engine=engine, mask_and_scale=False, decode_coords=False, **more)
        except Exception as error:  # noqa: BLE001 - each engine has its own errors, and all mean that it can't read this
            causes.append(f"{engine}: {' '.join(str(error).split())[:160]}")
    raise UnreadableError(
        "a cube can't be read",
        value=path,
        remedy=f"fetch it again, or leave it out ({'; '.join(causes)})",
    )


def _times(dataset: xr.Dataset, path: Path, options: ReadOptions) -> list[datetime]:
    name = _time_name(dataset)
    if name is not None:
        stamps = np.atleast_1d(dataset[name].to_numpy()).astype("datetime64[us]")
        return [t.replace(tzinfo=UTC) for t in stamps.tolist()]
    when = facts_of(path.stem).time or options.time
    if when is None:
        raise DateError(
            "the cube has no dates",
            value=path,
            remedy="give it a time coordinate, a date in its name, or state the day",
        )
    return [when]


def _time_name(dataset: xr.Dataset) -> str | None:
    """The variable of acquisition times: the one that is a dimension, else a scalar one."""
    names = [str(n) for n, v in dataset.variables.items() if v.dtype.kind == "M" and v.ndim <= 1]
    return next((n for n in names if n in dataset.dims), next(iter(names), None))


def _acquisition(time: datetime, dataset: xr.Dataset, path: Path, options: ReadOptions) -> Acquisition:
    facts = facts_of(path.name)
    attributes = {str(k).lower(): v for k, v in dataset.attrs.items()}
    direction = next(
        (d for k in ("orbit_direction", "orbitdirection", "orbit_state", "sat:orbit_state")
         if (d := direction_of(str(attributes.get(k, ""))))),
        None,
    )  # fmt: skip
    return Acquisition(
        time=time,
        sources=(path.name,),
        platform=facts.platform,
        orbit_direction=options.orbit_direction or direction or facts.orbit_direction,
        relative_orbit=facts.relative_orbit,
        processing_baseline=facts.processing_baseline,
    )


@dataclass
class _Layers:
    bands: dict[str, tuple[CubeRaster, Encoding]] = field(default_factory=dict)
    masks: list[tuple[CubeRaster, bool]] = field(default_factory=list)


def _layers(dataset: xr.Dataset, path: Path, reading: Reading, found: Findings) -> _Layers:
    modality, layers, names = reading.modality, _Layers(), []
    for name, array in _band_arrays(dataset, reading.options):
        names.append(name)
        band = band_of(name, modality)
        if band is None and name not in reading.options.mask_names:
            found.ignored.append((f"{path.name}: {name}", f"no {modality.name} band"))
            continue
        raster = CubeRaster(
            path.name, array, cube_grid(dataset, array, path, reading.options), reading.budget
        )
        if band is None or band == MASK_BAND:
            layers.masks.append((raster, band == MASK_BAND))
        elif band in layers.bands:
            found.ignored.append((f"{path.name}: {name}", f"a second {band}"))
        else:
            layers.bands[band] = (raster, _encoding(array, name, path, reading))
    if not layers.bands:
        raise _no_bands(path, names, modality)
    return layers


def _no_bands(path: Path, names: list[str], modality: Modality) -> BandError:
    kind = "another sensor's" if any(other_modality_of(n, modality) for n in names) else "unknown"
    return BandError(
        f"no {modality.name} band in {path.name}, only {kind} names",
        value=", ".join(names) or "no variables with x and y",
        remedy=f"rename them, or state band_names for a band dimension; known: {known_names(modality)}",
    )


def _band_arrays(dataset: xr.Dataset, options: ReadOptions) -> Iterator[tuple[str, xr.DataArray]]:
    """(band's name, [time, y, x] array) of every variable, or entry of a band dimension, that is a map."""
    time = _time_name(dataset)
    for variable, array in dataset.data_vars.items():
        x, y = _axis(array, _X, "X"), _axis(array, _Y, "Y")
        if x is None or y is None or array.dtype.kind not in "iufb":
            continue
        extra = [str(d) for d in array.dims if d not in (x, y, time)]
        if time not in array.dims:
            array = array.expand_dims(time or "time")  # noqa: PLW2901 - the same map, with its one date
        order = (time or "time", y, x)
        if not extra:
            yield str(variable), array.transpose(*order)
        elif len(extra) == 1:
            for k, name in enumerate(_band_names(dataset, extra[0], options)):
                yield name, array.isel({extra[0]: k}).transpose(*order)


def _band_names(dataset: xr.Dataset, dimension: str, options: ReadOptions) -> list[str]:
    size = dataset.sizes[dimension]
    if len(options.band_names) == size:
        return list(options.band_names)
    if dimension in dataset.variables and dataset[dimension].dtype.kind in "OSUT":
        return [n.decode() if isinstance(n, bytes) else str(n) for n in dataset[dimension].to_numpy()]
    raise BandError(
        "the band dimension has no names",
        value=f"{dimension}, {size} entries; {len(options.band_names)} names given",
        remedy="state band_names, one for each entry in their order",
    )


def _axis(array: xr.DataArray, names: tuple[str, ...], axis: str) -> str | None:
    for dimension in map(str, array.dims):
        attributes = array.coords[dimension].attrs if dimension in array.coords else {}
        if dimension.lower() in names or attributes.get("axis") == axis:
            return dimension
    return None


def _encoding(array: xr.DataArray, name: str, path: Path, reading: Reading) -> Encoding:
    t, rows, cols = array.shape
    middle = (slice(max(0, n // 2 - 64), n // 2 + 64) for n in (rows, cols))
    sample = _unsigned(array[(sorted({0, t // 2, t - 1}), *middle)])
    stated = _stated(array, sample.dtype.str)
    return resolve(reading.modality, stated, reading.options, sample=sample, band=name, where=path.name)


def _stated(array: xr.DataArray, dtype: str) -> Stated:
    """Scale, offset, nodata and unit as the attributes state them."""
    attributes = array.attrs
    size = np.dtype(dtype).itemsize * 8
    numbers = [v for k in ("_FillValue", "missing_value") if k in attributes for v in np.ravel(attributes[k])]
    nodata = [float(v) + (2**size if _is_unsigned(array) and v < 0 else 0) for v in numbers]
    scale, offset = (
        float(attributes[k]) if k in attributes else None for k in ("scale_factor", "add_offset")
    )
    unit = attributes.get("units", attributes.get("unit"))
    return Stated(dtype, scale, offset, tuple(dict.fromkeys(nodata)), str(unit) if unit else None)


def cube_grid(dataset: xr.Dataset, array: xr.DataArray, path: Path, options: ReadOptions) -> RasterGrid:
    """The pixels of an array by its coordinates; `AcquisitionError` where they or the CRS are missing."""
    y, x = (str(d) for d in array.dims[-2:])
    x0, dx = _steps(array, x, path)
    y0, dy = _steps(array, y, path)
    transform = Affine(dx, 0, x0 - dx / 2, 0, dy, y0 - dy / 2)
    declared, shape = _crs(dataset, array), (array.sizes[y], array.sizes[x])
    return (
        RasterGrid(declared, transform, shape) if declared else grid_by(options.crs, transform, shape, path)
    )


def _steps(array: xr.DataArray, dimension: str, path: Path) -> tuple[float, float]:
    """First centre and spacing of a coordinate; it must be regular."""
    centres = array[dimension].to_numpy().astype(float) if dimension in array.coords else np.empty(0)
    step = (centres[-1] - centres[0]) / (len(centres) - 1) if len(centres) > 1 else math.nan
    # a tenth of a pixel over the whole axis: what float32 coordinates leave
    if not (np.isfinite(step) and step and np.allclose(np.diff(centres), step, atol=0.1 * abs(step))):
        raise AcquisitionError(
            f"the {dimension} coordinate is not regular, or has fewer than two entries",
            value=path,
            remedy="write the centres of the pixels, evenly spaced",
        )
    return float(centres[0]), float(step)


def _crs(dataset: xr.Dataset, array: xr.DataArray) -> str | None:
    """As the cube declares it."""
    mapping = array.attrs.get("grid_mapping", "")
    candidates = [str(mapping).split(":", maxsplit=1)[0], "spatial_ref", "crs"]
    holders = [dataset[n].attrs for n in candidates if n in dataset.variables] + [array.attrs, dataset.attrs]
    for attributes in holders:
        for key in ("crs_wkt", "spatial_ref", "epsg_code", "proj:epsg", "proj:wkt2", "crs", "epsg"):
            if (text := str(attributes.get(key, "")).strip()) and (crs := parse_crs(text)):
                return crs
    if _axis(array, ("lon", "longitude"), "") and _axis(array, ("lat", "latitude"), ""):
        return "EPSG:4326"
    return None

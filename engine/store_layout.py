"""How an embedding store lies on the disk: a Zarr v3 group that plain xarray opens.

Layout (chunk and shard sizes measured with `tests/benchmarks/store_reads.py`):

    embedding         [time, dim, y, x]  float16 (NaN = not valid) or int8 with scale_factor
    validity          [time, y, x]       bool
    clear_count_<m>   [time, y, x]       uint8, clear frames of modality m within the model's reach
    nearest_days_<m>  [time, y, x]       uint8, days to the nearest of them, 255 = none
    time, y, x        coordinates;       spatial_ref: CRS after CF (grid_mapping)
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import zarr
from pyproj import CRS

from .errors import InputError
from .grid import Grid

FORMAT = 1
KIND = "phenolens embedding store"
StoreDtype = Literal["float16", "int8"]

# Embeddings are stored uncompressed: decompression doubles the time of a read and saves little, as the last
# bits of a mantissa are noise. A chunk of 64 × 64 px is a compromise: a map of 1,000² px touches 256 of them,
# a pixel one a date. A layer (validity, support) is small beside them and has larger chunks; compressed layers
# took longer to read than the embeddings.
CHUNK_SIDE = 64
SHARD_SIDE = 256
SHARD_TIMES = 8
NO_FRAME = 255
"""Value of `nearest_days_<m>` where no clear frame is within reach."""
INT8_NOT_VALID = -128
INT8_LARGEST = 127
DEFAULT_RANGE = 8.0
"""int8 stores clip embeddings to ± this, unless the model states its own range."""


@dataclass(frozen=True)
class StoreSpec:
    """Everything that decides what a store looks like and whether two runs may write to the same one."""

    grid: Grid
    days: tuple[float, ...]
    """Target dates, days since 1970-01-01, ascending."""
    dims: int
    modalities: tuple[str, ...]
    dtype: StoreDtype = "float16"
    value_range: float = DEFAULT_RANGE
    """int8 only: embeddings are clipped to ± this."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """Provenance, JSON-able: model, scenes, run, licence …"""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """More attributes, JSON-able, in which two runs on one store may differ."""

    def __post_init__(self) -> None:
        if self.dtype not in ("float16", "int8"):
            raise InputError("no such storage type", value=self.dtype, remedy="float16 or int8")
        if not self.value_range > 0:
            raise InputError("the int8 range must be above 0", value=self.value_range)
        if not self.days or not self.modalities or self.dims < 1:
            raise InputError(
                "a store needs dates, modalities and dimensions", value=f"{len(self.days)} dates"
            )

    @property
    def side(self) -> int:
        """Side of a shard in pixels; small areas get small shards."""
        needed = -(-max(self.grid.shape) // CHUNK_SIDE) * CHUNK_SIDE
        return min(SHARD_SIDE, needed)

    @property
    def times(self) -> int:
        """Target dates of a shard."""
        return min(SHARD_TIMES, len(self.days))

    @property
    def seconds(self) -> npt.NDArray[np.int64]:
        seconds: npt.NDArray[np.int64] = np.rint(np.array(self.days) * 86_400).astype(np.int64)
        return seconds

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the support layers."""
        return tuple(f"{kind}_{m}" for m in self.modalities for kind in ("clear_count", "nearest_days"))

    @property
    def scale(self) -> float:
        return self.value_range / INT8_LARGEST

    def attributes(self) -> dict[str, str]:
        """Attributes of the group: text alone (JSON where nested), so that they survive a way into NetCDF."""
        return {
            "Conventions": "CF-1.11",
            "kind": KIND,
            "format": str(FORMAT),
            "grid": json.dumps(self.grid.to_dict()),
            **_as_text(self.record),
        }

    def encode(
        self, values: npt.NDArray[np.float32], validity: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.float16 | np.int8]:
        """Embeddings [time, dim, y, x] as they are stored; not valid ([time, y, x]) → NaN or −128."""
        seen = validity[:, None]
        if self.dtype == "int8":
            steps = np.clip(np.rint(values / self.scale), -INT8_LARGEST, INT8_LARGEST)
            return np.where(seen, steps, INT8_NOT_VALID).astype(np.int8)
        largest = np.finfo(np.float16).max
        return np.where(seen, np.clip(values, -largest, largest), np.nan).astype(np.float16)


def _as_text(record: Mapping[str, Any]) -> dict[str, str]:
    return {k: v if isinstance(v, str) else json.dumps(v, sort_keys=True) for k, v in record.items()}


def create_arrays(path: Path, spec: StoreSpec) -> None:
    """Write the metadata and coordinates of an empty store."""
    attributes = {**spec.attributes(), **_as_text(spec.notes), "status": "partial"}
    root = zarr.create_group(path, zarr_format=3, attributes=attributes)
    _create_coordinates(root, spec)
    _create_embedding(root, spec)
    _create_layer(root, spec, "validity", False, {"long_name": "observed within reach"})
    for name in spec.layers:
        if name.startswith("clear_count"):
            _create_layer(root, spec, name, 0, {"long_name": "clear frames within reach", "units": "1"})
        else:
            about = {"long_name": "distance to the nearest clear frame", "units": "d", "_FillValue": NO_FRAME}
            _create_layer(root, spec, name, NO_FRAME, about)
    with (
        warnings.catch_warnings()
    ):  # consolidated metadata: not yet in the v3 specification, but read everywhere
        warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
        zarr.consolidate_metadata(root.store)


def _create_coordinates(root: zarr.Group, spec: StoreSpec) -> None:
    crs = CRS.from_user_input(spec.grid.crs)
    transform = spec.grid.transform
    georeference = {
        **crs.to_cf(),
        "spatial_ref": crs.to_wkt(),
        "GeoTransform": " ".join(str(v) for v in transform.to_gdal()),
    }
    time = {"standard_name": "time", "units": "seconds since 1970-01-01", "calendar": "proleptic_gregorian"}
    axis = {"units": "metre", "standard_name": "projection_x_coordinate", "axis": "X"}
    northing = {**axis, "standard_name": "projection_y_coordinate", "axis": "Y"}
    _coordinate(root, "time", spec.seconds, ("time",), time)
    _coordinate(root, "y", spec.grid.y, ("y",), northing)
    _coordinate(root, "x", spec.grid.x, ("x",), axis)
    _coordinate(root, "spatial_ref", np.array(0, np.int64), (), georeference)


def _coordinate(
    root: zarr.Group, name: str, values: npt.NDArray[Any], axes: tuple[str, ...], about: dict[str, Any]
) -> None:
    # an attribute that JSON can't hold (NaN) would make the metadata unreadable elsewhere: CF has none here
    array = root.create_array(
        name,
        shape=values.shape,
        dtype=values.dtype,
        chunks=values.shape,
        dimension_names=axes,
        attributes=about,
    )
    array[...] = values


def _create_embedding(root: zarr.Group, spec: StoreSpec) -> None:
    about: dict[str, Any] = {"long_name": "embedding", "units": "1", **_MAPPED}
    fill: float = np.nan
    if spec.dtype == "int8":
        fill = INT8_NOT_VALID
        about |= {"scale_factor": spec.scale, "_FillValue": INT8_NOT_VALID}
    side, times = spec.side, spec.times
    root.create_array(
        "embedding",
        shape=(len(spec.days), spec.dims, *spec.grid.shape),
        dtype=spec.dtype,
        chunks=(1, spec.dims, CHUNK_SIDE, CHUNK_SIDE),
        shards=(times, spec.dims, side, side),
        compressors=None,
        fill_value=fill,
        dimension_names=("time", "dim", "y", "x"),
        attributes=about,
    )


def _create_layer(
    root: zarr.Group, spec: StoreSpec, name: str, fill: int | bool, about: dict[str, Any]
) -> None:
    root.create_array(
        name,
        shape=(len(spec.days), *spec.grid.shape),
        dtype="bool" if isinstance(fill, bool) else "uint8",
        chunks=(1, spec.side, spec.side),
        shards=(spec.times, spec.side, spec.side),
        compressors=None,
        fill_value=fill,
        dimension_names=("time", "y", "x"),
        attributes={**about, **_MAPPED},
    )


# `coordinates` makes xarray see spatial_ref as one; `grid_mapping` is what rioxarray asks for
_MAPPED = {"grid_mapping": "spatial_ref", "coordinates": "spatial_ref"}

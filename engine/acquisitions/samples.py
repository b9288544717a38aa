"""The samples that come with Phenolens: a real Sentinel-2 series, and a simulated landscape with truth."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path

import numpy as np
import xarray as xr
from affine import Affine

from ..errors import AcquisitionError
from ..grid import Grid
from .cube import CubeSource
from .local import open_local
from .modality import SENTINEL2
from .options import ReadOptions
from .simulate import Landscape


@dataclass(frozen=True, eq=False)
class Sample:
    """Acquisitions of one place, ready to be read, and what one must know about them."""

    name: str
    title: str
    grid: Grid
    sources: Mapping[str, CubeSource]
    """By modality name; a modality that the sample lacks is absent."""
    notes: tuple[str, ...]
    """Limits, one sentence each."""
    attribution: str
    truth: Landscape | None = None
    """Known land cover and GPP; None for real places."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Other files of the sample, by what they show."""


def open_sample(name: str) -> Sample:
    """Open one of `SAMPLES`; `AcquisitionError` for another name or a broken installation."""
    if name not in _OPENERS:
        raise AcquisitionError("there is no such sample", value=name, remedy=f"choose {' or '.join(SAMPLES)}")
    return _OPENERS[name]()


def _romania() -> Sample:
    folder = _folder("romania")
    source = open_local(
        sorted(folder.glob("*.nc")), SENTINEL2, options=ReadOptions.sentinel2_dn().but(strict=True)
    )
    return Sample(
        name="romania",
        title="Forest in Romania, Sentinel-2, 2015-2021",
        grid=source.grid,
        sources={"s2": source},
        notes=(
            "Sentinel-1 is absent.",
            "Six of ten bands: B02 B03 B04 B08 at 10 m, B8A B11 at 20 m; the red edge and B12 are absent.",
            "Dates are known to the day; platforms and orbits are not known.",
            "The mask comes from the scene classification, which misses thin cloud.",
        ),
        attribution=(
            "Contains modified Copernicus Sentinel data 2015-2021; from nrt 0.2.1, European Commission, "
            "Joint Research Centre, EUPL-1.2. Tree cover density 2018: Copernicus Land Monitoring Service."
        ),
        files={"tree cover density 2018": folder / "tree_cover_density_2018.tif"},
    )


def _landscape() -> Sample:
    place = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 5_100_000), (256, 256))
    landscape = Landscape(place, seed=_LANDSCAPE_SEED, start=date(2020, 1, 1), end=date(2021, 12, 31))
    return Sample(
        name="landscape",
        title="Simulated landscape, Sentinel-1 and Sentinel-2, 2020-2021",
        grid=place,
        sources={name: landscape.source(name) for name in ("s1", "s2")},
        notes=(
            "Simulated: no pixel of it was measured, and the coordinates are those of no real place.",
            "The Sentinel-2 mask misses thin cloud and faint shadow, as a scene classification does.",
        ),
        attribution="Simulated by Phenolens.",
        truth=landscape,
    )


# all nine classes within 256 × 256 pixels: the most even mix among the seeds 0-159
_LANDSCAPE_SEED = 13
_OPENERS: dict[str, Callable[[], Sample]] = {"romania": _romania, "landscape": _landscape}
SAMPLES = tuple(_OPENERS)
"""Names of the bundled samples."""


def _folder(name: str) -> Path:
    folder = Path(str(resources.files("phenolens.resources").joinpath("samples", name)))
    if not folder.is_dir():
        raise AcquisitionError(
            "the sample's files are missing", value=folder, remedy="install Phenolens again"
        )
    return folder


def repack_romania(source: Path, destination: Path) -> tuple[Path, ...]:
    """Pack the Romanian cubes of nrt 0.2.1 into the bundled sample, without changing a stored number.

    `source`: the folder with `sentinel2_cube_subset_romania_{10m,20m}.nc`, the tree cover and the licence.
    The 10 m cube is cut in two at 2019 to keep files small; of the 20 m cube the bands stay that the other
    lacks. Returns the files written."""
    destination.mkdir(parents=True, exist_ok=True)
    fine, coarse = (_stored(source / f"sentinel2_cube_subset_romania_{size}.nc") for size in ("10m", "20m"))
    late = fine["time"].to_numpy() >= (date(2019, 1, 1) - date(2015, 8, 1)).days
    parts = {
        "romania_10m_2015_2018.nc": fine.isel(time=np.flatnonzero(~late)),
        "romania_10m_2019_2021.nc": fine.isel(time=np.flatnonzero(late)),
        "romania_20m.nc": coarse[["B8A", "B11", "SCL", "spatial_ref"]],
    }
    for name, part in parts.items():
        part.to_netcdf(destination / name, engine="h5netcdf", encoding=_packing(part))
    copies = {
        "tree_cover_density_2018_romania.tif": "tree_cover_density_2018.tif",
        "LICENSE_EUPL.txt": "LICENSE",
    }
    for original, name in copies.items():
        shutil.copyfile(source / original, destination / name)
    return tuple(destination / name for name in (*parts, *copies.values()))


def _stored(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, engine="h5netcdf", decode_cf=False) as dataset:
        loaded = dataset.load()
    classes = loaded["SCL"].astype(np.uint8)  # 0 to 11
    loaded["SCL"] = classes.assign_attrs(_FillValue=np.uint8(0))
    return loaded


def _packing(part: xr.Dataset) -> dict[str, dict[str, object]]:
    """One chunk per band: the sample is small, and long runs compress best."""
    return {
        str(name): {"zlib": True, "complevel": 9, "shuffle": True, "chunksizes": band.shape}
        for name, band in part.data_vars.items()
        if band.ndim == 3
    }

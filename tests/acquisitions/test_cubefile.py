"""Layouts of NetCDF and Zarr cubes beyond those of the real sets."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from phenolens.engine.acquisitions.local import open_local
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.acquisitions.options import ReadOptions
from phenolens.engine.errors import AcquisitionError, BandError, UnitError

DAYS = np.array(["2020-06-01T10:30", "2020-06-06T10:30", "2020-06-11T10:30"], "datetime64[ns]")
RNG = np.random.default_rng(5)


def cube(**variables: xr.Variable) -> xr.Dataset:
    """Three dates of 16 × 20 pixels of 10 m."""
    coordinates = {
        "time": DAYS,
        "y": ("y", 5_600_000 - 10 * (np.arange(16) + 0.5)),
        "x": ("x", 500_000 + 10 * (np.arange(20) + 0.5)),
    }
    return xr.Dataset(dict(variables), coordinates, {"crs": "EPSG:32631"})


def reflectance(**attributes: object) -> xr.Variable:
    values = RNG.uniform(0.05, 0.4, (3, 16, 20)).astype(np.float32)
    return xr.Variable(("time", "y", "x"), values, {"units": "1", **attributes})


def packed(*bands: int) -> xr.Variable:
    return xr.Variable(
        ("time", "band", "y", "x"),
        RNG.integers(200, 4000, (3, len(bands), 16, 20)).astype("int16"),
        {"scale_factor": 1e-4, "_FillValue": np.int16(-999)},
    )


@pytest.mark.parametrize("name", ["a.nc", "a.zarr"])
def test_a_band_dimension_with_names_opens_from_netcdf_and_zarr(tmp_path: Path, name: str) -> None:
    stored = packed(1, 2, 3)
    dataset = cube(reflectance=stored).assign_coords(band=["B02", "nir08", "SCL"])
    dataset.reflectance[:, 2] = 4
    dataset.reflectance[0, 0, 0, 0] = -999
    path = tmp_path / name
    if name.endswith("nc"):
        dataset.to_netcdf(path, engine="h5netcdf")
    else:
        dataset.to_zarr(path, zarr_format=2, consolidated=False)
    source = open_local(path, SENTINEL2, options=ReadOptions(mask_dilation=0))
    read = source.read(source.grid.window)
    assert source.report.bands == ("B02", "B8A")
    assert not read.validity[0, 0, 0, 0]
    assert read.validity[:, [0, 7]].sum() == 2 * 3 * 16 * 20 - 1
    np.testing.assert_allclose(read.values[1, 7], stored.to_numpy()[1, 1] * 1e-4, rtol=1e-6)


def test_a_band_dimension_without_names_is_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    cube(reflectance=packed(1, 2)).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(BandError, match="band_names"):
        open_local(path, SENTINEL2)
    source = open_local(path, SENTINEL2, options=ReadOptions(band_names=("B02", "B03")))
    assert source.report.bands == ("B02", "B03")


def test_south_up_cubes_and_other_axis_orders_read_north_up(tmp_path: Path) -> None:
    dataset = cube(blue=reflectance())
    path = tmp_path / "a.nc"
    dataset.isel(y=slice(None, None, -1)).transpose("x", "y", "time").to_netcdf(path, engine="h5netcdf")
    source = open_local(path, SENTINEL2)
    read = source.read(source.grid.window)
    np.testing.assert_array_equal(read.values[:, 0], dataset.blue.to_numpy())
    assert source.grid.bounds == (500_000, 5_599_840, 500_200, 5_600_000)


def test_degrees_are_warped_to_utm(tmp_path: Path) -> None:
    dataset = cube(blue=reflectance()).drop_attrs(deep=False)
    lat, lon = 50.5 - 1e-4 * np.arange(16), 4.0 + 1.5e-4 * np.arange(20)
    path = tmp_path / "a.nc"
    dataset.assign_coords(y=lat, x=lon).rename(y="lat", x="lon").to_netcdf(path, engine="h5netcdf")
    source = open_local(path, SENTINEL2)
    assert source.grid.crs == "EPSG:32631"
    read = source.read(source.grid.window)
    assert read.validity[:, 0].mean() > 0.8
    assert 0.05 < read.values[:, 0][read.validity[:, 0]].mean() < 0.4


def test_units_in_the_attributes_are_believed(tmp_path: Path) -> None:
    db = xr.Variable(
        ("time", "y", "x"), RNG.uniform(-20, -5, (3, 16, 20)).astype(np.float32), {"units": "dB"}
    )
    power = xr.Variable(
        ("time", "y", "x"), (10 ** (db.to_numpy() / 10)).astype(np.float32), {"units": "linear"}
    )
    path = tmp_path / "S1A_DESC.nc"
    cube(sigma0_VV=db, sigma0_VH=power).to_netcdf(path, engine="h5netcdf")
    source = open_local(path, SENTINEL1)
    read = source.read(source.grid.window)
    np.testing.assert_allclose(read.values[:, 0], read.values[:, 1], atol=1e-4)
    assert source.acquisitions[0].orbit_direction == "descending"
    assert source.acquisitions[0].platform == "S1A"


def crooked(dataset: xr.Dataset) -> xr.Dataset:
    x = dataset.x.to_numpy().copy()
    x[3] += 4
    return dataset.assign_coords(x=x)


BROKEN: dict[str, tuple[Callable[[xr.Dataset], xr.Dataset], type[AcquisitionError], str]] = {
    "no crs": (lambda d: d.drop_attrs(deep=False), AcquisitionError, "declares no CRS"),
    "no dates": (lambda d: d.isel(time=0, drop=True), AcquisitionError, "has no dates"),
    "uneven pixels": (crooked, AcquisitionError, "not regular"),
    "strange bands": (lambda d: d.rename(B02="B77"), BandError, "B77.*B02 = blue"),
    "no unit": (lambda d: d.assign(B02=d.B02.drop_attrs()), UnitError, r"float32, values 0\."),
    "wrong unit": (lambda d: d.assign(B02=(d.B02 * 100).assign_attrs(units="1")), UnitError, "above 2"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_cubes_that_lack_something_are_refused_and_closed(tmp_path: Path, case: str) -> None:
    breaking, error, text = BROKEN[case]
    path = tmp_path / "a.nc"
    breaking(cube(B02=reflectance())).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(error, match=text):
        open_local(path, SENTINEL2)
    cube(B02=reflectance()).to_netcdf(path, engine="h5netcdf")  # can be replaced at once
    assert open_local(path, SENTINEL2).acquisitions


def test_one_file_per_date_with_a_truncated_one_in_the_middle(tmp_path: Path) -> None:
    for k in range(3):
        single = cube(B02=reflectance()).isel(time=k, drop=True)
        single.to_netcdf(tmp_path / f"S2_2020060{1 + k}.nc", engine="h5netcdf")
    middle = tmp_path / "S2_20200602.nc"
    middle.write_bytes(middle.read_bytes()[:3000])
    source = open_local(tmp_path, SENTINEL2)
    assert [a.time.day for a in source.acquisitions] == [1, 3]
    assert [name for name, _ in source.report.skipped] == [middle.name]
    for path, options in ((middle, ReadOptions()), (tmp_path, ReadOptions(strict=True))):
        with pytest.raises(AcquisitionError, match=r"S2_20200602\.nc"):
            open_local(path, SENTINEL2, options=options)


def test_variables_beyond_the_cache_are_read_window_by_window(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    cube(B02=reflectance(), B03=reflectance()).to_netcdf(path, engine="h5netcdf")
    cached = open_local(path, SENTINEL2)
    frugal = open_local(path, SENTINEL2, options=ReadOptions(cache_bytes=4_000))
    window = cached.grid.window.grown(2)
    np.testing.assert_array_equal(frugal.read(window).values, cached.read(window).values)
    np.testing.assert_array_equal(frugal.read(window, [2, 0]).values, cached.read(window, [2, 0]).values)

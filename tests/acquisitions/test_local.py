"""The real sets, as they are."""

from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
import xarray as xr
from phenolens.engine.acquisitions.cube import Cube
from phenolens.engine.acquisitions.local import describe_local, open_local
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.acquisitions.options import ReadOptions
from phenolens.engine.acquisitions.source import LocalSource
from phenolens.engine.errors import AcquisitionError, BandError, UnitError
from phenolens.engine.grid import Grid, Window

DN = ReadOptions.sentinel2_dn()


def flanders(folder: Path, *kinds: str) -> list[Path]:
    area = folder / "flanders_s1s2/00002806639B424A"
    return [next(area.glob(f"{kind}*.nc")) for kind in kinds]


def whole(source: LocalSource) -> Cube:
    return source.read(source.grid.window)


def band(cube: Cube, name: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    b = cube.modality.bands.index(name)
    return cube.values[:, b], cube.validity[:, b]


def raw(path: Path) -> xr.Dataset:
    return xr.open_dataset(path, engine="h5netcdf", mask_and_scale=False)


def test_flanders_10_m_and_20_m_files_make_one_cube_of_all_ten_bands(shared_data: Path) -> None:
    source = open_local(flanders(shared_data, "S2_L2A_10m", "S2_L2A_20m"), SENTINEL2)
    cube = whole(source)
    assert cube.values.shape == (118, 10, 64, 64)
    assert source.grid.bounds == (501360, 5629040, 502000, 5629680)
    assert source.grid.crs == "EPSG:32631"
    first = source.acquisitions[0]
    assert first.time.isoformat() == "2017-08-04T10:53:28+00:00"
    assert len(first.sources) == 2
    assert not source.report.absent
    assert not source.report.merged
    for b in range(10):
        seen = cube.values[:, b][cube.validity[:, b]]
        assert 0.02 < np.median(seen) < 0.4
        assert seen.max() < 2


def test_flanders_10_m_pixels_are_those_of_a_direct_read(shared_data: Path) -> None:
    paths = flanders(shared_data, "S2_L2A_10m", "S2_L2A_20m")
    values, valid = band(whole(open_local(paths, SENTINEL2)), "B04")
    stored = raw(paths[0]).B04.to_numpy()
    assert valid.mean() > 0.4
    np.testing.assert_allclose(values[valid], stored[valid] * 1e-4, rtol=1e-6)


def test_flanders_clouds_are_masked_in_all_bands_and_what_stays_is_clear(shared_data: Path) -> None:
    paths = flanders(shared_data, "S2_L2A_10m", "S2_L2A_20m")
    cube = whole(open_local(paths, SENTINEL2))
    classes = raw(paths[1]).SCL.to_numpy().repeat(2, axis=1).repeat(2, axis=2)
    cloudy = np.isin(classes, (0, 1, 3, 8, 9, 10))
    assert not cube.validity[cloudy[:, None].repeat(10, axis=1)].any()
    undilated = whole(open_local(paths, SENTINEL2, options=ReadOptions(mask_dilation=0)))
    blue, seen = band(undilated, "B02")
    stored = raw(paths[0]).B02.to_numpy()
    np.testing.assert_array_equal(seen, ~cloudy & (stored != 0))
    assert blue[seen].mean() < 0.6 * (stored[cloudy] * 1e-4).mean()


def test_flanders_backscatter_is_in_db_and_ascending_by_its_name(shared_data: Path) -> None:
    (path,) = flanders(shared_data, "S1_GRD")
    source = open_local(path, SENTINEL1)
    cube = whole(source)
    assert cube.values.shape == (159, 2, 64, 64)
    assert {a.orbit_direction for a in source.acquisitions} == {"ascending"}
    (vv, seen), (vh, _) = band(cube, "VV"), band(cube, "VH")
    assert -12 < np.median(vv[seen]) < -6
    assert -20 < np.median(vh[seen]) < -12
    # nearest reads each 20 m pixel four times, so that stored numbers can be compared
    plain = whole(open_local(path, SENTINEL1, options=ReadOptions(resampling="nearest")))
    stored = raw(path).VH.to_numpy().repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(plain.values[:, 1], stored * 1e-4, rtol=1e-5)


def test_days_that_occur_twice_are_merged_and_the_first_valid_wins(shared_data: Path) -> None:
    path = next((shared_data / "flanders_s1s2/000028085BF08E7E").glob("S2_L2A_20m*"))
    source = open_local(path, SENTINEL2, options=ReadOptions(resampling="nearest", mask_dilation=0))
    times = raw(path).timestamp.to_numpy()
    twice = np.flatnonzero(np.diff(times) < np.timedelta64(10, "m"))
    assert len(times) == 146
    assert len(source.acquisitions) == 146 - len(twice) == 143
    assert len(source.report.merged) == len(twice) == 3
    frame = int(twice[0])
    cube = source.read(source.grid.window, [frame])
    stored = raw(path)[["B8A", "SCL"]].isel(timestamp=[frame, frame + 1])
    clear = ~np.isin(stored.SCL.to_numpy(), (0, 1, 3, 8, 9, 10)) & (stored.B8A.to_numpy() != 0)
    expected = np.where(clear[0], stored.B8A[0], np.where(clear[1], stored.B8A[1], 0)) * 1e-4
    got = np.where(cube.validity[0, 7], cube.values[0, 7], 0)[::2, ::2]
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_romania_keeps_its_own_projection_and_pixels(shared_data: Path) -> None:
    path = shared_data / "romania_s2/sentinel2_cube_subset_romania_10m.nc"
    source = open_local(path, SENTINEL2, options=DN)
    assert source.grid.crs == "EPSG:3035"
    assert source.grid.shape == (100, 100)
    cube = whole(source)
    assert len(cube.acquisitions) == 140
    assert source.acquisitions[-1].time.date() == date(2021, 1, 1)
    values, valid = band(cube, "B08")
    stored = raw(path).B8.to_numpy()
    np.testing.assert_allclose(values[valid], stored[valid] * 1e-4, rtol=1e-6)
    assert source.report.absent == ("B05", "B06", "B07", "B8A", "B11", "B12")


def test_romanian_forest_is_green_in_summer_and_not_in_winter(shared_data: Path) -> None:
    folder = shared_data / "romania_s2"
    source = open_local(folder / "sentinel2_cube_subset_romania_10m.nc", SENTINEL2, options=DN)
    with rasterio.open(folder / "tree_cover_density_2018_romania.tif") as file:
        forest = (file.read(1) > 80).repeat(2, axis=0).repeat(2, axis=1)
    cube = whole(source)
    (red, seen), (nir, _) = band(cube, "B04"), band(cube, "B08")
    ndvi = np.where(seen & forest, (nir - red) / np.maximum(nir + red, 1e-6), np.nan)
    months = np.array([a.time.month for a in cube.acquisitions])
    summer, winter = (np.nanmedian(ndvi[np.isin(months, m)]) for m in ((6, 7, 8), (12, 1, 2)))
    assert 0.75 < summer < 0.95
    assert winter < summer - 0.2


def test_romania_10_m_and_20_m_files_are_joined_and_registered(shared_data: Path) -> None:
    folder = shared_data / "romania_s2"
    paths = [folder / f"sentinel2_cube_subset_romania_{r}.nc" for r in ("10m", "20m")]
    cube = whole(open_local(paths, SENTINEL2, options=DN))
    assert cube.values.shape == (140, 10, 100, 100)
    clear = [k for k in range(140) if cube.validity[k].any(axis=0).mean() > 0.97][:8]
    broad, narrow = band(cube, "B08")[0][clear], band(cube, "B8A")[0][clear]

    def likeness(down: int, right: int) -> float:
        moved = np.roll(broad, (down, right), (1, 2))[:, 8:-8, 8:-8]
        return float(np.corrcoef(moved.ravel(), narrow[:, 8:-8, 8:-8].ravel())[0, 1])

    shifted = [likeness(*s) for s in ((-1, 0), (1, 0), (0, -1), (0, 1))]
    assert likeness(0, 0) > max(shifted)


def test_the_small_romanian_subset_opens_at_10_m(shared_data: Path) -> None:
    source = open_local(shared_data / "romania_s2/sentinel2_subset.nc", SENTINEL2, options=DN)
    assert source.grid.shape == (20, 20)
    assert len(source.acquisitions) == 146
    assert source.report.bands == ("B03", "B04", "B8A", "B11")


def test_openeo_backscatter_in_unsigned_dn_becomes_db(shared_data: Path) -> None:
    path = shared_data / "gfmap_flanders_s1s2/cdse_sentinel1_grd.nc"
    cube = whole(open_local(path, SENTINEL1, options=ReadOptions.s1_dn()))
    assert cube.values.shape == (10, 2, 66, 64)
    stored = raw(path)["S1-SIGMA0-VV"].to_numpy().view("uint16").astype(float)
    values, valid = band(cube, "VV")
    np.testing.assert_allclose(values[valid], 20 * np.log10(stored[valid]) - 83, atol=1e-4)
    assert -14 < np.median(values[valid]) < -8


@pytest.mark.parametrize(
    ("file", "frames", "shape", "bands"),
    [
        ("cdse_sentinel2_l2a.nc", 12, (66, 64), ("B04", "B08", "B11")),
        ("test_optical_cube_19dates.nc", 19, (52, 46), ("B02", "B03", "B04", "B08")),
    ],
)
def test_openeo_reflectance_opens_as_netcdf_3_and_4(
    shared_data: Path, file: str, frames: int, shape: tuple[int, int], bands: tuple[str, ...]
) -> None:
    source = open_local(shared_data / "gfmap_flanders_s1s2" / file, SENTINEL2, options=DN)
    assert (len(source.acquisitions), source.grid.shape, source.report.bands) == (frames, shape, bands)
    red, seen = band(whole(source), "B04")
    assert seen.any()
    assert 0.01 < np.median(red[seen]) < 0.2


def test_hesbaye_has_both_sensors_in_one_file(shared_data: Path) -> None:
    path = next((shared_data / "hesbaye_cube").glob("*.nc"))
    optical = whole(open_local(path, SENTINEL2, options=DN))
    radar = whole(open_local(path, SENTINEL1, options=ReadOptions.s1_dn()))
    assert optical.values.shape == (12, 10, 100, 100)
    assert radar.values.shape == (12, 2, 100, 100)
    stored = raw(path)["S2-L2A-B02"].to_numpy()
    np.testing.assert_array_equal(band(optical, "B02")[1], (stored != -1) & (stored != 0))  # −1 is 65535
    assert -12 < np.median(radar.values[:, 0]) < -8


def test_the_report_says_what_the_user_should_know(shared_data: Path) -> None:
    path = next((shared_data / "hesbaye_cube").glob("*.nc"))
    (cloudy,) = describe_local(path, SENTINEL2, options=DN).problems
    assert cloudy == "12 of 12 dates have no cloud mask"
    (aimless,) = describe_local(path, SENTINEL1, options=ReadOptions.s1_dn()).problems
    assert "12 of 12 dates have no known orbit direction" in aimless
    stated = ReadOptions.s1_dn().but(orbit_direction="ascending")
    assert not describe_local(path, SENTINEL1, options=stated).problems
    assert not describe_local(flanders(shared_data, "S2_L2A_10m", "S2_L2A_20m"), SENTINEL2).problems


def test_terramesh_tiles_open_as_single_dates_with_names_stated(shared_data: Path) -> None:
    tile = "terramesh_tiles/{}/637U_59R_1_3.tif"
    radar = open_local(
        shared_data / tile.format("S1RTC"), SENTINEL1, options=ReadOptions(band_names=("VV", "VH"))
    )
    assert radar.acquisitions[0].time.isoformat() == "2017-10-30T05:32:30+00:00"
    assert radar.grid.shape == (224, 224)
    with rasterio.open(shared_data / tile.format("S1RTC")) as file:
        np.testing.assert_allclose(whole(radar).values[0], file.read(), rtol=1e-6)
    names = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
    options = DN.but(band_names=names, time=radar.acquisitions[0].time)
    optical = open_local(shared_data / tile.format("S2L2A"), SENTINEL2, options=options)
    assert optical.report.bands == SENTINEL2.bands
    assert 0.01 < np.median(whole(optical).values[0, 3]) < 0.3


def test_a_folder_of_everything_gives_what_belongs_to_the_modality(shared_data: Path) -> None:
    folder = shared_data / "flanders_s1s2/00002806639B424A"
    assert len(open_local(folder, SENTINEL2).acquisitions) == 118
    report = describe_local(folder, SENTINEL1)
    assert len(report.acquisitions) == 159
    assert any("AgERA5" in name for name, _ in report.ignored)
    assert "159, 2017-08-01 to 2018-11-29" in str(report)


def test_the_same_pixel_reads_the_same_in_any_window_and_on_any_grid(shared_data: Path) -> None:
    paths = flanders(shared_data, "S2_L2A_10m", "S2_L2A_20m")
    utm = open_local(paths, SENTINEL2).grid
    # in another CRS and off the files' lattice: everything is interpolated
    laea = Grid.from_bounds("EPSG:3035", (3_829_900.0, 3_101_400.0, 3_830_500.0, 3_101_900.0))
    for grid in (utm, laea):
        source = open_local(paths, SENTINEL2, grid=grid)
        frames = list(range(0, 118, 9))
        margin = 11
        big = source.read(grid.window.grown(margin), frames)
        assert big.validity.any()
        for window in (*grid.tiles(23), Window(-11, -3, 9, 12), Window(5, 7, 1, 1)):
            small = source.read(window, frames)
            rows, cols = Window(window.row + margin, window.col + margin, window.height, window.width).slices
            np.testing.assert_array_equal(small.validity, big.validity[..., rows, cols])
            np.testing.assert_array_equal(small.values, big.values[..., rows, cols])


def test_windows_beyond_the_grid_hold_real_data_where_the_files_have_it(shared_data: Path) -> None:
    paths = flanders(shared_data, "S2_L2A_10m", "S2_L2A_20m")
    whole_grid = open_local(paths, SENTINEL2).grid
    inner = open_local(paths, SENTINEL2, grid=whole_grid.crop(Window(20, 20, 10, 10)))
    grown = inner.read(inner.grid.window.grown(40), [60])
    reference = open_local(paths, SENTINEL2).read(whole_grid.window, [60])
    assert reference.validity.mean() > 0.5
    np.testing.assert_array_equal(grown.values[..., 20:84, 20:84], reference.values)
    np.testing.assert_array_equal(grown.validity[..., 20:84, 20:84], reference.validity)
    assert not grown.validity[..., :20, :].any()


def test_dates_can_be_chosen_and_an_empty_range_says_what_there_is(shared_data: Path) -> None:
    (path,) = flanders(shared_data, "S1_GRD")
    june = ReadOptions(start=date(2018, 6, 1), end=date(2018, 6, 30))
    days = [a.time.date() for a in open_local(path, SENTINEL1, options=june).acquisitions]
    assert days
    assert date(2018, 6, 1) <= min(days) <= max(days) <= date(2018, 6, 30)
    with pytest.raises(AcquisitionError, match="2017-08-01 to 2018-11-29"):
        open_local(path, SENTINEL1, options=ReadOptions(start=date(2020, 1, 1)))


def test_an_area_elsewhere_is_refused_with_both_bounds(shared_data: Path) -> None:
    elsewhere = Grid.from_bounds("EPSG:32631", (600_000.0, 5_000_000.0, 600_100.0, 5_000_100.0))
    with pytest.raises(AcquisitionError, match=r"501360 5629040 .* area 600000 5000000"):
        open_local(flanders(shared_data, "S1_GRD"), SENTINEL1, grid=elsewhere)


def test_units_that_nobody_states_are_asked_for_with_what_was_seen(shared_data: Path) -> None:
    with pytest.raises(UnitError, match=r"uint16|u2.*values 152 to .*s2-dn"):
        open_local(shared_data / "romania_s2/sentinel2_subset.nc", SENTINEL2)
    with pytest.raises(UnitError, match="s1-dn"):
        open_local(shared_data / "gfmap_flanders_s1s2/cdse_sentinel1_grd.nc", SENTINEL1)


@pytest.mark.parametrize("options", [ReadOptions(scale=1.0), ReadOptions(scale=1e-9)])
def test_a_wrong_scale_is_refused_with_file_value_and_remedy(shared_data: Path, options: ReadOptions) -> None:
    with pytest.raises(UnitError, match=r"sentinel2_subset.nc.*scale=0.0001"):
        open_local(shared_data / "romania_s2/sentinel2_subset.nc", SENTINEL2, options=options)


@pytest.mark.parametrize("unit", ["dB", "linear"])
def test_amplitude_read_as_something_else_is_refused(shared_data: Path, unit: str) -> None:
    options = ReadOptions(unit=unit, scale=1.0)
    with pytest.raises(UnitError, match=r"cdse_sentinel1_grd\.nc"):
        open_local(shared_data / "gfmap_flanders_s1s2/cdse_sentinel1_grd.nc", SENTINEL1, options=options)


def test_the_wrong_sensor_and_missing_bands_are_named(shared_data: Path) -> None:
    (path,) = flanders(shared_data, "S1_GRD")
    with pytest.raises(BandError, match=r"VH, VV.*B02 = blue"):
        open_local(path, SENTINEL2)
    optical = shared_data / "romania_s2/sentinel2_subset.nc"
    with pytest.raises(BandError, match="B02"):
        open_local(optical, SENTINEL2, options=DN.but(require_bands=("blue", "B11")))
    with pytest.raises(BandError, match="B99"):
        open_local(optical, SENTINEL2, options=DN.but(require_bands=("B99",)))

"""Folders of GeoTIFFs, whole and broken."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from affine import Affine
from phenolens.engine.acquisitions.choice import SourceChoice
from phenolens.engine.acquisitions.local import open_local
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.acquisitions.options import ReadOptions
from phenolens.engine.errors import AcquisitionError, BandError, DateError, UnitError
from phenolens.engine.grid import Grid

DN = ReadOptions.sentinel2_dn().but(mask_dilation=0)
PLACE = Affine(10, 0, 500_000, 0, -10, 5_600_000)


def write(
    path: Path,
    bands: Mapping[str, npt.NDArray[np.generic]],
    *,
    crs: str | None = "EPSG:32631",
    transform: Affine = PLACE,
    scale: float = 1.0,
    offset: float = 0.0,
    tags: Mapping[str, str] | None = None,
    described: bool = True,
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    stack = np.stack(list(bands.values()))
    profile = {
        "driver": "GTiff",
        "count": len(stack),
        "dtype": stack.dtype,
        "crs": crs,
        "transform": transform,
    }
    with rasterio.open(path, "w", height=stack.shape[1], width=stack.shape[2], **profile) as file:
        file.write(stack)
        file.scales, file.offsets = (scale,) * len(stack), (offset,) * len(stack)
        if described:
            file.descriptions = tuple(bands)
        file.update_tags(**(tags or {}))
    return path


def field(level: int, size: int = 24) -> npt.NDArray[np.uint16]:
    """Made-up numbers around a level, never 0."""
    return (level + np.arange(size * size).reshape(size, size) % 50).astype(np.uint16)


def three_dates(folder: Path) -> list[Path]:
    names = ("S2A_20200601.tif", "S2B_20200606.tif", "S2A_20200611.tif")
    return [
        write(folder / name, {"blue": field(400 + 10 * k), "B8A": field(3000)})
        for k, name in enumerate(names)
    ]


def test_one_multi_band_file_per_date(tmp_path: Path) -> None:
    three_dates(tmp_path)
    source = open_local(tmp_path, SENTINEL2, options=DN)
    assert [a.time.day for a in source.acquisitions] == [1, 6, 11]
    assert [a.platform for a in source.acquisitions] == ["S2A", "S2B", "S2A"]
    assert source.report.bands == ("B02", "B8A")
    cube = source.read(source.grid.window)
    np.testing.assert_allclose(cube.values[2, 0], field(420) * 1e-4, rtol=1e-6)
    assert cube.validity[:, [0, 7]].all()
    assert not cube.validity[:, [1, 2, 3, 4, 5, 6, 8, 9]].any()


def test_one_file_per_band_and_date_with_the_date_in_the_folder(tmp_path: Path) -> None:
    half = Affine(20, 0, 500_000, 0, -20, 5_600_000)
    for day in ("2020-06-01", "2020-06-11"):
        for k, band in enumerate(("B02", "B03", "B04")):
            write(tmp_path / day / f"{band}_10m.tif", {"": field(500 + k)}, described=False)
        write(tmp_path / day / "B11_20m.tif", {"": field(2000, 12)}, transform=half, described=False)
        classes = np.full((12, 12), 4, np.uint8)
        classes[0, 0] = 9
        write(tmp_path / day / "SCL_20m.tif", {"": classes}, transform=half, described=False)
    source = open_local(tmp_path, SENTINEL2, options=DN)
    assert source.report.bands == ("B02", "B03", "B04", "B11")
    cube = source.read(source.grid.window)
    assert cube.values.shape == (2, 10, 24, 24)
    assert not cube.validity[:, :, :2, :2].any()
    assert cube.validity[:, [0, 1, 2, 8], 2:, 2:].all()


def test_neighbouring_tiles_of_a_date_with_masks_of_their_own_make_one_frame(tmp_path: Path) -> None:
    east = Affine(10, 0, 500_240, 0, -10, 5_600_000)
    for tile, place in (("T31UDS", PLACE), ("T31UES", east)):
        clear = np.full((24, 24), 5, np.uint8)
        write(tmp_path / f"{tile}_20200601_B02.tif", {"": field(500)}, transform=place, described=False)
        write(tmp_path / f"{tile}_20200601_SCL.tif", {"": clear}, transform=place, described=False)
    source = open_local(tmp_path, SENTINEL2, options=DN)
    cube = source.read(source.grid.window)
    assert cube.values.shape == (1, 10, 24, 48)
    assert cube.validity[0, 0].all()


def test_files_in_several_crs_are_warped_onto_one_grid(tmp_path: Path) -> None:
    write(tmp_path / "a_20200601.tif", {"B02": field(500)})
    other = Affine(10, 0, 75_000, 0, -10, 5_617_300)  # the same place in the next zone, about
    write(tmp_path / "b_20200606.tif", {"B02": field(500, 60)}, crs="EPSG:32632", transform=other)
    grid = open_local(tmp_path / "a_20200601.tif", SENTINEL2, options=DN).grid
    source = open_local(tmp_path, SENTINEL2, grid=grid, options=DN)
    cube = source.read(grid.window)
    assert cube.validity[0, 0].all()
    assert cube.validity[1, 0].mean() > 0.3
    assert 0.05 < cube.values[1, 0][cube.validity[1, 0]].mean() < 0.056


def test_scale_and_offset_of_the_file_are_used_and_tags_too(tmp_path: Path) -> None:
    write(tmp_path / "a_20200601.tif", {"B02": field(1500)}, scale=1e-4, offset=-0.1)
    tags = {"BOA_QUANTIFICATION_VALUE": "10000", "BOA_ADD_OFFSET": "-1000", "PROCESSING_BASELINE": "05.09"}
    write(tmp_path / "b_20200606.tif", {"B02": field(1500)}, tags=tags)
    source = open_local(tmp_path, SENTINEL2)
    cube = source.read(source.grid.window)
    expected = (field(1500) - 1000.0) * 1e-4
    np.testing.assert_allclose(cube.values[:, 0], [expected, expected], atol=1e-6)
    assert source.acquisitions[1].processing_baseline == "05.09"


@pytest.mark.parametrize("unit", ["linear", "dB", "dn"])
def test_backscatter_is_the_same_in_any_unit(tmp_path: Path, unit: str) -> None:
    db = np.linspace(-22, -3, 24 * 24).reshape(24, 24)
    stored = {
        "dB": db.astype(np.float32),
        "linear": (10 ** (db / 10)).astype(np.float32),
        "dn": np.round(10 ** ((db + 83) / 20)).astype(np.uint16),
    }[unit]
    write(tmp_path / "S1A_20200601_DES.tif", {"Gamma0_VV": stored, "Gamma0_VH": stored})
    source = open_local(tmp_path, SENTINEL1, options=ReadOptions(unit=unit))
    cube = source.read(source.grid.window)
    np.testing.assert_allclose(cube.values[0, 0], db, atol=2e-2)
    assert source.acquisitions[0].orbit_direction == "descending"


@pytest.mark.parametrize("unit", ["linear", "dn"])
def test_decibels_that_are_said_to_be_something_else_are_refused_and_not_lost(
    tmp_path: Path, unit: str
) -> None:
    db = -12 + np.arange(24 * 24, dtype=np.float32).reshape(24, 24) % 7
    write(tmp_path / "S1A_20200601.tif", {"VV": db})
    write(tmp_path / "S1A_20200613.tif", {"VV": 10 ** (db / 10)})
    with pytest.raises(UnitError, match=r"S1A_20200601.*-12 to -6, read as .*no negative values.*state dB"):
        open_local(tmp_path, SENTINEL1, options=ReadOptions(unit=unit))


def test_power_that_is_mostly_one_number_for_nothing_is_read(tmp_path: Path) -> None:
    power = np.full((24, 24), -9999, np.float32)
    power[:8] = 0.05
    write(tmp_path / "S1A_20200601.tif", {"VV": power})
    opened = open_local(tmp_path, SENTINEL1, options=ReadOptions.s1_linear())
    assert opened.read(opened.grid.window).validity[0, 0].sum() == 8 * 24


def test_linear_power_is_not_taken_for_anything_unless_stated(tmp_path: Path) -> None:
    power = np.full((24, 24), 0.1, np.float32)
    write(tmp_path / "S1A_20200601.tif", {"VV": power})
    with pytest.raises(UnitError, match=r"float32, values 0.1 to 0.1 .*unit=dB, linear or dn"):
        open_local(tmp_path, SENTINEL1)
    with pytest.raises(UnitError, match="S1A_20200601"):
        open_local(tmp_path, SENTINEL1, options=ReadOptions.s1_db())


def test_a_truncated_file_is_skipped_with_a_warning_or_stops_under_strict(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    middle = three_dates(tmp_path)[1]
    content = middle.read_bytes()
    middle.write_bytes(content[: len(content) // 2])
    with caplog.at_level(logging.WARNING):
        source = open_local(tmp_path, SENTINEL2, options=DN)
    assert [a.time.day for a in source.acquisitions] == [1, 11]
    assert [name for name, _ in source.report.skipped] == ["S2B_20200606.tif"]
    assert "S2B_20200606.tif" in caplog.text
    with pytest.raises(AcquisitionError, match=r"S2B_20200606\.tif"):
        open_local(tmp_path, SENTINEL2, options=DN.but(strict=True))
    middle.write_bytes(b"not a picture")
    assert len(open_local(tmp_path, SENTINEL2, options=DN).report.skipped) == 1
    for path in three_dates(tmp_path):
        path.write_bytes(b"")
    with pytest.raises(AcquisitionError, match="none of the files can be read"):
        open_local(tmp_path, SENTINEL2, options=DN)


def test_damage_that_only_reading_shows_makes_that_frame_invalid(tmp_path: Path) -> None:
    three_dates(tmp_path)
    source = open_local(tmp_path, SENTINEL2, options=DN)
    stubborn = open_local(tmp_path, SENTINEL2, options=DN.but(strict=True))
    damaged = tmp_path / "S2B_20200606.tif"
    for opened in (source, stubborn):
        pool = opened._frames[1].scenes[0].bands["B02"].raster._pool  # type: ignore[attr-defined]
        pool.get(damaged).close()
        del pool._open[damaged]
    damaged.write_bytes(b"overwritten while in use")
    cube = source.read(source.grid.window)
    assert list(cube.validity.any(axis=(1, 2, 3))) == [True, False, True]
    assert list(source.failures) == [damaged.name]
    with pytest.raises(AcquisitionError, match=damaged.name):
        stubborn.read(stubborn.grid.window)


@pytest.mark.parametrize(
    ("name", "more", "error", "text"),
    [
        ("a_20200601.tif", {"crs": None}, AcquisitionError, "declares no CRS.*crs=EPSG"),
        ("a.tif", {}, DateError, "has no date.*state the day"),
        ("a_20209941.tif", {}, DateError, "has no date"),
        ("a_20200601.tif", {"described": False}, BandError, "no name.*band_names.*B02 = blue"),
    ],
)
def test_files_that_lack_something_are_refused(
    tmp_path: Path, name: str, more: dict[str, object], error: type[AcquisitionError], text: str
) -> None:
    write(tmp_path / name, {"B02": field(500), "B03": field(500)}, **more)  # type: ignore[arg-type]
    with pytest.raises(error, match=text):
        open_local(tmp_path, SENTINEL2, options=DN)


def test_a_stated_crs_is_that_of_files_that_declare_none_and_of_no_others(tmp_path: Path) -> None:
    write(tmp_path / "a_20200601.tif", {"B02": field(500)})
    write(tmp_path / "b_20200606.tif", {"B02": field(500)}, crs=None)
    source = open_local(tmp_path, SENTINEL2, options=DN.but(crs="EPSG:32632"))
    assert source.report.pixels == ("10 m in EPSG:32631", "10 m in EPSG:32632")


def test_files_without_a_date_or_a_place_are_left_out_and_told_where_others_can_be_read(
    tmp_path: Path,
) -> None:
    three_dates(tmp_path)
    write(tmp_path / "mosaic.tif", {"blue": field(500)})
    write(tmp_path / "preview_20200601.tif", {"blue": field(1)}, crs=None)
    source = open_local(tmp_path, SENTINEL2, options=DN)
    assert len(source.acquisitions) == 3
    assert source.report.undated == ("mosaic.tif",)
    assert "left out without a date: mosaic.tif" in source.report.problems
    ((name, why),) = source.report.skipped
    assert (name, why.partition(",")[0]) == ("preview_20200601.tif", "a file declares no CRS")
    stated = open_local(tmp_path, SENTINEL2, options=DN.but(time=datetime(2020, 7, 1, tzinfo=UTC)))
    assert [a.time.day for a in stated.acquisitions] == [1, 6, 11, 1]
    assert stated.report.undated == ()
    with pytest.raises(DateError, match=r"mosaic.tif"):
        open_local(tmp_path, SENTINEL2, options=DN.but(strict=True))


def test_a_file_that_is_given_twice_is_read_once(tmp_path: Path) -> None:
    first, *_ = three_dates(tmp_path / "scenes")
    (tmp_path / "same").symlink_to(tmp_path / "scenes", target_is_directory=True)
    source = open_local([tmp_path / "scenes", first, tmp_path / "same"], SENTINEL2, options=DN)
    assert [len(frame.scenes) for frame in source._frames] == [1, 1, 1]


def test_what_a_file_lacks_can_be_stated(tmp_path: Path) -> None:
    write(tmp_path / "a.tif", {"x": field(500), "y": field(600)}, crs=None, described=False)
    options = DN.but(crs="EPSG:32631", time=datetime(2020, 6, 1, tzinfo=UTC), band_names=("B02", "B03"))
    source = open_local(tmp_path / "a.tif", SENTINEL2, options=options)
    np.testing.assert_allclose(source.read(source.grid.window).values[0, 1], field(600) * 1e-4, rtol=1e-6)


def test_custom_masks_and_dilation_forbid_pixels(tmp_path: Path) -> None:
    cloud = np.zeros((24, 24), np.uint16)
    cloud[10, 10] = 1
    write(tmp_path / "in/a_20200601.tif", {"B02": field(500), "cloud": cloud})
    write(tmp_path / "in/b_20200606.tif", {"B02": field(500), "cloud": cloud * 0})
    everywhere = np.zeros((24, 24), np.uint8)
    everywhere[0, 0] = 1
    mask = write(tmp_path / "masks/town.tif", {"town": everywhere})
    options = ReadOptions.sentinel2_dn().but(mask_names=("cloud",), mask_files=(mask,), mask_dilation=1)
    source = open_local(tmp_path / "in", SENTINEL2, options=options)
    blocked = ~source.read(source.grid.window).validity[:, 0]
    expected = np.zeros((2, 24, 24), bool)
    expected[0, 9:12, 9:12] = True
    expected[:, :2, :2] = True
    np.testing.assert_array_equal(blocked, expected)
    for window in source.grid.tiles(10):
        part = source.read(window).validity[:, 0]
        np.testing.assert_array_equal(~part, expected[:, *window.slices])


def test_paths_that_hold_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AcquisitionError, match="no such file"):
        open_local(tmp_path / "gone", SENTINEL2)
    with pytest.raises(AcquisitionError, match="nothing to read"):
        open_local(tmp_path, SENTINEL2)
    (tmp_path / "product.zip").write_bytes(b"PK")
    with pytest.raises(AcquisitionError, match="unpack"):
        open_local(tmp_path / "product.zip", SENTINEL2)


def test_a_sensor_that_lies_elsewhere_is_left_out_beside_another_and_told(tmp_path: Path) -> None:
    write(tmp_path / "S2A_20200601.tif", {"blue": field(400)})
    far = write(
        tmp_path / "S1A_20200601.tif", {"VV": field(400)}, transform=PLACE * Affine.translation(1000, 0)
    )
    files, options = {"s2": [tmp_path], "s1": [tmp_path]}, {"s2": DN, "s1": ReadOptions.s1_dn()}
    choice = SourceChoice(files=files, options=options, leave_out=("s1:2020-06-01",))
    grid = Grid("EPSG:32631", PLACE, (24, 24))
    for area in (grid, None):
        found = choice.open(area)
        assert list(found.sources) == ["s2"]
        assert "s1: the files don't overlap the area, they are left out" in found.notes
    for alone in (
        SourceChoice(files={"s1": [far]}, options=options),
        SourceChoice(files=files, options={name: one.but(strict=True) for name, one in options.items()}),
    ):
        with pytest.raises(AcquisitionError, match="don't overlap the area"):
            alone.open(grid)


def test_a_pass_is_left_out_by_the_time_of_any_of_its_scenes_and_those_beside_the_area_may_be_named(
    tmp_path: Path,
) -> None:
    east = PLACE * Affine.translation(1000, 0)
    one, other = tmp_path / "one", tmp_path / "other"
    write(one / "S2A_20200601T105031.tif", {"blue": field(400)})
    write(one / "S2A_20200611T105031.tif", {"blue": field(500)})
    write(one / "S2A_20200621T105031.tif", {"blue": field(600)}, transform=east)
    write(other / "S2A_20200601T105046.tif", {"blue": field(700)})
    grid = Grid("EPSG:32631", PLACE, (24, 24))

    def left(*leave_out: str) -> list[tuple[str, ...]]:
        choice = SourceChoice(files={"s2": [one, other]}, options={"s2": DN}, leave_out=leave_out)
        return [acquisition.sources for acquisition in choice.open(grid).sources["s2"].acquisitions]

    merged, alone = ("S2A_20200601T105031.tif", "S2A_20200601T105046.tif"), ("S2A_20200611T105031.tif",)
    assert left() == [merged, alone]
    assert left("s2:2020-06-21T10:50:31Z") == [merged, alone]
    for name in ("s2:2020-06-01", "s2:2020-06-01T10:50:31Z", "s2:2020-06-01T10:50:46Z"):
        assert left(name) == [alone]
    with pytest.raises(AcquisitionError, match="isn't there"):
        left("s2:2020-06-22")

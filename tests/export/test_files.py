import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine
from phenolens.engine.classes import ClassTable, LandClass
from phenolens.engine.errors import Cancelled, InputError, OutputError
from phenolens.engine.export.files import files_of, write_product, write_products
from phenolens.engine.export.product import Product, ProductBand, Ramp
from phenolens.engine.export.statistics import BandStatistics
from phenolens.engine.export.style import shown_range
from phenolens.engine.grid import Grid, Window
from phenolens.engine.progress import CancelToken, Progress
from rasterio.enums import ColorInterp
from rio_cogeo.cogeo import cog_validate

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (700, 1100))
CLASSES = ClassTable(
    (
        LandClass(3, "Maïs & <fodder>", "#e69f00"),
        LandClass(1, "forest", "#009e73"),
        LandClass(7, "water", "#0072b2"),
    )
)
DAY = datetime(2020, 6, 1, tzinfo=UTC)
CODES = np.array([0, 1, 3, 7], np.uint8)


def _codes(window: Window) -> np.ndarray:
    rows, cols = np.mgrid[window.slices]
    return CODES[(rows // 50 + cols // 70) % 4][None]


GPP = ProductBand("GPP", "gC m-2 d-1", description="gross primary production", ramp=Ramp.named("viridis"))
SCALED = ProductBand("GPP", "gC m-2 d-1", "int16", -32768, 0.002, 1.0)


def _gpp_values(window: Window) -> np.ndarray:
    rows, cols = np.mgrid[window.slices]
    return np.where((rows + cols) % 11 == 0, np.nan, rows / 100 - 1)[None]


COVER = Product(
    "Land cover, a test",
    GRID,
    (ProductBand.of_classes("land cover", CLASSES),),
    _codes,
    tags={"PHENOLENS_MODEL": "dense-1"},
    record={"model": {"name": "dense-1", "sha256": "ab" * 32}, "scenes": {"s2": ["S2A_X"]}},
    start=DAY,
)
FLUX = Product("GPP, a test", GRID, (GPP,), lambda w: GPP.encode(_gpp_values(w)), start=DAY)
PACKED = Product("GPP, a test", GRID, (SCALED,), lambda w: SCALED.encode(_gpp_values(w)))


def test_a_class_map_is_a_cog_with_colours_names_nodata_and_a_table_of_counts(tmp_path):
    written = write_product(COVER, tmp_path / "cover.tif", threads=2)
    assert cog_validate(written.raster, quiet=True)[:2] == (True, [])
    with rasterio.open(written.raster) as raster:
        assert (raster.crs.to_epsg(), raster.transform, raster.nodata) == (32631, GRID.transform, 0)
        assert raster.colorinterp == (ColorInterp.palette,)
        assert raster.colormap(1)[3] == (0xE6, 0x9F, 0x00, 255)
        assert raster.colormap(1)[0][3] == 0
        assert raster.descriptions == ("land cover",)
        assert raster.tags()["PHENOLENS_MODEL"] == "dense-1"
        assert (raster.read() == _codes(GRID.window)).all()
        assert set(np.unique(raster.read(1, out_shape=(350, 550)))) <= {0, 1, 3, 7}
    root = ElementTree.parse(tmp_path / "cover.tif.aux.xml").getroot()
    names = [node.text or "" for node in root.iter("Category")]
    assert names == ["", "forest", "", "Maïs & <fodder>", "", "", "", "water"]
    rows = [[f.text for f in row] for row in root.iter("Row")]
    counts = np.bincount(_codes(GRID.window).ravel(), minlength=8)
    assert [(int(r[0]), int(r[1]), r[2]) for r in rows] == [(c.code, counts[c.code], c.name) for c in CLASSES]


def test_a_quantity_keeps_values_unit_nodata_and_overviews_that_ignore_nodata(tmp_path):
    written = write_product(FLUX, tmp_path / "gpp.tif")
    expected = _gpp_values(GRID.window)[0]
    with rasterio.open(written.raster) as raster:
        assert np.isnan(raster.nodata)
        assert (raster.descriptions, raster.units) == (("GPP",), ("gC m-2 d-1",))
        np.testing.assert_array_equal(raster.read(1), expected.astype("f4"))
        half = raster.read(1, out_shape=(350, 550))
    assert np.isfinite(half).all()  # of four pixels at most two diagonal ones are nodata here
    np.testing.assert_allclose(half, expected_half(expected), atol=1e-5)
    (found,) = written.statistics
    assert found.minimum == pytest.approx(np.nanmin(expected))
    assert found.mean == pytest.approx(np.nanmean(expected), rel=1e-6)
    assert found.deviation == pytest.approx(np.nanstd(expected), rel=1e-5)
    assert found.valid == np.isfinite(expected).sum()


def expected_half(values: np.ndarray) -> np.ndarray:
    return np.nanmean(values.reshape(350, 2, 550, 2), axis=(1, 3))


def test_scaled_integers_say_their_scale_and_give_the_values_back(tmp_path):
    write_product(PACKED, tmp_path / "gpp.tif")
    with rasterio.open(tmp_path / "gpp.tif") as raster:
        assert (raster.dtypes, raster.nodata) == (("int16",), -32768)
        assert (raster.scales, raster.offsets) == ((0.002,), (1.0,))
        values = SCALED.decode(raster.read(1))
    np.testing.assert_allclose(values, _gpp_values(GRID.window)[0], atol=0.0011)


def test_encoding_never_turns_a_value_into_nodata_and_never_keeps_one_that_is_not_valid():
    band = ProductBand.of_probability("share")
    stored = band.encode(np.array([0.0, 1.0, 2.0, np.nan, np.inf, 0.5]), np.array([1, 1, 1, 1, 1, 0], bool))
    assert stored.tolist() == [0, 250, 254, 255, 255, 255]
    codes = ProductBand.of_classes("c", CLASSES).encode(np.array([1, 7, 3]), np.array([True, False, True]))
    assert codes.tolist() == [1, 0, 3]


def test_bands_that_a_file_cannot_hold_are_refused():
    with pytest.raises(InputError, match="nodata 0"):
        ProductBand("c", dtype="uint8", nodata=255, classes=CLASSES)
    with pytest.raises(InputError, match="end of the storage type"):
        ProductBand("c", dtype="int16", nodata=-9999)
    with pytest.raises(InputError, match="share storage type"):
        Product("two", GRID, (GPP, SCALED), _codes)
    with pytest.raises(InputError, match="one band"):
        Product("two", GRID, (COVER.bands[0], COVER.bands[0]), _codes)


def test_the_stac_item_says_where_when_what_and_of_what(tmp_path):
    write_product(COVER, tmp_path / "cover.tif")
    item = pystac.Item.from_file(tmp_path / "cover.json")
    asset = item.assets["data"]
    assert (asset.href, asset.media_type) == ("./cover.tif", pystac.MediaType.COG)
    assert all((tmp_path / a.href).exists() for a in item.assets.values())
    assert item.datetime == DAY
    assert item.properties["proj:code"] == "EPSG:32631"
    assert item.properties["proj:shape"] == [700, 1100]
    assert item.properties["phenolens:model"]["sha256"] == "ab" * 32
    assert item.properties["phenolens:scenes"] == {"s2": ["S2A_X"]}
    classes = asset.extra_fields["classification:classes"]
    assert [(c["value"], c.get("title"), c.get("color_hint")) for c in classes[1:]] == [
        (c.code, c.name, c.colour[1:].upper()) for c in CLASSES
    ]
    assert all(c["name"].replace("_", "a").replace("-", "a").isalnum() for c in classes)
    west, south, east, north = item.bbox
    assert 3 <= west < east < 3.2
    assert 50 < south < north < 51


def test_the_item_of_floats_is_valid_json_although_nodata_is_no_number(tmp_path):
    write_product(FLUX, tmp_path / "gpp.tif")
    text = (tmp_path / "gpp.json").read_text()
    (band,) = json.loads(text)["assets"]["data"]["bands"]
    assert (band["nodata"], band["unit"], band["data_type"]) == ("nan", "gC m-2 d-1", "float32")
    assert "NaN" not in text


def test_a_period_has_both_its_ends(tmp_path):
    end = datetime(2020, 12, 31, tzinfo=UTC)
    product = Product("a year", GRID, (GPP,), FLUX.render, start=DAY, end=end)
    write_product(product, tmp_path / "year.tif")
    found = json.loads((tmp_path / "year.json").read_text())["properties"]
    assert found["datetime"] is None
    assert (found["start_datetime"], found["end_datetime"]) == (
        "2020-06-01T00:00:00Z",
        "2020-12-31T00:00:00Z",
    )


def test_products_of_one_pass_are_the_same_with_and_without_threads(tmp_path):
    for threads in (0, 3):
        pairs = [(COVER, tmp_path / f"{threads}-c.tif"), (PACKED, tmp_path / f"{threads}-g.tif")]
        write_products(pairs, threads=threads, side=200)
    for name in ("c", "g"):
        with (
            rasterio.open(tmp_path / f"0-{name}.tif") as one,
            rasterio.open(tmp_path / f"3-{name}.tif") as other,
        ):
            assert (one.read() == other.read()).all()


def test_an_existing_sidecar_stops_the_work_before_anything_is_rendered(tmp_path):
    (tmp_path / "cover.qml").write_text("precious")

    def render(window: Window) -> np.ndarray:
        raise AssertionError("rendered")

    with pytest.raises(OutputError, match="exists"):
        write_product(Product("c", GRID, COVER.bands, render), tmp_path / "cover.tif")
    assert [p.name for p in tmp_path.iterdir()] == ["cover.qml"]
    write_product(COVER, tmp_path / "cover.tif", overwrite=True)
    assert sorted(tmp_path.iterdir()) == sorted(files_of(tmp_path / "cover.tif"))


def test_two_products_of_one_name_and_other_suffixes_are_refused(tmp_path):
    with pytest.raises(OutputError, match="same name"):
        write_products([(COVER, tmp_path / "a.tif"), (FLUX, tmp_path / "a.tif")])
    with pytest.raises(InputError, match=r"\.tif"):
        write_product(COVER, tmp_path / "cover.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threads", [0, 2])
def test_cancelling_or_a_fault_while_rendering_leaves_nothing_behind(tmp_path, threads):
    token = CancelToken()
    progress = Progress("write", 0, listener=lambda event: token.cancel())
    with pytest.raises(Cancelled):
        write_product(COVER, tmp_path / "a.tif", progress=progress, cancel=token, threads=threads)

    def render(window: Window) -> np.ndarray:
        if window.col:
            raise ZeroDivisionError
        return _codes(window)

    with pytest.raises(ZeroDivisionError):
        write_product(Product("c", GRID, COVER.bands, render), tmp_path / "b.tif", threads=threads)
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from phenolens.engine.errors import OutputError
from phenolens.engine.export.files import write_product
from test_files import PACKED
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
try:
    write_product(PACKED, Path("full") / "map.tif", threads=1)
except OutputError as error:
    print(error.code)
"""


@pytest.mark.parametrize("room", [2_000, 20_000])
def test_a_disk_that_fills_up_is_an_output_error_and_leaves_nothing(tmp_path, room):
    command = [sys.executable, "-c", LIMITED, str(room), str(Path(__file__).parent)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "output"
    assert list((tmp_path / "full").iterdir()) == []


def test_a_quantity_that_is_the_same_everywhere_is_not_painted_as_its_rounding():
    band = ProductBand("width", "gC m-2 d-1")
    low, high = shown_range(band, BandStatistics(9, 9, low=11.7341232, high=11.7341251))
    assert high - low > 0.01
    assert shown_range(band, BandStatistics(9, 9, low=11.7, high=11.8)) == (11.7, 11.8)

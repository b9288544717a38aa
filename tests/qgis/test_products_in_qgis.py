"""Exported maps in the real QGIS: style, nodata, CRS, position, scale."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from phenolens.engine.classes import ClassTable
from phenolens.engine.export.files import write_products
from phenolens.engine.export.product import Product, ProductBand, Ramp
from phenolens.engine.grid import Grid

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (200, 300))
CLASSES = ClassTable.of_names(["winter cereal", "Maïs & <fodder>", "forest", "water"])
GPP = ProductBand("GPP", "gC m-2 d-1", ramp=Ramp.named("viridis", 0.0, 12.0))
PACKED = ProductBand("GPP", "gC m-2 d-1", "int16", -32768, 0.002, 1.5)
SHARES = tuple(ProductBand.of_probability(name) for name in CLASSES.names)
PICTURE = tuple(
    ProductBand(n, dtype="uint8", nodata=None, channel=n) for n in ("red", "green", "blue", "alpha")
)
START, END = datetime(2020, 6, 1, tzinfo=UTC), datetime(2020, 6, 30, tzinfo=UTC)
HOLE = (slice(80, 120), slice(100, 160))
INSIDE, OUTSIDE = (30, 270), (100, 130)
"""(row, column) of a pixel with a value, and of one without."""


def _part(whole: np.ndarray) -> Any:
    return lambda window: whole[(slice(None), *window.slices)]


def _maps() -> dict[str, tuple[Product, np.ndarray]]:
    rows, cols = np.mgrid[GRID.window.slices]
    valid = np.ones(GRID.shape, bool)
    valid[HOLE] = False
    codes = 1 + (rows // 25 + cols // 40) % 4
    gpp = 6 + 6 * np.sin(rows / 30) * np.cos(cols / 40)
    shares = np.stack([(codes == c) * 0.6 + 0.1 for c in CLASSES.codes])
    image = np.stack([rows % 256, cols % 256, (rows + cols) % 256, 255 * valid]).astype("u1")
    made: dict[str, tuple[tuple[ProductBand, ...], np.ndarray, np.ndarray]] = {
        "cover": ((ProductBand.of_classes("land cover", CLASSES),), codes[None], valid),
        "gpp": ((GPP,), gpp[None], valid),
        "packed": ((PACKED,), gpp[None], valid),
        "shares": (SHARES, shares, valid),
    }
    maps = {}
    for name, (bands, values, seen) in made.items():
        stored = np.stack([band.encode(v, seen) for band, v in zip(bands, values, strict=True)])
        maps[name] = (
            Product(name, GRID, bands, _part(stored), start=START, end=None if name == "cover" else END),
            values,
        )
    maps["picture"] = Product("picture", GRID, PICTURE, _part(image)), image
    return maps


def _place(pixel: tuple[int, int]) -> list[float]:
    return [float(GRID.x[pixel[1]]), float(GRID.y[pixel[0]])]


@pytest.fixture(scope="module")
def in_qgis(qgis_look, tmp_path_factory) -> dict[str, dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("products")
    maps = _maps()
    write_products([(product, folder / f"{name}.tif") for name, (product, _) in maps.items()])
    shutil.copy(folder / "cover.tif", folder / "bare.tif")
    names = [*maps, "bare"]
    places = [_place(INSIDE), _place(OUTSIDE)]
    size = [GRID.shape[1], GRID.shape[0]]
    asked = [
        {"path": folder / f"{n}.tif", "png": folder / f"{n}-qgis.png", "places": places, "size": size}
        for n in names
    ]
    return dict(zip(names, qgis_look(asked), strict=True))


def test_every_map_lies_in_its_crs_and_at_its_place(in_qgis):
    for name, (product, values) in _maps().items():
        found = in_qgis[name]
        assert found["valid"]
        assert found["crs"] == "EPSG:32631"
        tolerance = abs(product.bands[0].scale) / 2 + 1e-6
        np.testing.assert_allclose(found["values"][0], values[(slice(None), *INSIDE)], atol=tolerance)


def test_nodata_is_nodata_and_transparent(in_qgis):
    for name in ("cover", "gpp", "packed", "shares"):
        found = in_qgis[name]
        assert all(found["nodata"])
        assert all(value is None for value in found["values"][1])
        assert [alpha for _, alpha in found["colours"]] == [255, 0]
    assert [alpha for _, alpha in in_qgis["picture"]["colours"]] == [255, 0]


def test_a_class_map_opens_with_its_names_and_colours(in_qgis):
    found = in_qgis["cover"]
    assert found["renderer"] == "paletted"
    assert found["classes"] == [[c.code, c.name, c.colour] for c in CLASSES]
    assert found["legend"] == [[c.name, c.colour] for c in CLASSES]
    code = int(found["values"][0][0])
    assert found["colours"][0][0] == CLASSES[code].colour
    assert found["bands"] == ["Band 1: land cover"]


def test_a_class_map_that_lost_its_sidecars_still_has_its_colours(in_qgis):
    found = in_qgis["bare"]
    assert found["renderer"] == "paletted"
    assert found["colours"] == in_qgis["cover"]["colours"]


def test_a_quantity_opens_with_a_ramp_over_its_range_and_its_unit(in_qgis):
    found = in_qgis["gpp"]
    assert found["renderer"] == "singlebandpseudocolor"
    assert found["limits"] == [0, 12]
    assert found["items"] == 17
    assert found["suffix"] == " gC m-2 d-1"
    low, high = in_qgis["packed"]["limits"]
    assert (0 <= low < 2, 10 < high <= 12) == (True, True)  # percentiles of values, not of stored numbers


def test_scale_and_offset_are_applied(in_qgis):
    assert (in_qgis["packed"]["scale"], in_qgis["packed"]["offset"]) == ([0.002], [1.5])
    assert in_qgis["shares"]["scale"] == [0.004] * 4
    assert in_qgis["shares"]["limits"] == [0, 1]
    assert in_qgis["shares"]["bands"] == [f"Band {n}: {c.name}" for n, c in enumerate(CLASSES, start=1)]


def test_a_picture_keeps_its_own_colours(in_qgis):
    found = in_qgis["picture"]
    assert found["renderer"] == "multibandcolor"
    row, col = INSIDE
    assert found["colours"][0][0] == f"#{bytes((row % 256, col % 256, (row + col) % 256)).hex()}"


def test_the_temporal_controller_knows_the_period(in_qgis):
    assert in_qgis["cover"]["period"] == ["2020-06-01T00:00:00", "2020-06-01T23:59:59"]
    assert in_qgis["gpp"]["period"] == ["2020-06-01T00:00:00", "2020-06-30T00:00:00"]
    assert in_qgis["picture"]["period"] is None

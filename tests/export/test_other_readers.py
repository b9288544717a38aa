"""Exported maps in GDAL's own programs, which know nothing of this package."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from affine import Affine
from phenolens.engine.classes import ClassTable
from phenolens.engine.export.files import write_product
from phenolens.engine.export.product import Product, ProductBand
from phenolens.engine.grid import Grid

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (60, 80))
CLASSES = ClassTable.of_names(["Maïs & <fodder>", "forest"])
SCALED = ProductBand("GPP", "gC m-2 d-1", "int16", -32768, 0.002, 1.5)


def _gdalinfo(path) -> dict:
    if shutil.which("gdalinfo") is None:
        pytest.skip("gdalinfo isn't here (apt-get install gdal-bin)")
    done = subprocess.run(["gdalinfo", "-json", str(path)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_gdal_reads_class_names_colours_and_the_attribute_table(tmp_path):
    codes = (np.indices(GRID.shape).sum(axis=0) % 3).astype("u1")[None]
    band = ProductBand.of_classes("land cover", CLASSES)
    product = Product("cover", GRID, (band,), lambda w: codes[(slice(None), *w.slices)])
    found = _gdalinfo(write_product(product, tmp_path / "cover.tif").raster)
    (about,) = found["bands"]
    assert about["noDataValue"] == 0
    assert about["categories"][1:] == list(CLASSES.names)
    assert about["colorTable"]["entries"][2][:3] == list(CLASSES[2].rgb)
    rows = [row["f"] for row in found["rat"]["row"]]
    assert [(row[0], row[1], row[2]) for row in rows] == [(c.code, 1600, c.name) for c in CLASSES]
    assert found["metadata"]["IMAGE_STRUCTURE"]["LAYOUT"] == "COG"


def test_gdal_reads_unit_scale_offset_and_statistics(tmp_path):
    values = np.where(np.indices(GRID.shape)[0] < 10, np.nan, np.indices(GRID.shape)[1] / 10.0)
    product = Product("GPP", GRID, (SCALED,), lambda w: SCALED.encode(values[w.slices])[None])
    found = _gdalinfo(write_product(product, tmp_path / "gpp.tif").raster)
    (about,) = found["bands"]
    assert (about["description"], about["unit"]) == ("GPP", "gC m-2 d-1")
    assert (about["scale"], about["offset"], about["noDataValue"]) == (0.002, 1.5, -32768)
    statistics = about["metadata"][""]
    assert float(statistics["STATISTICS_MAXIMUM"]) * 0.002 + 1.5 == pytest.approx(7.9, abs=0.001)
    assert float(statistics["STATISTICS_VALID_PERCENT"]) == pytest.approx(100 * 50 / 60)

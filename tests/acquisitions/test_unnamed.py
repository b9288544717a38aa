"""GeoTIFFs whose bands nobody named."""

import numpy as np
import pytest
import rasterio
from phenolens.engine.acquisitions.unnamed import unnamed_bands
from rasterio.transform import from_origin


def write(path, bands, descriptions=()):
    profile = {"driver": "GTiff", "count": len(bands), "dtype": bands.dtype.name, "width": 8, "height": 8,
               "crs": "EPSG:32632", "transform": from_origin(600_000, 5_000_000, 10, 10)}  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(bands)
        for number, name in enumerate(descriptions, 1):
            file.set_band_description(number, name)


def test_bands_are_told_by_their_numbers_and_files_with_names_are_passed_over(tmp_path):
    two = np.stack([np.full((8, 8), 7, np.float32), np.full((8, 8), np.nan, np.float32)])
    write(tmp_path / "a_20200101.tif", two, ("B02", "B03"))
    write(tmp_path / "b_20200101.tif", two, ("first", ""))
    write(tmp_path / "c_20200102.tif", two)
    write(tmp_path / "d_20200103.tif", two[:1])
    (tmp_path / "e_20200104.tif").write_bytes(b"no TIFF")
    found = unnamed_bands([tmp_path])
    assert (found.file, found.files) == ("b_20200101.tif", 2)
    assert [band.description for band in found.bands] == ["first", ""]
    assert (found.bands[0].dtype, found.bands[0].low, found.bands[0].high) == ("float32", 7, 7)
    assert (found.bands[1].low, found.bands[1].high) == (None, None)


@pytest.mark.parametrize("name", ["nothing", "cube"])
def test_there_is_nothing_to_name_where_no_geotiff_is(tmp_path, name):
    assert unnamed_bands([tmp_path / name]) is None

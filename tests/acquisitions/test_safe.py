"""Sentinel-2 L2A products, small and made up, in the structure that ESA ships."""

import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from affine import Affine
from phenolens.engine.acquisitions.local import open_local
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.acquisitions.options import ReadOptions
from phenolens.engine.acquisitions.safe import read_metadata
from phenolens.engine.errors import AcquisitionError, BandError, UnitError
from rasterio.drivers import raster_driver_extensions

# JPEG 2000 as in real products where this GDAL can write it, else GeoTIFF in the same places
SUFFIX = "jp2" if "jp2" in raster_driver_extensions() else "tif"
CREATION = {"QUALITY": "100", "REVERSIBLE": "YES"} if SUFFIX == "jp2" else {}
SIZE = 64
NO_MASK = ReadOptions(mask_dilation=0)

OFFSETS = "".join(f'<BOA_ADD_OFFSET band_id="{k}">-1000</BOA_ADD_OFFSET>' for k in range(13))
METADATA = """<?xml version="1.0" encoding="UTF-8"?>
<n1:Level-2A_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-2A.xsd">
 <n1:General_Info>
  <Product_Info>
   <PRODUCT_START_TIME>2022-06-14T10:36:31.024Z</PRODUCT_START_TIME>
   <PRODUCT_URI>{name}.SAFE</PRODUCT_URI>
   <PROCESSING_LEVEL>Level-2A</PROCESSING_LEVEL>
   <PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>
   <Datatake datatakeIdentifier="GS2B_20220614T103629_027540_N04.00">
    <SPACECRAFT_NAME>Sentinel-2B</SPACECRAFT_NAME>
    <SENSING_ORBIT_NUMBER>8</SENSING_ORBIT_NUMBER>
    <SENSING_ORBIT_DIRECTION>DESCENDING</SENSING_ORBIT_DIRECTION>
   </Datatake>
  </Product_Info>
  <Product_Image_Characteristics>
   <Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>
   <Special_Values><SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX></Special_Values>
   {quantification}
   <BOA_ADD_OFFSET_VALUES_LIST>{offsets}</BOA_ADD_OFFSET_VALUES_LIST>
  </Product_Image_Characteristics>
 </n1:General_Info>
</n1:Level-2A_User_Product>
"""
QUANTIFICATION = (
    "<QUANTIFICATION_VALUES_LIST>"
    '<BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>'
    "</QUANTIFICATION_VALUES_LIST>"
)


def numbers(band: str, metres: int) -> npt.NDArray[np.uint16]:
    size = SIZE * 10 // metres
    return (1500 + 100 * int(band[1:].replace("A", "9")) + np.arange(size)[:, None] + np.zeros(size)).astype(
        np.uint16
    )


def image(path: Path, stored: npt.NDArray[np.generic], metres: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    place = Affine(metres, 0, 600_000, 0, -metres, 5_700_000)
    driver = {"jp2": "JP2OpenJPEG", "tif": "GTiff"}[SUFFIX]
    with rasterio.open(
        path, "w", driver=driver, height=len(stored), width=len(stored), count=1, dtype=stored.dtype,
        crs="EPSG:32631", transform=place, **CREATION,
    ) as file:  # fmt: skip
        file.write(stored, 1)


def product(
    folder: Path,
    name: str = "S2B_MSIL2A_20220614T103629_N0400_R008_T31UFS_20220614T134501",
    *,
    baseline: str = "04.00",
    offsets: str = OFFSETS,
    quantification: str = QUANTIFICATION,
) -> Path:
    safe = folder / f"{name}.SAFE"
    images = safe / "GRANULE/L2A_T31UFS_A027540_20220614T103631/IMG_DATA"
    stem = "T31UFS_20220614T103629"
    for metres, bands in (
        (10, ("B02", "B03", "B04", "B08")),
        (20, ("B02", "B05", "B06", "B07", "B8A", "B11", "B12")),
    ):
        for band in bands:
            image(images / f"R{metres}m/{stem}_{band}_{metres}m.{SUFFIX}", numbers(band, metres), metres)
    classes = np.full((SIZE // 2, SIZE // 2), 4, np.uint8)
    classes[:4, :4], classes[-2:, -2:] = 9, 11
    image(images / f"R20m/{stem}_SCL_20m.{SUFFIX}", classes, 20)
    xml = METADATA.format(name=name, baseline=baseline, offsets=offsets, quantification=quantification)
    (safe / "MTD_MSIL2A.xml").write_text(xml)
    return safe


def test_a_product_reads_with_its_offset_mask_and_facts(tmp_path: Path) -> None:
    source = open_local(product(tmp_path), SENTINEL2, options=NO_MASK)
    cube = source.read(source.grid.window)
    (acquisition,) = source.acquisitions
    assert acquisition.time.isoformat() == "2022-06-14T10:36:31.024000+00:00"
    assert acquisition.platform == "S2B"
    assert acquisition.orbit_direction == "descending"
    assert acquisition.relative_orbit == 8
    assert acquisition.processing_baseline == "04.00"
    assert acquisition.sources == ("S2B_MSIL2A_20220614T103629_N0400_R008_T31UFS_20220614T134501",)
    assert source.report.bands == SENTINEL2.bands
    assert cube.values.shape == (1, 10, SIZE, SIZE)
    clear = cube.validity[0, 0]
    np.testing.assert_allclose(
        cube.values[0, 0][clear], (numbers("B02", 10)[clear] - 1000.0) * 1e-4, atol=1e-6
    )
    expected = np.ones((SIZE, SIZE), bool)
    expected[:8, :8] = False  # cloud goes, snow stays
    np.testing.assert_array_equal(cube.validity[0], np.broadcast_to(expected, (10, SIZE, SIZE)))


def test_snow_goes_where_it_is_asked_to(tmp_path: Path) -> None:
    options = NO_MASK.but(scl_invalid=frozenset({0, 11}))
    source = open_local(product(tmp_path), SENTINEL2, options=options)
    seen = source.read(source.grid.window).validity[0, 3]
    assert seen[:8, :8].all()
    assert not seen[-4:, -4:].any()


def test_offsets_are_each_product_s_own_whatever_its_date(tmp_path: Path) -> None:
    new = product(tmp_path)
    old = product(
        tmp_path, "S2B_MSIL2A_20220614T103629_N0301_R008_T31UFS_20220614T120000", baseline="03.01", offsets=""
    )
    assert read_metadata(new).add_offsets["B8A"] == -1000
    assert read_metadata(old).add_offsets == {}
    alone = open_local(old, SENTINEL2)
    value = alone.read(alone.grid.window).values[0, 0, 30, 30]
    assert value == pytest.approx(numbers("B02", 10)[30, 30] * 1e-4)
    both = open_local(tmp_path, SENTINEL2)
    assert len(both.acquisitions) == 1
    assert len(both.report.merged) == 1
    newest = both.read(both.grid.window).values[0, 0, 30, 30]
    assert newest == pytest.approx(value - 0.1)


def test_a_product_without_a_quantification_value_is_asked_about(tmp_path: Path) -> None:
    safe = product(tmp_path, quantification="")
    with pytest.raises(UnitError, match=r"quantification.*scale"):
        open_local(safe, SENTINEL2)
    assert open_local(safe, SENTINEL2, options=ReadOptions(scale=1e-4, offset=-0.1)).acquisitions


def test_a_damaged_product_is_skipped_among_others_and_refused_alone(tmp_path: Path) -> None:
    good = product(tmp_path)
    bad = tmp_path / "S2A_MSIL2A_20220616T103629_N0400_R008_T31UFS_20220616T134501.SAFE"
    shutil.copytree(good, bad)
    (bad / "MTD_MSIL2A.xml").write_text("<cut off")
    source = open_local(tmp_path, SENTINEL2)
    assert [name for name, _ in source.report.skipped] == [bad.name]
    for path, options in ((bad, ReadOptions()), (tmp_path, ReadOptions(strict=True))):
        with pytest.raises(AcquisitionError, match="metadata can't be read"):
            open_local(path, SENTINEL2, options=options)


def test_products_that_are_not_read_are_told_beside_those_that_are(tmp_path: Path) -> None:
    product(tmp_path)
    radar = tmp_path / "S1A_IW_GRDH_1SDV_20200103T170841_20200103T170906_030639_0382D5_360A.SAFE"
    raw = tmp_path / "S2B_MSIL1C_20220616T103629_N0400_R008_T31UFS_20220616T134501.SAFE"
    packed = tmp_path / "S2A_MSIL2A_20220716T103629_N0400_R008_T31UFS_20220716T134501.zip"
    for folder in (radar, raw):
        folder.mkdir()
    (raw / "MTD_MSIL1C.xml").touch()
    packed.touch()
    source = open_local(tmp_path, SENTINEL2)
    assert len(source.acquisitions) == 1
    assert {name for name, _ in source.report.ignored} == {radar.name, raw.name, packed.name}
    with pytest.raises(AcquisitionError, match="unpack it first"):
        open_local(packed, SENTINEL2)


def test_an_image_cut_short_leaves_its_band_without_valid_pixels(tmp_path: Path) -> None:
    safe = product(tmp_path)
    (cut,) = safe.glob(f"GRANULE/*/IMG_DATA/R10m/*_B03_10m.{SUFFIX}")
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 2 // 3])
    source = open_local(safe, SENTINEL2)
    seen = source.read(source.grid.window).validity[0].any(axis=(1, 2))
    told = [name for name, _ in source.report.skipped] + list(source.failures)
    assert list(seen) == [band != "B03" for band in SENTINEL2.bands]
    assert told == [cut.name]
    strict = open_local(safe, SENTINEL2, options=ReadOptions(strict=True))
    with pytest.raises(AcquisitionError, match=cut.name):
        strict.read(strict.grid.window)


def test_other_products_are_refused_with_what_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(BandError, match="no s1 bands"):
        open_local(product(tmp_path), SENTINEL1)
    top = tmp_path / "top/S2B_MSIL1C_20220614T103629.SAFE"
    top.mkdir(parents=True)
    (top / "MTD_MSIL1C.xml").write_text("<a/>")
    with pytest.raises(AcquisitionError, match="L2A"):
        open_local(top, SENTINEL2)
    radar = tmp_path / "S1A_IW_GRDH_1SDV_20200103T170841.SAFE"
    radar.mkdir()
    with pytest.raises(AcquisitionError, match="RTC"):
        open_local(radar, SENTINEL1)

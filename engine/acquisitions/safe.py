"""Sentinel-2 L2A products as ESA ships them: SAFE folders."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from ..errors import AcquisitionError, BandError, UnitError
from .bands import MASK_BAND
from .cube import Acquisition
from .modality import SENTINEL2
from .options import ReadOptions
from .productid import direction_of, facts_of
from .rasterfile import RasterFile
from .reading import Reading
from .scenes import Findings, Layer, MaskLayer, Scene, UnreadableError
from .sensors import resolve
from .units import Stated

METADATA = "MTD_MSIL2A.xml"
_IMAGE = re.compile(r"_(B\d\d|B8A|SCL)_(\d\d)m$")
# band_id of the product's metadata, in order (Sentinel-2 Products Specification Document)
_BAND_IDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")


@dataclass(frozen=True)
class Product:
    """What a product's metadata say."""

    acquisition: Acquisition
    quantification: float | None
    add_offsets: dict[str, float]
    """DN added before quantification, band → −1000 or 0; empty before baseline 04.00."""
    nodata: tuple[float, ...]

    def stated(self, band: str, dtype: str) -> Stated:
        """The numbers of one band: reflectance = (DN + offset) / quantification."""
        if self.quantification is None:
            return Stated(dtype, nodata=self.nodata)
        scale = 1 / self.quantification
        return Stated(dtype, scale, self.add_offsets.get(band, 0.0) * scale, self.nodata)


def scan_safe(folder: Path, reading: Reading, *, sample: bool) -> Findings:
    """The scenes of one product, one for each granule; with `sample`, some pixels are checked."""
    if reading.modality.name != SENTINEL2.name:
        raise BandError(f"a Sentinel-2 product has no {reading.modality.name} bands", value=folder)
    found = Findings()
    product = read_metadata(folder)
    for images in sorted(folder.glob("GRANULE/*/IMG_DATA")):
        scene = _scene(images, product, reading, found, sample=sample)
        if scene.bands:
            found.scenes.append(scene)
    if not found.scenes and not found.skipped:
        raise UnreadableError("a product has no images", value=folder, remedy="unpack or fetch it again")
    return found


def read_metadata(folder: Path) -> Product:
    """Metadata of a SAFE folder; `UnreadableError` where they are damaged."""
    path = folder / METADATA
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise UnreadableError(
            "a product's metadata can't be read", value=path, remedy=f"fetch it again ({error})"
        ) from error
    quantification = _text(root, "BOA_QUANTIFICATION_VALUE")
    return Product(
        acquisition=_acquisition(root, folder),
        quantification=float(quantification) if quantification else None,
        add_offsets=_offsets(root),
        nodata=_special_values(root),
    )


def _acquisition(root: ElementTree.Element, folder: Path) -> Acquisition:
    name = (_text(root, "PRODUCT_URI") or folder.name).removesuffix(".SAFE")
    facts = facts_of(f"{name}_")
    start = _text(root, "PRODUCT_START_TIME") or _text(root, "DATATAKE_SENSING_START")
    time = datetime.fromisoformat(start).astimezone(UTC) if start else facts.time
    if time is None:
        raise UnreadableError("a product has no sensing time", value=folder, remedy="fetch it again")
    spacecraft, orbit = _text(root, "SPACECRAFT_NAME"), _text(root, "SENSING_ORBIT_NUMBER")
    return Acquisition(
        time=time,
        sources=(name,),
        platform=spacecraft.replace("Sentinel-", "S") if spacecraft else facts.platform,
        orbit_direction=direction_of(_text(root, "SENSING_ORBIT_DIRECTION") or ""),
        relative_orbit=int(orbit) if orbit else facts.relative_orbit,
        processing_baseline=_text(root, "PROCESSING_BASELINE") or facts.processing_baseline,
    )


def _text(root: ElementTree.Element, tag: str) -> str | None:
    """Text of the first element with this tag; the root alone has a namespace."""
    element = root.find(f".//{tag}")
    return element.text.strip() if element is not None and element.text else None


def _offsets(root: ElementTree.Element) -> dict[str, float]:
    offsets = {}
    for element in root.iter("BOA_ADD_OFFSET"):
        number = element.get("band_id")
        bands = _BAND_IDS if number is None else (_BAND_IDS[int(number)],)
        offsets.update(dict.fromkeys(bands, float(element.text or 0)))
    return offsets


def _special_values(root: ElementTree.Element) -> tuple[float, ...]:
    """NODATA and SATURATED, as the product states them."""
    values = (_text(special, "SPECIAL_VALUE_INDEX") for special in root.iter("Special_Values"))
    return tuple(float(v) for v in values if v)


def _scene(images: Path, product: Product, reading: Reading, found: Findings, *, sample: bool) -> Scene:
    options = reading.options
    bands: dict[str, Layer] = {}
    masks: list[MaskLayer] = []
    for band, path in _finest(images).items():
        try:
            file = RasterFile(path, reading.pool, options.crs)
        except UnreadableError as error:
            found.skip(path, error, strict=options.strict)
            continue
        if band == MASK_BAND:
            masks.append(MaskLayer(file, 0, is_scl=True))
        else:
            bands[band] = _layer(file, band, product, options, sample=sample)
    return Scene(product.acquisition, bands, tuple(masks))


def _finest(images: Path) -> dict[str, Path]:
    """The finest image of each band and of the scene classification."""
    best: dict[str, tuple[int, Path]] = {}
    for path in sorted(p for suffix in ("jp2", "tif") for p in images.glob(f"R*m/*.{suffix}")):
        match = _IMAGE.search(path.stem)
        if match is None or match[1] not in (*SENTINEL2.bands, MASK_BAND):
            continue
        band, metres = match[1], int(match[2])
        if band not in best or metres < best[band][0]:
            best[band] = (metres, path)
    return {band: path for band, (_, path) in best.items()}


def _layer(file: RasterFile, band: str, product: Product, options: ReadOptions, *, sample: bool) -> Layer:
    stated = product.stated(band, file.file.dtypes[0])
    if stated.scale is None and options.scale is None:
        raise UnitError(
            f"the metadata of {product.acquisition.sources[0]} state no quantification value",
            value=METADATA,
            remedy="fetch the product again, or state scale and offset",
        )
    numbers = file.sample(0) if sample else file.sample(0)[:0]
    return Layer(file, 0, resolve(SENTINEL2, stated, options, sample=numbers, band=band, where=file.name))


def check_level(folder: Path) -> None:
    """`AcquisitionError` where a SAFE folder is something else than a Sentinel-2 L2A product."""
    if (folder / "MTD_MSIL1C.xml").exists():
        raise AcquisitionError(
            "the product is L1C, top of atmosphere", value=folder, remedy="fetch the L2A product"
        )
    if folder.name.startswith("S1"):
        raise AcquisitionError(
            "raw Sentinel-1 products are not read",
            value=folder,
            remedy="give terrain-corrected backscatter (RTC) as GeoTIFF or NetCDF",
        )

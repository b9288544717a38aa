"""The STAC item beside a product: where, when, what the bands are, and everything that it was made from.

STAC 1.1 with the extensions projection 2, raster 2, classification 2, file 2 and processing 1; hrefs are relative,
so that the files may be moved together."""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pystac
from pyproj import CRS, Transformer

from ..classes import ClassTable
from ..grid import Grid
from .attributes import attributes_path
from .product import Product, ProductBand
from .statistics import BandStatistics
from .style import style_path

EXTENSIONS = tuple(
    f"https://stac-extensions.github.io/{name}/schema.json"
    for name in ("projection/v2.0.0", "raster/v2.0.0", "file/v2.1.0", "processing/v1.2.0")
)
CLASSIFICATION = "https://stac-extensions.github.io/classification/v2.0.0/schema.json"


def item_path(raster: Path) -> Path:
    return raster.with_suffix(".json")


def item_json(product: Product, raster: Path, statistics: Sequence[BandStatistics]) -> str:
    """The item of a finished raster."""
    start = product.start or datetime.now(UTC)
    end = product.end or start
    item = pystac.Item(
        id=raster.stem,
        geometry=_footprint(product.grid),
        bbox=[round(v, 7) for v in product.grid.lonlat_bounds],
        datetime=start if start == end else None,
        properties=_properties(product),
        start_datetime=None if start == end else start,
        end_datetime=None if start == end else end,
        stac_extensions=[*EXTENSIONS, *([CLASSIFICATION] if product.classes else [])],
    )
    for key, asset in _assets(product, raster, statistics).items():
        item.add_asset(key, asset)
    content = item.to_dict(include_self_link=False, transform_hrefs=False)
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _properties(product: Product) -> dict[str, Any]:
    version = metadata.version("phenolens")
    record = {f"phenolens:{key}": value for key, value in product.record.items()}
    return {
        "title": product.title,
        "created": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        **_projection(product.grid),
        "processing:software": {"phenolens": version},
        "processing:lineage": product.title,
        **record,
    }


def _projection(grid: Grid) -> dict[str, Any]:
    crs = CRS.from_user_input(grid.crs)
    code = crs.to_authority()
    named = {"proj:code": ":".join(code)} if code else {"proj:wkt2": crs.to_wkt()}
    return {
        **named,
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.transform)[:6],
        "proj:bbox": list(grid.bounds),
    }


def _footprint(grid: Grid) -> dict[str, Any]:
    left, bottom, right, top = grid.bounds
    x, y = (left, right, right, left, left), (bottom, bottom, top, top, bottom)
    lon, lat = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True).transform(x, y)
    places = [[round(a, 7), round(b, 7)] for a, b in zip(lon, lat, strict=True)]
    return {"type": "Polygon", "coordinates": [places]}


def _assets(product: Product, raster: Path, statistics: Sequence[BandStatistics]) -> dict[str, pystac.Asset]:
    with raster.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    about = {
        "bands": [_band(b, s, product.grid) for b, s in zip(product.bands, statistics, strict=True)],
        "file:size": raster.stat().st_size,
        "file:checksum": f"1220{digest}",  # a multihash: SHA-256, 32 bytes
    }
    if product.classes:
        about["classification:classes"] = _classes(product.classes)
    role = "visual" if product.picture else "data"
    data = pystac.Asset(f"./{raster.name}", product.title, media_type=pystac.MediaType.COG, roles=[role])
    data.extra_fields = about
    style = pystac.Asset(
        f"./{style_path(raster).name}", "QGIS style", media_type=pystac.MediaType.XML, roles=["style"]
    )
    table = pystac.Asset(
        f"./{attributes_path(raster).name}",
        "Attribute table and statistics (GDAL)",
        media_type=pystac.MediaType.XML,
        roles=["metadata"],
    )
    return {"data": data, "style": style, "attributes": table}


def _band(band: ProductBand, found: BandStatistics, grid: Grid) -> dict[str, Any]:
    about: dict[str, Any] = {"name": band.name, "data_type": band.dtype}
    if band.description:
        about["description"] = band.description
    if band.unit:
        about["unit"] = band.unit
    if band.nodata is not None:
        about["nodata"] = "nan" if band.nodata != band.nodata else band.nodata
    about |= {"raster:scale": band.scale, "raster:offset": band.offset}
    about |= {"raster:sampling": "area", "raster:spatial_resolution": grid.resolution}
    if found.valid and band.channel == "value" and band.classes is None:
        about["statistics"] = _statistics(found)
    return about


def _statistics(found: BandStatistics) -> dict[str, float | None]:
    """Of the stored numbers."""
    return {
        "minimum": found.minimum,
        "maximum": found.maximum,
        "mean": found.mean,
        "stddev": found.deviation,
        "valid_percent": 100 * found.valid / found.pixels,
    }


def _classes(classes: ClassTable) -> list[dict[str, Any]]:
    """Names as the extension wants them (letters, digits, - and _), what people read as titles."""
    nodata = {"value": 0, "name": "nodata", "title": "no data", "nodata": True}
    return [nodata] + [
        {
            "value": c.code,
            "name": re.sub(r"[^0-9A-Za-z_-]+", "_", c.name).strip("_") or f"class_{c.code}",
            "title": c.name,
            "color_hint": c.colour[1:].upper(),
        }
        for c in classes
    ]

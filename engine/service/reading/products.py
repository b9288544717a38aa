"""Maps that were written into the workspace: which there are, and what QGIS needs to open them."""

import json
from pathlib import Path
from typing import Any

from ...export.attributes import attributes_path
from ...export.item import item_path
from ...export.style import style_path
from ..workspace import Workspace

LARGEST_ITEM = 4 * 2**20
MOST_LISTED = 5_000


def listed(workspace: Workspace, store: str | None = None, day: str | None = None) -> list[dict[str, Any]]:
    """The GeoTIFFs of the workspace with a STAC item beside them, by path; of one store and day alone.

    `store`: the name of its folder, as the items record it."""
    told = (_told(workspace, name) for name in workspace.files("*.tif")[:MOST_LISTED])
    return [one for one in told if one is not None and _wanted(one, store, day)]


def _wanted(told: dict[str, Any], store: str | None, day: str | None) -> bool:
    ours = store is None or told["store"] == Path(store).name
    return ours and (day is None or any(str(date).startswith(day) for date in told["dates"]))


def _told(workspace: Workspace, name: str) -> dict[str, Any] | None:
    """None for what isn't ours, or is gone by now."""
    raster = workspace.root / name
    try:
        found = raster.stat()
        item = _item(item_path(raster))
        properties = item["properties"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return {
        "raster": name,
        "title": str(properties.get("title", "")),
        "store": _text(properties.get("phenolens:store")),
        "dates": [str(date) for date in _list(properties.get("phenolens:dates"))],
        "bytes": found.st_size,
        "modified": found.st_mtime,
        "style": _beside(workspace, style_path(raster)),
        "attributes": _beside(workspace, attributes_path(raster)),
        "item": _beside(workspace, item_path(raster)),
        "classes": len([one for one in _classes(item["data"]) if not one.get("nodata")]),
    }


def _beside(workspace: Workspace, path: Path) -> str | None:
    """Workspace-relative; None where there is no such file, or a link in its place, which may lead out."""
    return workspace.relative(path) if path.is_file() and not path.is_symlink() else None


def _item(item: Path) -> dict[str, dict[str, Any]]:
    """`properties`, and the asset `data`; any error of reading and parsing where there is no item of ours."""
    if item.is_symlink() or item.stat().st_size > LARGEST_ITEM:
        raise ValueError("no item")
    whole = json.loads(item.read_text(encoding="utf-8"))
    found = {"properties": whole["properties"], "data": whole.get("assets", {}).get("data", {})}
    if not all(isinstance(part, dict) for part in found.values()):
        raise TypeError("no item of ours")
    return found


def _classes(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in _list(data.get("classification:classes")) if isinstance(one, dict)]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

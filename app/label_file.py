"""Labels ↔ GeoJSON: written in degrees for whoever reads them, read as the engine lays them on the grid."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from phenolens.engine.client.errors import BadAnswer, OutputError
from phenolens.engine.client.readings import Store

from .geography import Geography
from .session import Label, Work

DECIMALS = 3
"""Of a pixel: what is written in degrees comes back a hair beside where it was."""
Corners = tuple[tuple[float, float], ...]


def label_json(store: Store, work: Work) -> dict[str, Any]:
    """A GeoJSON feature collection (WGS 84): `class`, `code`, `colour`, or the quantity; `group`, `start`, `end`."""
    geography = Geography(store.grid)
    known = {one.code: one for one in work.classes}
    first_free = 1 + max((label.group for label in work.labels if label.group is not None), default=0)
    features = []
    for number, label in enumerate(work.labels):
        told: dict[str, Any] = {"group": first_free + number if label.group is None else label.group}
        if work.quantity is None:
            code = int(label.value)
            one = known.get(code)
            told |= {"class": one.name if one else str(code), "code": code}
            told |= {"colour": one.colour if one else None}
        else:
            told[value_column(work)] = label.value
        told |= {"start": label.start, "end": label.end}
        features.append({"type": "Feature", "properties": told, "geometry": _geometry(label, geography)})
    return {"type": "FeatureCollection", "features": features}


def write_labels(path: Path, store: Store, work: Work) -> None:
    """For QGIS, or to be imported again; whole or not at all. `OutputError` where it can't be written."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.write_text(json.dumps(label_json(store, work), ensure_ascii=False), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(
            f"the labels can't be written: {error.strerror}", value=path, remedy="choose another folder"
        ) from error


def value_column(work: Work) -> str:
    """What the column of values is called: as the quantity, which probes and maps are then named after."""
    name = work.quantity.name.strip() if work.quantity is not None else ""
    return "value" if name.lower() in ("", "group", "start", "end") else name


def class_json(work: Work) -> list[dict[str, Any]]:
    """A class table as the engine reads it."""
    return [{"code": one.code, "name": one.name, "colour": one.colour} for one in work.classes]


def read_labels(path: Path, store: Store) -> tuple[Label, ...]:
    """Labels of a GeoJSON in x and y of the store's grid, with `y`, `group`, `start`, `end`; in threads."""
    geography = Geography(store.grid)
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        return tuple(label for feature in features for label in _labels(feature, geography))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadAnswer("the labels can't be read", value=path.name, remedy=str(error)) from error


def placed(corner: tuple[float, float]) -> tuple[float, float]:
    """A corner to so many decimals that it is the same after it was written and read."""
    return round(corner[0], DECIMALS), round(corner[1], DECIMALS)


def _geometry(label: Label, geography: Geography) -> dict[str, Any]:
    if len(label.corners) < 3:
        return {"type": "Point", "coordinates": list(geography.lonlat(*label.corners[0]))}
    rings = [[list(geography.lonlat(*corner)) for corner in ring] for ring in (label.corners, *label.holes)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]] for ring in rings]}


def _labels(feature: Mapping[str, Any], geography: Geography) -> Iterator[Label]:
    """The parts of a multiple geometry stay one group."""
    told = feature["properties"]
    common = {"start": told["start"], "end": told["end"], "group": int(told["group"])}
    for rings in _parts(feature["geometry"]):
        outer, *holes = ([placed(geography.pixel(x, y)) for x, y in ring] for ring in rings)
        yield Label(float(told["y"]), _open(outer), holes=tuple(_open(hole) for hole in holes), **common)


def _parts(geometry: Mapping[str, Any]) -> Sequence[Any]:
    """[part][ring][corner][x, y]"""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        return [[[coordinates[:2]]]]
    if kind == "MultiPoint":
        return [[[point[:2]]] for point in coordinates]
    return [coordinates] if kind == "Polygon" else coordinates


def _open(ring: Sequence[tuple[float, float]]) -> Corners:
    """GeoJSON says a ring's first corner again at its end."""
    corners = tuple(ring)
    return corners[:-1] if len(corners) > 3 and corners[0] == corners[-1] else corners

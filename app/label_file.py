"""Labels ↔ GeoJSON: written in degrees for whoever reads them, read as the engine lays them on the grid."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from phenolens.engine.client.errors import BadAnswer
from phenolens.engine.client.readings import Store

from .geography import Geography
from .session import Label, Work

Corners = tuple[tuple[float, float], ...]


def label_json(store: Store, work: Work) -> dict[str, Any]:
    """A GeoJSON feature collection (WGS 84): `class` and `code`, or the quantity; `group`, `start` and `end`."""
    geography = Geography(store.grid)
    names = {one.code: one.name for one in work.classes}
    first_free = 1 + max((label.group for label in work.labels if label.group is not None), default=0)
    features = []
    for number, label in enumerate(work.labels):
        told: dict[str, Any] = {"group": first_free + number if label.group is None else label.group}
        if work.quantity is None:
            told |= {"class": names.get(int(label.value), str(int(label.value))), "code": int(label.value)}
        else:
            told[value_column(work)] = label.value
        told |= {"start": label.start, "end": label.end}
        features.append({"type": "Feature", "properties": told, "geometry": _geometry(label, geography)})
    return {"type": "FeatureCollection", "features": features}


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
        outer, *holes = ([geography.pixel(x, y) for x, y in ring] for ring in rings)
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

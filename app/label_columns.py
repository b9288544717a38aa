"""What the columns of a label file probably are: by their names, then by what they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Column = Mapping[str, Any]
"""As the engine tells of one: `name`, `kind`, `different`, `examples`."""

CLASSES = (
    "class", "label", "landcover", "land_cover", "lc", "lulc", "landuse", "land_use", "crop", "crop_type", "croptype",
    "habitat", "species", "type", "kind", "category", "klasse", "classe", "clase", "cover", "nutzung", "kultur",
    "bodenbedeckung", "gewas", "culture", "occupation",
)  # fmt: skip
NAMED = ("name", "naam", "nom", "nombre", "label", "text", "desc", "description")
"""What columns end in that say in words what others say as a code: `lc_name`."""
CODE = re.compile(r"(.*_)?(code|id|nr|no|num|value)")
USUAL: Mapping[str, tuple[str, ...]] = {
    "value_column": ("value", "gpp", "lai", "measured"),
    "date_column": ("date", "day", "datum", "fecha", "year", "jahr", "année", "annee", "año", "anno"),
    "start_column": ("start", "from", "begin", "start_date", "date_from", "valid_from"),
    "end_column": ("end", "to", "end_date", "date_to", "valid_to"),
    "group_column": (
        "group", "polygon", "polygon_id", "field_id", "field", "parcel", "parcel_id", "plot", "plot_id", "site",
        "site_id",
    ),
    "colour_column": ("colour", "color"),
}  # fmt: skip
"""How columns are usually called; small letters, blanks and hyphens as _."""
DEGREES = (
    ("lon", "lat"), ("longitude", "latitude"), ("long", "lat"), ("lng", "lat"),
)  # fmt: skip
"""Columns that the engine takes for degrees, WGS 84, where no CRS is stated."""
PAIRS = (
    *DEGREES, ("x", "y"), ("easting", "northing"), ("point_x", "point_y"), ("x_coord", "y_coord"), ("xcoord", "ycoord"),
    ("coord_x", "coord_y"), ("coordx", "coordy"), ("east", "north"), ("e", "n"), ("rechtswert", "hochwert"),
    ("decimallongitude", "decimallatitude"), ("longitud", "latitud"), ("gps_lon", "gps_lat"), ("x_wgs84", "y_wgs84"),
    ("lon_wgs84", "lat_wgs84"), ("lon_dd", "lat_dd"), ("utm_e", "utm_n"), ("utm_x", "utm_y"), ("pos_x", "pos_y"),
)  # fmt: skip
SHAPE = re.compile(r"\s*(MULTI)?(POINT|POLYGON)\b", re.IGNORECASE)
MOST_CLASSES = 254


def guess(columns: Sequence[Column]) -> dict[str, str]:
    """What the labels say, by the names of `LabelsAsked`; none of the columns that say where they lie."""
    where = set(guess_place(columns).values())
    known = {_plain(one): one for one in columns if one["name"] not in where}
    told = {
        role: next((known[name] for name in names if name in known), None) for role, names in USUAL.items()
    }
    found = {role: str(one["name"]) for role, one in told.items() if one is not None}
    taken = set(found.values())
    free = {name: one for name, one in known.items() if one["name"] not in taken}
    if said := _of_classes(free, "value_column" in found):
        found["class_column"] = said
        found.pop("value_column", None)
    if ("start_column" in found) != ("end_column" in found):
        found.pop("start_column", None)
        found.pop("end_column", None)
    if "start_column" in found:
        found.pop("date_column", None)
    return found


def _of_classes(known: Mapping[str, Column], of_values: bool) -> str:
    """The column of the classes: words before numbers, numbers before codes; empty where there is none."""
    words = [
        name
        for base in CLASSES
        for name in (base, *(f"{base}{between}{end}" for end in NAMED for between in ("_", "")))
        if name in known and known[name]["kind"] == "text"
    ]
    differing = [name for name in words if int(known[name]["different"]) > 1]
    tried = [*differing, *(name for name in CLASSES if name in known), *words]
    if not of_values:
        texts = [
            name
            for name, one in known.items()
            if one["kind"] == "text" and 1 < int(one["different"]) <= 60 and not CODE.fullmatch(name)
        ]
        codes = [
            name
            for name, one in known.items()
            if CODE.fullmatch(name)
            and not name.endswith("id")
            and one["kind"] in ("text", "whole number")
            and int(one["different"]) <= MOST_CLASSES
        ]
        tried += [*sorted(texts, key=lambda name: name not in NAMED), *codes]
    return str(known[tried[0]]["name"]) if tried else ""


def guess_place(columns: Sequence[Column]) -> dict[str, str]:
    """Which columns of a table say where, by the names of `LabelsAsked`."""
    named = {_plain(one): str(one["name"]) for one in columns}
    shapes = [str(one["name"]) for one in columns if any(map(SHAPE.match, one["examples"][:1]))]
    if shapes:
        return {"wkt_column": shapes[0]}
    for x, y in PAIRS:
        if x in named and y in named:
            return {"x_column": named[x], "y_column": named[y]}
    return {}


def guess_crs(columns: Sequence[Column], place: Mapping[str, str]) -> str:
    """WGS 84 where coordinates could be degrees: those of a projection are far larger. Else empty."""
    examples = {str(one["name"]): one["examples"] for one in columns}
    try:
        within = [
            abs(float(text)) <= most
            for role, most in (("x_column", 180), ("y_column", 90))
            for text in examples[place[role]]
        ]
    except (KeyError, ValueError):
        return ""
    return "EPSG:4326" if within and all(within) else ""


def _plain(column: Column) -> str:
    return re.sub(r"[\s\-.]+", "_", str(column["name"]).strip().lower())

"""Where flux towers stand: read from site tables, from what zips of the networks tell, and from a probe's report."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import hypot, isfinite
from pathlib import Path

from .geography import Geography

SITE = ("site", "site_id", "siteid", "id")
LATITUDE = ("lat", "latitude", "location_lat")
LONGITUDE = ("lon", "long", "longitude", "location_long", "location_lon")
GROWS = ("igbp", "pft", "veg_type")
TABLES = ("_BIF_", "SITEINFO")
"""In names of a zip's members that say where towers stand."""
MOST_READ = 20_000_000
"""Characters of a table."""


@dataclass(frozen=True)
class Tower:
    """Its name, what grows there (where that is known), and its place in pixels of the store."""

    name: str
    column: float
    row: float
    kind: str = ""

    @property
    def told(self) -> str:
        return f"{self.name} ({self.kind})" if self.kind else self.name


@dataclass(frozen=True)
class Towers:
    """Those within the area, and those outside of it with their distance to it in metres."""

    within: tuple[Tower, ...] = ()
    outside: tuple[tuple[Tower, float], ...] = ()


def towers_of(files: Sequence[str], sites: str | None, geography: Geography) -> tuple[Tower, ...]:
    """Of the site table, and of zips that have one; `OSError` or `ValueError` where one can't be read."""
    found: dict[str, Tower] = {}
    texts = [text for file in files if file.lower().endswith(".zip") for text in _tables_in(Path(file))]
    if sites:
        texts.append(_decoded(Path(sites).read_bytes()))
    for text in texts:
        for tower in _read(text, geography):
            found[tower.name] = tower
    return tuple(found.values())


def towers_of_report(heldout: Path, geography: Geography) -> tuple[Tower, ...]:
    """Those that a probe was judged at, of the table of held-out samples; none where it wasn't taught by towers."""
    found: dict[str, Tower] = {}
    with heldout.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = row.get("site")
            if name and name not in found and row.get("lon") and row.get("lat"):
                place = geography.pixel_of_lonlat(float(row["lon"]), float(row["lat"]))
                found[name] = Tower(name, *place)
    return tuple(found.values())


def parted(towers: Iterable[Tower], geography: Geography) -> Towers:
    rows, columns = geography.grid.shape
    a, b, _, d, e, _ = geography.grid.transform
    within, outside = [], []
    for tower in towers:
        x = max(-tower.column, 0.0, tower.column - columns)
        y = max(-tower.row, 0.0, tower.row - rows)
        if x or y:
            outside.append((tower, hypot(x * hypot(a, d), y * hypot(b, e))))
        else:
            within.append(tower)
    return Towers(tuple(within), tuple(sorted(outside, key=lambda one: one[1])))


def _tables_in(path: Path) -> Iterator[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.lower().endswith(".csv") and any(mark in name for mark in TABLES):
                    with archive.open(name) as file:
                        yield _decoded(file.read(MOST_READ))
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from error


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _read(text: str, geography: Geography) -> Iterator[Tower]:
    """A row for each site, or the long tables of the networks with a row for each site and variable."""
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    rows = list(csv.DictReader(io.StringIO(text), delimiter=delimiter))
    rows = [{(name or "").strip().lower(): value or "" for name, value in row.items()} for row in rows]
    if rows and {"variable", "datavalue"} <= set(rows[0]):
        rows = list(_gathered(rows))
    elif not rows or not all(_value(rows[0], names) is not None for names in (SITE, LATITUDE, LONGITUDE)):
        raise ValueError(head.strip()[:80])
    for row in rows:
        name, kind = _value(row, SITE), _value(row, GROWS) or ""
        latitude, longitude = _number(_value(row, LATITUDE)), _number(_value(row, LONGITUDE))
        if name and latitude is not None and longitude is not None:
            yield Tower(name, *geography.pixel_of_lonlat(longitude, latitude), kind)


def _gathered(rows: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    sites: dict[str, dict[str, str]] = {}
    for row in rows:
        site = sites.setdefault(row.get("site_id", ""), {"site": row.get("site_id", "")})
        site.setdefault(row["variable"].strip().lower(), row["datavalue"])
    yield from sites.values()


def _value(row: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((str(row[name]).strip() for name in names if name in row), None)


def _number(text: str | None) -> float | None:
    try:
        number = float((text or "").replace(",", "."))
    except ValueError:
        return None
    return number if isfinite(number) and number != -9999 else None

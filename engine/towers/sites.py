"""Where towers stand and what grows there: site tables, and the long (BIF) tables of the networks."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import TowerError
from ..tablefile import read_table

_NAMES = {
    "id": ("site", "site_id", "siteid", "id"),
    "lat": ("lat", "latitude", "location_lat"),
    "lon": ("lon", "long", "longitude", "location_long", "location_lon"),
    "igbp": ("igbp", "pft", "veg_type"),
    "elevation": ("elevation", "elev", "location_elev", "altitude"),
}


@dataclass(frozen=True)
class Site:
    """One tower."""

    id: str
    lat: float | None = None
    """Degrees, WGS 84."""
    lon: float | None = None
    igbp: str | None = None
    """Vegetation by the IGBP legend, such as ENF."""
    elevation: float | None = None
    """Metres."""

    def __post_init__(self) -> None:
        for name, value, largest in (("latitude", self.lat, 90), ("longitude", self.lon, 180)):
            if value is not None and not -largest <= value <= largest:
                raise TowerError(
                    f"a site's {name} is no {name}", value=f"{self.id}: {value}", remedy="give degrees"
                )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_sites(path: Path) -> dict[str, Site]:
    """Sites by id, of a CSV with a row per site, or of a BIF table (SITE_ID, VARIABLE, DATAVALUE).

    `TowerError` where an id is given twice with different contents, or the columns are missing."""
    return sites_of(read_table(path, error=TowerError), str(path))


def sites_of(frame: pd.DataFrame, where: str) -> dict[str, Site]:
    """Sites by id, of a table as `read_sites` takes it."""
    upper = {str(name).upper(): name for name in frame.columns}
    if {"VARIABLE", "DATAVALUE"} <= set(upper):
        rows = _of_long(frame.rename(columns={name: key for key, name in upper.items()}))
    else:
        rows = _of_rows(frame, where)
    found: dict[str, Site] = {}
    for row in rows:
        site = Site(
            id=str(row["id"]).strip(),
            lat=_degrees(row, "lat"),
            lon=_degrees(row, "lon"),
            igbp=_text(row.get("igbp")),
            elevation=_number(row.get("elevation")),
        )
        if site.id in found and found[site.id] != site:
            raise TowerError(
                "a site is given twice, differently", value=f"{site.id} in {where}", remedy="keep one"
            )
        found[site.id] = site
    return found


def _of_rows(frame: pd.DataFrame, where: str) -> Iterable[Mapping[str, Any]]:
    lower = {str(name).strip().lower(): name for name in frame.columns}
    chosen = {
        name: next((lower[other] for other in others if other in lower), None)
        for name, others in _NAMES.items()
    }
    missing = [name for name in ("id", "lat", "lon") if chosen[name] is None]
    if missing:
        raise TowerError(
            "the site table lacks columns",
            value=f"{', '.join(missing)} in {where}",
            remedy=f"columns are {', '.join(map(str, frame.columns))}; needed are site, lat, lon",
        )
    columns = {column: name for name, column in chosen.items() if column is not None}
    rows: list[Mapping[str, Any]] = frame[list(columns)].rename(columns=columns).to_dict("records")
    return rows


def _of_long(frame: pd.DataFrame) -> Iterable[Mapping[str, Any]]:
    """A BIF table: one row per site and variable; the first entry of a variable counts."""
    wanted = {"LOCATION_LAT": "lat", "LOCATION_LONG": "lon", "IGBP": "igbp", "LOCATION_ELEV": "elevation"}
    known = frame[frame["VARIABLE"].isin(wanted)].drop_duplicates(["SITE_ID", "VARIABLE"])
    for site, rows in known.groupby("SITE_ID"):
        values = zip(rows["VARIABLE"], rows["DATAVALUE"], strict=True)
        yield {"id": site, **{wanted[str(variable)]: value for variable, value in values}}


def _degrees(row: Mapping[str, Any], name: str) -> float | None:
    """None where none is given; `TowerError` where something else than a number stands there."""
    text, number = _text(row.get(name)), _number(row.get(name))
    if text is not None and pd.isna(pd.to_numeric(text, errors="coerce")):
        remedy = "write decimal degrees, such as 46.0361"
        raise TowerError(f"a site's {name} is no number", value=f"{row['id']}: {text}", remedy=remedy)
    return number


def _number(value: Any) -> float | None:
    number = pd.to_numeric(value, errors="coerce")
    return None if number is None or not math.isfinite(number) or number == -9999 else float(number)


def _text(value: Any) -> str | None:
    return None if value is None or pd.isna(value) or not str(value).strip() else str(value).strip()

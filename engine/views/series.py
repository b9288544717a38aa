"""Time series of single pixels as a table: embeddings, quality and the bands of acquisitions."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pyproj import Transformer

from ..acquisitions.cube import Cube, CubeSource
from ..grid import Grid, Window
from ..output import whole_file
from ..store import NO_FRAME, EmbeddingStore, PixelSeries
from .maps import times_of

Row = dict[str, Any]
CLEAR, GAP_FILLED, NO_DATA, OBSERVED = "clear", "gap-filled", "no-data", "observed"
"""Quality of a date: seen clearly that day · rests on other dates · nothing in reach · bands only."""


@dataclass(frozen=True)
class Place:
    """A pixel that series are read of."""

    name: str
    row: int
    col: int

    def position(self, grid: Grid) -> Row:
        """Its centre in the grid's CRS and in degrees."""
        x, y = float(grid.x[self.col]), float(grid.y[self.row])
        lon, lat = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True).transform(x, y)
        return {"x": round(x, 2), "y": round(y, 2), "lon": round(lon, 7), "lat": round(lat, 7)}


def series_rows(
    store: EmbeddingStore, places: Sequence[Place], sources: Mapping[str, CubeSource] | None = None
) -> Iterator[Row]:
    """One row per pixel and date: position, date, quality, support, dimensions `e01` …, bands.

    With `sources` (on the store's grid) acquisitions that are no target dates get rows too, with quality
    `observed` and no embedding. What a row doesn't have is left out of it."""
    series = store.read_series_many([(place.row, place.col) for place in places])
    times = times_of(store)
    for number, place in enumerate(places):
        rows = dict(zip(times, _embedded(series.pixel(number)), strict=True))
        for source in (sources or {}).values():
            for time, bands in observed(source, place):
                rows.setdefault(time, {"quality": OBSERVED}).update(bands)
        where = {"point": place.name, **place.position(store.grid)}
        for time in sorted(rows):
            yield {**where, "date": f"{time:%Y-%m-%dT%H:%M:%SZ}", **rows[time]}


def qualities(series: PixelSeries) -> npt.NDArray[np.str_]:
    """[(pixel,) time] `clear`, `gap-filled` or `no-data`; radar alone decides only where there is nothing else."""
    nearest = {name: days for name, days in series.support.items() if name.startswith("nearest_days")}
    # radar sees every date, so that it says nothing about clouds; alone it is all there is
    decisive = nearest.get("nearest_days_s2", np.minimum.reduce(list(nearest.values())))
    return np.where(series.validity, np.where(decisive == 0, CLEAR, GAP_FILLED), NO_DATA)


def _embedded(series: PixelSeries) -> Iterator[Row]:
    quality = qualities(series)
    for date, valid in enumerate(series.validity):
        support = {name: int(values[date]) for name, values in series.support.items()}
        row: Row = {"quality": str(quality[date])}
        row |= {n: v for n, v in support.items() if v != NO_FRAME or not n.startswith("nearest_days")}
        if valid:
            row |= {f"e{d + 1:02d}": round(float(value), 6) for d, value in enumerate(series.embedding[date])}
        yield row


def observed(source: CubeSource, place: Place) -> Iterator[tuple[datetime, Row]]:
    """Time and valid bands of every acquisition of a pixel that has any."""
    cube = source.read(Window(place.row, place.col, 1, 1))
    for frame, acquisition in enumerate(cube.acquisitions):
        bands = _bands(cube, frame)
        if bands:
            yield acquisition.time.replace(microsecond=0), bands


def _bands(cube: Cube, frame: int) -> Row:
    """Values of the valid bands, and NDVI where red and near infrared are among them."""
    names = cube.modality.bands
    values, valid = cube.values[frame, :, 0, 0], cube.validity[frame, :, 0, 0]
    row: Row = {name: round(float(values[b]), 5) for b, name in enumerate(names) if valid[b]}
    if {"B04", "B08"} <= row.keys() and row["B08"] + row["B04"] > 0:
        row["NDVI"] = round((row["B08"] - row["B04"]) / (row["B08"] + row["B04"]), 5)
    return row


def write_series(rows: Sequence[Row], path: Path, *, overwrite: bool = False) -> Path:
    """Write a CSV with the columns of all rows, in the order of first sight; empty where a row has none."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (
        whole_file(path, overwrite=overwrite) as partial,
        partial.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path

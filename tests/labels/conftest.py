"""Label files, small enough to be counted by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from phenolens.engine.grid import Grid
from phenolens.engine.labels.labelset import LabelSet
from phenolens.engine.labels.report import ImportReport
from phenolens.engine.response import Response


@pytest.fixture
def grid() -> Grid:
    """20 × 30 pixels of 10 m; pixel (row, col) has its upper left corner at (500000 + 10 col, 5000200 - 10 row)."""
    return Grid("EPSG:32632", Affine(10, 0, 500_000, 0, -10, 5_000_200), (20, 30))


@pytest.fixture
def square() -> Callable[..., Any]:
    """A box of whole pixels: square(row, col, height, width)."""

    def box(row: float, col: float, height: float, width: float) -> Any:
        left, top = 500_000 + 10 * col, 5_000_200 - 10 * row
        return shapely.box(left, top - 10 * height, left + 10 * width, top)

    return box


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write columns and geometries in EPSG:32632 as a file: write("name.gpkg", geometries, {column: values})."""

    def to_file(
        name: str, geometries: list[Any], columns: dict[str, Any], crs: str | None = "EPSG:32632"
    ) -> Path:
        path = tmp_path / name
        geopandas.GeoDataFrame(columns, geometry=geometries, crs=crs).to_file(path)
        return path

    return to_file


@pytest.fixture
def labelset() -> Callable[..., LabelSet]:
    """Labels in EPSG:32632: labelset(geometries, y, response, start=…, end=…, group=…)."""

    def make(
        geometries: list[Any], y: list[float], response: Response, days: Any = None, group: Any = None
    ) -> LabelSet:
        count = len(y)
        spans = (
            np.full((count, 2), "NaT", "datetime64[D]") if days is None else np.array(days, "datetime64[D]")
        )
        whole = response.task == "classification"
        return LabelSet(
            np.array(geometries, object),
            "EPSG:32632",
            response,
            np.array(y, np.int64 if whole else np.float64),
            np.arange(count) if group is None else np.array(group, np.int64),
            spans[:, 0],
            spans[:, 1],
            ImportReport("test", count),
        )

    return make

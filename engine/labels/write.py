"""Label pixels → a GeoPackage that any GIS opens, and that reads back as labels; labels → GeoJSON on a grid."""

from pathlib import Path

import geopandas
import numpy as np
from shapely.geometry import mapping

from ..errors import OutputError
from ..grid import Grid
from ..output import whole_file, write_json
from .labelset import LabelSet
from .pixels import LabelPixels

LAYER = "label_pixels"


def write_labels(pixels: LabelPixels, path: Path, *, overwrite: bool = False) -> None:
    """Write pixel centres as points: `class`, `code` and `colour`, or `value`; `polygon`, `start`, `end`, `row`, `col`.

    `OutputError` where the file exists, can't be written, or is named as something else."""
    check_geopackage(path)
    grid = pixels.grid
    columns: dict[str, object] = {"polygon": pixels.group, "row": pixels.rows, "col": pixels.cols}
    for name, days in (("start", pixels.start), ("end", pixels.end)):
        columns[name] = [None if np.isnat(day) else str(day) for day in days]
    frame = geopandas.GeoDataFrame(
        {**_answers(pixels), **columns},
        geometry=geopandas.points_from_xy(grid.x[pixels.cols], grid.y[pixels.rows]),
        crs=grid.crs,
    )
    with whole_file(Path(path), overwrite=overwrite) as partial:
        frame.to_file(partial, layer=LAYER, driver="GPKG")


def check_geopackage(path: Path) -> None:
    """`OutputError` for a name that GIS programs would take for another format."""
    if path.suffix.lower() != ".gpkg":
        raise OutputError(
            "label pixels are written as GeoPackage", value=path, remedy="choose a name that ends in .gpkg"
        )


def _answers(pixels: LabelPixels) -> dict[str, object]:
    table = pixels.response.classes
    if table is None:
        return {"value": pixels.y, "unit": pixels.response.unit}
    by_code = {c.code: c for c in table}
    found = [by_code[int(code)] for code in pixels.y]
    return {"class": [c.name for c in found], "code": pixels.y, "colour": [c.colour for c in found]}


def write_label_shapes(labels: LabelSet, grid: Grid, path: Path, *, overwrite: bool = False) -> None:
    """Write labels as GeoJSON in x and y of a grid's CRS, with `y`, `group`, `start`, `end` (None = always)."""
    shapes = geopandas.GeoSeries(labels.geometries, crs=labels.crs).to_crs(grid.crs)
    days = [[None if np.isnat(day) else str(day) for day in column] for column in (labels.start, labels.end)]
    features = [
        {
            "type": "Feature",
            "properties": {"y": float(y), "group": int(group), "start": start, "end": end},
            "geometry": mapping(shape),
        }
        for shape, y, group, start, end in zip(shapes, labels.y, labels.group, *days, strict=True)
    ]
    write_json(path, {"type": "FeatureCollection", "features": features}, overwrite=overwrite)

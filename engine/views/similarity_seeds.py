"""Seeds of a search: pixels that points name and polygons enclose."""

from pathlib import Path

import numpy as np
import shapely
from pyproj import Transformer
from rasterio.features import geometry_mask

from ..errors import AreaError
from ..grid import AreaOfInterest, Grid

MOST_PIXELS = 400
"""Of a file's polygons: more are thinned evenly."""


def polygon_pixels(path: Path, grid: Grid, most: int = MOST_PIXELS) -> list[tuple[int, int]]:
    """(row, column) of the pixels whose centre lies inside the polygons of a file, in any CRS.

    `AreaError` where the file is unreadable, or none of its polygons covers a pixel of the area."""
    geometry = AreaOfInterest.from_file(path).geometry
    project = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    placed = shapely.transform(geometry, lambda xy: np.column_stack(project.transform(*xy.T)))
    rows, cols = np.nonzero(
        geometry_mask([placed], out_shape=grid.shape, transform=grid.transform, invert=True)
    )
    if not len(rows):
        raise AreaError(
            "the polygons cover no pixel of the area",
            value=path,
            remedy=f"draw them within {tuple(round(v, 5) for v in grid.lonlat_bounds)} (longitude, latitude)",
        )
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int))
    return list(zip(rows[chosen].tolist(), cols[chosen].tolist(), strict=True))

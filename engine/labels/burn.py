"""Features → the pixels that they label, by a stated rule."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from pyproj import CRS, Transformer
from rasterio.features import rasterize

from ..errors import LabelError
from ..grid import Grid, Window

Pixels = npt.NDArray[np.int64]
OUTSIDE, NO_PLACE, NO_PIXEL = (
    "outside the area",
    "without a place in the grid's CRS",
    "that hold no pixel by the rule",
)


@dataclass(frozen=True)
class PixelRule:
    """Which pixels a feature labels. A point labels the pixel that holds it, whatever the rule for polygons."""

    polygons: Literal["centre", "all-touched"] = "centre"
    """`centre`: pixels whose centre lies inside · `all-touched`: every pixel that the polygon touches."""
    buffer_m: float = 0
    """Width of a margin inside the polygon's edge that is left out, metres."""
    overlaps: Literal["drop", "first"] = "drop"
    """A pixel with different answers for the same time: dropped, or the first feature's."""

    def __post_init__(self) -> None:
        if self.polygons not in ("centre", "all-touched") or self.overlaps not in ("drop", "first"):
            value = f"{self.polygons}, {self.overlaps}"
            raise LabelError(
                "there is no such pixel rule", value=value, remedy="centre or all-touched; drop or first"
            )
        if not 0 <= self.buffer_m < 10_000:
            raise LabelError("the inner buffer is out of range", value=self.buffer_m, remedy="0 to 10,000 m")

    def __str__(self) -> str:
        inside = "centre inside" if self.polygons == "centre" else "all pixels touched"
        margin = f" after an inner buffer of {self.buffer_m:g} m" if self.buffer_m else ""
        clash = "dropped" if self.overlaps == "drop" else "those of the first feature"
        return f"polygons: {inside}{margin}; points: the pixel that holds them; pixels in conflict: {clash}"


@dataclass(frozen=True, eq=False)
class Burnt:
    """Pixels by feature."""

    feature: Pixels
    """[pixel] index of the feature."""
    rows: Pixels
    cols: Pixels
    why: npt.NDArray[Any]
    """[feature] why it labels no pixel; empty where it does."""
    partly: int
    """Features that reach beyond the grid."""


def burn(geometries: npt.NDArray[Any], crs: str, grid: Grid, rule: PixelRule) -> Burnt:
    """The pixels of each feature; those outside the grid are left out."""
    placed = _projected(geometries, crs, grid.crs)
    finite = np.isfinite(shapely.bounds(placed)).all(axis=1)
    area = shapely.box(*grid.bounds)
    inside = finite & shapely.intersects(placed, area)
    why = np.where(finite, np.where(inside, "", OUTSIDE), NO_PLACE).astype(object)
    parts = [(index, *_pixels(placed[index], grid, rule)) for index in np.flatnonzero(inside)]
    for index, rows, _ in parts:
        why[index] = "" if len(rows) else NO_PIXEL
    empty = np.empty(0, np.int64)
    return Burnt(
        feature=np.repeat([index for index, _, _ in parts], [len(rows) for _, rows, _ in parts]).astype(
            np.int64
        ),
        rows=np.concatenate([empty, *(rows for _, rows, _ in parts)]),
        cols=np.concatenate([empty, *(cols for _, _, cols in parts)]),
        why=why,
        partly=int((inside & ~shapely.covered_by(placed, area)).sum()),
    )


def _projected(geometries: npt.NDArray[Any], source: str, target: str) -> npt.NDArray[Any]:
    """In the target CRS; long edges get vertices first, since straight lines don't stay straight."""
    if CRS.from_user_input(source) == CRS.from_user_input(target):
        return geometries
    step = 0.01 if CRS.from_user_input(source).is_geographic else 1000.0  # about a kilometre either way
    project = Transformer.from_crs(source, target, always_xy=True)
    dense = shapely.segmentize(geometries, step)
    moved: npt.NDArray[Any] = shapely.transform(dense, lambda xy: np.column_stack(project.transform(*xy.T)))
    return moved


def _pixels(geometry: Any, grid: Grid, rule: PixelRule) -> tuple[Pixels, Pixels]:
    """Rows and columns of one feature; no pixel twice."""
    if geometry.geom_type in ("Point", "MultiPoint"):
        return _of_points(shapely.get_coordinates(geometry), grid)
    shape = shapely.buffer(geometry, -rule.buffer_m) if rule.buffer_m else geometry
    window = None if shape.is_empty else _window(shape, grid)
    if window is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return _of_polygon(shape, window, grid, rule)


def _of_points(xy: npt.NDArray[np.float64], grid: Grid) -> tuple[Pixels, Pixels]:
    inverse: Affine = ~grid.transform
    cols = np.floor(inverse.a * xy[:, 0] + inverse.b * xy[:, 1] + inverse.c).astype(np.int64)
    rows = np.floor(inverse.d * xy[:, 0] + inverse.e * xy[:, 1] + inverse.f).astype(np.int64)
    inside = (rows >= 0) & (rows < grid.shape[0]) & (cols >= 0) & (cols < grid.shape[1])
    pairs = np.unique(np.stack([rows[inside], cols[inside]], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _window(shape: Any, grid: Grid) -> Window | None:
    """The pixels around a polygon, cut at the grid; None where that is empty."""
    inverse: Affine = ~grid.transform
    left, bottom, right, top = shape.bounds
    (col0, row0), (col1, row1) = inverse * (left, top), inverse * (right, bottom)
    first_row, first_col = max(0, int(np.floor(row0))), max(0, int(np.floor(col0)))
    last_row, last_col = min(grid.shape[0], int(np.ceil(row1))), min(grid.shape[1], int(np.ceil(col1)))
    if first_row >= last_row or first_col >= last_col:
        return None
    return Window(first_row, first_col, last_row - first_row, last_col - first_col)


def _of_polygon(shape: Any, window: Window, grid: Grid, rule: PixelRule) -> tuple[Pixels, Pixels]:
    burnt = rasterize(
        [(shape, 1)],
        out_shape=(window.height, window.width),
        transform=grid.crop(window).transform,
        all_touched=rule.polygons == "all-touched",
        dtype="uint8",
    )
    rows, cols = np.nonzero(burnt)
    return rows + window.row, cols + window.col

"""Labels of a file on the pixels of a store."""

from dataclasses import dataclass, fields
from pathlib import Path

from ..errors import LabelError
from ..labels.pixels import LabelPixels, PixelRule, label_pixels
from ..labels.raster import is_raster, read_label_raster
from ..labels.read import LabelColumns, read_labels
from ..labels.vectorfile import Place, column_names
from ..store import EmbeddingStore

REACH_DAYS = 16  # a label that lies further from every date of the store can't be used by a probe


@dataclass(frozen=True)
class LabelReading:
    """How a file of labels is read, and how they become pixels; the flags of the command line, by name."""

    layer: str | None = None
    variable: str | None = None
    """Of a NetCDF class raster."""
    crs: str | None = None
    classes: Path | None = None
    """Class table (CSV or JSON)."""
    zero_is_class: bool = False
    class_column: str | None = None
    value_column: str | None = None
    unit: str = ""
    """Of the value column."""
    colour_column: str | None = None
    group_column: str | None = None
    date_column: str | None = None
    start_column: str | None = None
    end_column: str | None = None
    x_column: str | None = None
    y_column: str | None = None
    wkt_column: str | None = None
    rule: str = "centre"
    """`centre`, `all-touched`: pixels that a polygon labels."""
    buffer: float = 0
    """Margin inside polygons to leave out, metres."""
    overlaps: str = "drop"
    """`drop`, `first`: pixels with different answers."""

    @property
    def columns(self) -> LabelColumns:
        return LabelColumns(
            classes=self.class_column,
            value=self.value_column,
            unit=self.unit,
            colour=self.colour_column,
            group=self.group_column,
            date=self.date_column,
            start=self.start_column,
            end=self.end_column,
            place=Place(self.x_column, self.y_column, self.wkt_column),
        )


_VECTOR_ONLY = tuple(
    field.name
    for field in fields(LabelReading)
    if field.name in ("layer", "crs", "zero_is_class", "unit") or field.name.endswith("_column")
)


def read_label_pixels(file: Path, reading: LabelReading, store: EmbeddingStore) -> LabelPixels:
    """The labels of a vector file or a class raster on the pixels of a store; `LabelError` where they can't be."""
    raster = is_raster(file)
    _check_meant(reading, file, raster)
    if raster:
        return read_label_raster(file, variable=reading.variable, grid=store.grid, class_file=reading.classes)
    found = read_labels(
        file,
        reading.columns,
        layer=reading.layer,
        crs=reading.crs,
        class_file=reading.classes,
        zero_is_class=reading.zero_is_class,
    )
    rule = PixelRule(reading.rule, reading.buffer, reading.overlaps)  # type: ignore[arg-type] # it is checked there
    days = store.times.astype("datetime64[D]")
    return label_pixels(found, store.grid, rule, period=(days[0] - REACH_DAYS, days[-1] + REACH_DAYS))


def _check_meant(reading: LabelReading, file: Path, raster: bool) -> None:
    """`LabelError` for what such a file has no use for: it would be passed over without a word."""
    given = [name for name in (_VECTOR_ONLY if raster else ("variable",)) if getattr(reading, name)]
    if given:
        raise LabelError(
            "a class raster has no columns or layers" if raster else "only a NetCDF raster has variables",
            value=f"{file}: {', '.join('--' + name.replace('_', '-') for name in given)}",
            remedy="leave that out",
        )
    if not raster and not (reading.class_column or reading.value_column):
        raise LabelError(
            "which column holds the labels was not said",
            value=", ".join(column_names(file, reading.layer)) or file,
            remedy="name one of these, with --class-column or --value-column",
        )

"""`labels`: what a label file gives on the pixels of a store, and what it doesn't, with reasons."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import LabelError
from ..output import check_free
from .flags import RunFlags, flattened, keep_config
from .terminal import Run

if TYPE_CHECKING:
    from ..labels.pixels import LabelPixels
    from ..store import EmbeddingStore


class Rule(StrEnum):
    CENTRE = "centre"
    ALL_TOUCHED = "all-touched"


class Overlaps(StrEnum):
    DROP = "drop"
    FIRST = "first"


REACH_DAYS = 16  # a label that lies further from every date of the store can't be used by a probe
_FILE, _COLUMNS, _PIXELS = "The file", "Its columns", "From labels to pixels"


@dataclass(frozen=True)
class LabelFlags:
    """Labels and how they become pixels; shared by every command that reads labels."""

    layer: Annotated[
        str | None, typer.Option(help="Layer of a file that has several.", rich_help_panel=_FILE)
    ] = None
    variable: Annotated[
        str | None, typer.Option(help="Variable of a NetCDF class raster.", rich_help_panel=_FILE)
    ] = None
    crs: Annotated[
        str | None,
        typer.Option(help="CRS of the labels, such as EPSG:32631; needed for CSV.", rich_help_panel=_FILE),
    ] = None
    classes: Annotated[
        Path | None,
        typer.Option(help="Class table (CSV or JSON): code, name, colour, value.", rich_help_panel=_FILE),
    ] = None
    zero_is_class: Annotated[
        bool, typer.Option("--zero-is-class", help="Keep class 0, under another code.", rich_help_panel=_FILE)
    ] = False
    class_column: Annotated[
        str | None, typer.Option(help="Column of text or whole-number classes.", rich_help_panel=_COLUMNS)
    ] = None
    value_column: Annotated[
        str | None, typer.Option(help="Column of numbers, for a regression.", rich_help_panel=_COLUMNS)
    ] = None
    unit: Annotated[str, typer.Option(help="Unit of the value column.", rich_help_panel=_COLUMNS)] = ""
    colour_column: Annotated[
        str | None, typer.Option(help="Column of colours, #rrggbb or r,g,b.", rich_help_panel=_COLUMNS)
    ] = None
    group_column: Annotated[
        str | None, typer.Option(help="Column of polygon ids.", rich_help_panel=_COLUMNS)
    ] = None
    date_column: Annotated[
        str | None, typer.Option(help="Column of a day, month or year.", rich_help_panel=_COLUMNS)
    ] = None
    start_column: Annotated[
        str | None, typer.Option(help="Column of first days.", rich_help_panel=_COLUMNS)
    ] = None
    end_column: Annotated[str | None, typer.Option(help="Column of last days.", rich_help_panel=_COLUMNS)] = (
        None
    )
    x_column: Annotated[str | None, typer.Option(help="Of a CSV.", rich_help_panel=_COLUMNS)] = None
    y_column: Annotated[str | None, typer.Option(help="Of a CSV.", rich_help_panel=_COLUMNS)] = None
    wkt_column: Annotated[str | None, typer.Option(help="Of a CSV.", rich_help_panel=_COLUMNS)] = None
    rule: Annotated[Rule, typer.Option(help="Pixels that a polygon labels.", rich_help_panel=_PIXELS)] = (
        Rule.CENTRE
    )
    buffer: Annotated[
        float,
        typer.Option(help="Margin inside polygons to leave out, metres.", min=0, rich_help_panel=_PIXELS),
    ] = 0
    overlaps: Annotated[
        Overlaps, typer.Option(help="Pixels with different answers.", rich_help_panel=_PIXELS)
    ] = Overlaps.DROP


@flattened
def labels(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="GeoPackage, GeoJSON, Shapefile, CSV, or a class raster (GeoTIFF, NetCDF).")
    ],
    reading: LabelFlags,
    flags: RunFlags,
    store: Annotated[Path, typer.Option(help="The embedding store whose pixels are labelled.")],
    clear_within: Annotated[
        int, typer.Option(help="Days to a clear Sentinel-2 look that count as clear.")
    ] = 10,
    out: Annotated[Path | None, typer.Option(help="GeoPackage of the label pixels to write.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Import labels onto the pixels of a store: what was read, dropped and why, and what lies under cloud."""
    from ..labels.clearness import look_at_store
    from ..labels.write import check_geopackage, write_labels
    from ..store import EmbeddingStore

    run: Run = ctx.obj
    if out is not None:
        check_geopackage(out)
        check_free(out, overwrite=overwrite)
    opened = EmbeddingStore(store)
    pixels = look_at_store(read_label_pixels(file, reading, opened), opened, clear_within_days=clear_within)
    result: dict[str, Any] = {"report": pixels.report.to_dict(), "response": pixels.response.to_dict()}
    if out is not None:
        write_labels(pixels, out, overwrite=overwrite)
        result |= {"file": str(out), "config": str(keep_config(ctx, out))}
    run.result(result, "\n".join([pixels.report.text(), *([str(out)] if out else [])]))


def read_label_pixels(file: Path, flags: LabelFlags, store: "EmbeddingStore") -> "LabelPixels":
    """The labels of a vector file or a class raster on the pixels of a store."""
    from ..labels.pixels import PixelRule, label_pixels
    from ..labels.raster import is_raster, read_label_raster
    from ..labels.read import LabelColumns, read_labels
    from ..labels.vectorfile import Place

    raster = is_raster(file)
    _check_meant(flags, file, raster)
    if raster:
        return read_label_raster(file, variable=flags.variable, grid=store.grid, class_file=flags.classes)
    columns = LabelColumns(
        classes=flags.class_column,
        value=flags.value_column,
        unit=flags.unit,
        colour=flags.colour_column,
        group=flags.group_column,
        date=flags.date_column,
        start=flags.start_column,
        end=flags.end_column,
        place=Place(flags.x_column, flags.y_column, flags.wkt_column),
    )
    found = read_labels(
        file,
        columns,
        layer=flags.layer,
        crs=flags.crs,
        class_file=flags.classes,
        zero_is_class=flags.zero_is_class,
    )
    rule = PixelRule(flags.rule.value, flags.buffer, flags.overlaps.value)
    days = store.times.astype("datetime64[D]")
    return label_pixels(found, store.grid, rule, period=(days[0] - REACH_DAYS, days[-1] + REACH_DAYS))


VECTOR_ONLY = tuple(
    name
    for name in LabelFlags.__dataclass_fields__
    if name in ("layer", "crs", "zero_is_class", "unit") or name.endswith("_column")
)


def _check_meant(flags: LabelFlags, file: Path, raster: bool) -> None:
    """`LabelError` for a flag that such a file has no use for: it would be passed over without a word."""
    given = [name for name in (VECTOR_ONLY if raster else ("variable",)) if getattr(flags, name)]
    if given:
        raise LabelError(
            "a class raster has no columns or layers" if raster else "only a NetCDF raster has variables",
            value=f"{file}: {', '.join('--' + name.replace('_', '-') for name in given)}",
            remedy="leave that out",
        )
    if not raster and not (flags.class_column or flags.value_column):
        raise LabelError(
            "which column holds the labels was not said",
            value=", ".join(_columns(file, flags.layer)) or file,
            remedy="name one of these, with --class-column or --value-column",
        )


def _columns(file: Path, layer: str | None) -> list[str]:
    from ..labels.vectorfile import column_names

    return column_names(file, layer)

"""`labels`: what a label file gives on the pixels of a store, and what it doesn't, with reasons."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output import check_free
from .flags import RunFlags, flattened, keep_config
from .terminal import Run

if TYPE_CHECKING:
    from ..tasks.labels import LabelReading


class Rule(StrEnum):
    CENTRE = "centre"
    ALL_TOUCHED = "all-touched"


class Overlaps(StrEnum):
    DROP = "drop"
    FIRST = "first"


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

    @property
    def reading(self) -> "LabelReading":
        from ..tasks.labels import LabelReading

        return LabelReading(**{**vars(self), "rule": self.rule.value, "overlaps": self.overlaps.value})


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
    from ..tasks.labels import read_label_pixels

    run: Run = ctx.obj
    if out is not None:
        check_geopackage(out)
        check_free(out, overwrite=overwrite)
    opened = EmbeddingStore(store)
    pixels = look_at_store(
        read_label_pixels(file, reading.reading, opened), opened, clear_within_days=clear_within
    )
    result: dict[str, Any] = {"report": pixels.report.to_dict(), "response": pixels.response.to_dict()}
    if out is not None:
        write_labels(pixels, out, overwrite=overwrite)
        result |= {"file": str(out), "config": str(keep_config(ctx, out))}
    run.result(result, "\n".join([pixels.report.text(), *([str(out)] if out else [])]))

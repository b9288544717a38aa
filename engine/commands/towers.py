"""`towers`: daily GPP of flux towers, with what was dropped and why."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import TowerError
from ..output import check_free
from .flags import RunFlags, flattened, keep_config
from .terminal import Run

if TYPE_CHECKING:
    from ..towers.series import Towers
    from ..towers.table import TableColumns


class Partitioning(StrEnum):
    NT = "nt"
    DT = "dt"


class TimeIs(StrEnum):
    START = "start"
    END = "end"


_QUALITY, _OTHER = "Which days count", "A CSV of another kind"


@dataclass(frozen=True)
class TowerFlags:
    """Tower files and which of their days count; shared by every command that reads towers."""

    sites: Annotated[
        Path | None, typer.Option(help="CSV of sites: site, lat, lon, igbp, elevation; or BIF.")
    ] = None
    site: Annotated[str | None, typer.Option(help="Site id of a file whose name holds none.")] = None
    partitioning: Annotated[
        Partitioning, typer.Option(help="Night-time or daytime GPP.", rich_help_panel=_QUALITY)
    ] = Partitioning.NT
    quality: Annotated[
        float,
        typer.Option(
            help="Share of measured and well gap-filled half-hours.", min=0, max=1, rich_help_panel=_QUALITY
        ),
    ] = 0.7
    complete: Annotated[
        float,
        typer.Option(help="Share of half-hours with a value.", min=0, max=1, rich_help_panel=_QUALITY),
    ] = 1.0
    without_quality: Annotated[
        bool, typer.Option("--without-quality", help="Take files without quality.", rich_help_panel=_QUALITY)
    ] = False
    gpp_column: Annotated[str | None, typer.Option(help="Column of GPP.", rich_help_panel=_OTHER)] = None
    unit: Annotated[
        str, typer.Option(help="Its unit: gC m-2 d-1 or umol m-2 s-1.", rich_help_panel=_OTHER)
    ] = ""
    time_columns: Annotated[
        str,
        typer.Option(
            help="Column of dates, year,day-of-year, or year,month,day,hour,minute.", rich_help_panel=_OTHER
        ),
    ] = "date"
    time_is: Annotated[
        TimeIs, typer.Option(help="What a time says of its interval.", rich_help_panel=_OTHER)
    ] = TimeIs.START
    quality_column: Annotated[str | None, typer.Option(help="Column of quality.", rich_help_panel=_OTHER)] = (
        None
    )
    good_flags: Annotated[str, typer.Option(help="Flags that are good.", rich_help_panel=_OTHER)] = "0,1"
    site_column: Annotated[str | None, typer.Option(help="Column of site ids.", rich_help_panel=_OTHER)] = (
        None
    )


@flattened
def towers(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(help="FLUXNET2015, ICOS or AmeriFlux files (CSV or zip), or other CSV.")
    ],
    reading: TowerFlags,
    flags: RunFlags,
    out: Annotated[Path | None, typer.Option(help="CSV of daily GPP to write.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Read flux towers: daily GPP in gC m-2 d-1, the days kept and dropped per site, and why."""
    from ..towers.write import write_towers

    run: Run = ctx.obj
    if out is not None:
        check_free(out, overwrite=overwrite)
    found = read_tower_files(files, reading)
    result: dict[str, Any] = found.to_dict()
    if out is not None:
        write_towers(found, out, overwrite=overwrite)
        result |= {"file": str(out), "config": str(keep_config(ctx, out))}
    run.result(result, "\n".join([found.text(), *([str(out)] if out else [])]))


def read_tower_files(files: list[Path], flags: TowerFlags) -> "Towers":
    """The towers that flags describe."""
    from ..towers.daily import TowerOptions
    from ..towers.read import read_towers
    from ..towers.sites import read_sites

    options = TowerOptions(
        partitioning="NT" if flags.partitioning is Partitioning.NT else "DT",
        least_quality=flags.quality,
        least_complete=flags.complete,
        without_quality=flags.without_quality,
    )
    sites = read_sites(flags.sites) if flags.sites else None
    return read_towers(files, options, sites=sites, columns=_columns(flags), site=flags.site)


def _columns(flags: TowerFlags) -> "TableColumns | None":
    from ..towers.table import TableColumns

    if flags.gpp_column is None:
        return None
    try:
        good = tuple(int(flag) for flag in flags.good_flags.split(","))
    except ValueError as error:
        raise TowerError(
            "flags are whole numbers", value=flags.good_flags, remedy="write --good-flags 0,1"
        ) from error
    return TableColumns(
        gpp=flags.gpp_column,
        unit=flags.unit,
        time=tuple(name.strip() for name in flags.time_columns.split(",")),
        time_is=flags.time_is.value,
        quality=flags.quality_column,
        good_flags=good,
        site=flags.site_column,
    )

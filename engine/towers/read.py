"""Tower files → `Towers`: daily GPP of every site, each once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..errors import TowerError
from .archive import Archive, Member, open_archive
from .daily import Records, TowerOptions, usable_days
from .oneflux import is_oneflux, read_oneflux
from .series import Towers, TowerSeries
from .sites import Site, sites_of
from .table import TableColumns, read_tower_table


def read_towers(
    paths: Sequence[Path],
    options: TowerOptions | None = None,
    *,
    sites: Mapping[str, Site] | None = None,
    columns: TableColumns | None = None,
    site: str | None = None,
) -> Towers:
    """Daily GPP in gC m-2 d-1 of FLUXNET2015, ICOS and AmeriFlux files, or, by `columns`, of any CSV.

    `sites`: where they stand (`read_sites`), beside what zips tell; `site`: id of a file whose name holds none.
    `TowerError`: unreadable, unknown format, no quality column, implausible unit, a site given twice, no day left."""
    options = options or TowerOptions()
    archives = [open_archive(Path(path)) for path in paths]
    known = {**_told(archives), **(sites or {})}
    series: dict[str, TowerSeries] = {}
    for archive in archives:
        for name, variable, records in _records(archive, options, columns, site):
            if name in series:
                value = f"{name}: {series[name].source} and {records.where}"
                raise TowerError("a site is given twice", value=value, remedy="give one file per site")
            series[name] = _series(known.get(name, Site(name)), variable, records, options)
    towers = Towers(tuple(series.values()))
    if not sum(len(one) for one in towers):
        raise TowerError(
            "no day of any tower can be used", value=_reasons(towers), remedy="lower the quality needed"
        )
    return towers


def _told(archives: Iterable[Archive]) -> dict[str, Site]:
    """Sites that the zips themselves describe."""
    found: dict[str, Site] = {}
    for archive in archives:
        for member in archive.sites:
            found |= sites_of(member.table(), member.label)
    return found


def _records(
    archive: Archive, options: TowerOptions, columns: TableColumns | None, site: str | None
) -> Iterator[tuple[str, str, Records]]:
    """(site id, GPP column, records) of everything in an archive."""
    for member in archive.fluxes:
        if columns is not None:
            for name, records in read_tower_table(member, columns, options):
                yield name or _site_of(member, site), columns.gpp, records
        elif is_oneflux(member.columns()):
            gpp = f"GPP_{options.partitioning}_VUT_REF"
            yield _site_of(member, site), gpp, read_oneflux(member, options)
        else:
            raise TowerError(
                "the tower file is of no known format",
                value=f"{member.label}: {', '.join(member.columns()[:8])} …",
                remedy="FLUXNET2015, ICOS and AmeriFlux files are known, and tables with site, date, gpp and unit; of "
                "others name the columns and the unit (--gpp-column, --unit, --time-columns)",
            )


def _site_of(member: Member, site: str | None) -> str:
    if site or member.site:
        return site or str(member.site)
    raise TowerError(
        "the file doesn't say which site it is of",
        value=member.label,
        remedy="name the site, such as --site DE-Tha, or the column (--site-column)",
    )


def _series(site: Site, variable: str, records: Records, options: TowerOptions) -> TowerSeries:
    days = usable_days(records, options)
    return TowerSeries(
        site=site,
        day=days.day,
        gpp=days.gpp,
        quality=days.quality,
        source=records.where,
        variable=variable,
        read=days.read,
        dropped=days.dropped,
        notes=days.notes,
        percentiles={str(name): days.extras[name].to_numpy() for name in days.extras},
    )


def _reasons(towers: Towers) -> str:
    return "; ".join(
        f"{one.site.id}: {', '.join(f'{count} {reason}' for reason, count in one.dropped.items()) or 'empty'}"
        for one in towers
    )

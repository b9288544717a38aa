"""What is to be written as files, as a value; and which job that is, which files it makes, how large they get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from phenolens.engine.client.readings import Probe, Store
from PySide6.QtCore import QCoreApplication

from .texts import QT_TRANSLATE_NOOP

translate = QCoreApplication.translate  # by this name translators' tools find its texts

MAPS = {
    "class": QT_TRANSLATE_NOOP("Exporting", "class"),
    "confidence": QT_TRANSLATE_NOOP("Exporting", "probability of that class"),
    "probability": QT_TRANSLATE_NOOP("Exporting", "probability of every class"),
    "set-size": QT_TRANSLATE_NOOP("Exporting", "how many classes can't be ruled out"),
    "value": QT_TRANSLATE_NOOP("Exporting", "value"),
    "interval": QT_TRANSLATE_NOOP("Exporting", "interval"),
    "applicability": QT_TRANSLATE_NOOP("Exporting", "where the probe can be trusted"),
}
"""Maps of a probe by name."""
SUMS = ("sum", "sum-interval")
BYTES = {"pca": 3, "dim": 1, "support": 1, "value": 4, "interval": 12, "sum": 4, "sum-interval": 12}
"""Of a pixel before compression; 1 where nothing else is said."""


@dataclass(frozen=True)
class Wanted:
    """What the user chose."""

    what: str = "pca"
    """`pca`, `dim`, `support`, `embedding`, `netcdf` (of the embedding), `probe`, `change` from `start` to `end`."""
    dim: int = 1
    sensor: str = "s2"
    probe: str = ""
    maps: tuple[str, ...] = ()
    dates: str = "this"
    """`this`, `all`, `range`, `sum` (of a quantity over the range); of probes over a period the range alone."""
    start: str = ""
    end: str = ""
    name: str = ""


@dataclass(frozen=True)
class Plan:
    """The job, and what it will have written."""

    kind: str
    params: Mapping[str, Any]
    files: tuple[str, ...]
    """Workspace-relative."""
    bytes: int
    """Before compression."""


def maps_of(probe: Probe) -> tuple[str, ...]:
    """The maps of a date or period that a probe can make, of those that are offered."""
    return tuple(name for name in MAPS if name in probe.maps)


def summed(wanted: Wanted, probe: Probe | None) -> bool:
    """Whether the sum over a period is wanted, of a probe that can make one."""
    return wanted.what == "probe" and wanted.dates == "sum" and probe is not None and SUMS[0] in probe.maps


def over_period(probe: Probe | None) -> bool:
    """Whether one map of it stands for a period."""
    return probe is not None and probe.features in ("period", "season")


def days_of(wanted: Wanted, store: Store, date: int) -> tuple[str, ...]:
    """Days of the store that are wanted."""
    days = [time[:10] for time in store.times]
    if wanted.what != "change" and wanted.dates == "this":
        return (days[date],)
    if wanted.what != "change" and wanted.dates == "all":
        return tuple(dict.fromkeys(days))
    return tuple(dict.fromkeys(day for day in days if wanted.start <= day <= wanted.end))


def missing(wanted: Wanted, store: Store | None, probe: Probe | None, days: tuple[str, ...]) -> str:
    """Why nothing can be written yet; empty where all is there."""
    if store is None:
        return translate("Exporting", "Open a sample or compute embeddings first.")
    if wanted.what == "probe" and (probe is None or probe.problem):
        return translate("Exporting", "There is no probe to draw: fit one first (step Probe).")
    if wanted.what == "change":
        return _missing_for_change(wanted, days) or _missing_name(wanted)
    if wanted.what == "probe" and not wanted.maps and not summed(wanted, probe):
        return translate("Exporting", "Tick at least one map of the probe.")
    if not days and not over_period(probe):
        return translate("Exporting", "No date of the store lies in that range.")
    return _missing_name(wanted)


def _missing_for_change(wanted: Wanted, days: tuple[str, ...]) -> str:
    if len(days) < 2:
        return translate("Exporting", "Change needs two dates of the store; no two lie in that range.")
    return ""


def _missing_name(wanted: Wanted) -> str:
    if not wanted.name or PurePath(wanted.name).is_absolute() or ".." in PurePath(wanted.name).parts:
        return translate("Exporting", "Give the files a name within the workspace.")
    return ""


def plan(wanted: Wanted, store: Store, probe: Probe | None, days: tuple[str, ...]) -> Plan:
    """The job of what nothing is `missing` of."""
    stem = _stem(wanted, days)
    params: dict[str, Any] = {"store": store.store, "out": stem, "overwrite": True}
    files: tuple[str, ...]
    if wanted.what == "probe":
        return _of_probe(wanted, store, probe, days, params)
    if wanted.what == "change":
        both = {"before": days[0], "after": days[-1]}
        files = tuple(f"{stem}-change-{kind}.tif" for kind in ("magnitude", "confidence"))
        return Plan("change", {**params, **both}, files, 2 * store.grid.shape[0] * store.grid.shape[1])
    params |= {"dates": list(days)}
    pixels = store.grid.shape[0] * store.grid.shape[1]
    if wanted.what in ("embedding", "netcdf"):
        number = {"int8": 1, "uint8": 1, "float16": 2, "int16": 2}.get(store.dtype, 4)
        size = pixels * store.dims * number * len(days)
        if wanted.what == "netcdf":
            files = (f"{stem}-embedding.nc",)
            return Plan("export", {**params, "show": "embedding", "form": "netcdf"}, files, size)
        files = tuple(f"{stem}-embedding-{day}.tif" for day in days)
        return Plan("export", {**params, "show": "embedding"}, files, size)
    more = {"dim": str(wanted.dim), "support": f"-{wanted.sensor}"}.get(wanted.what, "")
    params |= {"show": wanted.what, "dim": wanted.dim, "sensor": wanted.sensor}
    files = tuple(f"{stem}-{wanted.what}{more}-{day}.tif" for day in days)
    return Plan("export", params, files, pixels * BYTES[wanted.what] * len(days))


def _stem(wanted: Wanted, days: Sequence[str]) -> str:
    """The name, with what the engine adds nothing of: else the map of one probe would take the place of another's."""
    if wanted.what == "probe":
        called = PurePath(wanted.probe).stem
        there = f"-{called}-" in f"-{PurePath(wanted.name).name}-"
        return wanted.name if there else f"{wanted.name}-{called}"
    if wanted.what == "change":
        return "-".join((wanted.name, *(day.replace("-", "") for day in (days[0], days[-1]))))
    if wanted.what == "netcdf":
        return f"{wanted.name}-{'_'.join(dict.fromkeys((days[0], days[-1])))}"
    return wanted.name


def _of_probe(
    wanted: Wanted, store: Store, probe: Probe | None, days: tuple[str, ...], params: Mapping[str, Any]
) -> Plan:
    assert probe is not None
    if summed(wanted, probe):
        return _of_sum(wanted, store, probe, params)
    when = (f"{wanted.start}/{wanted.end}",) if over_period(probe) else days
    classes = len((probe.response or {}).get("classes") or ())
    each = {**BYTES, "probability": classes}
    pixels = store.grid.shape[0] * store.grid.shape[1]
    size = pixels * len(when) * sum(each.get(name, 1) for name in wanted.maps)
    stem = _stem(wanted, days)
    files = tuple(f"{stem}-{name}-{one.replace('/', '_')}.tif" for one in when for name in wanted.maps)
    asked = {**params, "probe": wanted.probe, "dates": list(when), "maps": list(wanted.maps)}
    return Plan("probe-apply", asked, files, size)


def _of_sum(wanted: Wanted, store: Store, probe: Probe, params: Mapping[str, Any]) -> Plan:
    made = [name for name in SUMS if name in probe.maps]
    files = tuple(f"{_stem(wanted, ())}-{name}-{wanted.start}_{wanted.end}.tif" for name in made)
    size = store.grid.shape[0] * store.grid.shape[1] * sum(BYTES[name] for name in made)
    period = f"{wanted.start}/{wanted.end}"
    return Plan(
        "probe-apply", {**params, "probe": wanted.probe, "dates": [period], "form": "sum"}, files, size
    )


def told(plan: Plan, there: int) -> str:
    """`Writes 2 GeoTIFFs (a.tif, b.tif), …`, for a person to read before."""
    kind = "NetCDF file" if plan.files[0].endswith(".nc") else "GeoTIFF"
    names = ", ".join(plan.files[:2]) + (f" … {plan.files[-1]}" if len(plan.files) > 2 else "")
    several = "s" if len(plan.files) > 1 else ""
    size = plan.bytes / 1e6
    amount = f"{size / 1000:.1f} GB" if size >= 1000 else f"{size:.1f} MB" if size >= 0.1 else "100 kB"
    beside = (
        ""
        if kind != "GeoTIFF"
        else translate("Exporting", " Beside each: its style for QGIS, attribute table and metadata (STAC).")
    )
    replaced = _replaced(there, len(plan.files))
    compared = ""
    if plan.kind == "change":
        compared = translate("Exporting", " Compares {} with {}.").format(
            plan.params["before"], plan.params["after"]
        )
    told = translate("Exporting", "Writes {:,} {}: {}. At most {}.")
    return told.format(len(plan.files), f"{kind}{several}", names, amount) + compared + beside + replaced


def _replaced(there: int, of: int) -> str:
    if not there:
        return ""
    if of == 1:
        return translate("Exporting", " It is there already and will be replaced.")
    if there == 1:
        return translate("Exporting", " 1 of them is there already and will be replaced.")
    return translate("Exporting", " {} of them are there already and will be replaced.").format(there)

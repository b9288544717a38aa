"""What was found in data, as rich text: sensors, dates, bands, units, and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from phenolens.engine.client.sources import Sensor, SensorFault, Sources
from PySide6.QtCore import QCoreApplication

from .data_questions import SENSORS, is_asked
from .elided import breakable

translate = QCoreApplication.translate  # by this name translators' tools find its texts

_FOR_PROGRAMS = re.compile(r",( or)? state \w+=.*")
MOST_NAMED = 3
"""Of files that can't be read."""


def report_of(name: str, told: Sources | None, problem: str = "") -> str:
    """What was found, as rich text."""
    if told is None:
        return f"<b>{escape(name)}</b><br>{escape(problem)}" if problem else f"<b>{escape(name)}</b><br>…"
    parts = [f"<b>{escape(told.title or name)}</b>"]
    parts += [_of_sensor(sensor) for sensor in told.sensors]
    useless = _of_no_use(told.sensors)
    if useless:
        parts.append(translate("DataPanel", "Of no use: {}").format(_named(useless, 1)))
    if told.grid is not None:
        rows, columns = told.grid.shape
        size = translate("DataPanel", "{} × {} pixels of 10 m, {}")
        parts.append(size.format(columns, rows, escape(told.grid.crs[:40])))
    hopeless = not told.sensors and not any(map(is_asked, told.faults))
    faults = [
        fault for fault in told.faults if told.unnamed is None or fault.code != "band"
    ]  # which is asked
    parts += [_of_fault(fault, alone=hopeless) for fault in faults]
    parts += [escape(note) for note in told.notes]
    if told.attribution:
        parts.append(f"<small>{escape(told.attribution)}</small>")
    return "".join(f"<p style='margin:0 0 7px 0'>{part}</p>" for part in parts)


def _of_sensor(sensor: Sensor) -> str:
    days = [one.time[:10] for one in sensor.acquisitions]
    bands = " ".join(sensor.bands)
    if sensor.absent:
        bands += translate("DataPanel", " (absent: {})").format(" ".join(sensor.absent))
    span = translate("DataPanel", "no dates")
    if len(days) == 1:
        span = translate("DataPanel", "One date, {}").format(days[0])
    elif days:
        span = translate("DataPanel", "{} dates, {} to {}").format(len(days), days[0], days[-1])
    rows = [
        f"<b>{SENSORS[sensor.sensor]}</b>  {escape(', '.join(sensor.kinds))}",
        span,
        translate("DataPanel", "Bands: {}").format(escape(bands)),
        translate("DataPanel", "Units: {}").format(escape("; ".join(sensor.units))),
        translate("DataPanel", "Pixel size: {}").format(escape("; ".join(sensor.pixels))),
    ]
    if sensor.skipped:
        rows.append(
            translate("DataPanel", "Unreadable: {}").format(
                _named([_FOR_PROGRAMS.sub("", file) for file in sensor.skipped], MOST_NAMED)
            )
        )
    rows += [f"⚠ {_shown(_FOR_PROGRAMS.sub('', problem))}" for problem in sensor.problems]
    return "<br>".join(rows)


def _of_no_use(sensors: Sequence[Sensor]) -> list[str]:
    """Files and variables that none of the sensors takes, and why: each reader sees the other's as well."""
    why = [{name: reason for name, _, reason in _parted(sensor.ignored)} for sensor in sensors]
    everywhere = [name for name in why[0] if all(name in others for others in why)] if why else []
    return [f"{name}: {', '.join(dict.fromkeys(one[name] for one in why))}" for name in everywhere]


def _parted(ignored: Sequence[str]) -> list[tuple[str, str, str]]:
    return [one.rpartition(": ") for one in ignored]


def _named(files: Sequence[str], most: int) -> str:
    """The first ones, and how many more there are."""
    named = _shown("; ".join(files[:most]))
    more = translate("DataPanel", "{} and {} more")
    return more.format(named, len(files) - most) if len(files) > most else named


def _of_fault(fault: SensorFault, alone: bool) -> str:
    sensor, cause = SENSORS[fault.sensor], _shown(fault.cause)
    if not alone and not is_asked(fault):
        return translate("DataPanel", "No {}: {}").format(sensor, cause)
    value = f" ({_shown(fault.value)})" if fault.value else ""
    remedy = "" if is_asked(fault) else f"<br>→ {_shown(fault.remedy)}"
    return f"⚠ {sensor}: {cause}{value}{remedy}"


def _shown(text: str) -> str:
    """As rich text."""
    return breakable(escape(text))

"""Errors of the engine as sentences, numbers as they are read."""

from __future__ import annotations

import re

from phenolens.engine.client.errors import ServiceError
from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate  # by this name translators' tools find its texts

_OPTIONS = re.compile(r" \(--[^)]*\)|( → |; )?see /v1/[\w.]+")
"""What helps at the command line, which has other names for it, or those who write programs."""


def numeral(value: float, form: str) -> str:
    """As `format` would, with the minus sign that people read instead of the hyphen that programs read."""
    return format(value, form).replace("-", "−")


def surface(km2: float) -> str:
    """Of an area; in m² where two places of km² would show next to none of it."""
    if km2 < 0.01:
        return translate("Telling", "{:,.0f} m²").format(km2 * 1e6)
    return translate("Telling", "{:,.2f} km²").format(km2)


def plain(error: ServiceError) -> str:
    """In one line, without words of the command line."""
    return _OPTIONS.sub("", str(error))


def sentences(error: ServiceError) -> str:
    """What went wrong, with what, and what helps."""
    value = f" ({error.value})" if error.value else ""
    parts = (f"{error.cause}{value}", _OPTIONS.sub("", error.remedy or ""))
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts if part)

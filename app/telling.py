"""Errors of the engine as sentences."""

from __future__ import annotations

from phenolens.engine.client.errors import ServiceError


def sentences(error: ServiceError) -> str:
    """What went wrong, with what, and what helps."""
    value = f" ({error.value})" if error.value else ""
    parts = (f"{error.cause}{value}", error.remedy or "")
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts if part)

"""What the parts of a client have in common: they read, so asking again after a broken connection does no harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .transport import Request, Response, Transport

READ_S = 60.0
"""Seconds for a read: the first of a store fits its colours, which the later ones use."""

Window = tuple[int, int, int, int]
"""Row, column, height, width in pixels of the store."""


class Part:
    """One part of what a service offers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> Response:
        return self._transport.send(Request("GET", path, query=query or {}, timeout_s=READ_S)).checked()

    def _post(self, path: str, asked: Mapping[str, Any]) -> Response:
        request = Request("POST", path, json=given(asked), timeout_s=READ_S, repeatable=True)
        return self._transport.send(request).checked()


def given(asked: Mapping[str, Any]) -> dict[str, Any]:
    """`asked` without what is None: the service's own defaults hold for that."""
    return {name: value for name, value in asked.items() if value is not None}


def fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass, as JSON takes them; without what is None."""
    return given(asdict(value))

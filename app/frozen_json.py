"""Frozen dataclasses ↔ JSON, by the types of their fields: what is missing keeps its default, what is new is left."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
KIND = "is"
"""Names the dataclass, so that of several that may stand in a place the right one is read."""


def to_json(value: Any) -> Any:
    """What `json.dumps` takes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {KIND: type(value).__name__, **fields}
    if isinstance(value, (tuple, list)):
        return [to_json(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): to_json(one) for name, one in value.items()}
    return value


def from_json(kind: type[T], values: object) -> T:
    """A `kind` from what `to_json` made of one; `ValueError` says what is of another type."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{kind.__name__} is no object")
    hints = _hints(kind)  # type: ignore[arg-type] # every class is hashable
    named = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type] # only dataclasses are asked for
        if field.name in values:
            named[field.name] = _read(hints[field.name], values[field.name], f"{kind.__name__}.{field.name}")
    try:
        return kind(**named)
    except TypeError as error:
        raise ValueError(f"{kind.__name__}: {error}") from None


@functools.cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _read(hint: Any, value: Any, place: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        return _one_of(parts, value, place)
    if origin is tuple:
        return _several(parts, value, place)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        _known(isinstance(value, Mapping), value, place)
        return {str(name): _read(parts[1], one, place) for name, one in value.items()}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, value)
    return _plain(hint, value, place)


def _plain(hint: Any, value: Any, place: str) -> Any:
    if get_origin(hint) is Literal:
        return _known(value in get_args(hint), value, place)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = isinstance(value, hint) and not (hint is int and isinstance(value, bool))
    return _known(fits, value, place)


def _one_of(hints: tuple[Any, ...], value: Any, place: str) -> Any:
    if value is None and type(None) in hints:
        return None
    named = value.get(KIND) if isinstance(value, Mapping) else None
    for hint in hints:
        if dataclasses.is_dataclass(hint) and hint.__name__ == named:  # type: ignore[union-attr] # a class, by then
            return _read(hint, value, place)
    for hint in hints:
        if hint is not type(None) and not dataclasses.is_dataclass(hint):
            return _read(hint, value, place)
    single = [hint for hint in hints if hint is not type(None)]
    _known(len(single) == 1, value, place)
    return _read(single[0], value, place)


def _several(parts: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    """`tuple[X, ...]`, or a tuple of just these parts."""
    _known(isinstance(value, list), value, place)
    if len(parts) == 2 and parts[1] is Ellipsis:
        return tuple(_read(parts[0], one, place) for one in value)
    _known(len(value) == len(parts), value, place)
    return tuple(_read(part, one, place) for part, one in zip(parts, value, strict=True))


def _known(fits: bool, value: Any, place: str) -> Any:
    if not fits:
        raise ValueError(f"{place} can't be {str(value)[:60]!r}")
    return value

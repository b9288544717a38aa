"""JSON → frozen dataclasses, by the types of their fields: unknown fields are left, missing ones are named."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from .errors import BadAnswer

T = TypeVar("T")


def read(kind: type[T], values: object) -> T:
    """`values` (a parsed JSON object) as a `kind`; `BadAnswer` names the fields that are missing or of another type."""
    if not isinstance(values, Mapping):
        raise _wrong(kind, "is no JSON object", values)
    hints = _hints(kind)  # type: ignore[arg-type] # every class is hashable
    fields = [field for field in dataclasses.fields(kind) if field.init]  # type: ignore[arg-type]
    missing = [field.name for field in fields if _required(field) and field.name not in values]
    if missing:
        raise _wrong(
            kind, f"lacks {', '.join(missing)}", f"it has {', '.join(map(str, values)) or 'nothing'}"
        )
    named = {}
    for field in fields:
        if field.name in values:
            try:
                named[field.name] = _converted(hints[field.name], values[field.name])
            except (TypeError, ValueError):
                raise _wrong(kind, f"has a {field.name} of the wrong kind", values[field.name]) from None
    return kind(**named)


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


@functools.cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _converted(hint: Any, value: Any) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin is Union:  # only Optional[...] is used
        return None if value is None else _converted(parts[0], value)
    if origin is tuple:
        return _sequence(parts, value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {str(name): _converted(parts[1], part) for name, part in dict(value).items()}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        own = getattr(hint, "from_json", None)
        return own(value) if own is not None else read(hint, value)
    return _plain(hint, value)


def _sequence(parts: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    """`tuple[X, ...]`, or a tuple of just these parts."""
    if not isinstance(value, (list, tuple)):
        raise TypeError(value)
    if len(parts) == 2 and parts[1] is Ellipsis:
        return tuple(_converted(parts[0], part) for part in value)
    if len(value) != len(parts):
        raise ValueError(value)
    return tuple(_converted(part, one) for part, one in zip(parts, value))


def _plain(hint: Any, value: Any) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise TypeError(value)
    return value


def _wrong(kind: type[Any], what: str, value: object) -> BadAnswer:
    return BadAnswer(
        f"the service's answer about {kind.__name__} {what}",
        value=value,
        remedy="client and engine may be of different versions: update the older one",
    )

"""Server-sent events: pieces of a stream in, whole events out (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .errors import BadAnswer

_MOST_LETTERS = 1024 * 1024  # of one event: nothing a job tells comes near


@dataclass(frozen=True)
class Event:
    """One event: its `name` ("message" if it has none), its `data`, and the id to go on after."""

    name: str
    data: str
    id: str

    def parsed(self) -> Any:
        """The data as JSON; `BadAnswer` for anything else."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError) as error:
            raise BadAnswer(
                "an event of the service isn't JSON", value=f"{error}: {self.data[:80]}"
            ) from None


def events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """The events of a stream in the order in which they end; one that is cut off is dropped, as the standard says."""
    name, last = "", ""
    data: list[str] = []
    for line in _lines(pieces):
        if not line:
            if data:
                yield Event(name or "message", "\n".join(data), last)
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "data":
            data.append(value)
            _check_length(sum(map(len, data)))
        elif field == "event":
            name = value
        elif field == "id" and "\0" not in value:
            last = value


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines without their ends (LF, CRLF or CR); letters cut between pieces are put together again."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    for piece in pieces:
        rest += decoder.decode(piece)
        _check_length(len(rest))
        whole = rest[:-1] if rest.endswith("\r") else rest  # its LF may come with the next piece
        lines = whole.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        rest = lines.pop() + rest[len(whole) :]
        yield from lines


def _check_length(letters: int) -> None:
    if letters > _MOST_LETTERS:
        raise BadAnswer("an event of the service has no end", value=f"{letters:,} letters")

"""The columns of tower files, and whether the engine knows them without being told what they are."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_LINES = 5
MOST_LETTERS = 100_000
"""Of a line: what is longer is no table."""
OURS = frozenset({"site", "date", "gpp", "unit"})
"""Columns of the table that `phenolens towers` writes."""
ONEFLUX = ("GPP_NT_", "GPP_DT_", "NEE_VUT_", "NEE_CUT_")
"""Beginnings of columns that files of the networks have."""


@dataclass(frozen=True)
class Column:
    """Its name, and its first values."""

    name: str
    examples: tuple[str, ...] = ()


def unknown_table(files: Sequence[str]) -> tuple[str, tuple[Column, ...]] | None:
    """The first file whose columns somebody has to explain, and its columns; `OSError`, `ValueError` where it is none.

    In a thread. Zips are those of the networks."""
    for file in files:
        if Path(file).suffix.lower() != ".zip":
            columns = columns_of(Path(file))
            if not is_known([column.name for column in columns]):
                return file, columns
    return None


def columns_of(path: Path) -> tuple[Column, ...]:
    """Of the first line, with examples from those that follow."""
    head, *rows = list(_lines(path)) or [""]
    mark = max(",;\t", key=lambda one: len(next(csv.reader([head], delimiter=one), [])))
    names = [name.strip() for name in next(csv.reader([head], delimiter=mark), [])]
    if len(names) < 2:
        raise ValueError(head[:80])
    cells = list(csv.reader(rows, delimiter=mark))
    return tuple(
        Column(name, tuple(row[number].strip() for row in cells if len(row) > number))
        for number, name in enumerate(names)
    )


def is_known(names: Sequence[str]) -> bool:
    """Whether the engine reads a table with such a header as it is."""
    timed = "TIMESTAMP" in names or "TIMESTAMP_START" in names
    return set(names) >= OURS or (timed and any(name.startswith(ONEFLUX) for name in names))


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for _ in range(MOST_LINES):
            line = file.readline(MOST_LETTERS).rstrip("\r\n")
            if "\0" in line:
                raise ValueError("\\0")
            if line:
                yield line

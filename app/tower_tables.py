"""The columns of tower files, and whether the engine knows them without being told what they are."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .recipe import TowerColumns

MOST_LINES = 5
MOST_LETTERS = 100_000
"""Of a line: what is longer is no table."""
OURS = frozenset({"site", "date", "gpp", "unit"})
"""Columns of the table that `phenolens towers` writes."""
ONEFLUX = ("GPP_NT_", "GPP_DT_", "NEE_VUT_", "NEE_CUT_")
"""Beginnings of columns that files of the networks have."""
NAMED = re.compile(r"(?:^|_)([A-Z]{2}-[A-Za-z0-9]{3})_")
"""Where names of files tell their site, as the engine reads them."""


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


def sites_named(files: Sequence[str], columns: TowerColumns | None) -> frozenset[str] | None:
    """The sites that the files have fluxes of; None where they don't say.

    In a thread: tables with a column of sites are read to their end. `OSError`, `ValueError` or `BadZipFile` for what
    can't be read."""
    if not files:
        return None
    found: set[str] = set()
    for file in map(Path, files):
        column = columns.site_column if columns is not None else "site"
        if file.suffix.lower() == ".zip":
            with zipfile.ZipFile(file) as archive:
                found |= {match[1] for name in archive.namelist() if (match := _named(name))}
        elif column and (columns is not None or set(_header(file)[0]) >= OURS):
            found |= _values(file, column)
        elif columns is not None and columns.site:
            found.add(columns.site)
        elif match := _named(file.name):
            found.add(match[1])
        else:
            return None
    return frozenset(found)


def _named(file: str) -> re.Match[str] | None:
    return NAMED.search(PurePosixPath(file).name)


def _header(path: Path) -> tuple[list[str], str]:
    """Names of columns, and what stands between them."""
    head = next(_lines(path), "")
    mark = max(",;\t", key=lambda one: len(next(csv.reader([head], delimiter=one), [])))
    return [name.strip() for name in next(csv.reader([head], delimiter=mark), [])], mark


def _values(path: Path, column: str) -> set[str]:
    names, mark = _header(path)
    number = names.index(column)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.reader(file, delimiter=mark)
        next(rows, None)
        return {row[number].strip() for row in rows if len(row) > number}


def columns_of(path: Path) -> tuple[Column, ...]:
    """Of the first line, with examples from those that follow."""
    head, *rows = list(_lines(path)) or [""]
    names, mark = _header(path)
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

"""Tables as people hand them over: CSV in its dialects, zipped or with a BOM, and Parquet."""

import codecs
import csv
import io
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from .errors import InputError

Source = Path | io.BytesIO
LONGEST_HEADER = 1_000_000
"""Bytes."""
DECIMAL_COMMA = r"[+-]?\d+(?:,\d+)?(?:[eE][+-]?\d+)?"


def read_table(path: Path, *, error: type[InputError] = InputError, text: Iterable[str] = ()) -> pd.DataFrame:
    """A CSV (comma, semicolon or tab; BOM or none) or Parquet file as a frame; the columns in `text` stay text.

    An `error` where there is no such file, or none that can be read."""
    if not path.is_file():
        raise error("there is no such file", value=path, remedy="check the path")
    try:
        if path.suffix.lower().endswith("parquet"):
            return pd.read_parquet(path)
        return read_csv(path, text)
    except ImportError as cause:
        raise error(
            "Parquet files need a library that is not installed", value=path, remedy="pip install pyarrow"
        ) from cause
    except (ValueError, OSError) as cause:  # pandas and pyarrow derive their parser errors from these
        raise error("the table can't be read", value=path, remedy=str(cause)) from cause


def read_csv(source: Source, text: Iterable[str] = (), only: Collection[str] | None = None) -> pd.DataFrame:
    """A CSV with the separator that its first line shows, whole or `only` some columns; `ValueError` if it is none."""
    data = io.BytesIO(source.read_bytes()) if isinstance(source, Path) else source
    encoding = _encoding(data.getvalue())
    first = next(iter(data.getvalue()[:LONGEST_HEADER].decode(encoding, "ignore").splitlines()), "")
    if not first.strip() or "\0" in first:
        raise ValueError("the file holds no table")
    mark, as_text = _separator(first), set(text)
    table = pd.read_csv(
        data,
        sep=mark,
        encoding=encoding,
        dtype=dict.fromkeys(as_text, "str"),
        usecols=None if only is None else only.__contains__,
        skipinitialspace=True,
        low_memory=False,  # else a column can change its type from one piece of the file to the next
    )
    return table if mark == "," else _with_decimal_commas(table, as_text)


def _encoding(content: bytes) -> str:
    """UTF-8 wherever it can be that; else what Excel writes in the west of Europe."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _with_decimal_commas(table: pd.DataFrame, as_text: Collection[str]) -> pd.DataFrame:
    """What spreadsheets of most of Europe write: columns of nothing but 3,14 and -2 are numbers."""
    for name in table.columns:
        values = table[name]
        if name in as_text or not pd.api.types.is_string_dtype(values.dropna()):
            continue
        known = values.dropna().astype("str").str.strip()
        if len(known) and known.str.fullmatch(DECIMAL_COMMA).all():
            table[name] = pd.to_numeric(values.str.strip().str.replace(",", ".", regex=False))
    return table


def _separator(line: str) -> str:
    """The one that splits the header into most columns, quoted ones counting once."""
    return max(",;\t", key=lambda mark: len(next(csv.reader([line], delimiter=mark))))


def need_columns(frame: pd.DataFrame, wanted: Iterable[str], error: type[InputError] = InputError) -> None:
    """An `error` that names the columns that exist, where a wanted one doesn't."""
    for name in wanted:
        if name not in frame.columns:
            existing = ", ".join(map(str, frame.columns[:40]))
            more = f" and {len(frame.columns) - 40} more" if len(frame.columns) > 40 else ""
            raise error("there is no such column", value=name, remedy=f"columns are {existing}{more}")


ISO_DAY = r"\d{4}(?:-\d{2}(?:-\d{2}(?:[T ].*)?)?|\d{4}(?:\d{4})?|/\d{2}/\d{2})?(?:\.0)?"
"""A year, year-month or day, the year first: 03/05/2020 is another day in another country, and none here."""
DOTTED_DAY = r"^(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)"
"""Day, month, year: with dots nobody writes the month first."""


def day_text(values: pd.Series) -> pd.Series:
    """Dates as text, missing where empty; whole numbers as their digits (2021, 20210503), never as nanoseconds."""
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%dT%H:%M:%S%z")
    if pd.api.types.is_float_dtype(values):
        values = values.astype("Int64")
    text = values.astype("string").str.strip()
    return text.mask(text == "")


def days_of(values: pd.Series) -> npt.NDArray[np.datetime64]:
    """[row] datetime64[D] of dates that begin with the year or are written with dots; NaT for anything else."""
    text = year_first(day_text(values))
    read = text.where(text.str.fullmatch(ISO_DAY))
    moments = pd.to_datetime(read, errors="coerce", format="mixed", utc=True).dt.tz_localize(None)
    days: npt.NDArray[np.datetime64] = moments.to_numpy().astype("datetime64[D]")
    return days


def year_first(text: pd.Series) -> pd.Series:
    """Text with days that are written with dots (3.5.2020) as others are (2020-05-03)."""
    return text.str.replace(DOTTED_DAY, lambda day: f"{day[3]}-{day[2]:0>2}-{day[1]:0>2}", regex=True)

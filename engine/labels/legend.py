"""Class values of a column → class codes, names and colours."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..classes import DISTINCT, LARGEST_CODE, ClassTable, LandClass
from ..errors import InputError, LabelError
from ..tablefile import read_table

ZERO, MISSING, UNLISTED = (
    "of class 0, which means nodata",
    "without a class",
    "of a class that the class table lacks",
)


@dataclass(frozen=True)
class Entry:
    """A line of a class table file, which says how a value of the data is called and drawn."""

    value: str
    """As it stands in the data."""
    code: int | None
    name: str
    colour: str | None


@dataclass(frozen=True, eq=False)
class Classified:
    """Class codes of features."""

    table: ClassTable
    y: npt.NDArray[np.int64]
    """[feature]; 0 where `why` tells why there is none."""
    why: npt.NDArray[Any]
    notes: tuple[str, ...]


def read_class_file(path: Path) -> tuple[Entry, ...]:
    """The classes of a CSV, or of a JSON list, with `code` or `name` (or both), and optional `value`, `colour`.

    `value` is what stands in the data, where that is neither code nor name."""
    rows = _json_rows(path) if path.suffix.lower() == ".json" else _csv_rows(path)
    entries = tuple(_entry({str(k).lower(): v for k, v in row.items()}, path) for row in rows)
    if not entries:
        raise LabelError("the class table is empty", value=path)
    return entries


def _json_rows(path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise LabelError("the class table can't be read", value=path, remedy=str(error)) from error
    rows = content.get("classes") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise LabelError(
            "the class table is no list of classes", value=path, remedy='[{"code": 1, "name": "wheat"}]'
        )
    return rows


def _csv_rows(path: Path) -> Sequence[Mapping[str, Any]]:
    frame = read_table(path, error=LabelError)
    return [{str(k): v for k, v in row.items() if pd.notna(v)} for row in frame.to_dict("records")]


def _entry(row: Mapping[str, Any], path: Path) -> Entry:
    code, name = row.get("code"), row.get("name")
    if code is None and name is None:
        raise LabelError("a class has neither code nor name", value=f"{path.name}: {dict(row)}")
    try:
        number = None if code is None else int(code)
    except ValueError as error:
        raise LabelError("a class code is no whole number", value=code) from error
    value = row.get("value", name if number is None else number)
    colour = row.get("colour", row.get("color"))
    return Entry(
        _key(value),
        number,
        str(name if name is not None else number),
        None if colour is None else str(colour),
    )


def classify(
    values: pd.Series,
    *,
    entries: Sequence[Entry] = (),
    colours: pd.Series | None = None,
    zero_is_class: bool = False,
) -> Classified:
    """Codes of a column of text or whole numbers; numbers from 1 to 254 stay what they are.

    `LabelError` for fractions, more than 254 classes, or none at all."""
    keys = _keys(values)
    why = np.where(keys == "", MISSING, "").astype(object)
    whole = all(re.fullmatch(r"-?\d+", key) for key in keys[keys != ""])
    notes: tuple[str, ...] = ()
    if whole and not zero_is_class and (keys == "0").any():
        why[keys == "0"] = ZERO
        notes += (
            f"{(keys == '0').sum()} features of class 0 were dropped, since 0 means nodata; it can be kept by asking",
        )
    listed = _matched(entries, keys[why == ""]) if entries else _found(keys[why == ""], whole)
    why[(why == "") & ~np.isin(keys, list(listed))] = UNLISTED
    codes, remapped = _codes(listed)
    drawn, more = _colours(keys, colours) if colours is not None else ({}, ())
    table = _table(listed, codes, drawn)
    y = np.array([codes[key] if not reason else 0 for key, reason in zip(keys, why, strict=True)], np.int64)
    return Classified(table, y, why, notes + remapped + more)


def _keys(values: pd.Series) -> npt.NDArray[Any]:
    """[feature] values as text, whole floats without their `.0`; empty where missing."""
    if pd.api.types.is_float_dtype(values):
        known = values[np.isfinite(values)]
        if (known != np.floor(known)).any():
            remedy = "give it as the value column (regression), or name another class column"
            raise LabelError("the class column holds fractions", value=known.iloc[0], remedy=remedy)
    return np.array([_key(value) for value in values], object)


def _key(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    return str(int(value)) if isinstance(value, float) else str(value).strip()


def _found(keys: npt.NDArray[Any], whole: bool) -> dict[str, Entry]:
    """Classes as they occur, in the order of their numbers or names."""
    present = sorted(set(keys), key=(lambda key: (int(key), key)) if whole else None)
    return {key: Entry(key, int(key) if whole else None, key, None) for key in present}


def _matched(entries: Sequence[Entry], keys: npt.NDArray[Any]) -> dict[str, Entry]:
    """Entries by the value in the data: as listed, else by name."""
    by_value = {entry.value: entry for entry in entries}
    by_name = {entry.name: entry for entry in entries}
    chosen = (
        by_value if np.isin(keys, list(by_value)).sum() >= np.isin(keys, list(by_name)).sum() else by_name
    )
    if not np.isin(keys, list(chosen)).any():
        value = ", ".join(sorted(set(keys))[:8])
        raise LabelError("no label is of a class in the class table", value=value, remedy=", ".join(chosen))
    return chosen


def _codes(listed: Mapping[str, Entry]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Code by value in the data: kept where all fit, else numbered from 1 in their order, which is said."""
    if not listed:
        raise LabelError("no label has a class", remedy="check the class column")
    if len(listed) > LARGEST_CODE:
        remedy = "name a coarser column, or give it as the value column (regression)"
        raise LabelError(f"there are more than {LARGEST_CODE} classes", value=len(listed), remedy=remedy)
    given = {key: entry.code for key, entry in listed.items()}
    fits = all(code is not None and 1 <= code <= LARGEST_CODE for code in given.values())
    if fits:
        return {key: int(code) for key, code in given.items() if code is not None}, ()
    codes = {key: number + 1 for number, key in enumerate(listed)}
    shown = ", ".join(f"{key} → {code}" for key, code in list(codes.items())[:12])
    more = f" and {len(codes) - 12} more" if len(codes) > 12 else ""
    numbered = any(code is not None for code in given.values())
    reason = "codes outside 1 to 254 were replaced" if numbered else "text classes were numbered"
    return codes, (f"{reason}: {shown}{more}",)


def _table(listed: Mapping[str, Entry], codes: Mapping[str, int], drawn: Mapping[str, str]) -> ClassTable:
    try:
        return ClassTable(
            tuple(
                LandClass(
                    codes[key],
                    entry.name,
                    _hex(entry.colour) or drawn.get(key) or DISTINCT[number % len(DISTINCT)],
                )
                for number, (key, entry) in enumerate(listed.items())
            )
        )
    except InputError as error:
        raise LabelError(error.cause, value=error.value, remedy=error.remedy) from error


def _colours(keys: npt.NDArray[Any], given: pd.Series) -> tuple[dict[str, str], tuple[str, ...]]:
    """The most frequent readable colour of each class."""
    frame = pd.DataFrame({"key": keys, "colour": [_hex(None if pd.isna(c) else str(c)) for c in given]})
    counts = frame.dropna().value_counts().reset_index()
    several = counts["key"][counts["key"].duplicated()].unique()
    notes: list[str] = []
    if len(several):
        notes.append(f"classes with several colours got the most frequent: {', '.join(several)}")
    unreadable = int((frame["colour"].isna() & given.notna().to_numpy()).sum())
    if unreadable:
        notes.append(f"{unreadable} colours could not be read: write them as #rrggbb or r,g,b")
    first = counts.drop_duplicates("key")
    return dict(zip(first["key"], first["colour"], strict=True)), tuple(notes)


def _hex(colour: str | None) -> str | None:
    """`#rrggbb` of `#rrggbb`, `rrggbb`, `#rrggbbaa` or `r,g,b`; None for anything else."""
    text = (colour or "").strip()
    if match := re.fullmatch(r"#?([0-9a-fA-F]{6})(?:[0-9a-fA-F]{2})?", text):
        return f"#{match[1].lower()}"
    parts = re.fullmatch(r"\(?(\d{1,3})[, ]+(\d{1,3})[, ]+(\d{1,3})(?:[, ]+\d+)?\)?", text)
    if parts and all(int(part) < 256 for part in parts.groups()):
        return "#" + "".join(f"{int(part):02x}" for part in parts.groups())
    return None

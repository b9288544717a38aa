"""The response form: sample units as GeoPackage and CSV for the interpreter, and the filled form read back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from ..classes import ClassTable
from ..errors import InputError
from ..export.staging import whole_set
from ..tablefile import need_columns, read_table
from .sample import AreaSample

Codes = npt.NDArray[np.int64]

LAYER = "units"
ANSWERS = ("reference", "confidence", "note")
"""Columns that the interpreter fills; `reference` takes a class's code or name, empty = couldn't tell."""


@dataclass(frozen=True)
class FormFiles:
    """What the interpreter gets, and the design that stays with whoever estimates."""

    geopackage: Path
    form: Path
    design: Path

    @classmethod
    def at(cls, stem: Path) -> "FormFiles":
        return cls(*(stem.with_name(f"{stem.name}{end}") for end in (".gpkg", ".csv", ".design.json")))

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        return self.geopackage, self.form, self.design


@dataclass(frozen=True, eq=False)
class Filled:
    """The units of a form that have a reference, and what became of the others."""

    stratum: Codes
    shown: Codes
    """Class that the map shows, [unit]."""
    reference: Codes
    drawn: Mapping[int, int]
    """Units in the sample, by stratum."""
    answered: Mapping[int, int]
    """Units with a reference, by stratum."""
    confidence: Mapping[str, int]
    """Answered units by stated confidence."""

    @property
    def empty(self) -> int:
        """Units without a reference."""
        return sum(self.drawn.values()) - sum(self.answered.values())


def write_form(sample: AreaSample, stem: Path, *, show: bool = False, overwrite: bool = False) -> FormFiles:
    """Write STEM.gpkg (points and pixel outlines), STEM.csv and STEM.design.json, all or none.

    Stratum and map class are in the form only where `show`: an interpreter who knows them is led by them."""
    files = FormFiles.at(stem)
    table = _table(sample, show)
    x, y = sample.xy
    wide, high = abs(sample.grid.transform.a) / 2, abs(sample.grid.transform.e) / 2
    points = geopandas.GeoDataFrame(table, geometry=shapely.points(x, y), crs=sample.grid.crs)
    squares = shapely.box(x - wide, y - high, x + wide, y + high)
    outlines = geopandas.GeoDataFrame(table[["id"]], geometry=squares, crs=sample.grid.crs)
    with whole_set(files.paths, overwrite=overwrite) as staged:
        points.to_file(staged[files.geopackage], layer=LAYER, driver="GPKG")
        outlines.to_file(staged[files.geopackage], layer="pixels", driver="GPKG")
        # with a BOM: without it spreadsheets take UTF-8 for the local encoding
        table.to_csv(staged[files.form], index=False, encoding="utf-8-sig")
        staged[files.design].write_text(_json(sample.to_dict()), encoding="utf-8")
    return files


def read_form(path: Path, sample: AreaSample) -> Filled:
    """The filled form (CSV, or the GeoPackage filled in a GIS), matched with its sample by id.

    `InputError` where ids are unknown or there twice, points lie elsewhere than the sample's, a reference is no
    class of the map, or none is given."""
    # lines of separators alone: spreadsheets leave them where rows were
    frame = _read(path).dropna(how="all")
    need_columns(frame, ("id", "reference"))
    index = _units(frame, sample)
    _check_places(frame, sample, index)
    text = frame["reference"].fillna("").astype(str).str.strip()
    given = (text != "").to_numpy()
    if not given.any():
        raise InputError("the form holds no reference", value=path, remedy=_where_to_fill(path))
    reference = _codes(text[given], sample.classes)
    chosen = index[given]
    stated = frame["confidence"] if "confidence" in frame else pd.Series("", index=frame.index)
    words = stated[given].fillna("").astype(str).str.strip().str.lower().replace("", "not stated")
    answered = sample.stratum[chosen]
    return Filled(
        answered,
        sample.shown[chosen],
        reference,
        _tally(sample.stratum, sample.pixels),
        _tally(answered, sample.pixels),
        {str(word): int(number) for word, number in words.value_counts().items()},
    )


def _table(sample: AreaSample, show: bool) -> pd.DataFrame:
    lon, lat = sample.lonlat
    x, y = sample.xy
    places = {"id": sample.ids, "lon": lon.round(7), "lat": lat.round(7), "x": x.round(2), "y": y.round(2)}
    known: dict[str, Any] = {}
    if show:
        known = {"stratum": [sample.strata[code].name for code in sample.stratum.tolist()]}
        known |= {"map_class": [sample.classes[code].name for code in sample.shown.tolist()]}
    return pd.DataFrame({**places, **known, **dict.fromkeys(ANSWERS, "")})


def _json(content: Mapping[str, Any]) -> str:
    """Units one per line, so that the file can be read and compared."""
    units = ",\n    ".join(json.dumps(unit) for unit in content["units"])
    head = json.dumps({**content, "units": []}, indent=2, ensure_ascii=False)
    return head.replace('"units": []', f'"units": [\n    {units}\n  ]') + "\n"


def _read(path: Path) -> pd.DataFrame:
    if path.suffix.lower() != ".gpkg":
        return read_table(path, text=ANSWERS)
    try:
        return pd.DataFrame(geopandas.read_file(path, layer=LAYER).drop(columns="geometry"))
    except Exception as error:  # pyogrio and GDAL raise many kinds; all mean one thing here
        raise InputError("the form can't be read", value=path, remedy=str(error)) from error


def _where_to_fill(form: Path) -> str:
    """Points may have been filled in a GIS, and the table beside them left as it was."""
    remedy, points = "fill the column reference", form.with_suffix(".gpkg")
    beside = form != points and points.is_file()
    return f"{remedy}, or give {points.name} if that is what was filled" if beside else remedy


def _units(frame: pd.DataFrame, sample: AreaSample) -> Codes:
    """Index into the sample of every row of the form."""
    ids = pd.to_numeric(frame["id"], errors="coerce")
    strange = [str(one) for one in frame["id"][~ids.isin(sample.ids)]]
    if strange:
        raise InputError(
            "the form has ids that the sample lacks",
            value=", ".join(strange[:10]),
            remedy="give the design that was written with this form",
        )
    twice = sorted(set(ids[ids.duplicated()].astype(int).tolist()))
    if twice:
        raise InputError("the form has ids twice", value=", ".join(map(str, twice[:10])))
    return np.asarray(ids, dtype=np.int64) - 1


def _check_places(frame: pd.DataFrame, sample: AreaSample, index: Codes) -> None:
    """Ids count from 1 in every sample: where its points lie tells whose form it is, as far as the form says so."""
    if not {"x", "y"} <= set(frame):
        return
    half_pixels = np.abs([sample.grid.transform.a, sample.grid.transform.e]) / 2
    told = np.column_stack([pd.to_numeric(frame[axis], errors="coerce") for axis in ("x", "y")])
    away = np.abs(told - np.column_stack(sample.xy)[index]) > half_pixels  # what can't be read is not away
    elsewhere = sorted((index[away.any(axis=1)] + 1).tolist())
    if elsewhere:
        raise InputError(
            "the form's points lie elsewhere than those of this sample",
            value=f"{len(elsewhere)} of {len(frame)}: id {', '.join(map(str, elsewhere[:10]))}",
            remedy="give the form of this sample, or choose the sample that the form is of",
        )


def _codes(text: pd.Series, classes: ClassTable) -> Codes:
    """Class codes of references written as codes or names, in any case."""
    known = {c.name.strip().lower(): c.code for c in classes} | {str(code): code for code in classes.codes}
    # a spreadsheet makes 3.0 of 3 where cells of the column are empty
    keys = text.str.lower().str.replace(r"^(\d+)[.,]0+$", r"\1", regex=True)
    strange = sorted(set(text[~keys.isin(list(known))]))
    if strange:
        raise InputError(
            "references are no class of the map",
            value=", ".join(strange[:10]),
            remedy="write "
            + ", ".join(f"{c.code} or {c.name}" for c in classes)
            + "; leave empty what can't be told, but not what the map has no class for: its class table needs it "
            "before a sample is drawn",
        )
    return np.asarray(keys.map(known), dtype=np.int64)


def _tally(strata: Codes, pixels: Mapping[int, int]) -> dict[int, int]:
    return {code: int((strata == code).sum()) for code in pixels}

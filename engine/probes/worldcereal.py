"""WorldCereal extractions → `SampleTable`: Sentinel-1/2 and weather composites at labelled points."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import ProbeError
from ..tablefile import need_columns, read_table
from .tables import ImportedTable, TableColumns, table_from_frame

NODATA = 65535
LARGEST_DN = 20_000  # reflectance 2: above lie averages that took nodata for a value
_LONG = {
    **{
        f"S2-L2A-B{band}": f"B{band}" for band in ("02", "03", "04", "05", "06", "07", "08", "8A", "11", "12")
    },
    "S1-SIGMA0-VV": "VV",
    "S1-SIGMA0-VH": "VH",
    "AGERA5-TMEAN": "tmean",
    "AGERA5-PRECIP": "precipitation",
}
_WIDE = {"temperature_mean": "tmean", "precipitation_flux": "precipitation"}
BLOCK_OF = {"VV": "radar", "VH": "radar", "tmean": "weather", "precipitation": "weather"}
"""Origin of a quantity; all others are `bands`."""

LAND_COVER = {
    "11": "temporary crops",
    "12": "permanent crops",
    "2000": "grassland",
    "2001": "grassland",
    "2002": "wetland",
    "25": "shrubland",
    "4": "trees",
    "6": "built-up",
}
"""Names by leading digits of the ten-digit WorldCereal code; a code that none matches is dropped."""


def worldcereal_table(path: Path, *, digits: int | None = None) -> ImportedTable:
    """The points of one WorldCereal table, one row per point, one feature per quantity and composite (`B04 t3`).

    Blocks: `bands` (reflectance 0-1), `radar` (dB), `indices` (NDVI), `weather` (°C, mm). Response: land cover by
    `LAND_COVER`, or, with `digits`, the leading digits of the crop code (`LC 11` of tables
    with the older legend). The day is the label's validity date, the span that of the composites. A quantity that
    the table lacks throughout (B8A in some) is left out."""
    frame = read_table(path, error=ProbeError)
    if "timestamp" in frame:
        frame = _widened(frame)
    series, features = _features(frame)
    about = _about(frame, digits)
    columns = TableColumns(
        response="class",
        task="classification",
        name="land cover" if digits is None else f"crop code, {digits} digits",
        blocks=features,
        keys={"region": "ref_id", "cell": "cell"},
        day="day",
        span=("start_date", "end_date"),
        lonlat=("lon", "lat"),
    )
    return table_from_frame(pd.concat([about, series], axis=1), columns)


def _widened(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per point from one row per point and composite; composites that a point lacks become nodata."""
    step = {time: number for number, time in enumerate(sorted(frame["timestamp"].unique()))}
    quantities = [name for name in _LONG if name in frame]
    stacked = frame.assign(step=frame["timestamp"].map(step)).set_index(["sample_id", "step"])[quantities]
    wide = stacked.unstack("step", fill_value=NODATA)
    wide.columns = [f"{_LONG[quantity]}-ts{number}" for quantity, number in wide.columns]
    first = frame.drop(columns=[*quantities, "timestamp"]).drop_duplicates("sample_id").set_index("sample_id")
    return first.join(wide).reset_index()


def _features(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Sequence[str]]]:
    """Scaled columns `B04 t3`, and their names by block."""
    found: dict[str, npt.NDArray[np.float64]] = {}
    for column in frame.columns:
        match = re.fullmatch(r"(?:(?:OPTICAL|SAR|METEO)-)?(\w+)-ts(\d+)(?:-\d+m)?", str(column))
        if match:
            quantity = _WIDE.get(match[1], match[1])
            found[f"{quantity} t{match[2]}"] = _scaled(quantity, frame[column].to_numpy(np.float64))
    if not found:
        raise ProbeError(
            "the table holds no WorldCereal series", remedy="columns such as OPTICAL-B04-ts0-10m"
        )
    found |= _ndvi(found)
    kept = {name: values for name, values in found.items() if np.isfinite(values).any()}
    blocks: dict[str, list[str]] = {}
    for name in sorted(kept, key=lambda n: (n.split(" t")[0], int(n.split(" t")[1]))):
        origin = "indices" if name.startswith("NDVI") else BLOCK_OF.get(name.split(" ")[0], "bands")
        blocks.setdefault(origin, []).append(name)
    return pd.DataFrame(kept, index=frame.index), dict(blocks)


def _scaled(quantity: str, stored: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Reflectance 0-1, backscatter in dB (20 log10 DN - 83), °C, mm; NaN for nodata."""
    values = np.where((stored == NODATA) | (stored < 0), np.nan, stored)
    if quantity in ("VV", "VH"):
        return 20 * np.log10(np.where(values > 0, values, np.nan)) - 83
    if quantity == "tmean":
        return np.where(values > 0, values, np.nan) / 100 - 273.15
    if quantity == "precipitation":
        return values / 100
    return np.where(values <= LARGEST_DN, values, np.nan) * 1e-4


def _ndvi(found: dict[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
    steps = [name.split(" ")[1] for name in found if name.startswith("B04 ")]
    out = {}
    for step in (step for step in steps if f"B08 {step}" in found):
        red, infrared = found[f"B04 {step}"], found[f"B08 {step}"]
        total = infrared + red
        out[f"NDVI {step}"] = (infrared - red) / np.where(total > 0, total, np.nan)
    return out


def _about(frame: pd.DataFrame, digits: int | None) -> pd.DataFrame:
    """What a sample is, where and when, under the same names for every kind of table."""
    when = "valid_time" if "valid_time" in frame else "valid_date"
    legend = "LANDCOVER_LABEL" if "LANDCOVER_LABEL" in frame else "ewoc_code"  # the older, two-digit legend
    need_columns(frame, (legend, "ref_id", "start_date", "end_date", "lon", "lat", when), ProbeError)
    cell = "h3_l3_cell" if "h3_l3_cell" in frame else "ref_id"
    about = frame[["ref_id", "start_date", "end_date", "lon", "lat"]].copy()
    codes = frame[legend].astype("int64").astype(str)
    about["class"] = "LC " + codes if legend != "ewoc_code" else codes.map(lambda code: _class(code, digits))
    return about.assign(cell=frame[cell].astype(str), day=frame[when])


def _class(code: str, digits: int | None) -> str | None:
    if digits is not None:
        return code[:digits]
    return next((name for start, name in LAND_COVER.items() if code.startswith(start)), None)

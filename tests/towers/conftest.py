"""Small tower files that follow the networks' formats to the letter: names, columns, BOM, −9999, zips.

Formats: Pastorello et al. (2020), Scientific Data 7, 225 (FLUXNET2015, ONEFlux); ICOS ETC L2 and AmeriFlux
FLUXNET products have the same columns under other file names."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

DAYS = 6


@pytest.fixture
def daily() -> pd.DataFrame:
    """A DD file: the third day is missing, the fifth mostly gap-filled."""
    gpp = np.array([1.0, 2.0, -9999, 4.0, 5.0, -0.2])
    return pd.DataFrame(
        {
            "TIMESTAMP": [20200101 + i for i in range(DAYS)],
            "TA_F": 5.0,
            "TA_F_QC": 0.1,  # the first column with QC in its name, and not the one that counts
            "NEE_VUT_REF": -gpp,
            "NEE_VUT_REF_QC": [1.0, 0.7, 1.0, 0.9, 0.69, 0.8],
            "GPP_NT_VUT_REF": gpp,
            "GPP_NT_VUT_05": np.where(gpp == -9999, -9999, gpp - 0.1),
            "GPP_NT_VUT_95": np.where(gpp == -9999, -9999, gpp + 0.1),
            "GPP_DT_VUT_REF": np.where(gpp == -9999, -9999, gpp * 2),
        }
    )


@pytest.fixture
def half_hourly() -> pd.DataFrame:
    """An HH file of two days: 10 µmol m-2 s-1 all day, then 20 with half of the half-hours poorly filled."""
    start = pd.date_range("2020-06-01", periods=96, freq="30min")
    flags = np.array([0, 1] * 24 + [0, 2] * 24)
    return pd.DataFrame(
        {
            "TIMESTAMP_START": start.strftime("%Y%m%d%H%M").astype("int64"),
            "TIMESTAMP_END": (start + pd.Timedelta("30min")).strftime("%Y%m%d%H%M").astype("int64"),
            "NEE_VUT_REF": -1.0,
            "NEE_VUT_REF_QC": flags,
            "GPP_NT_VUT_REF": np.repeat([10.0, 20.0], 48),
            "GPP_NT_VUT_95": 30.0,
        }
    )


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Write a frame as CSV: save("FLX_….csv", frame, encoding="utf-8-sig")."""

    def to_csv(name: str, frame: pd.DataFrame, **how: str) -> Path:
        path = tmp_path / name
        frame.to_csv(path, index=False, **how)
        return path

    return to_csv

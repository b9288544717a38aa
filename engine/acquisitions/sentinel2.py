"""Sentinel-2: digital numbers → bottom-of-atmosphere reflectance, and the scene classification mask."""

import numpy as np
import numpy.typing as npt

from ..errors import UnitError
from .modality import SENTINEL2
from .options import SCL_CLOUDY, ReadOptions
from .units import Encoding, Raw, Stated, first_given, unstated

HIGHEST_REFLECTANCE = 2.0
LOWEST_BRIGHTNESS = 0.002
_UNITLESS = {
    "1",
    "reflectance",
    "unitless",
    "dimensionless",
    "none",
    "boa reflectance",
    "surface reflectance",
    "sr",
}


def resolve_reflectance(stated: Stated, options: ReadOptions, sample: Raw, band: str, where: str) -> Encoding:
    """How one band's numbers become reflectance 0-1; `UnitError` where neither the file nor the user says."""
    nodata = stated.nodata + options.nodata
    if options.unit not in (None, "reflectance"):
        raise UnitError("Sentinel-2 values are reflectance", value=options.unit, remedy="leave the unit out")
    if options.scale is not None:
        offset = first_given(options.offset, stated.offset, 0.0)
        return Encoding("reflectance", options.scale, offset, nodata, "scale given")
    unit = (stated.unit or "").strip().lower()
    if stated.scale is not None and (unit in _UNITLESS or not unit):
        # CF: unpacked values without a unit are dimensionless, and reflectance is
        offset = first_given(options.offset, stated.offset, 0.0)
        return Encoding(
            "reflectance", stated.scale, offset, nodata, f"scale factor {stated.scale:g} in the file"
        )
    if not stated.is_integer and (unit in _UNITLESS or options.unit == "reflectance"):
        why = "unit given" if options.unit else f"unit {stated.unit!r} in the file"
        return Encoding("reflectance", 1.0, first_given(options.offset, 0.0), nodata, why)
    raise unstated(
        SENTINEL2, stated, sample, f"{where} ({band})", "scale and offset, or unit=reflectance for 0-1"
    )


def check_reflectance(values: npt.NDArray[np.float32], encoding: Encoding, where: str) -> None:
    """`UnitError` where more than 1 % of the sample is above 2, or all of it is black."""
    if not values.size:
        return
    remedy = "state the scale and offset, such as scale=0.0001 for DN"
    stated = f"scale {encoding.scale:g}, offset {encoding.offset:g}: {encoding.why}"
    if (values > HIGHEST_REFLECTANCE).mean() > 0.01:
        raise UnitError(
            f"reflectance in {where} can't be above {HIGHEST_REFLECTANCE:g}",
            value=f"{values.max():g}, median {np.median(values):g}, with {stated}",
            remedy=remedy,
        )
    if np.quantile(values, 0.99) < LOWEST_BRIGHTNESS:
        raise UnitError(
            f"reflectance in {where} can't all be below {LOWEST_BRIGHTNESS:g}",
            value=f"highest {values.max():g}, with {stated}",
            remedy=remedy,
        )


def scl_blocked(classes: Raw, invalid: frozenset[int]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Of scene classes: (not valid and its edges soft, so to be dilated; not valid, as it is)."""
    soft = np.isin(classes, sorted(invalid & SCL_CLOUDY))
    hard = np.isin(classes, sorted(invalid - SCL_CLOUDY))
    return soft, hard

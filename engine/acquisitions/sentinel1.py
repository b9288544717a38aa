"""Sentinel-1: linear power, dB or scaled amplitude → backscatter in dB."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..errors import UnitError
from .modality import SENTINEL1
from .options import ReadOptions
from .units import Encoding, Raw, Stated, first_given, unstated

PLAUSIBLE_DB = (-60.0, 40.0)  # noise floor and nadir glint leave room on both sides
_DB = {"db", "decibel", "decibels", "10*log10(linear)"}
_LINEAR = {"1", "linear", "power", "linear power", "intensity", "m2 m-2", "m2/m2", "m^2/m^2", "natural"}


def resolve_backscatter(stated: Stated, options: ReadOptions, sample: Raw, band: str, where: str) -> Encoding:
    """How one band's numbers become dB; `UnitError` where neither the file nor the user says."""
    nodata = stated.nodata + options.nodata
    unit, why = _unit(stated, options, sample, band)
    scaled = options.scale is not None or stated.scale is not None
    if options.unit == "reflectance":
        raise UnitError("Sentinel-1 has no reflectance", value=options.unit, remedy="give dB, linear or dn")
    if unit is None or (unit != "dn" and stated.is_integer and not scaled):
        needed = "unit=dB, linear or dn" + (
            ", and a scale, since these are integers" if stated.is_integer else ""
        )
        raise unstated(SENTINEL1, stated, sample, f"{where} ({band})", needed)
    scale = first_given(options.scale, stated.scale, 1.0)
    encoding = Encoding(unit, scale, first_given(options.offset, stated.offset, 0.0), nodata, why)
    _check_positive(encoding, sample, f"{where} ({band})")
    return encoding


def _check_positive(encoding: Encoding, sample: Raw, where: str) -> None:
    """`UnitError` where power or amplitude would be negative nearly everywhere: decoded, what is in dB would vanish
    without a word, as noise-subtracted zeros rightly do."""
    values, valid = replace(encoding, unit="dB").decode(sample)
    negative = values[valid & (values < -1)]  # no noise reaches that far
    mostly = negative.size > valid.sum() / 2
    # a single number is what stands for nothing
    if encoding.unit != "dB" and mostly and np.ptp(negative) > 0:
        raise UnitError(
            f"backscatter in {where} can't be that",
            value=f"{negative.min():g} to {negative.max():g}, read as {encoding.unit} ({encoding.why}), "
            "which has no negative values",
            remedy="state dB; add files in dB and others apart",
        )


def _unit(stated: Stated, options: ReadOptions, sample: Raw, band: str) -> tuple[str | None, str]:
    if options.unit is not None:
        return options.unit, "unit given"
    text = (stated.unit or "").strip().lower()
    if text in _DB or band.lower().endswith(("_db", "-db")):
        return "dB", f"{stated.unit or band!r} in the file"
    if text in _LINEAR:
        return "linear", f"unit {stated.unit!r} in the file"
    if stated.is_integer and stated.scale is None:
        return None, ""
    seen = Encoding("dB", stated.scale or 1.0, stated.offset or 0.0, stated.nodata + options.nodata)
    values, valid = seen.decode(sample)
    # not a guess: neither power nor amplitude can be negative, and land is below 0 dB nearly everywhere
    if not text and valid.any() and np.median(values[valid]) < -1:
        return "dB", "negative values, which only dB can have"
    return None, ""


def check_backscatter(values: npt.NDArray[np.float32], encoding: Encoding, where: str) -> None:
    """`UnitError` where more than 1 % of the sample is outside −60 to 40 dB, or nearly all above 0 dB."""
    if not values.size:
        return
    low, high = PLAUSIBLE_DB
    outside = ((values < low) | (values > high)).mean() > 0.01
    if outside or np.quantile(values, 0.05) > 0:
        raise UnitError(
            f"backscatter in {where} can't be that",
            value=f"{values.min():.1f} to {values.max():.1f} dB, median {np.median(values):.1f}, "
            f"read as {encoding.unit} with scale {encoding.scale:g} ({encoding.why})",
            remedy="state the unit: dB, linear or dn, and a scale if there is one",
        )

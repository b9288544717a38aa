"""Units of GPP: stated, converted, and held against what vegetation can do."""

import numpy as np
import numpy.typing as npt

from ..errors import TowerError

GPP_UNIT = "gC m-2 d-1"
MOLAR_UNIT = "umol m-2 s-1"
GRAMS_PER_DAY = 12.011e-6 * 86_400
"""gC m-2 d-1 of 1 µmol CO2 m-2 s-1 held for a day: 1.0378."""

# daily GPP of the most productive crops and forests stays below about 30 gC m-2 d-1
LARGEST_DAILY = 40.0
LARGEST_INSTANT = 100.0
"""µmol m-2 s-1, half-hourly."""
SMALLEST_YEARLY_PEAK = 0.05
"""gC m-2 d-1 that the best days of a whole year exceed wherever there are plants."""
YEAR = 300

_SPELLINGS = {
    "gcm-2d-1": GPP_UNIT,
    "gcm-2day-1": GPP_UNIT,
    "gc/m2/d": GPP_UNIT,
    "gc/m2/day": GPP_UNIT,
    "umolm-2s-1": MOLAR_UNIT,
    "umol/m2/s": MOLAR_UNIT,
}


def known_unit(text: str) -> str:
    """`GPP_UNIT` or `MOLAR_UNIT` however it is spelled; `TowerError` for any other."""
    bare = text.strip().lower().replace("µ", "u").replace("μ", "u").replace("co2", "")
    for sign, plain in {"²": "2", "¹": "1", "⁻": "-", "^": "", "**": "", "·": "", " ": ""}.items():
        bare = bare.replace(sign, plain)
    if bare not in _SPELLINGS:
        remedy = f"state {GPP_UNIT} or {MOLAR_UNIT}"
        raise TowerError("the unit of GPP is not known", value=text or "none stated", remedy=remedy)
    return _SPELLINGS[bare]


def check_plausible(gpp: npt.NDArray[np.float64], unit: str, *, daily: bool, where: str) -> None:
    """`TowerError` where numbers can't be GPP in their unit; nothing is converted on suspicion.

    `gpp`: values as in the file, of days or of half-hours and hours (`daily` False); NaN = missing."""
    known = gpp[np.isfinite(gpp)]
    if not len(known):
        return
    low, high = np.percentile(known, (1, 99))
    largest = LARGEST_INSTANT if unit == MOLAR_UNIT and not daily else LARGEST_DAILY
    if high > largest:
        raise TowerError(
            f"the values are too large for GPP in {unit}",
            value=f"{where}: 99th percentile {high:.4g}, plausible up to {largest:g}",
            remedy=f"they look like another unit (half-hourly {MOLAR_UNIT}, or sums): state the right one",
        )
    if low < -0.25 * largest and -low > high:
        raise TowerError(
            "GPP is negative throughout",
            value=f"{where}: 1st percentile {low:.4g}, 99th {high:.4g}",
            remedy="uptake counts as positive: turn the sign, or name the right column",
        )
    if daily and len(known) >= YEAR and high < SMALLEST_YEARLY_PEAK:
        raise TowerError(
            f"the values are too small for GPP in {unit}",
            value=f"{where}: 99th percentile {high:.4g} over {len(known)} days",
            remedy="they look like another unit (kgC, mol): state the right one",
        )

"""Stored numbers → physical units: what a file states, what the user states, and what can't be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UnitError
from .modality import Modality
from .options import PRESETS, ReadOptions

Raw = npt.NDArray[Any]
DN_CALIBRATION_DB = -83.0  # amplitude scaled to unsigned 16 bit, as by Sentinel Hub, openEO and Terrascope


@dataclass(frozen=True)
class Stated:
    """What a file's metadata say about one band's numbers (None = nothing)."""

    dtype: str
    scale: float | None = None
    offset: float | None = None
    nodata: tuple[float, ...] = ()
    unit: str | None = None
    """Unit as written in the file."""

    @property
    def is_integer(self) -> bool:
        return np.dtype(self.dtype).kind in "iu"


@dataclass(frozen=True)
class Encoding:
    """How stored numbers become values in the modality's unit."""

    unit: str
    """What stored × scale + offset is in: `reflectance`, `dB`, `linear` or `dn`."""
    scale: float = 1.0
    offset: float = 0.0
    nodata: tuple[float, ...] = ()
    why: str = ""
    """Where the unit was read, for reports."""

    def decode(self, raw: Raw) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Values in the modality's unit (0 where not valid) and validity, of the same shape."""
        valid = np.isfinite(raw) if raw.dtype.kind == "f" else np.ones(raw.shape, bool)
        for number in self.nodata:
            if not np.isnan(number):
                valid &= raw != number
        values = np.where(valid, raw, 0).astype(np.float32)
        values *= np.float32(self.scale)
        values += np.float32(self.offset)
        if self.unit in ("linear", "dn"):
            values, positive = _to_db(values, 20.0 if self.unit == "dn" else 10.0)
            values += np.float32(DN_CALIBRATION_DB if self.unit == "dn" else 0.0)
            valid &= positive
        values[~valid] = 0
        return values, valid


def _to_db(
    values: npt.NDArray[np.float32], factor: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    positive = values > 0  # the logarithm has nothing to say about noise-subtracted zeros
    values[~positive] = 1
    return np.float32(factor) * np.log10(values), positive


def first_given(*numbers: float | None) -> float:
    """The first number that is not None."""
    return next(n for n in numbers if n is not None)


def unstated(modality: Modality, stated: Stated, sample: Raw, where: str, options: str) -> UnitError:
    """The error for numbers whose unit nobody stated: what was seen, which option to give."""
    kinds = [f"{name}: {text}" for name, text in PRESETS.items() if name.startswith(modality.name)]
    return UnitError(
        f"the unit of the {modality.name} values in {where} is stated nowhere",
        value=f"{np.dtype(stated.dtype).name}, {seen_range(sample)}",
        remedy=f"state it: {options}, or a preset ({'; '.join(kinds)})",
    )


def seen_range(sample: Raw) -> str:
    """The range of a sample, for error messages."""
    finite = sample[np.isfinite(sample)] if sample.dtype.kind == "f" else sample.ravel()
    return f"values {finite.min():g} to {finite.max():g} seen" if finite.size else "no values seen"


Resolve = Callable[[Stated, ReadOptions, Raw, str, str], Encoding]
"""(stated, options, sample of stored numbers, band's name in the file, file) → encoding; `UnitError`."""
Check = Callable[[npt.NDArray[np.float32], Encoding, str], None]
"""(sample of valid decoded values, encoding, file): `UnitError` where they can't be."""

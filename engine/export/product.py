"""A map to hand on: bands with names, units and classes, rendered window by window."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

import matplotlib
import numpy as np
import numpy.typing as npt

from ..classes import NODATA, ClassTable
from ..errors import InputError
from ..grid import Grid, Window

Stored = npt.NDArray[Any]
Render = Callable[[Window], Stored]
"""Window → [band, y, x] as stored: `ProductBand.encode` makes it of values."""
Rgba = tuple[int, int, int, int]
Channel = Literal["value", "red", "green", "blue", "alpha"]
DTYPES = ("uint8", "int16", "uint16", "int32", "float32")

ROUNDING = 1e-6
"""Of float32, with some room: values that differ by a smaller share are the same."""
PROBABILITY_NODATA = 255
PROBABILITY_SCALE = 0.004
"""Probabilities are stored as uint8: 0 to 250, of which one is 0.4 %."""


@dataclass(frozen=True)
class Ramp:
    """The colours of a quantity: a palette over a range of values."""

    colours: tuple[str, ...]
    """`#rrggbb`, evenly spaced from low to high."""
    low: float | None = None
    """Value of the first colour; None = the 2nd percentile of what is written."""
    high: float | None = None
    """Value of the last colour; None = the 98th percentile of what is written."""

    @classmethod
    def named(
        cls, name: str, low: float | None = None, high: float | None = None, *, steps: int = 17
    ) -> Self:
        """A palette of matplotlib, such as `cividis` or `viridis`."""
        shades = matplotlib.colormaps[name](np.linspace(0, 1, steps), bytes=True)
        return cls(tuple(f"#{bytes(shade[:3].tolist()).hex()}" for shade in shades), low, high)


def apart(low: float, high: float, step: float = 0.0) -> tuple[float, float]:
    """The ends of a ramp, never equal, nor as good as equal, but a `step` apart at least: an interval of one width
    everywhere must not be painted as the noise of its rounding."""
    if high - low > ROUNDING * max(abs(low), abs(high)):
        return low, high
    return low, low + max(abs(low) * 1e-3, step, 1e-6)


@dataclass(frozen=True)
class ProductBand:
    """One band of a file: what its numbers mean; value = offset + scale × number."""

    name: str
    unit: str = ""
    dtype: str = "float32"
    """One of `DTYPES`; the same for all bands of a file."""
    nodata: float | None = np.nan
    """As stored; the same for all bands of a file. None = every pixel counts."""
    scale: float = 1.0
    offset: float = 0.0
    classes: ClassTable | None = None
    """Codes are land-cover classes; 0 is nodata."""
    description: str = ""
    ramp: Ramp | None = None
    """Colours of a quantity; `viridis` where none is given."""
    colours: Mapping[int, Rgba] | None = None
    """A colour table kept in the file: of uint8 numbers that are no classes."""
    channel: Channel = "value"
    """`red`, `green`, `blue` and `alpha` make a picture."""

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise InputError("there is no such storage type", value=self.dtype, remedy=", ".join(DTYPES))
        if not (np.isfinite(self.scale) and np.isfinite(self.offset)) or self.scale == 0:
            raise InputError("scale must be a number other than 0", value=f"{self.scale}, {self.offset}")
        if self.classes is not None and (self.dtype != "uint8" or self.nodata != NODATA):
            raise InputError(
                "classes are stored as uint8 with nodata 0", value=f"{self.dtype}, {self.nodata}"
            )
        if self._whole_numbers and self.nodata not in (None, *self._ends):
            raise InputError(
                "nodata of whole numbers lies at an end of the storage type",
                value=f"{self.nodata}, {self.dtype}",
                remedy=" or ".join(map(str, self._ends)),
            )

    @property
    def _whole_numbers(self) -> bool:
        return np.dtype(self.dtype).kind in "ui"

    @property
    def _ends(self) -> tuple[int, int]:
        return int(np.iinfo(self.dtype).min), int(np.iinfo(self.dtype).max)

    @classmethod
    def of_classes(cls, name: str, classes: ClassTable, description: str = "") -> Self:
        """Classes as uint8, 0 = nodata."""
        return cls(name, dtype="uint8", nodata=NODATA, classes=classes, description=description)

    @classmethod
    def of_probability(cls, name: str, description: str = "", ramp: Ramp | None = None) -> Self:
        """Shares from 0 to 1 as uint8 in steps of 0.4 %, 255 = nodata."""
        return cls(
            name,
            "1",
            "uint8",
            PROBABILITY_NODATA,
            PROBABILITY_SCALE,
            description=description,
            ramp=ramp or Ramp.named("cividis", 0.0, 1.0),
        )

    def encode(self, values: npt.NDArray[Any], valid: npt.NDArray[np.bool_] | None = None) -> Stored:
        """Values of any shape as stored; what isn't finite or not `valid` becomes nodata.

        Integers are rounded and clipped to what the type holds, nodata left out: a value never turns into it."""
        seen = np.isfinite(values) if valid is None else np.isfinite(values) & valid
        numbers = (np.where(seen, values, 0) - self.offset) / self.scale
        if self._whole_numbers:
            numbers = np.clip(np.rint(numbers), *self._limits)
        if self.nodata is None and not seen.all():
            raise InputError("a band without nodata holds pixels without a value", value=self.name)
        stored: Stored = np.where(seen, numbers, 0 if self.nodata is None else self.nodata).astype(self.dtype)
        return stored

    @property
    def _limits(self) -> tuple[int, int]:
        """Smallest and largest number that stands for a value."""
        low, high = self._ends
        return (low + 1 if self.nodata == low else low), (high - 1 if self.nodata == high else high)

    def seen(self, stored: Stored) -> npt.NDArray[np.bool_]:
        """Where stored numbers stand for a value."""
        if self.nodata is None:
            return np.ones(stored.shape, bool)
        there: npt.NDArray[np.bool_] = ~np.isnan(stored) if np.isnan(self.nodata) else stored != self.nodata
        return there

    def decode(self, stored: Stored) -> npt.NDArray[np.float64]:
        """The values behind stored numbers; NaN where nodata."""
        return np.where(self.seen(stored), self.offset + self.scale * stored.astype(np.float64), np.nan)


@dataclass(frozen=True)
class Product:
    """A map of a grid: its bands, how a window of it is made, and where it comes from."""

    title: str
    grid: Grid
    bands: tuple[ProductBand, ...]
    render: Render
    """May be called from several threads at once."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Provenance in short, written into the GeoTIFF."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """Provenance in full, JSON-able, written into the STAC item."""
    start: datetime | None = None
    """First instant that the map is of, UTC."""
    end: datetime | None = None
    """Last instant; the first where there is only one."""

    def __post_init__(self) -> None:
        if not self.bands:
            raise InputError("a product needs a band", value=self.title)
        kinds = {(band.dtype, str(band.nodata)) for band in self.bands}
        if len(kinds) > 1:
            raise InputError("the bands of a file share storage type and nodata", value=sorted(kinds))
        if len(self.bands) > 1 and any(band.classes or band.colours for band in self.bands):
            raise InputError("a colour table belongs to a file of one band", value=self.title)

    @property
    def dtype(self) -> str:
        return self.bands[0].dtype

    @property
    def nodata(self) -> float | None:
        return self.bands[0].nodata

    @property
    def classes(self) -> ClassTable | None:
        return self.bands[0].classes

    @property
    def picture(self) -> bool:
        """Whether its bands are red, green, blue and alpha rather than values."""
        return any(band.channel != "value" for band in self.bands)

    @property
    def colours(self) -> Mapping[int, Rgba] | None:
        """The colour table kept in the file; unused numbers are transparent."""
        if self.classes is None:
            return self.bands[0].colours
        return {NODATA: (0, 0, 0, 0), **{c.code: (*c.rgb, 255) for c in self.classes}}

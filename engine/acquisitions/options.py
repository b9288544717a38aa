"""What the user may state about files that don't say it themselves, and how they are to be read."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Self

from ..errors import AcquisitionError
from .stated_crs import checked_crs

UNITS = ("reflectance", "dB", "linear", "dn")
RESAMPLING = ("bilinear", "cubic", "nearest")

# Scene classification (SCL) of Sentinel-2 L2A: 0 no data, 1 saturated, 2 dark or topographic shadow, 3 cloud
# shadow, 4 vegetation, 5 bare, 6 water, 7 unclassified, 8 and 9 cloud, 10 cirrus, 11 snow. Class 2 stays: it
# is real surface (conifers in winter, slopes, wet soil), and dropping it would drop the same pixels in every
# winter: a third of January over the Romanian forest sample. Snow stays: it is what the ground looks like.
SCL_INVALID = frozenset({0, 1, 3, 8, 9, 10})
SCL_CLOUDY = frozenset({3, 8, 9, 10})
"""The classes with soft edges, which are dilated."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read local files; what is None is taken from the files' metadata, or asked for by an error."""

    scale: float | None = None
    """value = stored × scale + offset, in `unit`."""
    offset: float | None = None
    unit: str | None = None
    """`reflectance`; for Sentinel-1 `dB`, `linear` (σ0 or γ0 power) or `dn` (dB = 20·log10(DN) − 83)."""
    nodata: tuple[float, ...] = ()
    """Stored values that mean nothing was seen, beside those that the files declare."""
    band_names: tuple[str, ...] = ()
    """Names of a file's bands in their order, where the file doesn't name them."""
    crs: str | None = None
    """Of files that declare none."""
    time: datetime | None = None
    """UTC, of files that carry no date."""
    orbit_direction: str | None = None
    start: date | None = None
    end: date | None = None
    """Last day, included."""
    require_bands: tuple[str, ...] = ()
    resampling: str = "bilinear"
    """Of values, where they aren't on the grid already; masks are always nearest."""
    scl_invalid: frozenset[int] = SCL_INVALID
    mask_dilation: int = 2
    """Pixels of the grid by which cloud, shadow and custom masks grow."""
    mask_names: tuple[str, ...] = ()
    """Variables or bands that are masks too; anything but 0 is not valid."""
    mask_files: tuple[Path, ...] = ()
    """GeoTIFF masks, for all dates or for the date in their name; anything but 0 is not valid."""
    strict: bool = False
    """Stop at the first unreadable file instead of skipping it with a warning."""
    cache_bytes: int = 256 * 2**20
    """Memory for whole variables of small cubes."""

    def __post_init__(self) -> None:
        if self.crs is not None:
            object.__setattr__(self, "crs", checked_crs(self.crs))
        choices: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
            ("unit", self.unit, UNITS),
            ("resampling", self.resampling, RESAMPLING),
            ("orbit_direction", self.orbit_direction, ("ascending", "descending")),
        )
        for name, value, allowed in choices:
            if value is not None and value not in allowed:
                raise AcquisitionError(
                    f"no such {name}", value=value, remedy=f"choose one of {', '.join(allowed)}"
                )
        if self.scale == 0:
            raise AcquisitionError(
                "a scale of 0 leaves no values", value=self.scale, remedy="give 0.0001 for S2 DN"
            )
        if self.mask_dilation < 0:
            raise AcquisitionError("a mask can't grow by less than 0 pixels", value=self.mask_dilation)
        if self.start and self.end and self.end < self.start:
            raise AcquisitionError("the dates end before they start", value=f"{self.start} to {self.end}")
        if self.time is not None and self.time.tzinfo is None:
            raise AcquisitionError("the time lacks its time zone", value=self.time, remedy="give UTC")

    @classmethod
    def sentinel2_dn(cls, boa_add_offset: int = 0) -> Self:
        """Sentinel-2 L2A numbers: reflectance = (DN + boa_add_offset) / 10,000; 0 and 65535 are nodata.

        `boa_add_offset` is −1000 where baseline ≥ 04.00 was delivered as is, 0 where somebody removed it."""
        return cls(scale=1e-4, offset=boa_add_offset * 1e-4, unit="reflectance", nodata=(0, 65535))

    @classmethod
    def s1_dn(cls) -> Self:
        """Sentinel-1 as unsigned 16 bit amplitude: dB = 20·log10(DN) − 83; 0 and 65535 are nodata."""
        return cls(unit="dn", nodata=(0, 65535))

    @classmethod
    def s1_db(cls) -> Self:
        """Sentinel-1 backscatter already in dB (times the files' own scale factor, where they state one)."""
        return cls(unit="dB")

    @classmethod
    def s1_linear(cls) -> Self:
        """Sentinel-1 backscatter as linear power σ0 or γ0."""
        return cls(unit="linear")

    def but(self, **changes: object) -> Self:
        """The same options with some changed: `ReadOptions.sentinel2_dn().but(mask_dilation=0)`."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def covers(self, when: datetime) -> bool:
        """Whether a time lies between `start` and the end of the day `end`."""
        first = datetime.combine(self.start or date.min, time.min, UTC)
        last = datetime.combine(self.end, time.min, UTC) + timedelta(days=1) if self.end else None
        return first <= when and (last is None or when < last)


AS_STATED = ReadOptions()
"""Everything from the files' own metadata."""

PRESETS = {
    "s2-dn": "Sentinel-2 L2A DN, reflectance = DN / 10,000 (ReadOptions.sentinel2_dn())",
    "s2-dn-1000": "the same, with the +1000 of baseline 04.00 still in (ReadOptions.sentinel2_dn(-1000))",
    "s1-dn": "Sentinel-1 amplitude, dB = 20·log10(DN) − 83 (ReadOptions.s1_dn())",
    "s1-db": "Sentinel-1 in dB (ReadOptions.s1_db())",
    "s1-linear": "Sentinel-1 linear power σ0 or γ0 (ReadOptions.s1_linear())",
}
"""Names of the presets, for help texts and error messages."""


def preset(name: str) -> ReadOptions:
    """The options of a preset of `PRESETS`."""
    made = {
        "s2-dn": ReadOptions.sentinel2_dn,
        "s2-dn-1000": lambda: ReadOptions.sentinel2_dn(-1000),
        "s1-dn": ReadOptions.s1_dn,
        "s1-db": ReadOptions.s1_db,
        "s1-linear": ReadOptions.s1_linear,
    }
    if name not in made:
        raise AcquisitionError("no such preset", value=name, remedy=f"choose one of {', '.join(made)}")
    return made[name]()

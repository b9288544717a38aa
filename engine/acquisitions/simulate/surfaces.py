"""The surfaces that a simulated landscape is made of: land cover, season, spectra and radar parameters.

Spectra follow typical Sentinel-2 L2A values of dense, closed cover of each kind; radar parameters are of
the order that water-cloud fits report for C band (Attema & Ulaby 1978; Vreugdenhil et al. 2018)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .noise import Floats


@dataclass(frozen=True)
class LandCover:
    """One class of the truth map."""

    code: int
    name: str
    colour: str


LAND_COVER = (
    LandCover(1, "winter cereal", "#e6c84b"),
    LandCover(2, "maize", "#f08c28"),
    LandCover(3, "rapeseed", "#f5f03c"),
    LandCover(4, "root crop", "#b4508c"),
    LandCover(5, "grassland", "#96d25a"),
    LandCover(6, "deciduous forest", "#3c963c"),
    LandCover(7, "conifer forest", "#14503c"),
    LandCover(8, "water", "#3264c8"),
    LandCover(9, "built-up", "#c83c3c"),
)
"""Codes of `Landscape.land_cover`; 0 is nodata and never a class."""


@dataclass(frozen=True)
class Season:
    """Leaf area over one season; days count from 1 January of the season's year at latitude 46°."""

    base: float = 0.0
    """Leaf area index (LAI, m2 m-2) that stays all year."""
    peak: float = 0.0
    """LAI that the season adds."""
    green_up: tuple[float, float] = (110, 8)
    """Day and width (days) of the logistic rise."""
    senescence: tuple[float, float] = (285, 9)
    harvest: tuple[float, float] = (310, 6)
    """End of the dead canopy: harvest, or leaf fall."""
    autumn: tuple[float, float] = (0, 0)
    """LAI before winter of autumn-sown crops, and the day of emergence (negative: the year before)."""
    plough: float | None = None
    """Day when the stubble goes under; None: never."""
    flower: tuple[float, float] | None = None
    cut_share: float = 0.0
    """Share of parcels that are mown."""
    spread_days: float = 5.0
    """Standard deviation between parcels."""
    drought: float = 0.3
    """Share of LAI lost at full water stress."""


@dataclass(frozen=True)
class Surface:
    """One kind of surface; several may belong to one land-cover class."""

    name: str
    land_cover: int
    season: Season = field(default_factory=Season)
    leaf: str = "crop"
    ground: str = "soil"
    clumping: float = 1.0
    texture: tuple[float, float] = (0.1, 0.1)
    """Within-parcel variation (relative) of leaf area and of brightness."""
    ground_db: tuple[float, float] = (-13.5, -20.5)
    """VV, VH of the dry ground, dB."""
    canopy_db: tuple[float, float] = (-9.5, -15.5)
    """VV, VH of an endless canopy, dB."""
    attenuation: tuple[float, float] = (0.12, 0.12)
    """Two-way extinction per LAI."""
    moisture_db: float = 5.5
    """Gain of the ground from dry to wet, dB."""
    light_use: float = 0.0
    """Light-use efficiency, gC per MJ of absorbed PAR."""
    optimum_c: float = 18.0
    """Temperature of full efficiency."""


#                      B02   B03   B04   B05   B06   B07   B08   B8A   B11   B12
_SPECTRA: dict[str, tuple[float, ...]] = {
    "crop": (0.022, 0.047, 0.022, 0.085, 0.320, 0.430, 0.455, 0.475, 0.200, 0.090),
    "maize": (0.028, 0.056, 0.030, 0.098, 0.300, 0.385, 0.405, 0.425, 0.205, 0.095),
    "beet": (0.026, 0.062, 0.028, 0.112, 0.370, 0.480, 0.505, 0.520, 0.190, 0.085),
    "grass": (0.030, 0.063, 0.033, 0.108, 0.290, 0.360, 0.385, 0.405, 0.225, 0.110),
    "broadleaf": (0.019, 0.038, 0.020, 0.074, 0.255, 0.335, 0.350, 0.370, 0.165, 0.072),
    "needle": (0.015, 0.028, 0.017, 0.045, 0.138, 0.172, 0.185, 0.195, 0.086, 0.040),
    "straw": (0.075, 0.105, 0.142, 0.175, 0.210, 0.238, 0.265, 0.290, 0.330, 0.225),
    "autumn": (0.030, 0.050, 0.070, 0.110, 0.180, 0.215, 0.240, 0.260, 0.220, 0.125),
    "flower": (0.045, 0.165, 0.145, 0.210, 0.340, 0.400, 0.430, 0.445, 0.250, 0.145),
    "soil": (0.075, 0.105, 0.142, 0.168, 0.182, 0.198, 0.214, 0.230, 0.305, 0.262),
    "wet soil": (0.040, 0.058, 0.080, 0.095, 0.105, 0.115, 0.125, 0.135, 0.175, 0.135),
    "litter": (0.030, 0.043, 0.055, 0.082, 0.115, 0.135, 0.155, 0.170, 0.190, 0.120),
    "thatch": (0.045, 0.066, 0.080, 0.115, 0.165, 0.190, 0.210, 0.230, 0.275, 0.180),
    "water": (0.036, 0.038, 0.024, 0.020, 0.013, 0.013, 0.011, 0.010, 0.006, 0.004),
    "asphalt": (0.078, 0.090, 0.100, 0.106, 0.112, 0.118, 0.124, 0.130, 0.150, 0.140),
    "gravel": (0.120, 0.150, 0.180, 0.198, 0.208, 0.218, 0.230, 0.240, 0.300, 0.270),
    "concrete": (0.160, 0.180, 0.200, 0.210, 0.220, 0.230, 0.240, 0.250, 0.280, 0.260),
    "tile": (0.065, 0.085, 0.135, 0.155, 0.170, 0.185, 0.200, 0.215, 0.275, 0.250),
    "metal": (0.310, 0.325, 0.335, 0.335, 0.335, 0.340, 0.345, 0.345, 0.340, 0.330),
    "snow": (0.780, 0.780, 0.770, 0.760, 0.740, 0.720, 0.700, 0.680, 0.090, 0.065),
}
SPECTRUM = {name: np.array(values) for name, values in _SPECTRA.items()}
"""Reflectance (0-1) of pure components in the bands of `SENTINEL2`."""

CEREAL = Season(
    peak=5.0,
    green_up=(100, 9),
    senescence=(166, 5.5),
    harvest=(192, 0.7),
    autumn=(0.9, -55),
    plough=243,
    drought=0.25,
)
MAIZE = Season(
    peak=4.6,
    green_up=(168, 8),
    senescence=(252, 8),
    harvest=(276, 0.7),
    plough=300,
    spread_days=7,
    drought=0.45,
)
RAPESEED = Season(
    peak=4.8,
    green_up=(87, 8),
    senescence=(163, 6),
    harvest=(187, 0.7),
    autumn=(1.5, -95),
    plough=236,
    flower=(116, 9),
)
BEET = Season(
    peak=5.0, green_up=(155, 9), senescence=(300, 14), harvest=(288, 0.7), plough=298, spread_days=8
)
MEADOW = Season(
    base=0.7,
    peak=3.4,
    green_up=(98, 11),
    senescence=(292, 16),
    harvest=(315, 14),
    cut_share=0.85,
    spread_days=6,
    drought=0.55,
)
PASTURE = Season(
    base=0.8, peak=2.2, green_up=(98, 14), senescence=(285, 22), harvest=(315, 16), spread_days=7, drought=0.6
)
BROADLEAF = Season(
    base=0.2, peak=4.6, green_up=(113, 5), senescence=(284, 7), harvest=(304, 6), spread_days=3, drought=0.12
)
NEEDLE = Season(
    base=3.6,
    peak=0.7,
    green_up=(140, 14),
    senescence=(275, 18),
    harvest=(276, 18),
    spread_days=2,
    drought=0.05,
)
GARDEN = Season(base=1.1, peak=1.8, green_up=(102, 12), senescence=(288, 16), harvest=(312, 12), drought=0.35)

_HARD = (-8.0, -14.5)
_BARE = {"moisture_db": 0.5, "canopy_db": (-10.0, -16.0)}
SURFACES = (
    Surface(
        "cereal", 1, CEREAL, canopy_db=(-17.0, -21.5), attenuation=(0.30, 0.17), light_use=1.75, optimum_c=15
    ),
    Surface(
        "maize",
        2,
        MAIZE,
        "maize",
        canopy_db=(-8.8, -14.6),
        attenuation=(0.16, 0.15),
        light_use=2.35,
        optimum_c=21,
    ),
    Surface(
        "rapeseed",
        3,
        RAPESEED,
        canopy_db=(-8.6, -12.8),
        attenuation=(0.13, 0.16),
        light_use=1.75,
        optimum_c=15,
    ),
    Surface("beet", 4, BEET, "beet", canopy_db=(-8.2, -14.0), attenuation=(0.14, 0.14), light_use=1.65),
    Surface(
        "meadow",
        5,
        MEADOW,
        "grass",
        "thatch",
        texture=(0.16, 0.06),
        ground_db=(-14.0, -21.5),
        canopy_db=(-12.2, -17.6),
        attenuation=(0.14, 0.14),
        moisture_db=4,
        light_use=1.25,
        optimum_c=16,
    ),
    Surface(
        "pasture",
        5,
        PASTURE,
        "grass",
        "thatch",
        texture=(0.24, 0.08),
        ground_db=(-13.8, -21.2),
        canopy_db=(-12.2, -18.0),
        attenuation=(0.14, 0.14),
        moisture_db=4,
        light_use=1.2,
        optimum_c=16,
    ),
    Surface(
        "deciduous",
        6,
        BROADLEAF,
        "broadleaf",
        "litter",
        0.85,
        (0.12, 0.11),
        (-8.8, -14.2),
        (-9.8, -15.2),
        (0.25, 0.25),
        1,
        1.2,
    ),
    Surface(
        "conifer",
        7,
        NEEDLE,
        "needle",
        "litter",
        0.8,
        (0.1, 0.14),
        (-9.2, -14.8),
        (-9.6, -15.0),
        (0.3, 0.3),
        0.8,
        1.05,
        15,
    ),
    Surface(
        "hedge",
        6,
        BROADLEAF,
        "broadleaf",
        "thatch",
        0.8,
        (0.2, 0.1),
        (-10.5, -16),
        (-10, -15.4),
        (0.2, 0.2),
        2,
        1.3,
    ),
    Surface("water", 8, ground="water", texture=(0, 0.05), ground_db=(-21.0, -28.0), **_BARE),  # type: ignore[arg-type]
    Surface("road", 9, ground="asphalt", texture=(0, 0.06), ground_db=(-13.5, -21.5), **_BARE),  # type: ignore[arg-type]
    Surface("track", 9, ground="gravel", texture=(0, 0.1), ground_db=(-14.0, -21.0), **_BARE),  # type: ignore[arg-type]
    Surface("tile roof", 9, ground="tile", texture=(0, 0.12), ground_db=_HARD, **_BARE),  # type: ignore[arg-type]
    Surface("concrete", 9, ground="concrete", texture=(0, 0.12), ground_db=(-6.5, -13.5), **_BARE),  # type: ignore[arg-type]
    Surface("metal roof", 9, ground="metal", texture=(0, 0.08), ground_db=(-4.0, -12.0), **_BARE),  # type: ignore[arg-type]
    Surface(
        "garden",
        9,
        GARDEN,
        "grass",
        "thatch",
        0.8,
        (0.3, 0.1),
        (-11, -17),
        (-10.5, -16.5),
        (0.2, 0.2),
        2,
        1.2,
        16,
    ),
)
INDEX = {surface.name: index for index, surface in enumerate(SURFACES)}


def per_surface(values: Sequence[float | tuple[float, ...]]) -> Floats:
    """A look-up table [surface] or [surface, ...] for `table[parcel_surfaces]`."""
    return np.array(values, dtype=np.float64)


LAND_COVER_OF: npt.NDArray[np.uint8] = np.array([s.land_cover for s in SURFACES], dtype=np.uint8)

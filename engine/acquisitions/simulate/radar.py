"""C-band backscatter of parcels by the water-cloud model (Attema & Ulaby 1978), and speckle."""

import numpy as np

from ...grid import Window
from .climate import Weather
from .mosaic import Parcels
from .noise import Field, Floats, normal, stream, uniform, white_noise
from .phenology import Canopy, Days
from .surfaces import INDEX, SURFACES, per_surface

LOOKS = 8.0
"""Equivalent number of looks: 4.4 of the ground-range product, more by averaging in terrain correction."""
NOISE_FLOOR_DB = -29.0
INCIDENCE = {"ascending": 36.0, "descending": 41.0}
"""Degrees; each orbit has its own offset after terrain correction, as real mosaics do."""
_GROUND_GAIN = np.array([1.0, 0.65])  # cross-polarised return changes less with moisture and roughness
_ORBIT_DB = {"ascending": 0.0, "descending": -0.35}
_GROUND_DB = per_surface([s.ground_db for s in SURFACES])
_CANOPY_DB = per_surface([s.canopy_db for s in SURFACES])
_ATTENUATION = per_surface([s.attenuation for s in SURFACES])
_MOISTURE_DB = per_surface([s.moisture_db for s in SURFACES])
_BUILT = np.array([s.land_cover == 9 and s.name not in {"road", "track"} for s in SURFACES])
_ARABLE = np.array([s.season.plough is not None for s in SURFACES])


def power(decibel: Floats) -> Floats:
    linear: Floats = 10 ** (decibel / 10)
    return linear


def backscatter(parcels: Parcels, weather: Weather, days: Days, state: Canopy, orbit: str) -> Floats:
    """Linear γ0 of every parcel on every day, [day, parcel, (VV, VH)], without speckle."""
    slant = 1 / np.cos(np.radians(INCIDENCE[orbit]))
    # dead, dry matter is nearly transparent
    leaves = (state.green + 0.15 * state.brown)[..., None]
    through = np.exp(-2 * slant * _ATTENUATION[parcels.surfaces] * leaves)
    soil = power(_ground_db(parcels, weather, days, state))
    cloud = power(_CANOPY_DB[parcels.surfaces] + 0.5 * normal(31, parcels.ids)[:, None])
    offset = _ORBIT_DB[orbit] + _facing_db(parcels, orbit)
    seen: Floats = (cloud * (1 - through) + soil * through) * power(offset)[:, None]
    return seen


def _ground_db(parcels: Parcels, weather: Weather, days: Days, state: Canopy) -> Floats:
    today = weather.index(days)
    wet = weather.surface_moisture[today][:, None] ** (0.7 + 0.6 * uniform(32, parcels.ids))
    frozen = np.clip(-weather.temperature[today] / 4, 0, 1)[:, None]
    water = parcels.surfaces == INDEX["water"]
    arable = _ARABLE[parcels.surfaces]
    ground = _MOISTURE_DB[parcels.surfaces] * wet + 2.2 * np.where(arable, state.tilled, 0)
    ground = ground - 3.0 * frozen * ~water + 0.9 * normal(33, parcels.ids) * ~water
    wind = 2.5 * normal(stream(weather.seed, "wind"), days)[:, None] * water
    level: Floats = _GROUND_DB[parcels.surfaces] + (ground + wind)[..., None] * _GROUND_GAIN
    return level


def _facing_db(parcels: Parcels, orbit: str) -> Floats:
    """Walls and rows that face one orbit's look direction and not the other's."""
    spread = np.where(_BUILT[parcels.surfaces], 2.2, 0.25)
    facing: Floats = spread * normal(34, parcels.ids, list(_ORBIT_DB).index(orbit))
    return facing


def speckle(seed: int, frame: int, window: Window) -> Field:
    """Multiplicative noise of mean 1 and `LOOKS` looks, correlated over a pixel, [2, y, x].

    Gamma variates from normal ones (Wilson & Hilferty 1931)."""
    drawn = white_noise(stream(seed, "speckle"), frame, window.grown(1), 2)
    looks = LOOKS * _KEPT_VARIANCE
    gamma = np.maximum(1 - 1 / (9 * looks) + drawn / np.float32(3 * np.sqrt(looks)), 0.02) ** 3
    rows = gamma[:, :-2] * _TAPS[0] + gamma[:, 1:-1] * _TAPS[1] + gamma[:, 2:] * _TAPS[0]
    smooth: Field = rows[..., :-2] * _TAPS[0] + rows[..., 1:-1] * _TAPS[1] + rows[..., 2:] * _TAPS[0]
    return smooth


_TAPS = np.array([0.15, 0.7], dtype=np.float32)
_KEPT_VARIANCE = float((2 * _TAPS[0] ** 2 + _TAPS[1] ** 2) ** 2)

"""Surface reflectance of parcels in the Sentinel-2 bands."""

import numpy as np

from .climate import Weather
from .mosaic import Parcels
from .noise import Floats, normal, uniform
from .phenology import Canopy, Days
from .surfaces import INDEX, SPECTRUM, SURFACES, per_surface

# extinction per unit of leaf area: leaves scatter in the near infrared, so it saturates later than the red
_EXTINCTION = np.array([0.62, 0.55, 0.64, 0.50, 0.37, 0.33, 0.31, 0.31, 0.42, 0.50])
_REDNESS = np.array([-0.28, -0.08, 0.2, 0.2, 0.17, 0.14, 0.1, 0.08, 0.02, 0.0])
_LEAF = np.stack([SPECTRUM[s.leaf] for s in SURFACES])
_DRY = np.stack([SPECTRUM[s.ground] for s in SURFACES])
_WET = np.stack([SPECTRUM["wet soil"] if s.ground == "soil" else 0.82 * SPECTRUM[s.ground] for s in SURFACES])
_CLUMPING = per_surface([s.clumping for s in SURFACES])
_SOIL = np.array([s.ground in {"soil", "thatch"} for s in SURFACES])
_WOODY = np.array([s.leaf in {"broadleaf", "needle"} for s in SURFACES])
_PIGMENTS = np.array([1, 1, 1, 0.9, 0.3, 0, 0, 0, 0, 0])
_STRUCTURE = np.array([0, 0, 0, 0.2, 0.7, 1, 1, 1, 0.5, 0.3])
_WATER = np.array([0, 0, 0, 0, 0, 0, 0.1, 0.1, 0.9, 1.1])


def reflectance(parcels: Parcels, weather: Weather, days: Days, state: Canopy) -> Floats:
    """Reflectance (0-1) of every parcel on every day, [day, parcel, band], without atmosphere."""
    leaves = state.green + state.brown
    dead = np.divide(state.brown, leaves, out=np.zeros_like(leaves), where=leaves > 1e-6)[..., None]
    dense = (1 - dead) * _living(parcels, state) + dead * _dead(parcels)
    clumping = _CLUMPING[parcels.surfaces][:, None]
    gap = np.exp(-_EXTINCTION * clumping * leaves[..., None])
    bare = dense + (_ground(parcels, weather, days) - dense) * gap
    return _snowed(bare * _shading(parcels, weather, days), parcels, weather, days)


def _living(parcels: Parcels, state: Canopy) -> Floats:
    own = normal(21, parcels.ids, np.arange(3)[:, None])[:, :, None]
    trait = 0.13 * own[0] * _PIGMENTS + 0.06 * own[1] * _STRUCTURE + 0.09 * own[2] * _WATER
    leaf = _LEAF[parcels.surfaces] * np.exp(trait)
    blooming = 0.6 * state.flower[..., None]
    living: Floats = leaf * (1 - blooming) + SPECTRUM["flower"] * blooming
    return living


def _dead(parcels: Parcels) -> Floats:
    woody = _WOODY[parcels.surfaces][:, None]
    dead: Floats = np.where(woody, SPECTRUM["autumn"], SPECTRUM["straw"])
    return dead


def _ground(parcels: Parcels, weather: Weather, days: Days) -> Floats:
    """Soil, litter, roof or water, darker when wet."""
    wet = weather.surface_moisture[weather.index(days)][:, None, None]
    wet = wet ** (0.6 + 0.9 * uniform(22, parcels.ids))[:, None]  # sandy ground dries sooner
    ground = _DRY[parcels.surfaces] * (1 - wet) + _WET[parcels.surfaces] * wet
    own = 0.17 * normal(23, parcels.ids)[:, None]
    soil = _SOIL[parcels.surfaces][:, None]
    climate = weather.climate
    colour = np.where(soil, climate.soil_brightness * np.exp(_REDNESS * climate.soil_redness), 1.0)
    still = (parcels.surfaces == INDEX["water"])[:, None]
    return ground * colour * np.exp(np.where(still, 0.0, own))


def _shading(parcels: Parcels, weather: Weather, days: Days) -> Floats:
    """Tall canopies shade themselves under a low sun."""
    low = np.tan(weather.sun_zenith[weather.index(days)])[:, None, None] - 0.7
    woody = _WOODY[parcels.surfaces][:, None]
    shading: Floats = np.clip(1 - np.where(woody, 0.11, 0.02) * low, 0.6, 1.1)
    return shading


def _snowed(bare: Floats, parcels: Parcels, weather: Weather, days: Days) -> Floats:
    cover = weather.snow[weather.index(days)][:, None, None]
    caught = np.where(_WOODY[parcels.surfaces], 0.16, 0.9)
    caught = np.where(parcels.surfaces == INDEX["water"], 0, caught)[:, None]
    return bare + (SPECTRUM["snow"] - bare) * cover * caught

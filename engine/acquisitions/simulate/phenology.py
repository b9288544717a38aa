"""Leaf area of parcels through the years, and the photosynthesis that follows from it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from .climate import Weather
from .mosaic import Parcels
from .noise import Floats, normal, stream, uniform
from .surfaces import SURFACES, Season, per_surface

Days = npt.NDArray[np.int64]
_NEVER = 9_999.0
_STUBBLE_LAI = 0.55
_COVER_CROP = 0.4  # share of early harvested fields that carry a catch crop in autumn
_SHARE_OF_PAR = 0.48  # photosynthetically active part of global radiation
_FROST_C, _GROWTH_C = -2.0, 5.0


def _gather(*values: tuple[float, ...] | float) -> Floats:
    return per_surface([v if isinstance(v, tuple) else (v,) for v in values])


def _traits(season: Season) -> tuple[float, ...]:
    flower = season.flower or (_NEVER, 1.0)
    plough = _NEVER if season.plough is None else season.plough
    times = (*season.green_up, *season.senescence, *season.harvest, *season.autumn, *flower, plough)
    return (*times, season.base, season.peak, season.cut_share, season.spread_days, season.drought)


_TRAITS = _gather(*(_traits(s.season) for s in SURFACES))
_LIGHT_USE = per_surface([s.light_use for s in SURFACES])
_OPTIMUM = per_surface([s.optimum_c for s in SURFACES])


@dataclass(frozen=True, eq=False)
class Canopy:
    """State of parcels on days, each [day, parcel]."""

    green: Floats
    """Green leaf area index, m2 m-2."""
    brown: Floats
    """Dead leaves, straw and stubble, as leaf area index."""
    flower: Floats
    """Share of the canopy in flower, 0-1."""
    tilled: Floats
    """Roughness left by the plough, 0-1."""

    @property
    def fapar(self) -> Floats:
        """Share of photosynthetically active radiation that green leaves absorb, 0-0.95."""
        fapar: Floats = 0.95 * (1 - np.exp(-0.55 * self.green))
        return fapar


def canopy(parcels: Parcels, weather: Weather, days: Days) -> Canopy:
    """Leaf area of every parcel on every day (days since 1970-01-01)."""
    traits = _TRAITS[parcels.surfaces].T
    seasonal = days - weather.climate.season_shift_days - (0 if weather.climate.latitude >= 0 else 182)
    years = 1970 + np.floor(seasonal / 365.2425).astype(np.int64)
    drought = weather.drought[weather.index(days)][:, None]
    this_year, next_year = (_season(parcels, traits, weather, seasonal, years + ahead) for ahead in (0, 1))
    green, brown, flower, tilled = (a + b for a, b in zip(this_year, next_year, strict=True))
    alive = (1 - traits[15] * drought) * weather.climate.amplitude
    return Canopy((green + traits[11]) * alive, brown * weather.climate.amplitude, flower, tilled)


def _season(
    parcels: Parcels, traits: Floats, weather: Weather, days: Floats, years: Days
) -> tuple[Floats, Floats, Floats, Floats]:
    """Green and brown leaf area, flowering and tillage of one growing season."""
    (
        up,
        up_w,
        down,
        down_w,
        end,
        end_w,
        winter,
        emerged,
        bloom,
        bloom_w,
        plough,
        _,
        peak,
        cut_share,
        spread,
        _,
    ) = traits
    late, full = _jitter(parcels, weather, spread, years)
    since = days[:, None] - (years[:, None] - 1970) * 365.2425 - late
    grown = winter * expit((since - emerged) / 9) + (peak - winter) * expit((since - up) / up_w)
    grown *= full * _cuts(parcels, cut_share, since, years)
    dying, ended = expit((since - down) / down_w), expit((since - end) / end_w)
    green, brown = grown * (1 - dying) * (1 - ended), 0.8 * grown * dying * (1 - ended)
    # the parcel's own turn of the plough, up to a month late
    turned = since - plough - 30 * (uniform(stream(weather.seed, "plough"), parcels.ids) - 0.5)
    stubble = np.where(plough < _NEVER, _STUBBLE_LAI * ended * (turned < 0), 0)
    catch = (
        (end < 230) & (uniform(stream(weather.seed, "catch"), parcels.ids) < _COVER_CROP) & (plough < _NEVER)
    )
    green = green + np.where(catch, 1.7 * expit((turned - 22) / 6) * (1 - expit((since - 345) / 7)), 0)
    flower = np.exp(-(((since - bloom) / bloom_w) ** 2))
    return green, brown + stubble, flower, np.where(turned >= 0, np.exp(-np.maximum(turned, 0) / 30), 0)


def _jitter(parcels: Parcels, weather: Weather, spread: Floats, years: Days) -> tuple[Floats, Floats]:
    """Days that a parcel's season is late, and the factor on its leaf area, [day, parcel]."""
    seasons, which = np.unique(years, return_inverse=True)
    key = stream(weather.seed, "season")
    every = normal(stream(weather.seed, "year"), seasons)[:, None] * weather.climate.interannual_days
    own = normal(key, 1, parcels.ids) + 0.5 * normal(key, 2, parcels.ids, seasons[:, None])
    vigour = 0.16 * normal(key, 3, parcels.ids) + 0.08 * normal(key, 4, parcels.ids, seasons[:, None])
    return (every + own * spread)[which], np.clip(1 + vigour, 0.45, 1.5)[which]


def _cuts(parcels: Parcels, cut_share: Floats, days: Floats, years: Days) -> Floats:
    """Factor on leaf area that mowing leaves: down to a fifth, back within about six weeks."""
    seasons, which = np.unique(years, return_inverse=True)
    mown = (uniform(11, parcels.ids) < cut_share)[None, :]
    left = np.ones_like(days)
    if not mown.any():
        return left
    for cut, day in enumerate((146, 192, 238, 272)):
        kept = mown & (uniform(12, parcels.ids) < (1.0, 0.8, 0.5, 0.25)[cut])
        when = day + 8 * normal(13, parcels.ids, cut, seasons[:, None])
        since = days - when[which]
        left *= np.where(kept & (since >= 0), 1 - 0.8 * np.exp(-np.maximum(since, 0) / 19), 1)
    return left


def gpp(parcels: Parcels, weather: Weather, days: Days) -> Floats:
    """Gross primary production, gC m-2 d-1, [day, parcel], by light-use efficiency (Monteith 1972)."""
    today = weather.index(days)
    temperature = weather.temperature[today][:, None]
    warm = np.clip((temperature - _FROST_C) / (_OPTIMUM[parcels.surfaces] - _FROST_C), 0, 1)
    hot = np.clip(1 - (temperature - 29) / 15, 0, 1)
    dry = 1 - 0.55 * weather.drought[today][:, None]
    light = _SHARE_OF_PAR * weather.radiation[today][:, None] * canopy(parcels, weather, days).fapar
    # diffuse light is used better than direct light: overcast days lose less than their radiation
    diffuse = 1 + 0.35 * (weather.cloud_cover[today][:, None] - 0.5)
    production: Floats = _LIGHT_USE[parcels.surfaces] * light * warm * hot * dry * diffuse
    return production

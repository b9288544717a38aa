"""Leaf area of parcels through the years, and the photosynthesis that follows from it."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from .climate import Weather
from .mosaic import Parcels
from .noise import Floats, normal, stream, uniform
from .surfaces import SURFACES, Season, per_surface

Days = npt.NDArray[np.int64]
_NEVER = 9_999.0
_YEAR = 365.2425
_STUBBLE_LAI = 0.55
_CATCH_CROP = 0.35  # share of early harvested fields that carry a catch crop in autumn
_SHARE_OF_PAR = 0.48  # photosynthetically active part of global radiation
_FROST_C, _GROWTH_C = -2.0, 5.0


@dataclass(frozen=True, eq=False)
class _Traits:
    """`Season` of many surfaces or parcels, one array element each."""

    base: Floats
    peak: Floats
    up: Floats
    up_width: Floats
    down: Floats
    down_width: Floats
    end: Floats
    end_width: Floats
    winter: Floats
    emerged: Floats
    bloom: Floats
    bloom_width: Floats
    plough: Floats
    cut_share: Floats
    spread: Floats
    drought: Floats

    def of(self, surfaces: npt.NDArray[np.uint8]) -> "_Traits":
        return _Traits(*(getattr(self, field.name)[surfaces] for field in fields(self)))


def _row(season: Season) -> tuple[float, ...]:
    times = (*season.green_up, *season.senescence, *season.harvest, *season.autumn)
    plough = _NEVER if season.plough is None else season.plough
    rest = (plough, season.cut_share, season.spread_days, season.drought)
    return (season.base, season.peak, *times, *(season.flower or (_NEVER, 1.0)), *rest)


_TRAITS = _Traits(*per_surface([_row(s.season) for s in SURFACES]).T)
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
    traits = _TRAITS.of(parcels.surfaces)
    seasonal = days - weather.climate.season_shift_days - (0 if weather.climate.latitude >= 0 else 182)
    years = 1970 + np.floor(seasonal / _YEAR).astype(np.int64)
    this_year, next_year = (_season(parcels, traits, weather, seasonal, years + ahead) for ahead in (0, 1))
    thirst = 1 - traits.drought * weather.drought[weather.index(days)][:, None]
    amplitude = weather.climate.amplitude
    return Canopy(
        green=(this_year.green + next_year.green) * thirst * amplitude,
        brown=(this_year.brown + next_year.brown) * amplitude,
        flower=this_year.flower + next_year.flower,
        tilled=this_year.tilled + next_year.tilled,
    )


def _season(parcels: Parcels, traits: _Traits, weather: Weather, days: Floats, years: Days) -> Canopy:
    """What the growing season of `years` contributes, [day, parcel]."""
    late, full = _jitter(parcels, weather, traits.spread, years)
    since = days[:, None] - (years[:, None] - 1970) * _YEAR - late
    grown = traits.winter * expit((since - traits.emerged) / 9)
    grown = grown + (traits.peak - traits.winter) * expit((since - traits.up) / traits.up_width)
    this_year = (since + late >= 0) & (since + late < _YEAR)
    grown = (grown + traits.base * this_year) * full * _cuts(parcels, traits.cut_share, since, years)
    evergreen = np.minimum(traits.base * this_year * full, grown)
    dying = expit((since - traits.down) / traits.down_width)
    ended = expit((since - traits.end) / traits.end_width)
    green, brown = (
        (grown - evergreen) * (1 - dying) * (1 - ended),
        0.8 * (grown - evergreen) * dying * (1 - ended),
    )
    stubble, catch, tilled = _after_harvest(parcels, traits, weather, since, ended)
    flower = np.exp(-(((since - traits.bloom) / traits.bloom_width) ** 2))
    return Canopy(green + evergreen + catch, brown + stubble, flower, tilled)


def _after_harvest(
    parcels: Parcels, traits: _Traits, weather: Weather, since: Floats, ended: Floats
) -> tuple[Floats, Floats, Floats]:
    """Stubble until the plough, a catch crop on some early fields, and the roughness of turned soil."""
    delay = 30 * (uniform(stream(weather.seed, "plough"), parcels.ids) - 0.5)
    turned = since - traits.plough - delay
    arable = traits.plough < _NEVER
    stubble = np.where(arable, _STUBBLE_LAI * ended * (turned < 0), 0)
    sown = arable & (traits.end < 230) & (uniform(stream(weather.seed, "catch"), parcels.ids) < _CATCH_CROP)
    catch = np.where(sown, 1.7 * expit((turned - 22) / 6) * (1 - expit((since - 345) / 7)), 0)
    return stubble, catch, np.where(turned >= 0, np.exp(-np.maximum(turned, 0) / 30), 0)


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
        since = days - when[which]  # days count from the parcel's own new year
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

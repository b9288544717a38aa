"""Climate of a simulated landscape, and the daily weather that follows from it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from ...errors import AcquisitionError
from .noise import Floats, normal, stream, uniform

_OVERCAST_CONTRAST = 1.9  # how strongly days are either clear or overcast
_SPIN_UP_DAYS = 430  # memory of the weather: more than one winter before the first day
CROPS = ("cereal", "maize", "rapeseed", "beet")


@dataclass(frozen=True)
class Climate:
    """What makes one simulated landscape differ from another, beside its seed."""

    latitude: float = 46.0
    """Degrees; below zero the seasons turn round."""
    season_shift_days: float = 0.0
    """Later (+) or earlier (−) seasons than central Europe."""
    amplitude: float = 1.0
    """Factor on peak leaf area."""
    interannual_days: float = 6.0
    """Standard deviation of a year's season against the mean one."""
    temperature_c: float = 11.0
    """Annual mean."""
    temperature_range_c: float = 10.0
    """Half the difference between summer and winter."""
    cloudiness: float = 0.55
    """Mean cloud cover, 0-1."""
    rain_mm: float = 1.9
    """Mean per day at a cloudiness of 0.55; it rains from dense cloud alone."""
    haze: float = 0.008
    """Mean reflectance that haze adds in the blue, not masked."""
    soil_brightness: float = 1.0
    soil_redness: float = 0.0
    """Slope of the soil colour, −1 grey to 1 red."""
    forest: float = 0.27
    """Share of the land, as is `grassland`; the rest is arable."""
    grassland: float = 0.22
    conifer: float = 0.4
    """Share of the forest."""
    crops: tuple[float, float, float, float] = (0.42, 0.26, 0.15, 0.17)
    """Shares of winter cereal, maize, rapeseed and beet in the arable land."""
    towns: float = 0.75
    """Probability of a town in each 4 km square."""
    field_px: float = 13.0
    """Mean field width, in pixels of 10 m."""

    def __post_init__(self) -> None:
        shares = {"cloudiness": self.cloudiness, "forest": self.forest, "grassland": self.grassland}
        shares |= {"conifer": self.conifer, "towns": self.towns}
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise AcquisitionError(f"the climate's {name} is no share", value=share, remedy="give 0 to 1")
        if not -66 <= self.latitude <= 66:
            raise AcquisitionError(
                "the simulation has no polar night", value=self.latitude, remedy="stay within ±66°"
            )
        if self.forest + self.grassland > 1 or min(self.crops) < 0 or sum(self.crops) == 0:
            raise AcquisitionError(
                "the climate's class shares don't add up", value=(self.forest, self.grassland, self.crops)
            )

    @classmethod
    def random(cls, seed: int) -> Self:
        """A climate drawn at random between Mediterranean, Atlantic and boreal ones: for training data."""
        draw = np.random.default_rng(seed)
        warmth = draw.uniform(-1, 1)
        return cls(
            latitude=float(np.clip(48 - 9 * warmth + draw.normal(0, 3), 33, 65)),
            season_shift_days=float(-18 * warmth + draw.normal(0, 12)),
            amplitude=float(draw.uniform(0.6, 1.25)),
            interannual_days=float(draw.uniform(3, 12)),
            temperature_c=float(9.5 + 6 * warmth + draw.normal(0, 1.5)),
            temperature_range_c=float(draw.uniform(6, 15)),
            cloudiness=float(draw.uniform(0.3, 0.72)),
            rain_mm=float(draw.uniform(0.9, 3)),
            haze=float(draw.uniform(0.002, 0.016)),
            soil_brightness=float(draw.uniform(0.65, 1.4)),
            soil_redness=float(draw.uniform(-0.6, 1)),
            forest=float(draw.uniform(0.05, 0.6)),
            grassland=float(draw.uniform(0.08, 0.38)),
            conifer=float(draw.uniform(0, 1)),
            crops=tuple(draw.dirichlet((2, 1.5, 1, 1)).tolist()),
            towns=float(draw.uniform(0.3, 1)),
            field_px=float(np.exp(draw.uniform(np.log(6), np.log(30)))),
        )


@dataclass(frozen=True)
class Weather:
    """Daily weather of one landscape from day `first` to `last`, days since 1970-01-01."""

    climate: Climate
    seed: int
    first: int
    last: int

    def index(self, days: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Where the given days stand in the arrays below."""
        index = np.asarray(days, dtype=np.int64) - self.first
        if index.size and (index.min() < 0 or index.max() > self.last - self.first):
            raise AcquisitionError(
                "the simulated weather doesn't reach this day",
                value=f"day {int(np.min(days))} to {int(np.max(days))} since 1970-01-01",
                remedy=f"it knows {self.first} to {self.last}",
            )
        return index

    @cached_property
    def _days(self) -> npt.NDArray[np.int64]:
        return np.arange(self.first - _SPIN_UP_DAYS, self.last + 1)

    def _shown(self, series: Floats) -> Floats:
        return series[_SPIN_UP_DAYS:]

    def _persistent(self, purpose: str, memory: float) -> Floats:
        """A normal series with autocorrelation `memory` per day, a function of the absolute day alone."""
        shocks = normal(stream(self.seed, purpose), np.arange(self._days[0] - 40, self._days[-1] + 1))
        weights = memory ** np.arange(41) / np.sqrt(np.sum(memory ** (2 * np.arange(41))))
        series: Floats = np.convolve(shocks, weights, mode="valid")
        return series

    @cached_property
    def summer(self) -> Floats:
        """0 in midwinter to 1 in midsummer, thirty days after the solstices, including spin-up."""
        turn = 200.0 if self.climate.latitude >= 0 else 18.0
        height: Floats = 0.5 + 0.5 * np.cos(2 * np.pi * ((self._days - turn) % 365.2425) / 365.2425)
        return height

    @cached_property
    def _cover(self) -> Floats:
        share = np.clip(self.climate.cloudiness - 0.16 * (self.summer - 0.5), 0.02, 0.98)
        mean = np.sqrt(1 + _OVERCAST_CONTRAST**2) * ndtri(share)
        cover: Floats = ndtr(mean + _OVERCAST_CONTRAST * self._persistent("cloud cover", 0.55))
        return cover

    @cached_property
    def cloud_cover(self) -> Floats:
        """0-1, mostly near either end."""
        return self._shown(self._cover)

    @cached_property
    def _temperature(self) -> Floats:
        mean = self.climate.temperature_c + self.climate.temperature_range_c * (2 * self.summer - 1)
        return mean + 3.2 * self._persistent("temperature", 0.78)

    @cached_property
    def temperature(self) -> Floats:
        """Daily mean, °C."""
        return self._shown(self._temperature)

    @cached_property
    def _rain(self) -> Floats:
        chance = -np.log(uniform(stream(self.seed, "rain"), self._days))
        # 0.06: mean of the squared excess over 0.55 at a cloudiness of 0.55
        fallen: Floats = np.maximum(self._cover - 0.55, 0) ** 2 * chance * self.climate.rain_mm / 0.06
        return fallen

    @cached_property
    def rain(self) -> Floats:
        """mm d-1."""
        return self._shown(self._rain)

    def _antecedent(self, memory_days: float) -> Floats:
        """Antecedent precipitation index: rain of the past, forgotten with `memory_days`."""
        weights = np.exp(-np.arange(240) / memory_days)
        index: Floats = np.convolve(self._rain, weights)[: len(self._rain)]
        return index

    @cached_property
    def surface_moisture(self) -> Floats:
        """Wetness of the top centimetres, 0-1: what radar and soil colour see."""
        return self._shown(1 - np.exp(-self._antecedent(4.0) / (4 + 9 * self.summer)))

    @cached_property
    def drought(self) -> Floats:
        """Water stress of plants, 0-1, from the rain of the past two months."""
        root = 1 - np.exp(-self._antecedent(38.0) / (20 + 65 * self.summer))
        return self._shown(np.clip((0.55 - root) / 0.55, 0, 1))

    @cached_property
    def snow(self) -> Floats:
        """Share of open ground under snow, 0-1."""
        water = np.zeros(len(self._rain))
        for day in range(1, len(water)):  # melt depends on the day before
            fallen = self._rain[day] if self._temperature[day] < 0.5 else 0.0
            melted = 3.0 * max(self._temperature[day], 0)
            water[day] = max(water[day - 1] + fallen - melted, 0)
        return self._shown(1 - np.exp(-water / 4))

    def _solar_geometry(self) -> tuple[Floats, Floats]:
        """Declination in radians and the inverse squared relative distance to the sun (FAO-56, eq. 23-24)."""
        angle = 2 * np.pi * (self._days % 365.2425) / 365.2425
        return 0.409 * np.sin(angle - 1.39), 1 + 0.033 * np.cos(angle)

    @cached_property
    def radiation(self) -> Floats:
        """Global radiation, MJ m-2 d-1 (FAO-56, eq. 21 and the Ångström formula)."""
        declination, distance = self._solar_geometry()
        latitude = np.radians(self.climate.latitude)
        sunset = np.arccos(np.clip(-np.tan(latitude) * np.tan(declination), -1, 1))
        light = sunset * np.sin(latitude) * np.sin(declination)
        light += np.cos(latitude) * np.cos(declination) * np.sin(sunset)
        return self._shown(37.6 * distance * light * (0.25 + 0.5 * (1 - self._cover)))

    @cached_property
    def sun_zenith(self) -> Floats:
        """Angle of the sun from the vertical at the Sentinel-2 overpass, radians."""
        declination, _ = self._solar_geometry()
        latitude, hour = np.radians(self.climate.latitude), np.radians(-20.0)
        cosine = np.sin(latitude) * np.sin(declination)
        cosine += np.cos(latitude) * np.cos(declination) * np.cos(hour)
        return self._shown(np.arccos(np.clip(cosine, 0.05, 1)))

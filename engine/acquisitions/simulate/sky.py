"""Clouds, their shadows, haze, and the imperfect mask that a scene classification makes of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from ...grid import Window
from .climate import Weather
from .noise import Field, Floats, fractal_noise, hashed, normal, smooth_noise, stream, uniform

CLOUD_TRACE = 0.03
"""Opacity (0-1) from which a pixel truly counts as cloudy."""
SHADOW_TRACE = 0.08
"""Loss of light (0-1) from which it truly counts as shadowed."""
_CLOUD = np.array([0.62, 0.61, 0.62, 0.63, 0.64, 0.65, 0.66, 0.66, 0.42, 0.32])
_CIRRUS = np.array([0.42, 0.41, 0.41, 0.42, 0.43, 0.43, 0.44, 0.44, 0.30, 0.24])
_HAZE = np.array([1.0, 0.72, 0.5, 0.44, 0.36, 0.3, 0.25, 0.23, 0.05, 0.03])
_DIFFUSE = np.array([0.42, 0.36, 0.3, 0.28, 0.26, 0.24, 0.22, 0.21, 0.1, 0.08])  # light that reaches shadows


@dataclass(frozen=True, eq=False)
class Sky:
    """What lies between the surface and the sensor on one day in one window, each [y, x]."""

    opacity: Field
    """0 (clear) to 1 (opaque cloud)."""
    albedo: Field
    """Brightness of the cloud tops, about 1."""
    cirrus: Field
    """Opacity of thin high cloud, 0-1."""
    shadow: Field
    """Share of direct light lost, 0-1."""
    haze: Field
    """Reflectance added in the blue."""
    doubt: Field
    """Noise of the classification, variance 1."""

    @property
    def truly_clear(self) -> npt.NDArray[np.bool_]:
        """No cloud, cirrus or shadow beyond a trace."""
        covered = 1 - (1 - self.opacity) * (1 - self.cirrus)
        clear: npt.NDArray[np.bool_] = (covered < CLOUD_TRACE) & (self.shadow < SHADOW_TRACE)
        return clear

    @property
    def called_clear(self) -> npt.NDArray[np.bool_]:
        """What a scene classification calls clear: it misses thin cloud, cirrus and faint shadow.

        Over twelve landscapes of the default climate and a year, 11 % of what it calls clear was not truly
        clear (6-18 % between landscapes), and it lost 1 % of what was."""
        cloud = self.opacity > np.float32(0.16) + np.float32(0.07) * self.doubt
        thin = self.cirrus > np.float32(0.15) + np.float32(0.06) * self.doubt
        shade = self.shadow > np.float32(0.28) + np.float32(0.1) * self.doubt
        clear: npt.NDArray[np.bool_] = ~(cloud | thin | shade)
        return clear

    def seen_through(self, surface: Field) -> Field:
        """Reflectance at the sensor's product level of a surface [band, y, x]."""
        lost = self.shadow * (1 - np.maximum(self.opacity, 0))
        seen: Field = surface * (1 - lost * (1 - _column(_DIFFUSE)))
        seen += self.haze * _column(_HAZE)
        if self.cirrus.any():
            seen += (_column(_CIRRUS) - seen) * self.cirrus
        if self.opacity.any():
            seen += (_column(_CLOUD) * self.albedo - seen) * self.opacity
        return seen


def _column(spectrum: npt.NDArray[np.float64]) -> Field:
    return spectrum.astype(np.float32)[:, None, None]


def sky(weather: Weather, day: int, window: Window) -> Sky:
    """The sky over a window in absolute pixel coordinates, at the overpass of a day."""
    key = int(hashed(stream(weather.seed, "sky"), day)[0] >> np.uint64(2))
    y, x = window.row + np.arange(window.height) + 0.5, window.col + np.arange(window.width) + 0.5
    down, right = _shadow_shift(weather, day, key)
    cover = float(weather.cloud_cover[weather.index(day)])
    depth = _cloud_depth(key, cover, y, x)
    shadow = np.float32(0.92) * _opacity(_cloud_depth(key, cover, y - down, x - right))
    albedo = np.float32(1.28) - np.float32(0.62) / (1 + depth)
    haze = np.float32(weather.climate.haze * (np.exp(0.6 * normal(key, 3)[0]) - 0.4))
    patchy = 1 + np.float32(0.25) * smooth_noise(key + 40, y, x, 180)
    doubt = fractal_noise(key + 50, y, x, 14, octaves=2, roughness=0.7)
    return Sky(_opacity(depth), albedo, _cirrus(key, y, x), shadow, haze * patchy, doubt)


def _shadow_shift(weather: Weather, day: int, key: int) -> tuple[float, float]:
    """Pixels down and right from a cloud to its shadow, away from a sun in the south-south-east."""
    height_px = 60 + 190 * uniform(key, 1)[0]  # 0.6-2.5 km
    length = height_px * np.tan(float(weather.sun_zenith[weather.index(day)]))
    north = 1.0 if weather.climate.latitude >= 0 else -1.0
    return float(-north * length * np.cos(np.radians(20))), float(-length * np.sin(np.radians(20)))


def _cloud_depth(key: int, cover: float, y: Floats, x: Floats) -> Field:
    """Optical depth (arbitrary unit): `cover` of the area lies above the threshold of a fractal field."""
    broken = uniform(key, 2)[0] < 0.45  # cumulus rather than a deck
    largest, octaves, roughness = (120.0, 6, 0.66) if broken else (560.0, 8, 0.66)
    field = fractal_noise(key, y, x, largest, octaves=octaves, roughness=roughness)
    above = np.maximum(field - np.float32(ndtri(np.clip(1 - cover, 1e-4, 1 - 1e-4))), 0)
    depth: Field = np.float32(6.0 if broken else 4.0) * above
    return depth


def _opacity(depth: Field) -> Field:
    # faint at the rim, then quickly opaque
    opacity: Field = 1 - np.exp(-depth * (np.float32(0.4) + depth))
    return opacity


def _cirrus(key: int, y: Floats, x: Floats) -> Field:
    """Thin high cloud on about a third of the days, stretched along the wind."""
    strength = np.maximum(normal(key, 4)[0] - 0.4, 0) * 0.16
    if strength == 0:
        return np.zeros((len(y), len(x)), dtype=np.float32)
    field = fractal_noise(key + 60, y * 2.5, x, 300, octaves=3, roughness=0.55)
    thin: Field = np.clip(np.float32(strength) * (field + np.float32(0.3)), 0, 0.6)
    return thin

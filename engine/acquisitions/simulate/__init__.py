"""Simulated Sentinel-1 and Sentinel-2 landscapes with known land cover and daily GPP."""

from .climate import Climate, Weather
from .landscape import Landscape
from .surfaces import LAND_COVER, LandCover

__all__ = ["LAND_COVER", "Climate", "LandCover", "Landscape", "Weather"]

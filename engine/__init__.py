"""Phenolens engine: area → grid → acquisitions → encoders → fusion → embedding store → views."""

from importlib.metadata import version

__version__ = version("phenolens")

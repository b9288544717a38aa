"""Phenolens engine: area → grid → acquisitions → encoders → fusion → embedding store → views."""

import os
from importlib.metadata import version

# OpenMP's waiting threads spin by default: beside other busy programs that made dense inference a hundred times
# slower (900 instead of 95,000 pixel-dates/s on two cores at load 9). It is read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = version("phenolens")

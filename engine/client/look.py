"""What is to be seen of a store, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """What is to be seen of a store; what is None or doesn't concern the layer is left to the service."""

    layer: str = "pca"
    """`pca`, `dim`, `support`, `embedding` (raw alone), `cluster`; acquisitions: `true-colour`, `false-colour`, `ndvi`,
    `s1`; `similarity:ID`; `probe:ID` of a preview or `probe:FILE.probe`; `map:FILE.tif`, a map with a colour table
    that a job wrote, whatever the date."""
    date: str | None = None
    """Day (2018-05-01) or UTC time of a date of the store, or of an acquisition."""
    dim: int | None = None
    """Of `dim`, from 1; of `embedding`, how many leading dimensions."""
    sensor: str | None = None
    """Of `support`."""
    palette: str | None = None
    """Of `dim` and `support`."""
    clusters: int | None = None
    """Of `cluster`: how many."""
    output: str | None = None
    """Of `probe`: `class`, `confidence`, `value`, …"""

"""What is said of a projection: its pixels, its settings, how far to trust it."""

from __future__ import annotations

from phenolens.engine.client.readings import Density
from PySide6.QtCore import QCoreApplication

from ..selection import fits_of
from ..session import Session

translate = QCoreApplication.translate  # by this name translators' tools find its texts


def fitted_with(density: Density) -> str:
    return translate("ProjectionsController", "UMAP of {} neighbours, minimum distance {:.2f}").format(
        density.neighbours, density.min_dist
    )


def others(now: Session, fit: str) -> str:
    """Named selections that this UMAP has no places for."""
    names = [f"“{one.name}”" for one in now.work.selections if fits_of(one.pick) - {fit}]
    if not names:
        return ""
    told = translate("ProjectionsController", " Drawn in another UMAP, so without pixels now: {}.")
    return told.format(", ".join(names))


def _short(fidelity: str) -> str:
    """`trustworthiness 0.98, 57% of 30 neighbours kept` of all that is said."""
    start = max(0, fidelity.find("trustworthiness"))
    return fidelity[start:].partition(";")[0].partition(" (")[0]


def counted(density: Density, step: int) -> str:
    """Which pixels the picture is made of, and how far to trust it."""
    told = translate("ProjectionsController", "{:,} pixels of {} dates").format(density.pixels, density.dates)
    if density.dates == 1:
        told = translate("ProjectionsController", "{:,} pixels of 1 date").format(density.pixels)
    if step > 1:
        told += translate("ProjectionsController", " (1 in {} is counted)").format(step**2)
    if density.outside:
        told += translate("ProjectionsController", ", {:,} of them beyond the picture").format(
            density.outside
        )
    fidelity = translate("ProjectionsController", "Fidelity: {}.").format(_short(density.fidelity))
    return f"{told}. {fidelity}"

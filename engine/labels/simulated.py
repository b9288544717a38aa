"""Labels drawn from the known truth of a simulated landscape; nothing of them was measured."""

import numpy as np
import numpy.typing as npt

from ..acquisitions.simulate import LAND_COVER, Landscape
from ..classes import ClassTable, LandClass
from ..errors import LabelError
from ..response import Response
from .pixels import LabelPixels, counted
from .report import ImportReport

LAND_COVER_CLASSES = ClassTable(tuple(LandClass(c.code, c.name, c.colour) for c in LAND_COVER))
"""The nine classes of a simulated landscape."""
Whole = npt.NDArray[np.int64]


def simulated_land_cover_labels(
    landscape: Landscape, *, parcels_per_class: int = 20, pixels_per_parcel: int = 30, seed: int = 0
) -> LabelPixels:
    """True (simulated) land cover of some parcels of every class, as a field campaign would visit them.

    Parcels are drawn without regard to their size, then pixels within each; a class with fewer parcels gives all."""
    _check(parcels_per_class=parcels_per_class, pixels_per_parcel=pixels_per_parcel)
    truth, group = _truth(landscape)
    random = np.random.default_rng(seed)
    chosen = [
        _draw(np.flatnonzero((truth == code) & (group == parcel)), pixels_per_parcel, random)
        for code in LAND_COVER_CLASSES.codes
        for parcel in _draw(np.unique(group[truth == code]), parcels_per_class, random)
    ]
    at = np.concatenate(chosen)
    drawn = f"up to {parcels_per_class} parcels per class, up to {pixels_per_parcel} pixels each, seed {seed}"
    never = np.full(len(at), "NaT", "datetime64[D]")
    response = Response("simulated land cover", "classification", classes=LAND_COVER_CLASSES)
    return _pixels(landscape, response, at, truth[at].astype(np.int64), group[at], never, drawn)


def simulated_gpp_labels(
    landscape: Landscape,
    days: npt.NDArray[np.datetime64],
    *,
    parcels: int = 60,
    pixels_per_parcel: int = 4,
    seed: int = 0,
) -> LabelPixels:
    """True (simulated) GPP in gC m-2 d-1 of some vegetated parcels on each of `days` (datetime64[D])."""
    _check(days=len(days), parcels=parcels, pixels_per_parcel=pixels_per_parcel)
    truth, group = _truth(landscape)
    random = np.random.default_rng(seed)
    vegetated = ~np.isin(truth, [c.code for c in LAND_COVER if c.name in ("water", "built-up")])
    of_parcel = [
        _draw(np.flatnonzero(vegetated & (group == parcel)), pixels_per_parcel, random)
        for parcel in _draw(np.unique(group[vegetated]), parcels, random)
    ]
    at = np.concatenate(of_parcel)
    numbers = days.astype("datetime64[D]").astype(np.int64)
    gpp = np.concatenate([landscape.gpp(landscape.grid.window, [day]).reshape(-1)[at] for day in numbers])
    drawn = f"{len(of_parcel)} vegetated parcels, up to {pixels_per_parcel} pixels each, {len(days)} days, seed {seed}"
    response = Response("simulated GPP", "regression", "gC m-2 d-1")
    every, when = np.tile(at, len(days)), np.repeat(days.astype("datetime64[D]"), len(at))
    return _pixels(landscape, response, every, gpp.astype(np.float64), group[every], when, drawn)


def _check(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise LabelError(f"{name} must be above 0", value=number)


def _truth(landscape: Landscape) -> tuple[npt.NDArray[np.uint8], Whole]:
    """(land cover, parcel number from 0) of every pixel, flat."""
    window = landscape.grid.window
    group = np.unique(landscape.parcels(window).reshape(-1), return_inverse=True)[1].astype(np.int64)
    return landscape.land_cover(window).reshape(-1), group


def _draw(values: Whole, count: int, random: np.random.Generator) -> Whole:
    drawn: Whole = np.sort(random.choice(values, min(count, len(values)), replace=False))
    return drawn


def _pixels(
    landscape: Landscape,
    response: Response,
    at: Whole,
    y: npt.NDArray[np.int64] | npt.NDArray[np.float64],
    group: Whole,
    when: npt.NDArray[np.datetime64],
    drawn: str,
) -> LabelPixels:
    rows, cols = np.divmod(at, landscape.grid.shape[1])
    report = ImportReport(
        source=f"simulated landscape, seed {landscape.seed}",
        read=len(at),
        notes=("simulated: drawn from the landscape's known truth, nothing was measured", drawn),
        rule="pixels drawn at random within parcels",
    )
    return counted(LabelPixels(landscape.grid, response, rows, cols, y, group, when, when.copy(), report))

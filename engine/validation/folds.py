"""Cross-validation schemes: what is held out says what the score is about.

`random` answers "another sample from the same polygons, blocks, sites and years", `polygon` "another field",
`block` "another place nearby", `site` "a new tower", `year` "another year at known towers", `site-year` "a new
tower in another year". A scheme is made only where the samples have what it needs; otherwise it is said why not.
Roberts et al. 2017, Ecography 40, 913-929, doi:10.1111/ecog.02881.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..probes.table import SampleTable
from .samples import CONTEXT_METRES, block_side, cells_of, check_samples, class_names, place_of, shares_window

Ids = npt.NDArray[np.int64]

QUESTIONS = {
    "random": "another sample of the same places and times",
    "polygon": "another polygon",
    "block": "another part of the area",
    "site": "a new site",
    "year": "another year at the same places",
    "site-year": "a new site in another year",
}
"""What a score under each scheme is an estimate for, from the most to the least optimistic."""


@dataclass(frozen=True)
class FoldSettings:
    """How folds are made."""

    folds: int = 5
    seed: int = 0
    block_metres: float | None = None
    """Side of a spatial block; None = from the extent, so that there are some 4 blocks a fold."""
    context_metres: float = CONTEXT_METRES
    """Closer than this the model's windows overlap (15 × 15 px of 10 m); blocks are at least twice as wide, and
    training samples closer than this to a held-out block are left out."""
    single_sites: int = 50
    """Up to so many sites each is held out alone; beyond, they are held out in `folds` groups."""

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise ProbeError("cross-validation needs at least 2 folds", value=self.folds)
        if self.block_metres is not None and self.block_metres < self.context_metres:
            raise ProbeError(
                "spatial blocks are smaller than the model's context",
                value=f"{self.block_metres:g} m",
                remedy=f"take at least {self.context_metres:g} m",
            )


@dataclass(frozen=True, eq=False)
class Fold:
    """One split."""

    name: str
    train: Ids
    """Rows of the table."""
    test: Ids


@dataclass(frozen=True, eq=False)
class Scheme:
    """A way to hold samples out."""

    name: str
    """Of `QUESTIONS`."""
    folds: tuple[Fold, ...]
    notes: tuple[str, ...] = ()
    """How the folds came about, what was left out."""

    @property
    def question(self) -> str:
        return QUESTIONS[self.name]

    @property
    def tested(self) -> Ids:
        """Rows that are in some fold's test, ascending."""
        return np.unique(np.concatenate([fold.test for fold in self.folds]))


@dataclass(frozen=True, eq=False)
class Schemes:
    """The schemes that apply, in the order of `QUESTIONS`, and why others don't."""

    found: tuple[Scheme, ...]
    absent: Mapping[str, str] = field(default_factory=dict)


def make_schemes(
    table: SampleTable, settings: FoldSettings | None = None, names: Sequence[str] | None = None
) -> Schemes:
    """All schemes that apply to the samples; with `names`, these or `ProbeError`."""
    settings = settings or FoldSettings()
    check_samples(table, settings.folds)
    found, absent = [], {}
    for name in names or QUESTIONS:
        try:
            found.append(make_scheme(table, name, settings))
        except ProbeError as error:
            if names or name == "random":
                raise
            absent[name] = error.cause if error.value is None else f"{error.cause} ({error.value})"
    return Schemes(tuple(found), absent)


def make_scheme(table: SampleTable, name: str, settings: FoldSettings | None = None) -> Scheme:
    """One scheme; `ProbeError` where the samples lack its key, have too few groups, or a class is in one group."""
    settings = settings or FoldSettings()
    if name not in _MAKERS:
        raise ProbeError("there is no such validation scheme", value=name, remedy=", ".join(QUESTIONS))
    check_samples(table, settings.folds)
    made = _MAKERS[name](table, settings)
    return _usable(table, made)


def _random(table: SampleTable, settings: FoldSettings) -> Scheme:
    """Samples dealt out in the order of their response, so that each fold has its share of classes or values."""
    rng = np.random.default_rng(settings.seed)
    order = np.lexsort((rng.random(len(table)), table.y))
    number = np.empty(len(table), np.int64)
    number[order] = np.arange(len(table)) % settings.folds
    return Scheme("random", _by_number(number), (f"{settings.folds} folds, stratified by the response",))


def _polygon(table: SampleTable, settings: FoldSettings) -> Scheme:
    folds, notes = _grouped(table, _key(table, "polygon"), settings, "polygons")
    return Scheme("polygon", folds, notes)


def blocks_of(table: SampleTable, settings: FoldSettings) -> tuple[Ids, float]:
    """[sample] the spatial block that a sample is held out with, and the side of blocks in metres."""
    if table.position is None:
        raise ProbeError("the samples have no positions", remedy="choose another scheme")
    metres = settings.block_metres or block_side(
        table.position, 4 * settings.folds, 2 * settings.context_metres
    )
    return cells_of(_middles(table), metres), metres


def _block(table: SampleTable, settings: FoldSettings) -> Scheme:
    blocks, metres = blocks_of(table, settings)
    assert table.position is not None  # there are no blocks otherwise
    folds, notes = _grouped(table, blocks, settings, "blocks")
    made = [_without_near(table.position, fold, settings.context_metres) for fold in folds]
    left_out = _left_out(
        folds,
        made,
        f"closer than {settings.context_metres:g} m to the held-out blocks, which the model's context spans",
    )
    whole = ("polygons whole, in the block of their middle",) if "polygon" in table.keys else ()
    return Scheme("block", tuple(made), (f"blocks of {metres:,.0f} m", *whole, *notes, *left_out))


def _middles(table: SampleTable) -> npt.NDArray[np.float64]:
    """[sample, 2] positions; of samples of a polygon their mean, so that no block's edge cuts a polygon."""
    assert table.position is not None  # the block scheme has looked
    if "polygon" not in table.keys:
        return table.position
    polygon = np.unique(table.keys["polygon"], return_inverse=True)[1].reshape(-1)
    counts = np.bincount(polygon)
    middles = [np.bincount(polygon, weights=axis) / counts for axis in table.position.T]
    return np.stack(middles, axis=1)[polygon]


def _site(table: SampleTable, settings: FoldSettings) -> Scheme:
    sites = _key(table, "site")
    if len(np.unique(sites)) > settings.single_sites:
        folds, notes = _grouped(table, sites, settings, "sites")
        return Scheme("site", folds, notes)
    return Scheme("site", _each(sites), (f"each of {len(np.unique(sites))} sites held out once",))


def _year(table: SampleTable, settings: FoldSettings) -> Scheme:
    years = _years(table)
    return _purged(table, "year", _each(years), (f"each of {len(np.unique(years))} years held out once",))


def _site_year(table: SampleTable, settings: FoldSettings) -> Scheme:
    sites, years = _key(table, "site"), _years(table)
    several = replace(settings, folds=min(settings.folds, len(np.unique(sites))))
    groups, _ = _grouped(table, sites, several, "sites")
    folds = []
    for group in groups:
        for year in np.unique(years[group.test]):
            train = group.train[years[group.train] != year]
            folds.append(Fold(f"{group.name}/{year}", train, group.test[years[group.test] == year]))
    note = f"{len(groups)} groups of sites × {len(np.unique(years))} years: neither the site nor the year is trained on"
    return _purged(table, "site-year", tuple(folds), (note,))


_MAKERS: dict[str, Callable[[SampleTable, FoldSettings], Scheme]] = {
    "random": _random,
    "polygon": _polygon,
    "block": _block,
    "site": _site,
    "year": _year,
    "site-year": _site_year,
}


def _key(table: SampleTable, name: str) -> npt.NDArray[Any]:
    if name not in table.keys:
        raise ProbeError(f"the samples have no {name}", remedy="choose another scheme")
    return _several(table.keys[name], f"{name}s")


def _years(table: SampleTable) -> npt.NDArray[Any]:
    if table.year is None:
        raise ProbeError("the samples have no date", remedy="choose another scheme")
    return _several(table.year, "years")


def _several(groups: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    if len(np.unique(groups)) < 2:
        raise ProbeError(f"there are fewer than 2 {what}", value=", ".join(map(str, np.unique(groups))))
    return groups


def _by_number(number: Ids) -> tuple[Fold, ...]:
    values = np.unique(number)
    return tuple(
        Fold(str(k + 1), np.flatnonzero(number != v), np.flatnonzero(number == v))
        for k, v in enumerate(values)
    )


def _each(groups: npt.NDArray[Any]) -> tuple[Fold, ...]:
    return tuple(
        Fold(str(group), np.flatnonzero(groups != group), np.flatnonzero(groups == group))
        for group in np.unique(groups)
    )


def _grouped(
    table: SampleTable, groups: npt.NDArray[Any], settings: FoldSettings, what: str
) -> tuple[tuple[Fold, ...], tuple[str, ...]]:
    """Folds of whole groups, stratified by class where there are classes."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold  # noqa: PLC0415 - heavy

    _several(groups, what)
    count = len(np.unique(groups))
    folds = min(settings.folds, count)
    classes = table.response.task == "classification"
    kind = StratifiedGroupKFold if classes else GroupKFold
    splitter = kind(folds, shuffle=True, random_state=settings.seed)
    with warnings.catch_warnings():
        # rare classes are said in our own notes
        warnings.filterwarnings("ignore", message="The least populated class")
        try:
            splits = [test for _, test in splitter.split(np.empty((len(table), 0)), table.y, groups)]
        except ValueError as error:
            raise ProbeError("every class has fewer samples than there are folds", value=folds) from error
    number = np.zeros(len(table), np.int64)
    for k, test in enumerate(splits):
        number[test] = k
    fewer = (
        f", fewer than the {settings.folds} asked for, as there are no more {what}"
        if folds < settings.folds
        else ""
    )
    return _by_number(number), (f"{count} {what} in {len(np.unique(number))} folds{fewer}",)


def _without_near(position: npt.NDArray[np.float64], fold: Fold, metres: float) -> Fold:
    from scipy.spatial import cKDTree  # noqa: PLC0415 - heavy

    nearest, _ = cKDTree(position[fold.test]).query(position[fold.train], distance_upper_bound=metres)
    return replace(fold, train=fold.train[~np.isfinite(nearest)])


def _purged(table: SampleTable, name: str, folds: tuple[Fold, ...], notes: tuple[str, ...]) -> Scheme:
    """Without the training samples whose windows overlap a held-out one of the same place."""
    place = place_of(table)
    if table.span is None or place is None:
        return Scheme(name, folds, notes)
    made = [
        replace(f, train=f.train[~shares_window(place, table.span, rows=f.train, others=f.test)])
        for f in folds
    ]
    reason = "whose windows overlap a held-out window of the same place"
    return Scheme(name, tuple(made), (*notes, *_left_out(folds, made, reason)))


def _left_out(before: Iterable[Fold], after: Iterable[Fold], reason: str) -> tuple[str, ...]:
    lost = sum(len(b.train) - len(a.train) for b, a in zip(before, after, strict=True))
    return (f"{lost:,} training samples (over all folds) left out {reason}",) if lost else ()


def _usable(table: SampleTable, scheme: Scheme) -> Scheme:
    """Without folds that can't be trained, and with a note on classes that were tested but not trained."""
    classes = table.response.task == "classification"
    least = 2
    good = [f for f in scheme.folds if len(np.unique(table.y[f.train]) if classes else f.train) >= least]
    if not good:
        cause = (
            "no fold leaves training samples of two classes" if classes else "no fold leaves training samples"
        )
        raise ProbeError(
            cause, value=scheme.name, remedy="label more groups, so that each class is in several"
        )
    notes = list(scheme.notes)
    if len(good) < len(scheme.folds):
        what = "two classes" if classes else "samples"
        notes.append(
            f"{len(scheme.folds) - len(good)} of {len(scheme.folds)} folds skipped: no training {what} left"
        )
    if classes:
        notes += _untrained(table, good)
    return replace(scheme, folds=tuple(good), notes=tuple(notes))


def _untrained(table: SampleTable, folds: Sequence[Fold]) -> list[str]:
    """Notes on classes that can't be right in a fold, as all their training samples are held out with it."""
    missed: dict[int, int] = {}
    for fold in folds:
        lost = ~np.isin(table.y[fold.test], table.y[fold.train])
        for code, count in zip(*np.unique(table.y[fold.test][lost], return_counts=True), strict=True):
            missed[int(code)] = missed.get(int(code), 0) + int(count)
    names = class_names(table)
    return [
        f"{names[code]}: {count} samples were tested by folds with no other sample of this class; these are errors"
        for code, count in sorted(missed.items())
    ]

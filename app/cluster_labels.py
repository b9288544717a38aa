"""Clusters → labels of classes: which pixels stand for a cluster, and what its class is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from phenolens.engine.client.readings import LegendClass

from .masks import Bits
from .session import Label, LandClass

Codes = npt.NDArray[np.uint8]
SEED = 0


@dataclass(frozen=True)
class Cluster:
    """One of the map."""

    code: int
    name: str
    colour: str
    pixels: int
    """On the date of the map."""


@dataclass(frozen=True)
class Naming:
    """What the user has said of the clusters."""

    classes: Mapping[int, int | None]
    """Code of the class by that of the cluster; None: a class of its own. Clusters that are left out get no labels."""
    each: int = 50
    """Labels of each cluster, at most."""


@dataclass(frozen=True, eq=False)
class Clustered:
    """The clusters of one date."""

    codes: Codes
    """[row, column], 0 = none."""
    step: int
    """Of the store's pixels along and across, every so many are here."""
    clusters: tuple[Cluster, ...]

    @classmethod
    def of(cls, codes: Codes, step: int, classes: Sequence[LegendClass]) -> Clustered:
        counts = np.bincount(codes.ravel(), minlength=256) * step**2
        return cls(
            codes,
            step,
            tuple(Cluster(one.code, plain(one.name), one.colour, int(counts[one.code])) for one in classes),
        )

    def pixels(self, code: int, most: int) -> list[tuple[int, int]]:
        """(row, column) in the store: a random sample; off the edges of the cluster, where it has so much inside."""
        there = self.codes == code
        inner = _inner(there)
        places = np.argwhere(inner if np.count_nonzero(inner) >= most else there)
        chosen = np.random.default_rng((SEED, code)).permutation(len(places))[:most]
        return [(int(row), int(column)) for row, column in places[np.sort(chosen)] * self.step]


def plain(name: str) -> str:
    """`cluster 1` of `cluster 1 (40.2% of the sample)`."""
    return name.partition(" (")[0]


def named(
    clustered: Clustered, naming: Naming, classes: tuple[LandClass, ...]
) -> tuple[tuple[LandClass, ...], dict[int, int]]:
    """Classes with those that clusters get of their own, and the class of each cluster."""
    all_classes, class_of = list(classes), {}
    for cluster in clustered.clusters:
        if cluster.code not in naming.classes:
            continue
        code = naming.classes[cluster.code]
        if code is None:
            code = next(n for n in range(1, 255) if n not in {one.code for one in all_classes})
            names = {one.name for one in all_classes}
            numbered = (f"{cluster.name} ({n})" for n in range(2, 300))
            name = next(one for one in (cluster.name, *numbered) if one not in names)
            all_classes.append(LandClass(code, name, cluster.colour))
        class_of[cluster.code] = code
    return tuple(all_classes), class_of


def labels_of(
    clustered: Clustered, class_of: Mapping[int, int], each: int, span: tuple[str | None, str | None]
) -> tuple[Label, ...]:
    """Points in the middle of pixels."""
    return tuple(
        Label(float(code), ((column + 0.5, row + 0.5),), *span)
        for cluster, code in class_of.items()
        for row, column in clustered.pixels(cluster, each)
    )


def _inner(there: Bits) -> Bits:
    """Pixels whose four neighbours are of the same cluster."""
    inner = np.zeros_like(there)
    inner[1:-1, 1:-1] = (
        there[1:-1, 1:-1] & there[:-2, 1:-1] & there[2:, 1:-1] & there[1:-1, :-2] & there[1:-1, 2:]
    )
    return inner

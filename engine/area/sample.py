"""A stratified random sample of a class map's pixels, drawn from a stream, the same for the same seed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pyproj import Transformer

from ..classes import ClassTable
from ..errors import InputError
from ..grid import Grid
from ..progress import CancelToken
from .classmap import ClassMap, pixel_area

Codes = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

KIND = "phenolens area sample"


@dataclass(frozen=True, eq=False)
class AreaSample:
    """Sample units, each a pixel, in the shuffled order in which they are to be interpreted."""

    name: str
    """Of the map."""
    grid: Grid
    classes: ClassTable
    strata: ClassTable
    """The same as `classes` unless another map was the stratification."""
    pixels: Mapping[int, int]
    """Pixels by stratum."""
    mapped: Mapping[int, int]
    """Pixels by map class, of the same population."""
    seed: int
    rows: Codes
    cols: Codes
    stratum: Codes
    """[unit] stratum code."""
    shown: Codes
    """[unit] class that the map shows."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def ids(self) -> Codes:
        """1 to n in the order of interpretation: an id tells nothing of the stratum."""
        return np.arange(1, len(self) + 1)

    @property
    def pixel_m2(self) -> float:
        return pixel_area(self.grid)

    @property
    def own_strata(self) -> bool:
        """Whether the strata are something other than the map's classes."""
        return self.strata != self.classes

    @property
    def xy(self) -> tuple[Reals, Reals]:
        """Centres of the units in the map's CRS."""
        return self.grid.x[self.cols], self.grid.y[self.rows]

    @property
    def lonlat(self) -> tuple[Reals, Reals]:
        lon, lat = Transformer.from_crs(self.grid.crs, "EPSG:4326", always_xy=True).transform(*self.xy)
        return lon, lat

    def to_dict(self) -> dict[str, Any]:
        units = zip(self.rows, self.cols, self.stratum, self.shown, strict=True)
        return {
            "kind": KIND,
            "map": self.name,
            "grid": self.grid.to_dict(),
            "classes": self.classes.to_dict(),
            "strata": self.strata.to_dict(),
            "pixels": {str(code): number for code, number in self.pixels.items()},
            "mapped": {str(code): number for code, number in self.mapped.items()},
            "seed": self.seed,
            "units": [[int(value) for value in unit] for unit in units],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        units = np.array(stored["units"], dtype=np.int64).reshape(-1, 4)
        return cls(
            stored["map"],
            Grid.from_dict(stored["grid"]),
            ClassTable.from_dict(stored["classes"]),
            ClassTable.from_dict(stored["strata"]),
            {int(code): int(number) for code, number in stored["pixels"].items()},
            {int(code): int(number) for code, number in stored["mapped"].items()},
            stored["seed"],
            *units.T,
        )


def read_sample(path: Path) -> AreaSample:
    """The sample that a design file keeps; `InputError` where it is none."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["kind"] != KIND:
            raise ValueError(stored["kind"])
        return AreaSample.from_dict(stored)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "there is no readable sample design",
            value=path,
            remedy=f"give the .design.json of the sample ({error})",
        ) from error


def draw_sample(
    class_map: ClassMap,
    units: Mapping[int, int],
    *,
    strata: ClassMap | None = None,
    seed: int = 0,
    cancel: CancelToken | None = None,
) -> AreaSample:
    """Draw `units` (by stratum code) pixels without replacement, all pixels of a stratum equally likely.

    The map is read twice in strips: no more of it is in memory. With `strata`, a map on the same grid, units
    are drawn from its classes; pixels without a map class belong to no stratum."""
    cancel = cancel or CancelToken()
    pixels, mapped = population(class_map, strata, cancel)
    _check_units(units, pixels)
    ranks = {code: _ranks(pixels[code], number, seed, code) for code, number in units.items()}
    found = [unit for strip in _walk(class_map, strata, cancel) for unit in _picked(*strip, ranks)]
    # sorted by place before they are shuffled: the height of a strip must not show
    units_found = np.array(sorted(found), dtype=np.int64).reshape(-1, 4)
    rows, cols, stratum, shown = np.random.default_rng(seed).permutation(units_found).T
    return AreaSample(
        class_map.path.name,
        class_map.grid,
        class_map.table,
        (strata or class_map).table,
        pixels,
        mapped,
        seed,
        rows,
        cols,
        stratum,
        shown,
    )


def _walk(
    class_map: ClassMap, strata: ClassMap | None, cancel: CancelToken
) -> Iterator[tuple[int, Codes, Codes]]:
    """(first row, stratum codes, map codes) of strips; a pixel without a map class has stratum 0."""
    others = strata.strips() if strata else None
    for top, shown in class_map.strips():
        cancel.check()
        codes = shown if others is None else np.where(shown == 0, 0, next(others)[1])
        yield top, codes, shown


def population(
    class_map: ClassMap, strata: ClassMap | None = None, cancel: CancelToken | None = None
) -> tuple[dict[int, int], dict[int, int]]:
    """Pixels by stratum and, of those that are in one, by map class."""
    _check_grids(class_map, strata)
    if strata is None:
        counted = {code: number for code, number in class_map.pixels.items() if number}
        return counted, counted
    pixels = dict.fromkeys(strata.table.codes, 0)
    mapped = dict.fromkeys(class_map.table.codes, 0)
    for _, codes, shown in _walk(class_map, strata, cancel or CancelToken()):
        for counts, found in ((pixels, codes), (mapped, shown[codes > 0])):
            for code, number in zip(*np.unique(found[found > 0], return_counts=True), strict=True):
                counts[int(code)] += int(number)
    return {c: n for c, n in pixels.items() if n}, {c: n for c, n in mapped.items() if n}


def _ranks(pixels: int, number: int, seed: int, code: int) -> Codes:
    """Which of a stratum's pixels, counted from the upper left, are drawn; the same whatever other strata do."""
    rng = np.random.default_rng([seed, code])
    return np.sort(rng.choice(pixels, number, replace=False, shuffle=False))


def _picked(
    top: int, codes: Codes, shown: Codes, ranks: dict[int, Codes]
) -> Iterator[tuple[int, int, int, int]]:
    """(row, column, stratum, map class) of the units in a strip; `ranks` then count from the next strip on."""
    for code in ranks:
        places = np.flatnonzero(codes == code)
        here = ranks[code][ranks[code] < len(places)]
        ranks[code] = ranks[code][len(here) :] - len(places)
        for row, col in zip(*np.unravel_index(places[here], codes.shape), strict=True):
            yield top + int(row), int(col), code, int(shown[row, col])


def _check_grids(class_map: ClassMap, strata: ClassMap | None) -> None:
    if strata is not None and strata.grid != class_map.grid:
        raise InputError(
            "the strata lie on another grid than the map",
            value=f"{strata.grid.crs} {strata.grid.shape}, {class_map.grid.crs} {class_map.grid.shape}",
            remedy="warp the strata to the map's grid, nearest neighbour",
        )


def _check_units(units: Mapping[int, int], pixels: Mapping[int, int]) -> None:
    absent = [code for code in pixels if units.get(code, 0) < min(2, pixels[code])]
    if absent:
        raise InputError(
            "a stratum gets fewer than two sample units, so that nothing could be said of it",
            value=", ".join(map(str, absent)),
            remedy="give every stratum at least two, better 50",
        )
    over = [
        f"{code}: {number} of {pixels.get(code, 0)}"
        for code, number in units.items()
        if number > pixels.get(code, 0)
    ]
    if over:
        raise InputError("more sample units than pixels are asked for", value="; ".join(over))

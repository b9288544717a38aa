"""Accuracy and area from a stratified random sample, also where the strata are not the map's classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError

Codes = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

Z95 = 1.96
"""Standard errors on each side of a 95 % interval, as the publications round it."""


@dataclass(frozen=True)
class Quantity:
    """A share (0 to 1) and its standard error; NaN where the sample can't tell."""

    value: float
    se: float

    @property
    def margin(self) -> float:
        """Half the width of the 95 % interval."""
        return Z95 * self.se

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval, cut at 0 and 1."""
        return max(self.value - self.margin, 0.0), min(self.value + self.margin, 1.0)


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a stratified random sample says of a class map and of the area of its classes."""

    codes: tuple[int, ...]
    counts: npt.NDArray[np.int64]
    """[map class, reference class] sample units."""
    matrix: Reals
    """[map class, reference class] estimated shares of the area; sums to 1."""
    overall: Quantity
    users: Mapping[int, Quantity]
    """User's accuracy by class: of what the map shows as the class, the share that is."""
    producers: Mapping[int, Quantity]
    """Producer's accuracy by class: of what is the class, the share that the map shows."""
    area: Mapping[int, Quantity]
    """Share of the area that truly is of the class."""
    mapped: Mapping[int, float]
    """Share of the area that the map shows as the class: counted where strata are classes, else estimated."""
    units: Mapping[int, int]
    """Sample units by stratum."""
    pixels: Mapping[int, int]
    """Pixels by stratum."""
    finite: bool
    """Whether standard errors were reduced by the finite population correction."""

    @property
    def total(self) -> int:
        """Pixels of all strata."""
        return sum(self.pixels.values())


def estimate(
    stratum: npt.ArrayLike,
    mapped: npt.ArrayLike,
    reference: npt.ArrayLike,
    pixels: Mapping[int, int],
    codes: Sequence[int],
    *,
    finite: bool = False,
) -> Estimate:
    """Error matrix of estimated area shares, accuracies and areas with standard errors.

    `stratum`, `mapped`, `reference`: codes of the sample units, [unit]; `pixels`: size of every stratum;
    `codes`: all classes. Stehman 2014 (International Journal of Remote Sensing 35, 4923-4939), which is
    Olofsson et al. 2014 (Remote Sensing of Environment 148, 42-57) where strata are the map's classes; like
    the latter it leaves the finite population correction out unless `finite`, which errs to the wide side.
    `InputError` where a stratum has fewer than two units, or a unit is of no known stratum or class."""
    strata, on_map, truth = (np.asarray(v, dtype=np.int64) for v in (stratum, mapped, reference))
    pixels = {code: number for code, number in pixels.items() if number > 0}
    _check_codes(strata, on_map, truth, pixels, codes)
    design = _Design.of(strata, pixels, finite)
    known = np.array(codes)
    is_mapped, is_true = on_map[:, None] == known, truth[:, None] == known
    both = (is_mapped & is_true).astype(np.float64)
    area, area_se = design.mean(is_true.astype(np.float64))
    overall, overall_se = design.mean((on_map == truth)[:, None].astype(np.float64))
    cells = (is_mapped[:, :, None] & is_true[:, None, :]).reshape(len(truth), -1).astype(np.float64)
    size = (len(known), len(known))
    return Estimate(
        tuple(int(c) for c in codes),
        cells.sum(axis=0).reshape(size).astype(np.int64),
        design.mean(cells)[0].reshape(size),
        Quantity(float(overall[0]), float(overall_se[0])),
        _by_class(codes, design.ratio(both, is_mapped.astype(np.float64))),
        _by_class(codes, design.ratio(both, is_true.astype(np.float64))),
        _by_class(codes, (area, area_se)),
        dict(zip(map(int, codes), design.mean(is_mapped.astype(np.float64))[0].tolist(), strict=True)),
        dict(zip(pixels, design.units.astype(int).tolist(), strict=True)),
        pixels,
        finite,
    )


@dataclass(frozen=True, eq=False)
class _Design:
    """A stratified random sample: membership [unit, stratum], units and pixels by stratum."""

    member: Reals
    units: Reals
    pixels: Reals
    finite: bool

    @classmethod
    def of(cls, strata: Codes, pixels: Mapping[int, int], finite: bool) -> "_Design":
        member = (strata[:, None] == np.array(list(pixels))).astype(np.float64)
        size = np.array(list(pixels.values()), dtype=np.float64)
        units = member.sum(axis=0)
        _check_units(pixels, units, size)
        return cls(member, units, size, finite)

    def mean(self, values: Reals) -> tuple[Reals, Reals]:
        """Mean over the population and its standard error, of several variables [unit, variable]."""
        weight = self.pixels / self.pixels.sum()
        means = self.member.T @ values / self.units[:, None]
        squares = self.member.T @ (values - self.member @ means) ** 2
        within = squares / np.maximum(self.units - 1, 1)[:, None]
        left = 1 - self.units / self.pixels if self.finite else np.ones_like(self.units)
        variance = (weight**2 * left / self.units) @ within
        return weight @ means, np.sqrt(variance)

    def ratio(self, part: Reals, whole: Reals) -> tuple[Reals, Reals]:
        """part / whole and its standard error (Stehman 2014, equations 27 and 28); NaN where whole is 0."""
        total = self.mean(whole)[0]
        safe = np.where(total > 0, total, np.nan)
        share = self.mean(part)[0] / safe
        rest = part - np.where(total > 0, share, 0.0) * whole
        return share, self.mean(rest)[1] / safe


def _by_class(codes: Sequence[int], found: tuple[Reals, Reals]) -> dict[int, Quantity]:
    values, errors = found
    return {int(c): Quantity(float(v), float(e)) for c, v, e in zip(codes, values, errors, strict=True)}


def _check_codes(
    strata: Codes, mapped: Codes, truth: Codes, pixels: Mapping[int, int], codes: Sequence[int]
) -> None:
    for what, given, known in (
        ("stratum", strata, list(pixels)),
        ("map class", mapped, list(codes)),
        ("reference class", truth, list(codes)),
    ):
        strange = sorted(set(given.tolist()) - set(known))
        if strange:
            raise InputError(
                f"sample units have an unknown {what}",
                value=", ".join(map(str, strange)),
                remedy=f"known are {', '.join(map(str, known))}",
            )


def _check_units(pixels: Mapping[int, int], units: Reals, size: Reals) -> None:
    few = {code: int(n) for code, n, N in zip(pixels, units, size, strict=True) if n < min(2, N)}
    if few:
        raise InputError(
            "a stratum has fewer than two sample units with a reference",
            value=", ".join(f"stratum {code}: {number}" for code, number in few.items()),
            remedy="interpret at least two units of every stratum, better 50",
        )
    over = [code for code, n, N in zip(pixels, units, size, strict=True) if n > N]
    if over:
        raise InputError("a stratum has more sample units than pixels", value=over)

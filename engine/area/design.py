"""How many sample units a map needs, and how they are shared among its strata."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError

Reals = npt.NDArray[np.float64]

ALLOCATIONS = ("recommended", "proportional", "equal", "neyman")
GUESS = 0.8
"""Expected user's accuracy where nobody has said a better one."""
FEWEST = 2
"""Units per stratum: below two there is no variance."""


@dataclass(frozen=True)
class Aim:
    """The standard error that a sample should reach, of the overall accuracy or of one class's area."""

    standard_error: float = 0.01
    """Of the overall accuracy, or of the class's share of the area; 0 to 1."""
    code: int | None = None
    """The class whose area is meant; None = overall accuracy."""

    def __post_init__(self) -> None:
        if not 0 < self.standard_error < 0.5:
            raise InputError(
                "the target standard error is out of range",
                value=self.standard_error,
                remedy="give a share, such as 0.01 for one percentage point",
            )


@dataclass(frozen=True, eq=False)
class Allocation:
    """Sample units by stratum, and what they can be expected to reach."""

    units: Mapping[int, int]
    """By stratum code."""
    se_overall: float
    """Anticipated standard error of the overall accuracy."""
    se_users: Mapping[int, float]
    """Of the user's accuracy, by stratum."""
    se_area: Mapping[int, float]
    """Of the class's share of the area."""

    @property
    def total(self) -> int:
        return sum(self.units.values())

    def to_dict(self) -> dict[str, Any]:
        return {
            "units": dict(self.units),
            "total": self.total,
            "se_overall": self.se_overall,
            "se_users": dict(self.se_users),
            "se_area_share": dict(self.se_area),
        }


@dataclass(frozen=True, eq=False)
class Plan:
    """A sample size, shared in every way side by side."""

    pixels: Mapping[int, int]
    accuracy: Mapping[int, float]
    """Expected user's accuracy by stratum: a guess before the sample is seen."""
    aim: Aim
    size: int
    """Units that reach the aim under the best allocation (Olofsson et al. 2014, equation 13)."""
    allocations: Mapping[str, Allocation]

    def to_dict(self) -> dict[str, Any]:
        shared = {name: allocation.to_dict() for name, allocation in self.allocations.items()}
        about = {"standard_error": self.aim.standard_error, "class": self.aim.code}
        return {
            "aim": about,
            "size": self.size,
            "pixels": dict(self.pixels),
            "expected_users_accuracy": dict(self.accuracy),
            "allocations": shared,
        }


def plan_sample(
    pixels: Mapping[int, int],
    accuracy: Mapping[int, float],
    aim: Aim | None = None,
    *,
    size: int | None = None,
    minimum: int = 50,
) -> Plan:
    """Size and allocations of a stratified random sample whose strata are the map's classes.

    `pixels` and `accuracy` (expected user's accuracy, 0 to 1) by class code; `size` overrides the aim;
    `minimum` units go to a rare class under `recommended`. What the classes are confused with isn't known
    beforehand: a class's errors are taken to be of the others in proportion to their area.
    Olofsson et al. 2014, Remote Sensing of Environment 148, section 5.1.1; Cochran 1977, equation 5.25.
    """
    aim = aim or Aim()
    pixels = {code: number for code, number in pixels.items() if number > 0}
    _check(pixels, accuracy, aim, size)
    codes = list(pixels)
    expected = expected_shares(pixels, accuracy)
    hits = np.diag(expected) if aim.code is None else expected[:, codes.index(aim.code)]
    needed = size or _size(pixels, np.sqrt(hits * (1 - hits)), aim.standard_error)
    spread = dict(zip(codes, np.sqrt(hits * (1 - hits)).tolist(), strict=True))
    allocations = {
        method: _anticipated(allocate(needed, pixels, method, spread, minimum), pixels, expected)
        for method in ALLOCATIONS
    }
    return Plan(pixels, {code: accuracy[code] for code in codes}, aim, needed, allocations)


def allocate(
    size: int,
    pixels: Mapping[int, int],
    method: str = "recommended",
    spread: Mapping[int, float] | None = None,
    minimum: int = 50,
) -> dict[int, int]:
    """Share `size` units among strata; none gets fewer than two or more than it has pixels.

    `recommended`: by area, but at least `minimum` for each · `proportional`: by area · `equal` ·
    `neyman`: by area × `spread`, the standard deviation within the stratum."""
    if method not in ALLOCATIONS:
        raise InputError("there is no such allocation", value=method, remedy=", ".join(ALLOCATIONS))
    number = np.array(list(pixels.values()), dtype=np.float64)
    weight = np.ones_like(number) if method == "equal" else number
    if method == "neyman":
        if spread is None:
            raise InputError("an optimal allocation needs the expected accuracies")
        weight = number * np.array([spread[code] for code in pixels])
    least = minimum if method == "recommended" else FEWEST
    units = _shared(size, weight, np.minimum(max(least, FEWEST), number), number)
    return dict(zip(pixels, units.tolist(), strict=True))


def expected_shares(pixels: Mapping[int, int], accuracy: Mapping[int, float]) -> Reals:
    """[map class, reference class] expected shares within a map class; the rows sum to 1."""
    users = np.array([accuracy[code] for code in pixels])
    others = np.tile(np.array(list(pixels.values()), dtype=np.float64), (len(pixels), 1))
    np.fill_diagonal(others, 0)
    total = others.sum(axis=1, keepdims=True)
    shares = np.divide(others, total, out=np.zeros_like(others), where=total > 0) * (1 - users[:, None])
    np.fill_diagonal(shares, users)
    return np.asarray(shares)


def _check(pixels: Mapping[int, int], accuracy: Mapping[int, float], aim: Aim, size: int | None) -> None:
    if len(pixels) < 2:
        raise InputError(
            "the map has one class only", value=len(pixels), remedy="there is nothing to confuse"
        )
    missing = [code for code in pixels if code not in accuracy]
    if missing:
        raise InputError("classes have no expected accuracy", value=missing, remedy="give one for each")
    wrong = {code: value for code, value in accuracy.items() if not 0 < value < 1}
    if wrong:
        raise InputError("an expected accuracy is out of range", value=wrong, remedy="above 0, below 1")
    if aim.code is not None and aim.code not in pixels:
        raise InputError("the class aimed at isn't on the map", value=aim.code, remedy=f"{list(pixels)}")
    if size is not None and not FEWEST * len(pixels) <= size <= sum(pixels.values()):
        raise InputError(
            "the sample size is out of range",
            value=size,
            remedy=f"give {FEWEST * len(pixels)} to {sum(pixels.values())}",
        )


def _size(pixels: Mapping[int, int], spread: Reals, standard_error: float) -> int:
    """Equation 13 of Olofsson et al. 2014, with the finite population."""
    number = np.array(list(pixels.values()), dtype=np.float64)
    weight = number / number.sum()
    variance = standard_error**2 + (weight * spread**2).sum() / number.sum()
    return max(math.ceil(float((weight * spread).sum() ** 2 / variance)), FEWEST * len(pixels))


def _shared(size: int, weight: Reals, least: Reals, most: Reals) -> npt.NDArray[np.int64]:
    """Whole units in proportion to `weight` within bounds; more than `size` only where `least` asks for it."""
    units = np.clip(np.zeros_like(weight), least, most)
    free = np.ones(len(weight), dtype=bool)
    while free.any():
        left = size - units[~free].sum()
        total = weight[free].sum()
        units[free] = left * (weight[free] / total if total > 0 else 1 / free.sum())
        # strata below their least are settled first: raising them takes from those above their most
        outside = free & (units < least)
        outside = outside if outside.any() else free & (units > most)
        if not outside.any():
            break
        units[outside] = np.clip(units, least, most)[outside]
        free &= ~outside
    whole = np.floor(units + 1e-9)
    missing = round(float(units.sum() - whole.sum()))
    room = np.where(whole < most, units - whole, -1)
    whole[np.argsort(-room, kind="stable")[:missing]] += 1
    return whole.astype(np.int64)


def _anticipated(units: Mapping[int, int], pixels: Mapping[int, int], expected: Reals) -> Allocation:
    number = np.array(list(pixels.values()), dtype=np.float64)
    weight = number / number.sum()
    drawn = np.array(list(units.values()), dtype=np.float64)
    variance = expected * (1 - expected) / np.maximum(drawn - 1, 1)[:, None]
    variance *= np.where(drawn < number, 1.0, 0.0)[:, None]  # a stratum that is looked at whole has none
    users = np.diag(variance)
    area = np.sqrt(weight**2 @ variance)
    return Allocation(
        units,
        float(np.sqrt(weight**2 @ users)),
        dict(zip(pixels, np.sqrt(users).tolist(), strict=True)),
        dict(zip(pixels, area.tolist(), strict=True)),
    )

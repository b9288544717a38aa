"""Land-cover classes: code, name and colour, the same in every panel, map and file."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from .errors import InputError

NODATA = 0
"""Class 0 is never a class."""
LARGEST_CODE = 254  # uint8 files: 255 is left to probabilities and to other software's nodata

# ten hues told apart with the common colour-vision deficiencies: Okabe & Ito (2008), and two of Tol (2021)
DISTINCT = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#f0e442",
    "#882255",
    "#5b6670",
    "#999933",
)


@dataclass(frozen=True)
class LandClass:
    """One class of a legend."""

    code: int
    """1 to 254, as stored in maps."""
    name: str
    colour: str
    """`#rrggbb`."""

    def __post_init__(self) -> None:
        if not 1 <= self.code <= LARGEST_CODE:
            raise InputError("a class code is out of range", value=self.code, remedy="use 1 to 254")
        if not self.name.strip():
            raise InputError("a class has no name", value=self.code, remedy="name it")
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", self.colour):
            raise InputError("a class colour is unreadable", value=self.colour, remedy="write it as #rrggbb")

    @property
    def rgb(self) -> tuple[int, int, int]:
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red, green, blue


@dataclass(frozen=True)
class ClassTable:
    """The classes of a map by ascending code: palette, names, RAT, QML and STAC all come from this."""

    classes: tuple[LandClass, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(sorted(self.classes, key=lambda c: c.code)))
        for what, found in (("code", self.codes), ("name", self.names)):
            twice = sorted({str(value) for value in found if found.count(value) > 1})
            if twice:
                raise InputError(f"two classes have the same {what}", value=", ".join(twice))
        if not self.classes:
            raise InputError("there are no classes", remedy="give labels of at least two classes")

    @classmethod
    def of_names(cls, names: Iterable[str], colours: Mapping[str, str] | None = None) -> Self:
        """Codes from 1 in the order of the names; colours as given, else distinct ones."""
        given = colours or {}
        return cls(
            tuple(
                LandClass(number + 1, name, given.get(name, DISTINCT[number % len(DISTINCT)]))
                for number, name in enumerate(names)
            )
        )

    def __iter__(self) -> Iterator[LandClass]:
        return iter(self.classes)

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def codes(self) -> tuple[int, ...]:
        return tuple(c.code for c in self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.classes)

    def __getitem__(self, code: int) -> LandClass:
        for found in self.classes:
            if found.code == code:
                return found
        raise InputError("there is no such class", value=code, remedy=", ".join(map(str, self.codes)))

    def to_dict(self) -> list[dict[str, Any]]:
        return [{"code": c.code, "name": c.name, "colour": c.colour} for c in self.classes]

    @classmethod
    def from_dict(cls, stored: Iterable[Mapping[str, Any]]) -> Self:
        return cls(tuple(LandClass(int(c["code"]), str(c["name"]), str(c["colour"])) for c in stored))

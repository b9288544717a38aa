"""What a probe is made of, as a value: what it predicts from what, and with which small model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """What labels measure where they aren't classes."""

    name: str = "value"
    unit: str = ""


@dataclass(frozen=True)
class TowerColumns:
    """What the columns of tower tables are; named as the engine takes them."""

    gpp_column: str
    unit: str
    time_columns: tuple[str, ...]
    """One of dates or times, two of year and day of the year, or those of year, month, day, hour, minute."""
    time_is: str = "start"
    quality_column: str | None = None
    good_flags: tuple[int, ...] = (0, 1)
    without_quality: bool = False
    site_column: str | None = None
    site: str | None = None
    """Of files that name none."""

    @property
    def asked(self) -> dict[str, object]:
        said = {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()
        }
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True)
class Towers:
    """Files of flux towers, as paths on this machine."""

    files: tuple[str, ...] = ()
    sites: str | None = None
    radius_m: float = 100.0
    columns: TowerColumns | None = None
    """Where the files are of none of the networks' formats."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a probe beside its labels."""

    learns: str = "labels"
    """`labels` of the map, or `towers`."""
    features: str = "date"
    """`date`, `period`, `season`, `window`."""
    estimator: str = "linear"
    settings: tuple[tuple[str, float], ...] = ()
    """Of the estimator, where they aren't its defaults."""
    dims: int | None = None
    """Leading dimensions; all, where None."""
    start: str = ""
    end: str = ""
    """Of the period that `period` and `season` features are made of; ISO days, included."""
    window_days: int = 90
    towers: Towers = Towers()

    @property
    def spans(self) -> bool:
        """Whether the features are made of a period."""
        return self.features in ("period", "season")

    @property
    def period(self) -> str:
        return f"{self.start}/{self.end}"

    def features_asked(self) -> dict[str, object]:
        """As the engine takes them."""
        asked: dict[str, object] = {"kind": self.features}
        if self.dims is not None:
            asked["dims"] = self.dims
        if self.features == "window":
            asked["window_days"] = self.window_days
        return asked

    def settings_asked(self) -> dict[str, float]:
        """Whole numbers as such: trees can't be halved."""
        return {
            name: int(value) if value == int(value) and value >= 1 else value for name, value in self.settings
        }

"""Which features a probe sees: the embedding of a date, of a period, of the seasons, or of the days before."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from ..errors import InputError

FeatureKind = Literal["date", "period", "season", "window"]
STATISTICS = ("mean", "std", "p10", "p50", "p90")


@dataclass(frozen=True)
class FeatureSpec:
    """How the embeddings of a pixel become the features of a sample; the same when fitting and when applying."""

    kind: FeatureKind = "date"
    """`date`: the target date nearest to the sample's day · `period`: statistics over all target dates of the
    sample's period · `season`: the mean of each of `parts` equal parts of the sample's period; for both of the
    calendar year around its day, where the sample has a day alone · `window`: the `window_days` up to the
    sample's day, in steps."""
    dims: int | None = None
    """Leading dimensions; None = all that the store holds."""
    statistics: tuple[str, ...] = ("mean", "p10", "p90")
    """Of `period`; of `STATISTICS`."""
    parts: int = 4
    """Of `season`."""
    window_days: int = 90
    """Of `window`, as in the publication."""
    step_days: int = 10
    """Of `window`: one slot per step, latest first; a slot without a target date is a true gap (NaN)."""
    largest_gap_days: float = 16
    """Of `date`: a sample whose day has no target date within this many days is dropped, with the reason."""

    def __post_init__(self) -> None:
        if self.kind not in ("date", "period", "season", "window"):
            raise InputError(
                "there are no such features", value=self.kind, remedy="date, period, season or window"
            )
        unknown = set(self.statistics) - set(STATISTICS)
        if unknown or not self.statistics:
            raise InputError(
                "there is no such statistic", value=", ".join(unknown), remedy=", ".join(STATISTICS)
            )
        for name in ("parts", "window_days", "step_days", "largest_gap_days"):
            if getattr(self, name) <= 0:
                raise InputError(f"{name} must be above 0", value=getattr(self, name))
        if self.dims is not None and self.dims < 1:
            raise InputError("dims must be above 0", value=self.dims)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "statistics": list(self.statistics)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**{**stored, "statistics": tuple(stored["statistics"])})

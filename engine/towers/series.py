"""Daily GPP of towers, with its quality and what was left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..response import Response
from .sites import Site
from .units import GPP_UNIT

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TowerSeries:
    """Daily GPP of one site; only days that passed."""

    site: Site
    day: npt.NDArray[np.datetime64]
    """[day] datetime64[D], local standard time, ascending, with gaps."""
    gpp: Floats
    """[day] gC m-2 d-1; small negative values stay."""
    quality: Floats
    """[day] share of measured and well gap-filled half-hours; NaN where the file tells none."""
    source: str
    variable: str
    """Column that GPP comes from."""
    read: int
    """Days in the file."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Days by reason."""
    notes: tuple[str, ...] = ()
    percentiles: Mapping[str, Floats] = field(default_factory=dict)
    """[day] by column, such as `GPP_NT_VUT_05`: spread over u* thresholds (structural uncertainty)."""

    def __len__(self) -> int:
        return len(self.day)

    def to_dict(self) -> dict[str, Any]:
        """The account of the import, without the values."""
        first, last = (str(self.day[0]), str(self.day[-1])) if len(self) else (None, None)
        return {
            **self.site.to_dict(),
            "source": self.source,
            "variable": self.variable,
            "unit": GPP_UNIT,
            "read": self.read,
            "kept": len(self),
            "dropped": dict(self.dropped),
            "first": first,
            "last": last,
            "mean_gpp": float(self.gpp.mean()) if len(self) else None,
            "percentiles": sorted(self.percentiles),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, eq=False)
class Towers:
    """Several sites, each once."""

    series: tuple[TowerSeries, ...]

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> Iterator[TowerSeries]:
        return iter(self.series)

    @property
    def response(self) -> Response:
        return Response("GPP", "regression", GPP_UNIT)

    def frame(self) -> pd.DataFrame:
        """One row per site and day: site, date, gpp, qc, unit, then percentiles where there are any."""
        parts = [
            pd.DataFrame(
                {"site": one.site.id, "date": one.day, "gpp": one.gpp, "qc": one.quality, "unit": GPP_UNIT}
                | dict(one.percentiles)
            )
            for one in self.series
        ]
        return pd.concat(parts, ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        return {"sites": [one.to_dict() for one in self.series], "unit": GPP_UNIT, "n_sites": len(self)}

    def text(self) -> str:
        """The site table for a person to read."""
        days = sum(len(one) for one in self.series)
        lines = [f"{len(self)} sites, {days} site-days of GPP in {GPP_UNIT}"]
        lines += ["site     IGBP       lat       lon   elev   read   kept  from        to          mean GPP"]
        for one in self.series:
            lines.append(_line(one))
            lines += [f"         dropped {count} {reason}" for reason, count in one.dropped.items()]
        notes = list(dict.fromkeys(note for one in self.series for note in one.notes))
        return "\n".join([*lines, *(f"note     {note}" for note in notes)])


def _line(one: TowerSeries) -> str:
    site = one.site
    numbers = "".join(f"{'-' if v is None else f'{v:.4f}':>10}" for v in (site.lat, site.lon))
    elevation = "-" if site.elevation is None else f"{site.elevation:.0f}"
    span = f"{one.day[0]}  {one.day[-1]}  {one.gpp.mean():8.2f}" if len(one) else "-"
    return f"{site.id:8} {site.igbp or '-':4}{numbers}{elevation:>7}{one.read:7}{len(one):7}  {span}"

"""Labels as they were read: geometries with a response, a period and a group."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..response import Response
from .report import ImportReport

Days = npt.NDArray[np.datetime64]
Answers = npt.NDArray[np.int64] | npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LabelSet:
    """Points and polygons (also multiple ones), one response each."""

    geometries: npt.NDArray[Any]
    """[feature] shapely geometries, valid, without z, in `crs`."""
    crs: str
    response: Response
    y: Answers
    """[feature] class codes, or values in the response's unit."""
    group: npt.NDArray[np.int64]
    """[feature] polygon id: features that must not be torn apart by validation share it."""
    start: Days
    """[feature] first day (datetime64[D]) that the label holds for; NaT: always."""
    end: Days
    """[feature] last day, included."""
    report: ImportReport

    def __len__(self) -> int:
        return len(self.y)

    def take(self, features: npt.NDArray[np.bool_]) -> "LabelSet":
        """Some of them; the report stays that of all."""
        columns = {
            name: getattr(self, name)[features] for name in ("geometries", "y", "group", "start", "end")
        }
        return replace(self, **columns)

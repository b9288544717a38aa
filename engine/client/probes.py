"""Probes: which there are, and live previews of new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .part import Part, Window, fields, given
from .readings import Preview, Probe, ProbeList, ProbeSeries


@dataclass(frozen=True)
class LandClass:
    """A class: code 1 to 254, name, colour (#rrggbb)."""

    code: int
    name: str
    colour: str


@dataclass(frozen=True)
class Predicted:
    """What a probe predicts: `task` is `classification`, with classes, or `regression`, with a unit."""

    name: str
    task: str
    unit: str = ""
    classes: tuple[LandClass, ...] | None = None


@dataclass(frozen=True)
class Label:
    """Pixels (row, column) or a polygon (GeoJSON geometry) with their class code or value.

    It holds from `start` to `end` (days), or always.
    """

    value: float
    pixels: tuple[tuple[int, int], ...] = ()
    polygon: Mapping[str, Any] | None = None
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True)
class MapWanted:
    """The part of a preview's map that is wanted with it."""

    window: Window | None = None
    step: int = 1
    output: str | None = None


class Probes(Part):
    """Probes of the workspace; those that are fitted for good are jobs."""

    def listed(self) -> tuple[Probe, ...]:
        """Every probe file; `problem` says why one can't be read."""
        return ProbeList.from_json(self._get("/v1/probes").parsed()).probes

    def preview(
        self,
        store: str,
        predicted: Predicted,
        labels: Sequence[Label],
        when: str,
        *,
        recipe: Mapping[str, Any] | None = None,
        map: MapWanted | None = None,
    ) -> Preview:
        """Fit a probe on a few labels and map a window with it; its `look` draws it, until it is forgotten.

        `when`: day (2018-05-01) or period (2018-01-01/2018-12-31) of the map, and of labels without a date.
        `recipe`: `features`, `estimator`, `settings`, `seed`, as `/v1/openapi.json` describes them.
        """
        asked = {
            "store": store,
            "response": fields(predicted),
            "labels": [fields(label) for label in labels],
            "recipe": None if recipe is None else dict(recipe),
            "when": when,
            "map": None if map is None else fields(map),
        }
        return Preview.from_json(self._post("/v1/probe/preview", given(asked)).parsed())

    def series(
        self,
        store: str,
        probe: str,
        *,
        pixels: Sequence[tuple[int, int]] = (),
        lonlat: Sequence[Sequence[float]] = (),
        polygon: Mapping[str, Any] | None = None,
    ) -> ProbeSeries:
        """What a probe (a file, or the number of a preview) predicts of pixels (row, column) on every date.

        Of a polygon (GeoJSON geometry; degrees, or with `"crs": "grid"` those of the store) at most 400 pixels.
        """
        asked: dict[str, Any] = {"store": store, "probe": probe}
        if polygon is None:
            asked.update(pixels=[list(pixel) for pixel in pixels], lonlat=[list(place) for place in lonlat])
        else:
            asked["polygon"] = dict(polygon)
        return ProbeSeries.from_json(self._post("/v1/probe/series", asked).parsed())

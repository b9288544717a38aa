"""Projections of a store: how many pixels fall where, what a lasso encloses; and searches for pixels like others."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .part import Part, Window, fields, given
from .readings import Density, Positions, Search, Selection

Corners = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Scope:
    """Which projection, and which pixels and dates in it."""

    method: str = "umap"
    """`umap`, which the job `project` fits; `pca`, at once."""
    components: int = 2
    dates: tuple[str, ...] | None = None
    """Days or UTC times; None = all."""
    window: Window | None = None
    step: int = 1
    axes: tuple[int, int] = (1, 2)
    """Components along x and y, from 1."""


@dataclass(frozen=True)
class Classes:
    """Classes that pixels belong to: of a layer on each date, or a byte for each pixel of the store (0 = none)."""

    layer: str = "cluster"
    """`cluster`, or a probe that predicts classes: `probe:ID` or `probe:FILE.probe`."""
    clusters: int | None = None
    period: str | None = None
    """Of a probe, such as 2018-03-01/2018-10-31: its classes then, whatever the date."""
    codes: bytes | None = field(default=None, repr=False)
    """Row by row, in place of a layer."""

    def asked(self) -> dict[str, Any]:
        if self.codes is not None:
            return {"codes": base64.b64encode(self.codes).decode("ascii")}
        return given({"layer": self.layer, "clusters": self.clusters, "period": self.period})


@dataclass(frozen=True)
class Seeds:
    """Pixels: (row, column), (longitude, latitude), or those of a polygon (GeoJSON geometry)."""

    pixels: tuple[tuple[int, int], ...] = ()
    lonlat: tuple[tuple[float, float], ...] = ()
    polygon: Mapping[str, Any] | None = None


UMAP = Scope()


class Projections(Part):
    """Where the pixels of stores fall; a lasso is drawn in the axes that a density came with."""

    def density(
        self,
        store: str,
        scope: Scope = UMAP,
        *,
        colour: str = "count",
        dim: int | None = None,
        bins: int | None = None,
        selected: bytes | None = None,
        selected_dates: Sequence[int] | None = None,
        classes: Classes | None = None,
    ) -> Density:
        """Pixel-dates counted in bins; `colour`: `count`, the mean `date`, `season` or `dimension` (`dim`), or the
        commonest `class` (of `classes`).

        `selected` counts some pixels of the store alone: bits as a lasso tells them (`Selection.bits`), one mask for
        each of `selected_dates` (indices into the store's times), or without these one for all dates.
        """
        asked: dict[str, Any] = {"store": store, **fields(scope), "colour": colour, "dim": dim, "bins": bins}
        if selected is not None:
            dates = None if selected_dates is None else list(selected_dates)
            bits = base64.b64encode(selected).decode("ascii")
            asked["selected"] = given({"dates": dates, "bits": bits})
        if classes is not None:
            asked["classes"] = classes.asked()
        return Density.from_json(self._post("/v1/density", asked).parsed())

    def lasso(
        self, store: str, corners: Corners, scope: Scope = UMAP, *, fit: str | None = None
    ) -> Selection:
        """The pixels and dates that a polygon of `corners` (x, y) encloses.

        `fit`: of the UMAP that it was drawn in (`Density.fit`); `InputError` where another one took its place.
        """
        asked = {"store": store, **fields(scope), "corners": [list(corner) for corner in corners]}
        return Selection.from_json(self._post("/v1/lasso", {**asked, **given({"fit": fit})}).parsed())

    def positions(self, store: str, pixels: Sequence[tuple[int, int]], scope: Scope = UMAP) -> Positions:
        """Where pixels (row, column; at most 400) lie on each date of the scope."""
        asked = {"store": store, **fields(scope), "pixels": [list(pixel) for pixel in pixels]}
        return Positions.from_json(self._post("/v1/positions", asked).parsed())

    def similarity(
        self,
        store: str,
        like: Seeds,
        unlike: Seeds | None = None,
        *,
        date: str | None = None,
        dims: int | None = None,
    ) -> Search:
        """A search for pixels like some (and unlike others) of `date`; its `look` draws it, on any date."""
        asked = {"like": fields(like), "unlike": None if unlike is None else fields(unlike)}
        return Search.from_json(
            self._post(
                "/v1/similarity", given({"store": store, **asked, "date": date, "dims": dims})
            ).parsed()
        )

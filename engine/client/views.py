"""What a service shows of its stores: maps, tiles, series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .arrays import Raster
from .look import Look
from .part import Part, Window
from .readings import Legend, Series, Store, StoreList
from .transport import Response

Places = Sequence[Sequence[float]]


PCA = Look()


class Views(Part):
    """Stores of one service and what is seen of them."""

    def stores(self) -> tuple[str, ...]:
        """Embedding stores by their workspace-relative paths, finished or not."""
        return StoreList.from_json(self._get("/v1/stores").parsed()).stores

    def store(self, store: str) -> Store:
        """What a store holds; `NotFound` where there is none."""
        return Store.from_json(self._get("/v1/store", {"store": store}).parsed())

    def map_png(self, store: str, look: Look = PCA, *, window: Window | None = None, step: int = 1) -> bytes:
        """A picture (PNG) of a window (row, column, height, width) or all of a store, of every `step`-th pixel."""
        return self._map(store, look, window, step, "png").body

    def map_raw(self, store: str, look: Look = PCA, *, window: Window | None = None, step: int = 1) -> Raster:
        """The same as numbers, with where they lie."""
        return Raster.from_response(self._map(store, look, window, step, "raw"))

    def legend(self, store: str, look: Look = PCA) -> Legend:
        """What the colours of a layer mean, and what the numbers of `map_raw` are drawn in."""
        return Legend.from_json(self._get("/v1/legend", {"store": store, **asdict(look)}).parsed())

    def tile(self, store: str, z: int, x: int, y: int, look: Look = PCA) -> bytes:
        """A tile (PNG, 256 px, web mercator) of a slippy map; transparent outside the store."""
        return self._get(f"/v1/tiles/{z:d}/{x:d}/{y:d}.png", {"store": store, **asdict(look)}).body

    def series(
        self,
        store: str,
        *,
        pixels: Sequence[tuple[int, int]] = (),
        lonlat: Places = (),
        polygon: Mapping[str, Any] | None = None,
        dims: int | None = None,
        bands: bool = False,
    ) -> Series:
        """What pixels (row, column, or longitude, latitude) or a polygon (GeoJSON geometry) did over all dates.

        A polygon's coordinates are degrees, or with `"crs": "grid"` in it those of the store. `dims`: how many
        leading dimensions, all by default. `bands`: also of the acquisitions behind the store.
        """
        asked: dict[str, Any] = {"store": store, "dims": dims, "bands": bands}
        if polygon is None:
            asked.update(pixels=[list(pixel) for pixel in pixels], lonlat=[list(place) for place in lonlat])
        else:
            asked["polygon"] = dict(polygon)
        return Series.from_json(self._post("/v1/series", asked).parsed())

    def _map(self, store: str, look: Look, window: Window | None, step: int, form: str) -> Response:
        corner = None if window is None else ",".join(f"{part:d}" for part in window)
        asked = {"store": store, **asdict(look), "window": corner, "step": step, "format": form}
        return self._get("/v1/map", asked)

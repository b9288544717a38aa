"""What a service shows of its stores: maps, tiles, series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .arrays import Raster
from .readings import Series, Store, StoreList
from .transport import Request, Response, Transport

READ_S = 60.0
"""Seconds for a read: the first of a store fits its colours, which the later ones use."""

Window = tuple[int, int, int, int]
Places = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Look:
    """What is to be seen of a store; what is None or doesn't concern the layer is left to the service."""

    layer: str = "pca"
    """`pca`, `dim`, `support`, `embedding` (raw alone), `cluster`; acquisitions: `true-colour`, `false-colour`, `s1`;
    `similarity:ID`; `probe:ID` of a preview or `probe:FILE.probe`."""
    date: str | None = None
    """Day (2018-05-01) or UTC time of a date of the store, or of an acquisition."""
    dim: int | None = None
    """Of `dim`, from 1; of `embedding`, how many leading dimensions."""
    sensor: str | None = None
    """Of `support`."""
    palette: str | None = None
    """Of `dim` and `support`."""
    clusters: int | None = None
    """Of `cluster`: how many."""
    output: str | None = None
    """Of `probe`: `class`, `confidence`, `value`, …"""


PCA = Look()


class Views:
    """Stores of one service and what is seen of them; reads only, so they are repeated after a broken connection."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def stores(self) -> tuple[str, ...]:
        """Embedding stores by their workspace-relative paths, finished or not."""
        return StoreList.from_json(self._get("/v1/stores", {}).parsed()).stores

    def store(self, store: str) -> Store:
        """What a store holds; `NotFound` where there is none."""
        return Store.from_json(self._get("/v1/store", {"store": store}).parsed())

    def map_png(self, store: str, look: Look = PCA, *, window: Window | None = None, step: int = 1) -> bytes:
        """A picture (PNG) of a window (row, column, height, width) or all of a store, of every `step`-th pixel."""
        return self._map(store, look, window, step, "png").body

    def map_raw(self, store: str, look: Look = PCA, *, window: Window | None = None, step: int = 1) -> Raster:
        """The same as numbers, with where they lie."""
        return Raster.from_response(self._map(store, look, window, step, "raw"))

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
        asked: dict[str, Any] = {"store": store, "bands": bands}
        if polygon is None:
            asked.update(pixels=[list(pixel) for pixel in pixels], lonlat=[list(place) for place in lonlat])
        else:
            asked["polygon"] = dict(polygon)
        return Series.from_json(self._post("/v1/series", asked, dims=dims).parsed())

    def _map(self, store: str, look: Look, window: Window | None, step: int, form: str) -> Response:
        corner = None if window is None else ",".join(f"{part:d}" for part in window)
        asked = {"store": store, **asdict(look), "window": corner, "step": step, "format": form}
        return self._get("/v1/map", asked)

    def _get(self, path: str, query: Mapping[str, Any]) -> Response:
        return self._transport.send(Request("GET", path, query=query, timeout_s=READ_S)).checked()

    def _post(self, path: str, asked: Mapping[str, Any], **optional: Any) -> Response:
        given = {**asked, **{name: value for name, value in optional.items() if value is not None}}
        return self._transport.send(
            Request("POST", path, json=given, timeout_s=READ_S, repeatable=True)
        ).checked()

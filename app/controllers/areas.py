"""The area map: footprints of the data at hand and of stores, areas, and quicklooks."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import ServiceError
from phenolens.engine.client.look import Look
from phenolens.engine.client.readings import Store
from phenolens.engine.client.sources import Outlines
from PySide6.QtCore import QCoreApplication

from ..areas import Bounds, Corner, Plans, PlansModel, bounds_of, within_world
from ..crossing import crossing_told, crossings_told
from ..engine_link import EngineLink, EngineState
from ..panels.area import AreaPanel
from ..telling import sentences
from .data import DataController

translate = QCoreApplication.translate  # by this name translators' tools find its texts

AREA_FILES = (".gpkg", ".geojson", ".json", ".shp")
MOST_STORES = 40
MOST_LOADED = 20
QUICKLOOK_TILES = 3
"""Along each side: enough for a look, and few enough to be fetched at once."""
DEEPEST = 16


@dataclass(frozen=True)
class Placed:
    """A store and where it lies."""

    store: str
    bounds: Bounds
    pictures: tuple[dict[str, Any], ...] = ()


class AreasController:
    """Keeps the area map as the plans and the engine say."""

    def __init__(
        self,
        plans: PlansModel,
        link: EngineLink,
        panel: AreaPanel,
        data: DataController,
        open_store: Callable[[str], None],
    ) -> None:
        self._plans, self._link, self._panel, self._data = plans, link, panel, data
        self._open_store = open_store
        self._stores: tuple[Placed, ...] = ()
        self._fitted = False
        self._drawn = False
        """An area that is just being drawn is in view already."""
        plans.listen(self._changed)
        data.listen(self._show_footprints)
        link.state_changed.connect(self._engine_changed)
        panel.drawn.connect(self._add)
        panel.edited.connect(self._edit)
        panel.chosen.connect(lambda number: plans.change(chosen=number))
        panel.footprint_clicked.connect(self._take_footprint)
        panel.dropped.connect(self._take_dropped)

    def refresh(self) -> None:
        """Look again which stores there are."""
        folder = self._panel.map.folder
        self._link.ask(
            "stores on the map", lambda client: _placed(client, folder), self._take_stores, lambda _: None
        )

    def show_chosen(self) -> None:
        """The chosen area in the middle of the map."""
        if self._plans.now.area is not None:
            self._panel.fit(self._plans.now.area.bounds)

    def show_data(self, number: int) -> None:
        """What one of the list of data covers, in the middle of the map."""
        told = self._data.listed(number)
        if told is not None and told.footprint:
            self._panel.fit(bounds_of(told.footprint))

    def load(self, path: Path) -> None:
        """Every polygon of a file becomes an area."""

        def loaded(found: Outlines) -> None:
            polygons = found.polygons
            for polygon, holes in list(zip(polygons, found.holes, strict=True))[:MOST_LOADED]:
                self._plans.add_area(_open(polygon), False, path.stem, [_open(hole) for hole in holes])
            self._fit()
            warnings = _warnings(found)
            if warnings or any(found.holes):
                kept = translate(
                    "AreasController", "Holes in polygons are kept: what lies in them isn't embedded."
                )
                self._panel.hint(" ".join(warnings) or kept, bool(warnings))

        def failed(error: ServiceError) -> None:
            self._panel.hint(sentences(error), True)

        self._panel.hint(translate("AreasController", "Reading {}…").format(path.name))
        self._link.ask("area file", lambda client: _outlines(client, path), loaded, failed)

    def _take_dropped(self, path: str) -> None:
        """Areas of a file, or else data."""
        if Path(path).suffix.lower() in AREA_FILES:
            self.load(Path(path))
        else:
            self._data.add([path])

    def _add(self, corners: tuple[Corner, ...], rectangle: bool) -> None:
        try:
            parts = within_world(corners, rectangle)
        except ValueError as error:
            self._panel.hint(str(error), True)
            return
        number = len(self._plans.now.areas)
        self._drawn = parts == (corners,)
        for part in parts:
            self._plans.add_area(part, rectangle)
        self._drawn = False
        if len(parts) > 1:
            self._plans.change(chosen=number)
            self.show_chosen()
            self._panel.hint(
                translate(
                    "AreasController",
                    "An area across the date line (180°) becomes two, one on each side: All areas computes both.",
                )
            )
        elif crossing := crossing_told(corners):
            self._panel.hint(crossing, True)
        elif not rectangle or len(self._plans.now.areas) == 1:
            self._panel.hint(translate("AreasController", "Drag the handles to change it."))

    def _edit(self, number: int, corners: tuple[Corner, ...], holes: tuple[tuple[Corner, ...], ...]) -> None:
        if number < len(self._plans.now.areas):
            try:
                corners, *within = (within_world(ring, False)[0] for ring in (corners, *holes))
            except ValueError as error:
                self._panel.set_areas(self._plans.now.areas, self._plans.now.chosen)  # as it was
                self._panel.hint(str(error), True)
                return
            self._plans.replace_area(number, corners=corners, holes=tuple(within))
            crossing = next(filter(None, map(crossing_told, (corners, *holes))), "")
            self._panel.hint(crossing, bool(crossing))

    def _take_footprint(self, name: str) -> None:
        kind, _, rest = name.partition(":")
        if kind == "store":
            self._open_store(rest)
        elif kind == "data" and int(rest) < len(self._data.at_hand):
            self._data.use_extent(self._data.at_hand[int(rest)][1])

    def _changed(self, old: Plans, new: Plans) -> None:
        if (old.areas, old.chosen) != (new.areas, new.chosen):
            self._panel.set_areas(new.areas, new.chosen)
            if new.area is not None and old.area != new.area and len(new.areas) >= len(old.areas):
                self._panel.hint("")
            if new.area is not None and len(new.areas) > len(old.areas) and not self._drawn:
                self._panel.fit(new.area.bounds)
        if old.data != new.data:
            self._show_footprints()

    def _engine_changed(self, state: EngineState) -> None:
        if state.name == "ready":
            self.refresh()

    def _take_stores(self, stores: tuple[Placed, ...]) -> None:
        self._stores = stores
        self._panel.set_quicklooks([picture for store in stores for picture in store.pictures])
        self._show_footprints()

    def _show_footprints(self) -> None:
        shown: list[dict[str, Any]] = [
            {
                "id": f"store:{one.store}",
                "name": translate("AreasController", "{}: embedded, click to open").format(one.store),
                "far": _far(one.store),
                "ring": _ring(one.bounds),
                "weight": 1,
                "dash": "2 4",
            }
            for one in self._stores
        ]
        shown += [
            {
                "id": f"data:{number}",
                "name": translate("AreasController", "{}: click to use its extent").format(
                    told.title or data.name
                ),
                "far": _far(told.title or data.name),
                "ring": told.footprint,
                "weight": 2,
                "dash": "6 4" if data.sample else "",
            }
            for number, (data, told) in enumerate(self._data.at_hand)
            if told.footprint and data.used
        ]
        self._panel.set_footprints(shown)
        self._fit(first=True)

    def _fit(self, first: bool = False) -> None:
        """All areas, or at the start what is at hand: the user's own where there is any."""
        if first and self._fitted and self._panel.map.loaded:
            return
        rings = [area.corners for area in self._plans.now.areas]
        mine = [told.footprint for data, told in self._data.at_hand if told.footprint and not data.sample]
        mine += [tuple(_ring(store.bounds)) for store in self._stores]
        samples = [told.footprint for data, told in self._data.at_hand if told.footprint]
        corners = [corner for ring in (rings or mine or samples) for corner in ring]
        if corners:
            self._fitted = True
            self._panel.fit(bounds_of(corners))


def _far(name: str) -> str:
    """Of what is small on the map."""
    return translate("AreasController", "{} (click to go there)").format(name)


def _warnings(found: Outlines) -> list[str]:
    """What of a file isn't taken as it is."""
    told = []
    if len(found.polygons) > MOST_LOADED:
        text = translate("AreasController", "The file holds {} polygons; the largest {} were taken.")
        told.append(text.format(len(found.polygons), MOST_LOADED))
    if found.filled:
        text = translate(
            "AreasController", "{:,} small holes were filled: more than 200 in a polygon aren't kept."
        )
        told.append(text.format(found.filled))
    if found.mended:
        told.append(crossings_told(found.mended))
    return told


def _open(ring: tuple[Corner, ...]) -> tuple[Corner, ...]:
    """Without its first corner at its end."""
    return ring[:-1] if ring[0] == ring[-1] else ring


def _ring(bounds: Bounds) -> list[Corner]:
    west, south, east, north = bounds
    return [(west, south), (west, north), (east, north), (east, south)]


def _outlines(client: EngineClient, path: Path) -> Outlines:
    """In a thread. A Shapefile is several files: its folder is admitted."""
    shapefile = path.suffix.lower() == ".shp"
    named = client.sources.admit(str(path.parent if shapefile else path))
    return client.sources.outlines(f"{named}/{path.name}" if shapefile else named)


def _placed(client: EngineClient, folder: Path) -> tuple[Placed, ...]:
    """In a thread."""
    found = []
    for name in client.views.stores()[:MOST_STORES]:
        try:
            store = client.views.store(name)
            if store.grid.lonlat_bounds and store.complete:
                bounds = store.grid.lonlat_bounds
                found.append(Placed(name, bounds, _pictures(client, store, bounds, folder)))
        except ServiceError:  # a damaged store is for the one who opens it
            continue
    return tuple(found)


def _pictures(client: EngineClient, store: Store, bounds: Bounds, folder: Path) -> tuple[dict[str, Any], ...]:
    """The store's embedding on its middle date, as a few tiles of web mercator; none where the disk is full."""
    look = Look(date=store.times[len(store.times) // 2])
    zoom, (left, top, right, bottom) = _tiles(bounds)
    places = [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]
    with suppress(OSError):
        return tuple(
            {"url": _kept(client.views.tile(store.store, zoom, x, y, look), folder), **_edges(zoom, x, y)}
            for x, y in places
        )
    return ()


def _tiles(bounds: Bounds) -> tuple[int, tuple[int, int, int, int]]:
    """The deepest zoom that needs few tiles, and their first and last columns and rows."""
    west, south, east, north = bounds
    for zoom in range(DEEPEST, -1, -1):
        left, top = _tile(zoom, west, north)
        right, bottom = _tile(zoom, east, south)
        if max(right - left, bottom - top) < QUICKLOOK_TILES:
            return zoom, (left, top, right, bottom)
    return 0, (0, 0, 0, 0)


def _tile(zoom: int, longitude: float, latitude: float) -> tuple[int, int]:
    mercator = math.asinh(math.tan(math.radians(latitude)))
    count = 2**zoom
    return int((longitude + 180) / 360 * count), int((1 - mercator / math.pi) / 2 * count)


def _edges(zoom: int, x: int, y: int) -> dict[str, float]:
    def latitude(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / 2**zoom))))

    west, east = (column / 2**zoom * 360 - 180 for column in (x, x + 1))
    return {"west": west, "east": east, "north": latitude(y), "south": latitude(y + 1)}


def _kept(png: bytes, folder: Path) -> str:
    """As a file, which the page fetches itself: handed over with its content, ten stores took 60 ms."""
    file = folder / f"{sha256(png).hexdigest()[:24]}.png"
    file.write_bytes(png)
    return file.as_uri()

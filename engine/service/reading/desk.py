"""Where reads are asked for: one desk per service, with everything that it has opened, fitted and kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from threadpoolctl import threadpool_limits

from ...errors import InputError
from ...grid import Grid
from ...views.composite import COMPOSITES
from ...views.vegetation import NDVI
from ..workspace import Workspace
from .acquired import Acquired
from .class_maps import ClassMaps
from .coded import LayerClasses
from .kept import Kept
from .layers import STORE_LAYERS, Drawing, Look, StoreLayers, Values
from .legends import legend
from .maps import MOST_READ, Answer, Format, Part, drawn
from .memory import give_back, keep_for_reads
from .places import LONLAT, inside, named_pixels, polygons_of, thinned
from .probes import Probes, ProbeSeries
from .products import listed
from .projections import Projections
from .searches import Searches
from .series import (
    MOST_CHUNKS,
    MOST_PIXELS,
    QUALITIES,
    PixelsTold,
    PolygonTold,
    bands_of,
    mean_bands,
    pixel_series,
    polygon_series,
)
from .stores import OpenStore, Stores
from .tiles import deepest_zoom, tile
from .written import WrittenMaps

if TYPE_CHECKING:
    from .sources import SourcesAtHand

MOST_WITH_BANDS = 8
"""Pixels: of each all acquisitions are read."""
TILE_BYTES = 64 * 2**20


T = TypeVar("T")
Bands = list[dict[str, list[dict[str, Any]]]]


@dataclass(frozen=True, eq=False)
class SeriesFound(Generic[T]):
    """Series with what belongs beside them."""

    told: T
    pixels: list[tuple[int, int]]
    bands: Bands | None
    qualities: tuple[str, ...] = QUALITIES


class Desk:
    """Answers reads; may be asked from several threads."""

    def __init__(self, workspace: Workspace) -> None:
        keep_for_reads()
        # a read's matrices are small: threads of BLAS would wait for each other beside those that read
        self._one_blas_thread = threadpool_limits(1, user_api="blas")
        self.workspace = workspace
        self.stores = Stores(workspace)
        self.layers = StoreLayers()
        self.acquired = Acquired(workspace)
        self.projections = Projections()
        self.searches = Searches()
        self.classes = LayerClasses()
        self.probes = Probes(workspace)
        self.class_maps = ClassMaps(workspace)
        self._makers = {
            **dict.fromkeys(STORE_LAYERS, self.layers.drawing),
            **dict.fromkeys(COMPOSITES, self.acquired.drawing),
            NDVI: self.acquired.ndvi,
            "similarity": self.searches.drawing,
            "map": WrittenMaps(workspace).drawing,
            "probe": self.probes.drawing,
        }
        self._tiles: Kept[Answer] = Kept(TILE_BYTES, lambda answer: len(answer.body))

    @cached_property
    def sources(self) -> "SourcesAtHand":
        """Acquisitions before anything is embedded."""
        from .sources import SourcesAtHand  # noqa: PLC0415 - xarray and pandas come with it, 100 MB

        return SourcesAtHand(self.workspace)

    def forget(self) -> None:
        """Let go of what is read or drawn again when it is asked for, and of what the system should have back."""
        self._tiles.forget()
        self.projections.forget()
        self.searches.forget()
        self.classes.forget()
        self.give_back()

    def give_back(self) -> None:
        """Hand freed memory to the system."""
        give_back()

    def drawing(self, opened: OpenStore, look: Look) -> Drawing:
        """`InputError` for a layer that there isn't."""
        if look.kind not in self._makers:
            raise InputError("there is no such layer", value=look.layer, remedy=", ".join(self._makers))
        return self._makers[look.kind](opened, look)

    def values(self, opened: OpenStore, look: Look, part: Part) -> tuple[Grid, Values]:
        """The numbers of a part, and where they lie."""
        drawing = self.drawing(opened, look)
        view = part.of(opened, drawing.most_pixels or MOST_READ)
        return view.grid, drawing.values(view)

    def map(self, store: str, look: Look, part: Part, form: Format) -> Answer:
        opened = self.stores.open(store)
        return drawn(opened, self.drawing(opened, look), part, form)

    def tile(self, store: str, look: Look, z: int, x: int, y: int) -> Answer:
        opened = self.stores.open(store)
        drawing = self.drawing(opened, look)
        key = (opened.key, look, drawing.key, z, x, y)
        return self._tiles.get(key, lambda: tile(opened, drawing, z, x, y))

    def pixel_series(
        self,
        store: str,
        pixels: Sequence[Sequence[int]],
        lonlat: Sequence[Sequence[float]],
        dims: int | None,
        bands: bool,
    ) -> SeriesFound[PixelsTold]:
        opened = self.stores.open(store)
        places = named_pixels(opened.store.grid, pixels, lonlat)
        if bands and len(places) > MOST_WITH_BANDS:
            raise InputError(
                "too many pixels for bands", value=len(places), remedy=f"at most {MOST_WITH_BANDS}"
            )
        told = pixel_series(opened.store, places, dims)
        sources = self.acquired.sources(opened) if bands else {}
        return SeriesFound(told, places, [bands_of(sources, *place) for place in places] if bands else None)

    def polygon_series(
        self, store: str, rings: Any, crs: str, dims: int | None, bands: bool
    ) -> SeriesFound[PolygonTold]:
        opened = self.stores.open(store)
        grid = opened.store.grid
        named = LONLAT if crs == "lonlat" else grid.crs
        found = inside(polygons_of(rings, named), named, grid)
        told = polygon_series(opened.store, found, dims)
        means = [mean_bands(self.acquired.sources(opened), told.pixels)] if bands else None
        return SeriesFound(told, [], means)

    def named(
        self,
        store: str,
        pixels: Sequence[Sequence[int]],
        lonlat: Sequence[Sequence[float]],
        rings: tuple[Any, str] | None,
    ) -> tuple[tuple[int, int], ...]:
        """Pixels by row and column, at positions, and inside polygons (rings, CRS), thinned evenly."""
        grid = self.stores.open(store).store.grid
        places = named_pixels(grid, pixels, lonlat)
        if rings is not None:
            crs = LONLAT if rings[1] == "lonlat" else grid.crs
            found = inside(polygons_of(rings[0], crs), crs, grid).pixels
            places += [(int(row), int(col)) for row, col in thinned(found, MOST_PIXELS, MOST_CHUNKS)]
        return tuple(places)

    def probe_series(
        self,
        store: str,
        probe: str,
        pixels: Sequence[Sequence[int]],
        lonlat: Sequence[Sequence[float]],
        rings: tuple[Any, str] | None,
    ) -> tuple[tuple[tuple[int, int], ...], ProbeSeries]:
        """The pixels that were named, and what a probe says of them on all dates."""
        places = self.named(store, pixels, lonlat, rings)
        return places, self.probes.series(self.stores.open(store), probe, places)

    def exports(self, store: str | None, day: str | None) -> list[dict[str, Any]]:
        return listed(self.workspace, store, day)

    def qgis(self, store: str, look: Look) -> dict[str, Any]:
        """Where a layer lies, the files of its store and day, and down to which zoom its tiles tell more."""
        opened = self.stores.open(store)
        grid = opened.store.grid
        day = None if look.date is None else look.date[:10]
        return {
            "crs": grid.crs,
            "bounds": list(grid.bounds),
            "lonlat_bounds": list(grid.lonlat_bounds),
            "files": self.exports(opened.name, day),
            "deepest_zoom": deepest_zoom(grid),
            "title": self.legend(store, look)["title"],
        }

    def legend(self, store: str, look: Look) -> dict[str, Any]:
        """What the colours of a layer mean."""
        opened = self.stores.open(store)
        return legend(opened, self.drawing(opened, look))

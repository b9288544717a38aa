"""The acquisitions behind a store, as pictures and as series: found through the config beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...acquisitions.cube import Acquisition, Cube, CubeSource
from ...acquisitions.modality import SENTINEL2, Modality
from ...config import config_beside
from ...errors import InputError
from ...grid import Grid, Window
from ...store import EmbeddingStore
from ...store_overview import Overview
from ...views.composite import COMPOSITES
from ...views.layer import Layer
from ...views.maps import composite_layer
from ...views.vegetation import ndvi_layer, ndvi_of
from ..workspace import Workspace
from .kept import Kept
from .layers import Drawing, Look, Values, named_time, picture
from .stores import OpenStore

MOST_OPEN = 4
MOST_READ = 2_048 * 2_048
"""Pixels of a window: all bands of it are read, at full resolution."""


class Acquired:
    """Opens the acquisitions of stores, and draws them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._open: Kept[Mapping[str, CubeSource]] = Kept(MOST_OPEN)

    def sources(self, opened: OpenStore) -> Mapping[str, CubeSource]:
        """By modality, on the store's grid.

        `InputError` where they aren't recorded, `PathError` where they lie outside of what the service may read."""
        config = config_beside(opened.store.path)
        changed = config.stat().st_mtime_ns if config.exists() else 0
        return self._open.get((opened.key, changed), lambda: self._opened(opened))

    def _opened(self, opened: OpenStore) -> Mapping[str, CubeSource]:
        # xarray, SciPy and what simulates samples: 60 MB that maps of embeddings do without
        from ...acquisitions.recorded import recorded_choice  # noqa: PLC0415

        choice = recorded_choice(opened.store.path, self._found)
        return choice.open(opened.store.grid).sources

    def _found(self, text: str) -> Path:
        """A recorded path, which may be an absolute one of the workspace itself."""
        path = Path(text)
        if path.is_absolute() and path.is_relative_to(self._workspace.root):
            text = str(path.relative_to(self._workspace.root))
        return self._workspace.source(text)

    def drawing(self, opened: OpenStore, look: Look) -> Drawing:
        """`InputError` for a sensor, `TargetError` for a date that there isn't."""
        composite = COMPOSITES[look.kind]
        source, frame = self._acquisition(opened, look, composite.modality, composite.title)

        def layer(view: EmbeddingStore) -> Layer:
            return composite_layer(Thinned.of(source, view), composite, frame)

        drawing = picture(layer)
        return replace(drawing, key=id(source), most_pixels=MOST_READ)

    def ndvi(self, opened: OpenStore, look: Look) -> Drawing:
        """As `drawing`, with the values of the index."""
        source, frame = self._acquisition(opened, look, SENTINEL2.name, "NDVI")

        def values(view: EmbeddingStore) -> Values:
            seen = Thinned.of(source, view)
            index = ndvi_of(seen.read(seen.grid.window, [frame]))
            return Values(index[None], ("NDVI",), "1", np.nan)

        return Drawing(
            lambda view: ndvi_layer(Thinned.of(source, view), frame),
            values,
            key=id(source),
            most_pixels=MOST_READ,
        )

    def _acquisition(
        self, opened: OpenStore, look: Look, modality: str, title: str
    ) -> tuple[CubeSource, int]:
        """Where it is read, and its number there."""
        sources = self.sources(opened)
        source = sources.get(modality)
        if source is None:
            raise InputError(
                f"{title} needs another sensor", value=", ".join(sources), remedy="embed with it"
            )
        return source, named_time([a.time for a in source.acquisitions], look.date, "acquisitions")


class Thinned:
    """Acquisitions as an overview shows them: every n-th pixel of a window."""

    def __init__(self, source: CubeSource, view: Overview) -> None:
        self._source, self._view = source, view

    @classmethod
    def of(cls, source: CubeSource, view: EmbeddingStore) -> "CubeSource":
        return cls(source, view) if isinstance(view, Overview) else source

    @property
    def modality(self) -> Modality:
        return self._source.modality

    @property
    def grid(self) -> Grid:
        return self._view.grid

    @property
    def acquisitions(self) -> tuple[Acquisition, ...]:
        return self._source.acquisitions

    def read(self, window: Window, frames: Sequence[int] | None = None) -> Cube:
        step = self._view.step
        cube = self._source.read(self._view.beneath(window), frames)
        return Cube(
            cube.modality,
            self.grid.crop(window),
            cube.acquisitions,
            cube.values[..., ::step, ::step],
            cube.validity[..., ::step, ::step],
        )

"""One place of the demo: its store, and how its maps, series and curves become files and pictures of the page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..acquisitions.cube import CubeSource
from ..errors import InputError, OutputError
from ..inference.reach import Days
from ..inference.runner import embed_area
from ..output import make_folder
from ..progress import CancelToken, ProgressEvent
from ..representation.checkpoint import Checkpoint
from ..store import EmbeddingStore
from ..views.composite import Composite
from ..views.curves import Axis, Curve, write_curves
from ..views.layer import Layer
from ..views.maps import composite_layer, frozen_colours, pca_layer, support_layer, support_legend, times_of
from ..views.page import Picture
from ..views.raster import write_cog, write_png
from ..views.series import GAP_FILLED, Place, series_rows, write_series


@dataclass(frozen=True, eq=False)
class Setting:
    """What all places of one demo run share."""

    folder: Path
    checkpoint: Checkpoint
    overwrite: bool = False
    listener: Callable[[ProgressEvent], None] | None = None
    cancel: CancelToken = field(default_factory=CancelToken)


@dataclass(frozen=True, eq=False)
class Chapter:
    """An embedded place and where its files go."""

    setting: Setting
    name: str
    store: EmbeddingStore
    sources: Mapping[str, CubeSource]

    @classmethod
    def embedded(
        cls, setting: Setting, name: str, sources: Mapping[str, CubeSource], targets: Days
    ) -> "Chapter":
        """Embed the place, or take the finished store of an earlier run with the same model and dates."""
        path = make_folder(setting.folder / name) / f"{name}.zarr"
        grid = next(iter(sources.values())).grid
        run: dict[str, Any] = {"listener": _named(setting.listener, name), "cancel": setting.cancel}
        try:
            store = embed_area(setting.checkpoint, sources, grid, targets, path, **run)
        except (OutputError, InputError):  # of another run, or damaged
            if not (setting.overwrite and path.exists()):
                raise
            store = embed_area(setting.checkpoint, sources, grid, targets, path, overwrite=True, **run)
        return cls(setting, name, store, sources)

    @property
    def folder(self) -> Path:
        return self.setting.folder / self.name

    @property
    def size(self) -> str:
        """The area in words."""
        rows, cols = self.store.grid.shape
        return f"{cols / 100:g} × {rows / 100:g} km, {cols} × {rows} pixels of 10 m"

    @cached_property
    def times(self) -> list[datetime]:
        return times_of(self.store)

    def nearest(self, day: datetime) -> int:
        """Index of the target date nearest to a time."""
        return int(np.argmin([abs((time - day).total_seconds()) for time in self.times]))

    def draw(self, layer: Layer, name: str, title: str, **more: Any) -> Picture:
        """Write a layer as GeoTIFF and PNG below `maps`; `more` goes to the picture of the page."""
        stem = self.folder / "maps" / name
        self.setting.cancel.check()
        write_cog(layer, stem.with_suffix(".tif"), overwrite=self.setting.overwrite)
        png = write_png(layer, stem.with_suffix(".png"), overwrite=self.setting.overwrite)
        return Picture(png, title, alt=layer.title, **more)

    def composite(
        self, composite: Composite, frame: int, *, of: CubeSource | None = None, **more: Any
    ) -> Picture:
        """One acquisition; `of` another source, where clouds are to be seen."""
        source = of or self.sources[composite.modality]
        day = source.acquisitions[frame].time
        return self.draw(
            composite_layer(source, composite, frame), f"{composite.name}-{day:%Y-%m-%d}", _day(day), **more
        )

    def pca(self, date: int, **more: Any) -> Picture:
        layer = pca_layer(self.store, frozen_colours(self.store), date)
        day = self.times[date]
        return self.draw(layer, f"pca-{day:%Y-%m-%d}", _day(day), **more)

    def support(self, date: int) -> Picture:
        day = self.times[date]
        caption = "Days to the nearest clear optical view:"
        layer = support_layer(self.store, date)
        return self.draw(
            layer, f"support-{day:%Y-%m-%d}", _day(day), caption=caption, legend=support_legend()
        )

    def series(self, places: Sequence[Place]) -> list[dict[str, Any]]:
        """Write the series of some pixels as CSV; returns its rows."""
        rows = list(series_rows(self.store, places, self.sources))
        write_series(rows, self.folder / "series.csv", overwrite=self.setting.overwrite)
        return rows

    def curves(self, name: str, title: str, axes: Sequence[Axis], caption: str) -> Picture:
        path = self.folder / f"{name}.png"
        write_curves(title, axes, path, overwrite=self.setting.overwrite)
        return Picture(path, title, caption, wide=True)


def _day(time: datetime) -> str:
    return f"{time.day} {time:%B %Y}"


def _named(
    listener: Callable[[ProgressEvent], None] | None, name: str
) -> Callable[[ProgressEvent], None] | None:
    """The listener, told which place is worked on."""
    if listener is None:
        return None
    return lambda event: listener(
        ProgressEvent(f"{event.stage} {name}", event.done, event.total, event.eta_s)
    )


def band_curve(rows: Sequence[dict[str, Any]], place: Place, column: str, label: str) -> Curve:
    """A column of a series table as points, where it holds something."""
    mine = [row for row in rows if row["point"] == place.name and column in row]
    return Curve(label, _times(mine), np.array([row[column] for row in mine], float), points=True)


def embedding_curves(rows: Sequence[dict[str, Any]], place: Place, dims: int = 3) -> list[Curve]:
    """The first dimensions of a pixel's embedding as lines; dates that were gap-filled as open dots."""
    mine = [row for row in rows if row["point"] == place.name and "e01" in row]
    filled = np.array([row["quality"] == GAP_FILLED for row in mine], bool)
    return [
        Curve(f"dimension {d}", _times(mine), np.array([row[f"e{d:02d}"] for row in mine]), hollow=filled)
        for d in range(1, dims + 1)
    ]


def _times(rows: Sequence[dict[str, Any]]) -> list[datetime]:
    return [datetime.fromisoformat(row["date"]) for row in rows]


def cloudiest(
    clear: Sequence[float] | np.ndarray[Any, Any], times: Sequence[datetime], months: range
) -> int | None:
    """Index of the acquisition of these months that is (nearly) all cloud, and nearest to clear ones around it."""
    best: tuple[float, int] | None = None
    good = [time for time, share in zip(times, clear, strict=True) if share > 0.9]
    for index, (time, share) in enumerate(zip(times, clear, strict=True)):
        before = [(time - other).days for other in good if other < time]
        after = [(other - time).days for other in good if other > time]
        if share < 0.02 and time.month in months and before and after:
            best = min(best or (np.inf, -1), (float(max(min(before), min(after))), index))
    return None if best is None else best[1]

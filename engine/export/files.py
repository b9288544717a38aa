"""Products to files: each a GeoTIFF with its style, attribute table and STAC item; all of them or none."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..grid import Grid, Window
from ..progress import CancelToken, Progress
from .attributes import attributes_path, attributes_xml
from .cog import BLOCK, CogSink, in_order
from .item import item_json, item_path
from .product import Product, Stored
from .staging import check_all_free, whole_set
from .statistics import BandStatistics, Gatherer
from .style import style_path, style_qml

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Written:
    """The files of a product and what its numbers are."""

    raster: Path
    statistics: tuple[BandStatistics, ...]
    """Of each band, as stored."""

    @property
    def files(self) -> tuple[Path, ...]:
        return files_of(self.raster)


def files_of(raster: Path) -> tuple[Path, ...]:
    """Everything that is written for a GeoTIFF: itself, style, attribute table, STAC item."""
    return raster, style_path(raster), attributes_path(raster), item_path(raster)


def check_products_free(rasters: Sequence[Path], *, overwrite: bool = False) -> None:
    """`OutputError` where a file of one of these GeoTIFFs exists and may not be replaced."""
    for raster in rasters:
        if raster.suffix != ".tif":
            raise InputError("a map is written as .tif", value=raster, remedy=f"{raster.with_suffix('.tif')}")
    check_all_free([file for raster in rasters for file in files_of(raster)], overwrite=overwrite)


def write_product(
    product: Product,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    threads: int = 0,
) -> Written:
    """Write one product; see `write_products`."""
    return write_products(
        [(product, path)], overwrite=overwrite, progress=progress, cancel=cancel, threads=threads
    )[0]


def write_products(
    products: Sequence[tuple[Product, Path]],
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    threads: int = 0,
    side: int = BLOCK,
) -> list[Written]:
    """Write products of one grid in one pass over its windows (`side` pixels), each beside its sidecars.

    `threads` render while the caller's own compresses (0: one after the other). All products of a window are
    rendered in the same thread, one after the other. `OutputError` before anything is rendered where a file
    exists, and whenever the disk refuses; then, and on `Cancelled`, nothing new is left behind."""
    rasters = [path for _, path in products]
    check_products_free(rasters, overwrite=overwrite)
    windows = _windows([product for product, _ in products], side)
    progress, cancel = progress or Progress("write", 0), cancel or CancelToken()
    progress.total = progress.total or len(windows)
    files = [file for raster in rasters for file in files_of(raster)]
    with whole_set(files, overwrite=overwrite) as staged:
        sheets = [_Sheet(product, path, staged) for product, path in products]

        def render(window: Window) -> list[Stored]:
            return [sheet.product.render(window) for sheet in sheets]

        with ExitStack() as sinks:
            for sheet in sheets:
                sinks.enter_context(sheet.sink)
            for window, drawn in in_order(windows, render, threads, cancel):
                for sheet, stored in zip(sheets, drawn, strict=True):
                    sheet.take(window, stored)
                progress.advance()
        cancel.check()
        return [sheet.finish() for sheet in sheets]


def _windows(products: Sequence[Product], side: int) -> list[Window]:
    grids: list[Grid] = [product.grid for product in products]
    if any(grid != grids[0] for grid in grids):
        raise InputError("products that are written together share one grid", value=len(set(map(str, grids))))
    return list(grids[0].tiles(side))


class _Sheet:
    """A product on its way to the disk."""

    def __init__(self, product: Product, raster: Path, staged: dict[Path, Path]) -> None:
        self.product = product
        self._raster = raster
        self._staged = staged
        self._gatherers = [Gatherer(band) for band in product.bands]
        self.sink = CogSink(product, staged[raster])

    def take(self, window: Window, stored: Stored) -> None:
        self.sink.write(window, stored)
        for gatherer, band in zip(self._gatherers, stored, strict=True):
            gatherer.add(band)

    def finish(self) -> Written:
        """The sidecars of the finished raster."""
        found = tuple(gatherer.result() for gatherer in self._gatherers)
        if not any(statistics.valid for statistics in found):
            log.warning("no pixel of the map has a value: %s", self._raster)
        texts = (
            style_qml(self.product, found[0]),
            attributes_xml(self.product, found),
            item_json(self.product, self._staged[self._raster], found),
        )
        for file, text in zip(files_of(self._raster)[1:], texts, strict=True):
            self._staged[file].write_text(text, encoding="utf-8")
        return Written(self._raster, found)

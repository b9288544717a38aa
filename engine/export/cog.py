"""Cloud-optimised GeoTIFF, written window by window: products and pictures alike."""

import math
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import rasterio
import rasterio.shutil
from rasterio._err import CPLE_BaseError  # what copies raise, and no public name for it
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError

from ..errors import OutputError
from ..grid import Window
from ..output import whole_file
from ..progress import CancelToken, Progress
from .product import Product, Stored

BLOCK = 512
CACHE_MB = 64
"""GDAL would keep blocks worth 5 % of the machine's memory, none of which is read twice here."""
Result = TypeVar("Result")


def write_raster(
    product: Product,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Path:
    """Write a cloud-optimised GeoTIFF without sidecars: CRS, overviews, names, units, scale, nodata, provenance.

    `OutputError` where `path` exists, can't be written to or the disk fills up; nothing half-written stays."""
    progress, cancel = progress or Progress("draw", 0), cancel or CancelToken()
    windows = list(product.grid.tiles(BLOCK))
    progress.total = progress.total or len(windows)
    with whole_file(path, overwrite=overwrite) as partial, hidden_folder(path.parent) as folder:
        with CogSink(product, folder / "cog.tif") as sink:
            for window in windows:
                cancel.check()
                sink.write(window, product.render(window))
                progress.advance()
        (folder / "cog.tif").replace(partial)
    return path


@contextmanager
def hidden_folder(parent: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=parent, prefix=".drawing-") as folder:
        yield Path(folder)


class CogSink:
    """Takes the windows of a product in any order and leaves a COG at `path` once its block has succeeded.

    What it needs on the way lies beside `path`, which should be a folder that is thrown away on failure."""

    def __init__(self, product: Product, path: Path) -> None:
        self._product = product
        self._path = path
        self._plain = path.with_name(f"{path.stem}.plain.tif")
        self._target: Any = None

    def __enter__(self) -> "CogSink":
        with _said(self._path), gdal_settings():
            self._target = rasterio.open(self._plain, "w", **_profile(self._product))
            _describe(self._target, self._product)
        return self

    def write(self, window: Window, stored: Stored) -> None:
        """[band, y, x] as stored."""
        place = rasterio.windows.Window.from_slices(*window.slices)
        with _said(self._path), gdal_settings():
            self._target.write(stored, window=place)

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        if failure is not None:
            _close_quietly(self._target)
            return
        with _said(self._path), gdal_settings():
            self._target.close()
            rasterio.shutil.copy(self._plain, self._path, driver="COG", **_cog_options(self._product))
            self._plain.unlink()
            _check_whole(self._path)


def gdal_settings() -> Any:
    # PAM: what GDAL would put into an .aux.xml of its own is written by this package, in one go
    return rasterio.Env(GDAL_CACHEMAX=CACHE_MB, GDAL_NUM_THREADS="ALL_CPUS", GDAL_PAM_ENABLED="NO")


def in_order(
    windows: Iterable[Window], render: Callable[[Window], Result], threads: int, cancel: CancelToken
) -> Iterator[tuple[Window, Result]]:
    """Windows and what `render` makes of them, `threads` at a time and at most one more waiting.

    0 threads render in the caller's own."""
    if threads == 0:
        for window in windows:
            cancel.check()
            yield window, render(window)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[tuple[Window, Future[Result]]] = deque()
        try:
            for window in windows:
                cancel.check()
                waiting.append((window, pool.submit(render, window)))
                if len(waiting) > threads:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def _profile(product: Product) -> dict[str, Any]:
    rows, cols = product.grid.shape
    return {
        "driver": "GTiff",
        "dtype": product.dtype,
        "count": len(product.bands),
        "height": rows,
        "width": cols,
        "crs": product.grid.crs,
        "transform": product.grid.transform,
        "nodata": product.nodata,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "deflate",
        "zlevel": 1,  # read once, by the step that makes the COG
        "num_threads": "all_cpus",
        "photometric": "palette" if product.colours else "rgb" if product.picture else "minisblack",
        "bigtiff": "if_safer",
    }


def _describe(target: Any, product: Product) -> None:
    if product.picture:
        target.colorinterp = tuple(ColorInterp[band.channel] for band in product.bands)
    if product.colours:
        target.write_colormap(1, dict.fromkeys(range(256), (0, 0, 0, 0)) | dict(product.colours))
    target.descriptions = tuple(band.name for band in product.bands)
    if any(band.unit for band in product.bands):
        target.units = tuple(band.unit for band in product.bands)
    if any((band.scale, band.offset) != (1, 0) for band in product.bands):
        target.scales = tuple(band.scale for band in product.bands)
        target.offsets = tuple(band.offset for band in product.bands)
    for number, band in enumerate(product.bands, start=1):
        if band.description:
            target.update_tags(number, LONG_NAME=band.description)
    target.update_tags(TIFFTAG_IMAGEDESCRIPTION=product.title, TIFFTAG_SOFTWARE="Phenolens", **product.tags)


def _cog_options(product: Product) -> dict[str, Any]:
    levels = max(0, math.ceil(math.log2(max(product.grid.shape) / BLOCK)))
    return {
        "blocksize": BLOCK,
        "compress": "deflate",  # readable by everything; others save a few per cent
        "predictor": "no" if product.colours or product.dtype == "uint8" else "yes",
        "overviews": "auto" if levels else "none",
        "overview_count": levels,
        "overview_resampling": _overview_resampling(product),
        "bigtiff": "if_safer",
        "num_threads": "all_cpus",
    }


def _overview_resampling(product: Product) -> str:
    """Classes by majority; indices of a palette and what has no mean are never averaged."""
    if product.classes:
        return "mode"
    return "nearest" if product.colours else "average"


def _close_quietly(target: Any) -> None:
    try:
        target.close()
    except (RasterioError, CPLE_BaseError):  # the block failed already, which is what will be told
        return


def _check_whole(path: Path) -> None:
    """Read the last pixels back: GDAL only logs it when the disk fills up while a file is closed."""
    with rasterio.open(path) as source:
        source.read(window=rasterio.windows.Window(source.width - 1, source.height - 1, 1, 1))


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """GDAL's own errors carry no errno: whatever it failed at, the map was not written."""
    try:
        yield
    except (RasterioError, CPLE_BaseError) as error:
        raise OutputError(
            "the map can't be written",
            value=path,
            remedy=f"check that the disk has space and may be written to ({error})",
        ) from error

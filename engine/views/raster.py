"""Layers to files: cloud-optimised GeoTIFF and PNG, written window by window, whole or not at all."""

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from matplotlib.image import imsave
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rio_cogeo.cogeo import cog_translate

from ..errors import OutputError
from ..output import whole_file, write_text
from ..progress import CancelToken, Progress
from .layer import Layer, Palette

BLOCK = 512
_BLOCKS = {"blockxsize": BLOCK, "blockysize": BLOCK}
CACHE_MB = 64
LONGEST_PNG = 4096  # pixels; a larger picture is for a GIS, which reads the GeoTIFF


def write_cog(
    layer: Layer,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Path:
    """Write a cloud-optimised GeoTIFF: CRS, overviews, band names, nodata or alpha, provenance.

    `OutputError` where `path` exists, can't be written to or the disk fills up; nothing half-written stays.
    """
    with _said_as_output_error(path), whole_file(path, overwrite=overwrite) as partial, _little_cache():
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".drawing-") as folder:
            plain = Path(folder) / "plain.tif"
            _draw(layer, plain, progress or Progress("draw", 0), cancel or CancelToken())
            _optimise(plain, partial, palette=layer.palette is not None)
        _check_whole(partial)
    return path


def write_png(
    layer: Layer, path: Path, *, overwrite: bool = False, longest: int = LONGEST_PNG, world_file: bool = False
) -> Path:
    """Write a PNG with transparency, reduced so that neither side exceeds `longest` pixels.

    `world_file` adds a `.pgw` beside it, which places the picture in a GIS."""
    step = max(1, math.ceil(max(layer.grid.shape) / longest))
    with whole_file(path, overwrite=overwrite) as partial:
        facts = {"Title": layer.title, "Software": "Phenolens", **layer.tags}
        imsave(partial, _reduced(layer, step).transpose(1, 2, 0), format="png", metadata=facts)
    if world_file:
        write_text(path.with_suffix(".pgw"), _world_file(layer, step), overwrite=overwrite)
    return path


def _draw(layer: Layer, path: Path, progress: Progress, cancel: CancelToken) -> None:
    """A tiled GeoTIFF, one window in memory at a time."""
    windows = list(layer.grid.tiles(BLOCK))
    progress.total = progress.total or len(windows)
    with rasterio.open(path, "w", **_profile(layer)) as target:
        _describe(target, layer)
        for window in windows:
            cancel.check()
            target.write(layer.render(window), window=_rasterio_window(window.slices))
            progress.advance()


def _profile(layer: Layer) -> dict[str, Any]:
    rows, cols = layer.grid.shape
    return {
        "driver": "GTiff",
        "dtype": "uint8",
        "count": 1 if layer.palette else 4,
        "height": rows,
        "width": cols,
        "crs": layer.grid.crs,
        "transform": layer.grid.transform,
        "nodata": 0 if layer.palette else None,
        "tiled": True,
        "compress": "deflate",
        **_BLOCKS,
        "photometric": "palette" if layer.palette else "rgb",
        "bigtiff": "if_safer",
    }


def _describe(target: Any, layer: Layer) -> None:
    if layer.palette is None:
        target.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
        target.descriptions = (*layer.channels, "valid")
    else:
        target.write_colormap(1, dict(layer.palette.colours))
        target.descriptions = layer.channels
        _scale(target, layer.palette)
    target.update_tags(TIFFTAG_IMAGEDESCRIPTION=layer.title, TIFFTAG_SOFTWARE="Phenolens", **layer.tags)


def _scale(target: Any, palette: Palette) -> None:
    """value = offset + scale × index, which a GIS applies when asked for values."""
    target.scales, target.offsets = (palette.step,), (palette.low - palette.step,)
    target.units = (palette.unit,)


def _optimise(plain: Path, path: Path, *, palette: bool) -> None:
    """The COG of a plain GeoTIFF; indices of a palette must not be averaged in overviews."""
    with rasterio.open(plain) as source:
        levels = max(0, math.ceil(math.log2(max(source.shape) / BLOCK)))
        cog_translate(
            source,
            path,
            {"driver": "GTiff", "interleave": "pixel", "tiled": True, "compress": "DEFLATE", **_BLOCKS},
            overview_level=levels,
            overview_resampling="nearest" if palette else "average",
            in_memory=False,
            forward_band_tags=True,
            forward_ns_tags=True,
            temporary_compression="deflate",
            quiet=True,
        )


def _reduced(layer: Layer, step: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """RGBA [4, y, x], every `step`-th pixel taken; tiles start at multiples of it."""
    rows, cols = layer.grid.shape
    image = np.zeros((4, -(-rows // step), -(-cols // step)), np.uint8)
    for window in layer.grid.tiles(max(step, BLOCK // step * step)):
        drawn = layer.colours(window)[:, ::step, ::step]
        row, col = window.row // step, window.col // step
        image[:, row : row + drawn.shape[1], col : col + drawn.shape[2]] = drawn
    return image


def _rasterio_window(slices: tuple[slice, slice]) -> rasterio.windows.Window:
    return rasterio.windows.Window.from_slices(*slices)


def _world_file(layer: Layer, step: int) -> str:
    """Six lines: pixel size and rotation, then the centre of the first pixel."""
    t = layer.grid.transform
    size = t.a * step, t.e * step
    return (
        "\n".join(f"{v:.10g}" for v in (size[0], 0, 0, size[1], t.c + size[0] / 2, t.f + size[1] / 2)) + "\n"
    )


def _check_whole(path: Path) -> None:
    """Read the last pixels back: GDAL only logs it when the disk fills up while a file is closed."""
    with rasterio.open(path) as source:
        last = rasterio.windows.Window(source.width - 1, source.height - 1, 1, 1)
        source.read(window=last)


def _little_cache() -> Any:
    """GDAL keeps blocks worth 5 % of the machine's memory, none of which is read twice here."""
    return rasterio.Env(GDAL_CACHEMAX=CACHE_MB)


@contextmanager
def _said_as_output_error(path: Path) -> Iterator[None]:
    """GDAL's own errors carry no errno: whatever it failed at, the picture was not written."""
    try:
        yield
    except RasterioError as error:
        raise OutputError(
            "the picture can't be written",
            value=path,
            remedy=f"check that the disk has space and may be written to ({error})",
        ) from error

"""Layers to files: cloud-optimised GeoTIFF and PNG, written window by window, whole or not at all."""

import math
from pathlib import Path

import numpy as np
from matplotlib.image import imsave

from ..export.cog import BLOCK, write_raster
from ..export.product import Channel, Product, ProductBand, Ramp
from ..output import whole_file, write_text
from ..progress import CancelToken, Progress
from .layer import Layer, Palette

LONGEST_PNG = 4096  # pixels; a larger picture is for a GIS, which reads the GeoTIFF
PICTURE: tuple[Channel, ...] = ("red", "green", "blue", "alpha")


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
    return write_raster(product_of(layer), path, overwrite=overwrite, progress=progress, cancel=cancel)


def product_of(layer: Layer) -> Product:
    """The same map as a product, for which there are sidecars too."""
    if layer.palette is not None:
        bands: tuple[ProductBand, ...] = (_band_of(layer.palette, layer.channels[0]),)
    else:
        names = (*layer.channels, "valid")
        bands = tuple(
            ProductBand(name, dtype="uint8", nodata=None, channel=channel)
            for name, channel in zip(names, PICTURE, strict=True)
        )
    store = layer.tags.get("PHENOLENS_STORE")  # so that it is found among the maps of its store
    record = {} if store is None else {"store": store}
    return Product(layer.title, layer.grid, bands, layer.render, layer.tags, record=record)


def _band_of(palette: Palette, name: str) -> ProductBand:
    """value = offset + scale × index, which a GIS applies when asked for values."""
    step = palette.step
    shades = [palette.colours[index] for index in range(1, 256)]
    ramp = Ramp(tuple(f"#{bytes(shade[:3]).hex()}" for shade in shades[::2]), palette.low, palette.high)
    return ProductBand(
        name,
        palette.unit,
        "uint8",
        nodata=0,
        scale=step,
        offset=palette.low - step,
        ramp=ramp,
        colours=palette.colours,
    )


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


def _reduced(layer: Layer, step: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """RGBA [4, y, x], every `step`-th pixel taken; tiles start at multiples of it."""
    rows, cols = layer.grid.shape
    image = np.zeros((4, -(-rows // step), -(-cols // step)), np.uint8)
    for window in layer.grid.tiles(max(step, BLOCK // step * step)):
        drawn = layer.colours(window)[:, ::step, ::step]
        row, col = window.row // step, window.col // step
        image[:, row : row + drawn.shape[1], col : col + drawn.shape[2]] = drawn
    return image


def _world_file(layer: Layer, step: int) -> str:
    """Six lines: pixel size and rotation, then the centre of the first pixel."""
    t = layer.grid.transform
    size = t.a * step, t.e * step
    return (
        "\n".join(f"{v:.10g}" for v in (size[0], 0, 0, size[1], t.c + size[0] / 2, t.f + size[1] / 2)) + "\n"
    )

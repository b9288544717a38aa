"""What a store holds as products: the embeddings of a date as they are, and the layers that show them."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import InputError
from ..export.netcdf import Stack
from ..export.product import Product, ProductBand, Ramp, Stored
from ..export.provenance import Provenance, provenance_of
from ..grid import Window
from ..store import EmbeddingStore
from .layer import Layer
from .raster import product_of


def embedding_product(store: EmbeddingStore, date: int, dims: int | None = None) -> Product:
    """The embedding of one date, a band for each of the first `dims` dimensions, float32, NaN = not valid."""
    origin, bands = provenance_of(store, [date]), _bands(store, dims)

    def render(window: Window) -> Stored:
        return _embedding(store, date, window, len(bands))

    title = _titled(f"Embedding, {origin.start:%Y-%m-%d}", origin)
    return Product(title, store.grid, bands, render, origin.tags, origin.record, origin.start, origin.end)


def embedding_stack(store: EmbeddingStore, dates: Sequence[int], dims: int | None = None) -> Stack:
    """The embeddings of several dates (indices, ascending), a variable for each dimension."""
    origin, bands = provenance_of(store, dates), _bands(store, dims)

    def render(index: int, window: Window) -> Stored:
        return _embedding(store, dates[index], window, len(bands))

    record = json.dumps(origin.record, ensure_ascii=False)
    attributes = {**origin.tags, "phenolens_record": record}
    title = _titled(f"Embeddings of {len(dates)} dates", origin)
    return Stack(title, store.grid, store.times[list(dates)], bands, render, attributes)


def picture_product(store: EmbeddingStore, date: int, layer: Layer) -> Product:
    """A layer of one date of a store, with all that it comes from."""
    origin, product = provenance_of(store, [date]), product_of(layer)
    tags = {**origin.tags, **product.tags}
    title = _titled(product.title, origin)
    return replace(product, title=title, tags=tags, record=origin.record, start=origin.start, end=origin.end)


def _embedding(store: EmbeddingStore, date: int, window: Window, dims: int) -> Stored:
    """[dim, y, x], NaN where not valid."""
    read = store.read_map(date, window, dims, support=False)
    return np.where(read.validity, read.embedding, np.float32(np.nan))


def _bands(store: EmbeddingStore, dims: int | None) -> tuple[ProductBand, ...]:
    count = store.dims if dims is None else dims
    if not 1 <= count <= store.dims:
        raise InputError(
            "the store doesn't hold that many dimensions", value=count, remedy=f"1 to {store.dims}"
        )
    ramp = Ramp.named("cividis")
    return tuple(ProductBand(f"dimension {dim + 1}", "1", ramp=ramp) for dim in range(count))


def _titled(title: str, origin: Provenance) -> str:
    return f"{title} (simulated data)" if origin.simulated else title

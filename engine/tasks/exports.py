"""Dates of a store as files that open right anywhere, each with style, attribute table and STAC item."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..dates import pick
from ..errors import InputError
from ..export.files import check_products_free, write_product
from ..export.netcdf import write_stack
from ..export.product import Product
from ..progress import Watch
from ..store import EmbeddingStore
from ..views.maps import times_of
from ..views.products import embedding_product, embedding_stack, picture_product
from .pictures import Picture


@dataclass(frozen=True)
class ExportChoice:
    """What is exported: the numbers themselves, or a picture."""

    picture: Picture | None = None
    """None = the embedding."""
    dims: int | None = None
    """Leading dimensions of the embedding; all when None."""
    form: Literal["geotiff", "netcdf"] = "geotiff"

    def __post_init__(self) -> None:
        if self.picture is not None and self.form == "netcdf":
            raise InputError(
                "a picture isn't written as NetCDF",
                value=self.picture.kind,
                remedy="choose embedding, or --format geotiff",
            )

    @property
    def label(self) -> str:
        return "embedding" if self.picture is None else self.picture.label


def export_store(
    store: EmbeddingStore,
    choice: ExportChoice,
    days: Sequence[str],
    stem: Path,
    *,
    overwrite: bool,
    watch: Watch,
) -> list[Path]:
    """STEM-LABEL-DAY.tif with sidecars of each day, or STEM-LABEL.nc of all of them; the paths."""
    dates = sorted(set(pick(times_of(store), days, "dates of the store")))
    named = Path(f"{stem}-{choice.label}")
    if choice.form == "geotiff":
        return _products(store, choice, dates, named, overwrite, watch)
    path = Path(f"{named}.nc")
    stack = embedding_stack(store, dates, choice.dims)
    progress = watch.progress(path.stem)
    return [write_stack(stack, path, overwrite=overwrite, progress=progress, cancel=watch.cancel, threads=1)]


def _products(
    store: EmbeddingStore, choice: ExportChoice, dates: list[int], stem: Path, overwrite: bool, watch: Watch
) -> list[Path]:
    """All files must be free before the first is written."""
    times, product_of = times_of(store), _product(store, choice)
    made = [(Path(f"{stem}-{times[date]:%Y-%m-%d}.tif"), product_of(date)) for date in dates]
    check_products_free([path for path, _ in made], overwrite=overwrite)
    return [
        file
        for path, product in made
        for file in write_product(
            product,
            path,
            overwrite=overwrite,
            progress=watch.progress(path.stem),
            cancel=watch.cancel,
            threads=1,
        ).files
    ]


def _product(store: EmbeddingStore, choice: ExportChoice) -> Callable[[int], Product]:
    if choice.picture is None:
        return lambda date: embedding_product(store, date, choice.dims)
    layer_of = choice.picture.layers(store)
    return lambda date: picture_product(store, date, layer_of(date))

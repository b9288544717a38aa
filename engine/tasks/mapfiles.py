"""Maps of one task to files: each a GeoTIFF (COG) with its sidecars, and a PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..export.files import check_products_free, write_products
from ..export.product import Product
from ..output import check_free
from ..progress import Watch
from ..views.layer import Layer
from ..views.raster import product_of, write_png


def check_maps_free(stem: Path, names: Sequence[str], *, overwrite: bool) -> None:
    """`OutputError` before anything is computed where a file of one of these maps exists."""
    check_products_free([Path(f"{stem}-{name}.tif") for name in names], overwrite=overwrite)
    for name in names:
        check_free(Path(f"{stem}-{name}.png"), overwrite=overwrite)


def write_maps(
    layers: Mapping[str, Layer],
    stem: Path,
    *,
    overwrite: bool,
    watch: Watch,
    products: Mapping[str, Product] | None = None,
) -> list[Path]:
    """Write STEM-NAME.tif (with style, attribute table and STAC item) and .png of each; the paths.

    A product given by name stands for its layer in the GeoTIFF: it knows more, such as class names."""
    pairs = [
        ((products or {}).get(name) or product_of(layer), Path(f"{stem}-{name}.tif"))
        for name, layer in layers.items()
    ]
    written = write_products(
        pairs, overwrite=overwrite, progress=watch.progress("write"), cancel=watch.cancel
    )
    pictures = [
        write_png(layer, Path(f"{stem}-{name}.png"), overwrite=overwrite) for name, layer in layers.items()
    ]
    return [one.raster for one in written] + pictures

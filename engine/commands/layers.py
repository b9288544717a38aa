"""Maps of one command to files: each a GeoTIFF (COG) with its sidecars, and a PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..output import check_free
from ..progress import Progress
from .terminal import Bar, Run

if TYPE_CHECKING:
    from ..export.product import Product
    from ..views.layer import Layer


def check_layers_free(stem: Path, names: Sequence[str], *, overwrite: bool) -> None:
    """`OutputError` before anything is computed where a file of one of these maps exists."""
    from ..export.files import check_products_free

    check_products_free([Path(f"{stem}-{name}.tif") for name in names], overwrite=overwrite)
    for name in names:
        check_free(Path(f"{stem}-{name}.png"), overwrite=overwrite)


def write_layers(
    run: Run,
    layers: "Mapping[str, Layer]",
    stem: Path,
    *,
    overwrite: bool,
    products: "Mapping[str, Product] | None" = None,
) -> list[str]:
    """Write STEM-NAME.tif (with style, attribute table and STAC item) and .png of each; the paths.

    A product given by name stands for its layer in the GeoTIFF: it knows more, such as class names."""
    from ..export.files import write_products
    from ..views.raster import product_of, write_png

    pairs = [
        ((products or {}).get(name) or product_of(layer), Path(f"{stem}-{name}.tif"))
        for name, layer in layers.items()
    ]
    with Bar(run) as bar:
        written = write_products(
            pairs, overwrite=overwrite, progress=Progress("write", 0, bar), cancel=run.cancel
        )
    pictures = [
        write_png(layer, Path(f"{stem}-{name}.png"), overwrite=overwrite) for name, layer in layers.items()
    ]
    return [str(one.raster) for one in written] + [str(path) for path in pictures]

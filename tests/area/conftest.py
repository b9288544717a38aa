"""A class map on the disk, with its legend beside it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from phenolens.engine.classes import ClassTable
from phenolens.engine.export.files import write_product
from phenolens.engine.export.product import Product, ProductBand
from phenolens.engine.grid import Grid

CLASSES = ClassTable.of_names(["wheat", "maize", "forêt"])
GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (700, 300))
"""More rows than a strip has."""

MakeMap = Callable[..., Path]


def codes() -> np.ndarray:
    """Wheat with a block of maize, a rare corner of forest, and a border without a class."""
    drawn = np.ones(GRID.shape, np.uint8)
    drawn[100:600, 50:150] = 2
    drawn[690:, 280:] = 3
    drawn[:10] = 0
    return drawn


@pytest.fixture(scope="session")
def class_map_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The map as Phenolens exports it, with attribute table."""
    path = tmp_path_factory.mktemp("map") / "cover.tif"
    band = ProductBand("cover", dtype="uint8", nodata=0, classes=CLASSES)
    drawn = codes()
    write_product(Product("cover", GRID, (band,), lambda window: drawn[window.slices][None]), path)
    return path


@pytest.fixture
def make_map(tmp_path: Path) -> MakeMap:
    """Write any array as GeoTIFF."""

    def make(
        values: np.ndarray,
        name: str = "map.tif",
        crs: str | None = GRID.crs,
        transform: Affine = GRID.transform,
        nodata: float | None = None,
    ) -> Path:
        about = {"driver": "GTiff", "count": 1, "dtype": values.dtype, "crs": crs, "transform": transform}
        rows, cols = values.shape
        with rasterio.open(tmp_path / name, "w", height=rows, width=cols, nodata=nodata, **about) as target:
            target.write(values, 1)
        return tmp_path / name

    return make

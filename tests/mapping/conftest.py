"""A store whose classes are known, and a probe of each task that is fitted on it."""

import numpy as np
import pytest
from phenolens.engine.probes.probe import Probe
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.store_layout import NO_FRAME, StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

from .known import COVER, DAYS, DIMS, GPP, GRID, RECORD, fitted, land_at


def _embeddings() -> tuple[np.ndarray, np.ndarray]:
    """[time, dim, y, x] that tell the classes apart, and [time, y, x] validity with a hole that never closes."""
    random = np.random.default_rng(0)
    rows, cols = np.mgrid[GRID.window.slices]
    centres = random.normal(0, 2, (4, DIMS))
    values = centres[land_at(rows, cols)].transpose(2, 0, 1) + random.normal(
        0, 0.5, (len(DAYS), DIMS, *GRID.shape)
    )
    validity = np.ones((len(DAYS), *GRID.shape), bool)
    validity[:, 20:40, 30:60] = False
    validity[2, :10] = False
    return values.astype(np.float32), validity


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> EmbeddingStore:
    path = tmp_path_factory.mktemp("store") / "area.zarr"
    spec = StoreSpec(GRID, DAYS, DIMS, ("s1", "s2"), record=RECORD)
    values, validity = _embeddings()
    days = np.where(validity, np.arange(len(DAYS))[:, None, None], NO_FRAME).astype(np.uint8)
    layers = {"validity": validity, **dict.fromkeys(spec.layers, days)}
    writer = StoreWriter.create(path, spec)
    writer.write(TileKey(GRID.window, slice(0, len(DAYS))), TileData(spec.encode(values, validity), layers))
    writer.finish()
    return EmbeddingStore(path)


@pytest.fixture(scope="session")
def cover(store) -> Probe:
    return fitted(store, COVER, FeatureSpec())


@pytest.fixture(scope="session")
def gpp(store) -> Probe:
    return fitted(store, GPP, FeatureSpec())

"""Maps of a probe in the real QGIS: what it shows at a place is what the probe says of the store's embedding there."""

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from phenolens.engine.classes import ClassTable
from phenolens.engine.grid import Grid
from phenolens.engine.mapping.apply import ApplyOptions, apply_probe
from phenolens.engine.probes.estimators import ProbeRecipe
from phenolens.engine.probes.fitting import fit_probe
from phenolens.engine.probes.probe import Origin, Probe, embedding_names
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.response import Response
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (90, 130))
CLASSES = ClassTable.of_names(["cereal", "forest", "water"])
COVER = Response("land cover", "classification", classes=CLASSES)
GPP = Response("GPP", "regression", "gC m-2 d-1")
DAY = "2020-06-01"
PLACES = [(40, 100), (7, 3), (88, 129), (15, 15)]
"""(row, column); the last one is not valid."""


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> EmbeddingStore:
    path = tmp_path_factory.mktemp("store") / "area.zarr"
    model = {"name": "dense-test", "sha256": "ab" * 32, "family": "dense", "config": {}}
    spec = StoreSpec(GRID, (18_414.0,), 4, ("s2",), record={"model": model, "scenes": {"s2": []}})
    values = np.random.default_rng(0).normal(size=(1, 4, *GRID.shape)).astype(np.float32)
    validity = np.ones((1, *GRID.shape), bool)
    validity[:, 10:20, 10:20] = False
    layers = {"validity": validity, **{name: validity.astype(np.uint8) for name in spec.layers}}
    writer = StoreWriter.create(path, spec)
    writer.write(TileKey(GRID.window, slice(0, 1)), TileData(spec.encode(values, validity), layers))
    writer.finish()
    return EmbeddingStore(path)


def _probe(store: EmbeddingStore, response: Response) -> Probe:
    features = store.read_map(0).embedding[:, ::7, ::7].reshape(4, -1).T
    y = 1 + np.argmax(features[:, :3], axis=1) if response.classes else 5 + 2.0 * features[:, 0]
    table = SampleTable(response, y, {"embedding": Block(embedding_names(4), features)})
    return fit_probe(table, ProbeRecipe(), origin=Origin.of(store))


def test_qgis_shows_what_the_probe_predicts_where_it_predicts_it(store, qgis_look, tmp_path):
    rasters: list[Path] = []
    for response, name in ((COVER, "class"), (GPP, "value")):
        options = ApplyOptions(layers=(name,))
        (applied,) = apply_probe(_probe(store, response), store, DAY, tmp_path / "map", options=options)
        rasters.append(applied.files[name].raster)
    places = [[float(GRID.x[col]) + 4, float(GRID.y[row]) - 4] for row, col in PLACES]  # not just the centres
    cover, gpp = qgis_look([{"path": path, "places": places} for path in rasters])
    rows, cols = np.array(PLACES[:-1]).T
    features = store.read_map(0).embedding[:, rows, cols].T
    codes = [int(value[0]) for value in cover["values"][:-1]]
    assert codes == _probe(store, COVER).predict(features).values.tolist()
    expected = _probe(store, GPP).predict(features).values
    np.testing.assert_allclose([value[0] for value in gpp["values"][:-1]], expected, rtol=1e-5)
    assert cover["values"][-1] == gpp["values"][-1] == [None]
    assert cover["classes"] == [[c.code, c.name, c.colour] for c in CLASSES]
    assert gpp["renderer"] == "singlebandpseudocolor"
    assert cover["period"] == gpp["period"] == [f"{DAY}T00:00:00", f"{DAY}T23:59:59"]

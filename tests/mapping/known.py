"""A store whose classes are known, probes of it, and a look into the maps that they make."""

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from phenolens.engine.classes import ClassTable
from phenolens.engine.grid import Grid
from phenolens.engine.probes.estimators import EstimatorSpec, ProbeRecipe
from phenolens.engine.probes.features import feature_map
from phenolens.engine.probes.fitting import fit_probe
from phenolens.engine.probes.probe import Origin, Probe, embedding_names
from phenolens.engine.probes.slots import names_of
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.response import Response
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.trust.sums import SumError

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (150, 200))
FIRST = 18_262  # 2020-01-01
DAYS = tuple(float(FIRST + 30 * i) for i in range(6))
DIMS = 5
CLASSES = ClassTable.of_names(["cereal", "forest", "water"])
COVER = Response("land cover", "classification", classes=CLASSES)
GPP = Response("GPP", "regression", "gC m-2 d-1")
RECORD = {
    "model": {"name": "dense-test", "sha256": "ab" * 32, "family": "dense", "config": {"reach_days": 20}},
    "scenes": {
        name: [
            {"time": f"2020-0{m}-05T10:00:00+00:00", "platform": name, "sources": [f"{name}-{m}"]}
            for m in range(1, 7)
        ]
        for name in ("s1", "s2")
    },
    "attribution": "Simulated data, no satellite observed them",
}
DAY = "2020-03-01"
SPAN = "2020-01-01/2020-05-30"


def land_at(rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """The code of the class that lies there."""
    return 1 + (rows // 40 + cols // 50) % 3


def fitted(store: EmbeddingStore, response: Response, spec: FeatureSpec, estimator: str = "linear") -> Probe:
    """A probe of every 29th valid pixel."""
    when = DAY if spec.kind in ("date", "window") else "2020-01-01/2020-06-30"
    features, valid = feature_map(store, GRID.window, spec, when)
    rows, cols = (axis[::29] for axis in np.nonzero(valid))
    land = land_at(rows, cols)
    y = (
        land
        if response.task == "classification"
        else land * 2.0 + np.nan_to_num(features[0, rows, cols]) / 10
    )
    origin = Origin.of(store)
    names = names_of(spec, embedding_names(store.dims))
    table = SampleTable(
        response, y, {"embedding": Block(names, features[:, rows, cols].T)}, {"site": rows // 40}
    )
    return fit_probe(table, ProbeRecipe(spec, EstimatorSpec(estimator)), origin=origin)


def read_map(path: Path) -> np.ndarray:
    """[band, y, x] of a GeoTIFF."""
    with rasterio.open(path) as raster:
        return raster.read()


ERROR = SumError(
    persistent=0.04,
    seasonal=0.0,
    lasting=0.3,
    scale_days=16.0,
    single=0.2,
    spacing=10.0,
    confidence=0.9,
    factor=1.7,
    basis="a test",
    groups=12,
    series=12,
)
"""Of sums of what `GPP` is."""

"""The kinds of jobs on a corner of the real forest sample, run as the worker does; one of them in a service."""

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import rioxarray  # noqa: F401
import xarray as xr
from phenolens.engine.config import load
from phenolens.engine.errors import AreaError, EngineError, InputError, OutputError, TargetError
from phenolens.engine.service.jobs.context import JobContext
from phenolens.engine.service.jobs.kinds.registry import KINDS
from phenolens.engine.service.jobs.queue import QueueOptions
from phenolens.engine.service.workspace import Workspace
from phenolens.engine.store import EmbeddingStore
from pydantic import ValidationError

DAYS = ["2019-05-01", "2019-06-15", "2019-08-01", "2020-05-01", "2020-06-15", "2020-08-01"]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """24 × 24 pixels of the forest over two years, in a folder outside of any workspace."""
    folder = tmp_path_factory.mktemp("scenes")
    sample = Path(str(resources.files("phenolens.resources") / "samples" / "romania"))
    with xr.open_dataset(sample / "romania_10m_2019_2021.nc", engine="h5netcdf", decode_cf=False) as whole:
        corner = whole.isel(x=slice(0, 24), y=slice(0, 24)).load()
    for variable in corner.variables.values():
        variable.encoding.clear()
    corner.to_netcdf(folder / "forest.nc", engine="h5netcdf")
    return folder


class Runner:
    """Runs kinds of jobs in this process: a worker of its own for each would take seconds to load what it needs."""

    def __init__(self, workspace):
        self.workspace = workspace

    def __call__(self, kind, **params):
        chosen = KINDS[kind]
        asked = chosen.params.model_validate_json(json.dumps(params))
        context = JobContext(self.workspace, self.workspace.state)
        result = chosen.run(asked, context)
        assert json.loads(json.dumps(result, allow_nan=False)) == result
        return result


@pytest.fixture(scope="module")
def forest(tmp_path_factory, scenes):
    """A workspace with the store forest.zarr, and what runs jobs there."""
    workspace = Workspace(tmp_path_factory.mktemp("forest"))
    workspace.add_data_folder(scenes)
    run = Runner(workspace)
    run.made = run("embed", **embedding(scenes), dims=7)
    return run, workspace


def embedding(scenes):
    sources = {"s2": {"paths": [str(scenes / "forest.nc")], "stored_as": "s2-dn"}}
    return {"sources": sources, "out": "forest.zarr", "dates": ",".join(DAYS)}


def there(workspace, names):
    return [name for name in names if not (workspace.root / name).is_file()] == []


def test_embed_makes_a_store_of_data_that_lie_elsewhere_and_tells_what_it_holds(forest, scenes):
    run, workspace = forest
    store = EmbeddingStore(workspace.root / "forest.zarr")
    assert store.complete
    assert run.made["store"] == "forest.zarr"
    assert run.made["shape"] == {"dates": 6, "dims": 7, "rows": 24, "cols": 24}
    assert run.made["dates"] == DAYS
    recorded = load(workspace.root / "forest.run.toml")
    assert recorded["command"] == "embed"
    assert recorded["s2"] == [str(scenes / "forest.nc")]


def test_the_service_makes_the_same_store_in_a_worker_and_says_how_far_it_is(
    forest, scenes, tmp_path, threads
):
    own = Workspace(tmp_path)
    own.add_data_folder(scenes)
    with threads(own, QueueOptions()) as ask:
        job = ask.run("embed", **embedding(scenes), dims=7)
    assert (job["state"], job["error"]) == ("done", None)
    assert job["result"] == forest[0].made
    assert job["progress"]["done"] == job["progress"]["total"] == 6 * 24 * 24
    one, other = (EmbeddingStore(root / "forest.zarr").read_map(3) for root in (own.root, forest[1].root))
    assert np.array_equal(one.embedding, other.embedding)


def test_its_config_replays_on_the_command_line(forest, tmp_path, monkeypatch):
    from phenolens.engine.__main__ import main

    _, workspace = forest
    replay = ["embed", "--config", str(workspace.root / "forest.run.toml"), "--plan"]
    assert main([*replay, "--out", str(tmp_path / "again.zarr")]) == 0


def test_a_drawn_polygon_replays_on_the_command_line(forest, scenes, tmp_path):
    from phenolens.engine.__main__ import main

    (tmp_path / "workspace").mkdir()
    workspace = Workspace(tmp_path / "workspace")
    workspace.add_data_folder(scenes)
    west, south, east, north = EmbeddingStore(forest[1].root / "forest.zarr").grid.lonlat_bounds
    ring = [[west, south], [east, (south + north) / 2], [(west + east) / 2, north]]
    asked = {**embedding(scenes), "dates": DAYS[0], "dims": 3, "area": {"polygon": ring}}
    Runner(workspace)("embed", **asked)
    store = EmbeddingStore(workspace.root / "forest.zarr")
    share = store.read_map(0).validity.mean()
    assert 0.3 < share < 0.9
    config = workspace.root / "forest.run.toml"
    assert main(["embed", "--config", str(config), "--out", str(tmp_path / "again.zarr")]) == 0
    again = EmbeddingStore(tmp_path / "again.zarr")
    assert again.attributes["run"] == store.attributes["run"]
    assert np.array_equal(again.read_map(0).embedding, store.read_map(0).embedding)
    assert np.array_equal(again.read_map(0).validity, store.read_map(0).validity)


def test_an_existing_store_is_kept_unless_it_may_be_replaced(forest, scenes):
    run, workspace = forest
    with pytest.raises(OutputError, match="another number of dimensions"):
        run("embed", **embedding(scenes), dims=3)
    assert EmbeddingStore(workspace.root / "forest.zarr").dims == 7


def test_pictures_of_the_store_and_of_its_acquisitions_are_drawn(forest):
    run, workspace = forest
    pca = run("view", show="pca", store="forest.zarr", dates=[DAYS[0]], out="maps/forest")
    assert pca["files"] == [f"maps/forest-pca-{DAYS[0]}.tif", f"maps/forest-pca-{DAYS[0]}.png"]
    assert there(workspace, pca["files"])
    assert there(
        workspace, run("view", show="dim", dim=2, store="forest.zarr", dates="all", out="x")["files"]
    )
    with pytest.raises(TargetError):  # it has found the acquisitions, and none of that day
        run("view", show="true-colour", store="forest.zarr", dates=["1990-01-01"], out="y")
    with pytest.raises(OutputError, match="the output exists"):
        run("view", show="pca", store="forest.zarr", dates=[DAYS[0]], out="maps/forest")


def test_a_projection_is_drawn_and_a_lasso_mapped(forest):
    run, workspace = forest
    lasso = [[-100, -100], [100, -100], [100, 100], [-100, 100]]
    found = run(
        "project", store="forest.zarr", out="p", method="pca", pixels=2000, colour="season", lasso=lasso
    )
    assert there(workspace, found["files"])
    assert found["selected"] == found["pixels"] > 0


def test_clusters_similarity_and_change_are_mapped(forest):
    run, workspace = forest
    clusters = run("cluster", store="forest.zarr", out="c", of="mean", count=3)
    assert len(clusters["shares"]) == 3
    like = {"pixels": [[3, 4], [3, 5]]}
    similar = run("similarity", store="forest.zarr", out="s", like=like, dates=[DAYS[1]])
    change = run(
        "change",
        store="forest.zarr",
        out="d",
        before="2019-04-01..2019-12-31",
        after="2020-04-01..2020-12-31",
    )
    for found in (clusters, similar, change):
        assert there(workspace, found["files"])
    with pytest.raises(AreaError):
        run("similarity", store="forest.zarr", out="s2", like={"pixels": [[24, 0]]}, dates="all")


def test_numbers_are_exported(forest):
    run, workspace = forest
    tiff = run("export", store="forest.zarr", out="e", dates=[DAYS[0]])["files"]
    netcdf = run("export", store="forest.zarr", out="e", dates="all", form="netcdf")["files"]
    assert there(workspace, [*tiff, *netcdf])
    assert netcdf == ["e-embedding.nc"]


@pytest.fixture(scope="module")
def labels(forest):
    """Squares of two classes, in the store's CRS."""
    _, workspace = forest
    grid = EmbeddingStore(workspace.root / "forest.zarr").grid
    left, bottom, *_ = grid.bounds
    features = []
    for number in range(16):
        row, col = divmod(number, 4)
        x, y = left + col * 60 + 5, bottom + row * 60 + 5
        ring = [[x, y], [x + 30, y], [x + 30, y + 30], [x, y + 30], [x, y]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"kind": "ab"[number % 2]}, "geometry": geometry})
    content = {"type": "FeatureCollection", "features": features}
    (workspace.root / "labels.geojson").write_text(json.dumps(content))
    return {"file": "labels.geojson", "class_column": "kind", "crs": str(grid.crs), "when": DAYS[1]}


def test_a_probe_is_fitted_and_mapped(forest, labels):
    run, workspace = forest
    fitted = run("probe-fit", store="forest.zarr", out="kind.probe", labels=labels, trust=False)
    assert fitted["samples"] > 16
    assert set(fitted["training"]["per_class"]) == {"a", "b"}
    maps = run(
        "probe-apply",
        store="forest.zarr",
        out="k",
        probe=fitted["probe"],
        dates=[DAYS[1]],
        maps=["class"],
    )
    assert there(workspace, maps["files"])


def test_a_probe_is_judged_and_every_held_out_sample_told(forest, labels):
    run, workspace = forest
    told = run("probe-report", store="forest.zarr", out="kind-report", labels=labels, folds=3)
    assert "macro-F1" in told["lead"]
    assert there(workspace, told["files"].values())
    report = json.loads((workspace.root / told["files"]["json"]).read_text())
    held = pd.read_csv(workspace.root / told["files"]["csv"])
    for scheme in report["schemes"]:
        rows = held[held.scheme == scheme["name"]]
        counts = np.array(report["detail"][scheme["name"]]["confusion"]["counts"])
        assert np.trace(counts) == (rows.reference == rows.predicted).sum()
    grid = EmbeddingStore(workspace.root / "forest.zarr").grid
    assert held.x.between(grid.bounds[0], grid.bounds[2]).all()


def test_columns_of_labels_are_told_then_the_labels_on_the_grid(forest, labels):
    run, workspace = forest
    asked = {"store": "forest.zarr", "out": "shown.geojson"}
    peeked = run("labels", **asked, labels={"file": labels["file"]})
    assert [(one["name"], one["examples"]) for one in peeked["columns"]] == [("kind", ["a", "b"])]
    assert not (workspace.root / "shown.geojson").exists()
    told = run("labels", **asked, labels={k: v for k, v in labels.items() if k != "when"})
    assert told["report"]["accepted"] == told["count"] == 16
    assert {one["name"]: one["groups"] for one in told["report"]["classes"]} == {"a": 8, "b": 8}
    features = json.loads((workspace.root / told["file"]).read_text())["features"]
    given = json.loads((workspace.root / "labels.geojson").read_text())["features"]
    assert [f["geometry"]["coordinates"] for f in features] == [f["geometry"]["coordinates"] for f in given]
    assert features[1]["properties"] == {"y": 2.0, "group": 1, "start": None, "end": None}


def test_only_labels_in_the_area_count_towards_those_that_can_be_shown(forest, labels, monkeypatch):
    run, workspace = forest
    content = json.loads((workspace.root / "labels.geojson").read_text())
    for number, feature in enumerate(content["features"][:10]):
        feature["geometry"] = {"type": "Point", "coordinates": [float(number), 0.0]}
    (workspace.root / "country.geojson").write_text(json.dumps(content))
    asked = {**{k: v for k, v in labels.items() if k != "when"}, "file": "country.geojson"}
    monkeypatch.setattr("phenolens.engine.tasks.labels.MOST_SHOWN", 6)
    assert run("labels", store="forest.zarr", out="part.geojson", labels=asked)["count"] == 6
    monkeypatch.setattr("phenolens.engine.tasks.labels.MOST_SHOWN", 5)
    with pytest.raises(InputError, match="too many labels to show"):
        run("labels", store="forest.zarr", out="part.geojson", labels=asked, overwrite=True)


def test_labels_of_a_class_raster_are_read_at_once_and_of_several_variables_one_is_chosen(forest):
    run, workspace = forest
    grid = EmbeddingStore(workspace.root / "forest.zarr").grid
    codes = np.zeros(grid.shape, np.uint8)
    codes[2:8, 2:8], codes[4:6, 4:6], codes[12:15, 3:9] = 10, 30, 20
    about = {"count": 1, "height": codes.shape[0], "width": codes.shape[1], "dtype": "uint8"}
    with rasterio.open(
        workspace.root / "cover.tif", "w", crs=grid.crs, transform=grid.transform, **about
    ) as file:
        file.write(codes, 1)
    told = run("labels", store="forest.zarr", out="cover.geojson", labels={"file": "cover.tif"})
    assert told["count"] == 3
    assert {one["name"]: one["pixels"] for one in told["report"]["classes"]} == {"10": 32, "20": 18, "30": 4}
    features = json.loads((workspace.root / told["file"]).read_text())["features"]
    assert [len(one["geometry"]["coordinates"]) for one in features] == [2, 1, 1]  # one has a hole
    planes = xr.Dataset(dict.fromkeys(("LC", "CT"), (("y", "x"), codes)), {"x": grid.x, "y": grid.y})
    planes.rio.write_crs(grid.crs).to_netcdf(workspace.root / "cover.nc", engine="h5netcdf")
    asked = {"store": "forest.zarr", "out": "chosen.geojson"}
    assert run("labels", **asked, labels={"file": "cover.nc"}) == {"variables": ["LC", "CT"]}
    assert run("labels", **asked, labels={"file": "cover.nc", "variable": "CT"})["count"] == 3


def test_labels_that_are_dropped_are_not_among_those_to_show(forest, labels):
    run, workspace = forest
    content = json.loads((workspace.root / "labels.geojson").read_text())
    content["features"][3]["geometry"] = {"type": "Point", "coordinates": [0.0, 0.0]}
    (workspace.root / "beyond.geojson").write_text(json.dumps(content))
    asked = {**{k: v for k, v in labels.items() if k != "when"}, "file": "beyond.geojson"}
    told = run("labels", store="forest.zarr", out="within.geojson", labels=asked)
    features = json.loads((workspace.root / told["file"]).read_text())["features"]
    assert told["report"]["dropped"] == {"outside the area": 1}
    assert len(features) == told["count"] == told["report"]["accepted"] == 15
    assert 3 not in [one["properties"]["group"] for one in features]


def test_training_says_what_it_lacks(forest):
    run, workspace = forest
    (workspace.root / "recipe.toml").write_text("nonsense = ")
    (workspace.root / "places").mkdir()
    with pytest.raises(InputError):
        run("train", recipe="recipe.toml", data="places", out="model")
    assert not (workspace.root / "model").exists()


@pytest.mark.parametrize(
    ("kind", "params", "code"),
    [
        ("embed", {"sources": {}, "out": "a.zarr"}, "input"),
        ("embed", {"sources": {"sample": "atlantis"}, "out": "a.zarr"}, "acquisition"),
        ("embed", {"sources": {"sample": "romania"}, "out": "a.tif"}, "input"),
        ("embed", {"sources": {"sample": "romania"}, "out": "../a.zarr"}, "path"),
        ("embed", {"sources": {"s2": {"paths": ["/etc"]}}, "out": "a.zarr"}, "path"),
        ("embed", {"sources": {"s2": {"paths": [".phenolens"]}}, "out": "a.zarr"}, "path"),
        ("embed", {"sources": {"sample": "romania"}, "out": "a.zarr", "model": "/etc/x.safetensors"}, "path"),
        ("embed", {"sources": {"sample": "romania"}, "out": "a.zarr", "dates": "soon"}, "target"),
        ("view", {"show": "pca", "store": "absent.zarr", "dates": "all", "out": "x"}, "input"),
        ("view", {"show": "pca", "store": ".", "dates": "all", "out": "x"}, "input"),
        ("view", {"show": "s1", "dates": "all", "out": "x"}, "input"),
        ("export", {"store": "forest.zarr", "dates": ["1990-01-01"], "out": "x"}, "target"),
        ("project", {"store": "forest.zarr", "out": "x", "class_map": "../x.tif", "colour": "class"}, "path"),
        ("probe-fit", {"store": "forest.zarr", "out": "x.probe"}, "input"),
        (
            "probe-apply",
            {"store": "forest.zarr", "out": "x", "probe": "forest.run.toml", "dates": "all"},
            "probe",
        ),
        ("change", {"store": "forest.zarr", "out": "x", "before": "2019-05-01"}, "input"),
    ],
)
def test_what_a_job_cannot_do_is_told_with_its_code(forest, kind, params, code):
    run, workspace = forest
    before = sorted(path.name for path in workspace.root.iterdir())
    with pytest.raises(EngineError) as failed:
        run(kind, **params)
    assert failed.value.code == code, failed.value
    assert sorted(path.name for path in workspace.root.iterdir()) == before


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("embed", {"sources": {"sample": "romania"}, "out": "a.zarr", "model": "../../x"}),
        ("embed", {"sources": {"sample": "romania"}, "out": "a.zarr", "dims": 0}),
        ("embed", {"sources": {"sample": "romania"}, "out": "a.zarr", "memory_gb": -1}),
        ("embed", {"sources": {"s2": {"paths": []}}, "out": "a.zarr"}),
        ("view", {"show": "everything", "dates": "all", "out": "x"}),
        ("view", {"show": "pca", "dates": ["yesterday"], "out": "x"}),
        ("project", {"store": "a", "out": "x", "lasso": [[0, 0], [1, 1]]}),
        ("change", {"store": "a", "out": "x", "before": "2019"}),
        ("cluster", {"store": "a", "out": "x", "count": 255}),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_is_queued(kind, params):
    with pytest.raises(ValidationError):
        KINDS[kind].params.model_validate_json(json.dumps(params))


def test_all_planned_kinds_are_there():
    planned = (
        "embed view project similarity cluster change probe-fit probe-apply probe-report labels export train "
        "area-sample area-estimate"
    )
    assert set(KINDS) == set(planned.split())
    assert {name for name, kind in KINDS.items() if kind.gpu} == {"embed", "train"}

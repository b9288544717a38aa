"""A sample of a class map, drawn and estimated from as jobs: what they tell is what the library finds."""

import json

import geopandas
import numpy as np
import pandas as pd
import pytest
import rasterio
from affine import Affine
from phenolens.engine.area.report import report_of
from phenolens.engine.area.sample import read_sample
from phenolens.engine.errors import InputError, OutputError
from phenolens.engine.service.jobs.context import JobContext
from phenolens.engine.service.jobs.kinds.registry import KINDS

MAP = {"crs": "EPSG:32631", "transform": Affine(10, 0, 500_000, 0, -10, 5_600_000)}


@pytest.fixture
def run(workspace):
    """Runs kinds of jobs in this process, in a workspace with the class map cover.tif."""
    codes = np.ones((80, 60), np.uint8)
    codes[40:], codes[70:, 40:] = 2, 3
    about = {"driver": "GTiff", "count": 1, "dtype": "uint8", "height": 80, "width": 60, "nodata": 0, **MAP}
    with rasterio.open(workspace.root / "cover.tif", "w", **about) as target:
        target.write(codes, 1)

    def work(kind, **params):
        asked = KINDS[kind].params.model_validate_json(json.dumps(params))
        result = KINDS[kind].run(asked, JobContext(workspace, workspace.state))
        assert json.loads(json.dumps(result, allow_nan=False)) == result
        return result

    return work


@pytest.fixture
def drawn(run):
    return run("area-sample", map="cover.tif", size=90, minimum=20, seed=5, out="samples/cover")


def fill(workspace, drawn, wrong=()):
    """The form with the map's own classes, some of them called 2 instead."""
    sample = read_sample(workspace.root / drawn["design"])
    form = pd.read_csv(workspace.root / drawn["form"], dtype={"reference": "str"})
    form["reference"] = [str(code) for code in sample.shown]
    form.loc[list(wrong), "reference"] = "2"
    form.to_csv(workspace.root / drawn["form"], index=False)
    return form


def test_the_drawn_points_lie_on_the_classes_that_they_were_drawn_from(workspace, drawn):
    assert drawn["files"] == [f"samples/cover.{end}" for end in ("gpkg", "csv", "design.json")]
    points = geopandas.read_file(workspace.root / "samples/cover.gpkg", layer="units")
    assert len(points) == drawn["total"] == sum(drawn["units"].values())
    assert min(drawn["units"].values()) == 20
    assert "stratum" not in points
    with rasterio.open(workspace.root / "cover.tif") as source:
        codes = [int(value[0]) for value in source.sample([(p.x, p.y) for p in points.geometry])]
    names, counts = np.unique([f"class {code}" for code in codes], return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == drawn["units"]


def test_an_estimate_is_told_and_written_as_the_library_finds_it(run, workspace, drawn):
    fill(workspace, drawn, wrong=range(0, 60, 7))
    told = run("area-estimate", form=drawn["form"], unit="m2")
    report = report_of(
        workspace.root / drawn["form"], read_sample(workspace.root / drawn["design"]), unit="m2"
    )
    assert told["files"] == []
    assert told["whole_area"] == 80 * 60 * 100
    assert told["overall_accuracy"]["value"] == report.found.overall.value < 1
    assert [one["area"]["ci95"] for one in told["classes"]] == [
        [share * report.whole for share in report.found.area[code].interval] for code in (1, 2, 3)
    ]
    assert told["matrix_area_shares"] == report.found.matrix.tolist()
    written = run("area-estimate", form=drawn["form"], out="cover-estimate")
    assert written["files"] == ["cover-estimate.md", "cover-estimate.json"]
    stored = json.loads((workspace.root / "cover-estimate.json").read_text())
    assert stored["overall_accuracy"] == told["overall_accuracy"]
    with pytest.raises(OutputError, match="exists"):
        run("area-estimate", form=drawn["form"], out="cover-estimate")


def test_forms_that_cannot_be_estimated_from_say_why(run, workspace, drawn):
    with pytest.raises(InputError, match="holds no reference"):
        run("area-estimate", form=drawn["form"])
    form = fill(workspace, drawn)
    for change, about in (
        ({"reference": "swamp"}, "no class of the map"),
        ({"id": 9_999}, "ids that the sample lacks"),
        ({"id": form["id"][1]}, "ids twice"),
    ):
        wrong = form.copy()
        for column, value in change.items():
            wrong.loc[0, column] = value
        wrong.to_csv(workspace.root / "wrong.csv", index=False)
        with pytest.raises(InputError, match=about):
            run("area-estimate", form="wrong.csv", design=drawn["design"])
    first = read_sample(workspace.root / drawn["design"]).stratum == 3
    form.loc[first, "reference"] = ""
    form.to_csv(workspace.root / drawn["form"], index=False)
    with pytest.raises(InputError, match="fewer than two sample units with a reference"):
        run("area-estimate", form=drawn["form"])
    with pytest.raises(InputError, match="no such file"):
        run("area-estimate", form="wrong.csv")  # there is no design beside it


def test_a_sample_is_not_replaced_unless_it_may_be(run, drawn):
    with pytest.raises(OutputError, match="exists"):
        run("area-sample", map="cover.tif", size=50, out="samples/cover")
    again = run("area-sample", map="cover.tif", size=60, minimum=2, out="samples/cover", overwrite=True)
    assert again["total"] == 60

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import OutputError
from phenolens.engine.probes.estimators import EstimatorSpec
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.response import Response
from phenolens.engine.validation.curve import CurvePoint
from phenolens.engine.validation.fits import blocks_fit
from phenolens.engine.validation.heldout_file import write_heldout
from phenolens.engine.validation.report import (
    Report,
    comparison,
    expectation,
    interval_note,
    number,
    signed,
    weakest,
)
from phenolens.engine.validation.report_files import as_json, as_markdown, write_report
from phenolens.engine.validation.scores import Score
from phenolens.engine.validation.validation import Gap, validate

BROWSER = Path(__file__).parent / "open_in_browser.py"
LINEAR = {"embedding (linear)": blocks_fit(EstimatorSpec("linear"), ("embedding",))}


def towers():
    rng = np.random.default_rng(0)
    site = np.repeat([f"SI-{k:02d}" for k in range(8)], 24)
    day = np.datetime64("2019-01-05") + 30 * np.tile(np.arange(24), 8)
    signal = np.cos(2 * np.pi * ((day - day.astype("datetime64[Y]")).astype(float) - 190) / 365.25)
    level = np.repeat(rng.normal(0, 2, 8), 24)
    y = 5 + level + 3 * signal + rng.normal(0, 1, 192)
    values = np.column_stack([signal + rng.normal(0, 0.3, 192), level + rng.normal(0, 1.5, 192)])
    blocks = {"embedding": Block(("e1", "e2"), values.astype(np.float32))}
    blocks["bands"] = Block(("B04",), values[:, :1].astype(np.float32))
    response = Response("GPP", "regression", "gC m-2 d-1")
    biome = np.where(np.arange(192) < 96, "GRA", "ENF")
    return SampleTable(
        response, y, blocks, {"site": site, "biome": biome}, span=np.stack([day - 40, day], 1), day=day
    )


def fields():
    rng = np.random.default_rng(1)
    polygon = np.repeat(np.arange(45), 6)
    y = 1 + polygon % 3
    values = np.column_stack([y + rng.normal(0, 0.5, 270), rng.normal(size=45)[polygon]])
    names = ["winter wheat", "maize <silage>", "grass & clover"]
    response = Response("land cover", "classification", classes=ClassTable.of_names(names))
    position = np.stack([polygon % 9 * 400.0, polygon // 9 * 400.0], axis=1) + rng.uniform(0, 60, (270, 2))
    block = Block(("e1", "e2"), values.astype(np.float32))
    return SampleTable(response, y, {"embedding": block}, {"polygon": polygon}, position, "EPSG:32631")


@pytest.fixture(scope="module")
def gpp():
    return Report("GPP of eight towers", validate(towers(), LINEAR), "simulated", "Towers by a formula.")


@pytest.fixture(scope="module")
def land():
    return Report("Fields", validate(fields(), LINEAR), "simulated", credit="Nobody's data.")


def test_json_holds_every_score_with_its_n_and_interval(gpp):
    content = json.loads(as_json(gpp))
    v = gpp.validation
    assert len(content["results"]) == len(v.methods) * len(v.schemes)
    for row in content["results"]:
        score = v.score(row["method"], row["scheme"], "rmse")
        assert row["scores"]["rmse"] == {
            "value": score.value, "low": score.low, "high": score.high, "n": 192
        }  # fmt: skip
    assert content["origin"] == "simulated"
    assert content["honest_scheme"] == "site"
    assert content["absent_schemes"]["polygon"] == "the samples have no polygon"
    assert {row["label"] for row in content["detail"]["site"]["rows"]["part"]} >= {"site means", "anomalies"}
    assert content["leaks"]
    assert content["learning_curve"]


def test_the_learning_curve_of_few_sites_ends_at_the_score_that_is_expected(gpp):
    last = gpp.validation.curve[-1]
    assert (last.unit, last.amount) == ("sites", 7)
    assert last.score == pytest.approx(gpp.validation.score(last.method, "site").value)


def test_json_of_classes_states_the_orientation_of_its_matrix(land):
    matrix = json.loads(as_json(land))["detail"]["polygon"]["confusion"]
    assert matrix["orientation"] == "rows = reference, columns = predicted"
    np.testing.assert_array_equal(np.sum(matrix["counts"], axis=1), [90, 90, 90])


def test_markdown_has_well_formed_tables_and_says_simulated(gpp, land):
    for report in (gpp, land):
        text = as_markdown(report)
        assert "Simulated data" in text
        assert report.lead in text
        blocks = re.findall(r"(?:^\|.*\|\n?)+", text, re.MULTILINE)
        assert len(blocks) > 5
        for block in blocks:
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.strip().splitlines()}) == 1


def test_markdown_prints_the_orientation_and_every_absence(land):
    text = as_markdown(land)
    assert "Confusion matrix: rows = reference, columns = predicted" in text
    assert "site (the samples have no site)" in text
    assert "raw bands (forest) (the samples have no bands)" in text


def test_the_table_of_held_out_samples_has_what_baselines_said_of_quantities(gpp, land, tmp_path):
    found = gpp.validation
    write_heldout(found, tmp_path / "gpp.csv")
    rows = pd.read_csv(tmp_path / "gpp.csv")
    of_site = rows[rows.scheme == "site"]
    result = found.results["mean seasonal cycle", "site"]
    assert found.headline not in {name.removeprefix("by ") for name in rows}
    np.testing.assert_allclose(of_site["by mean seasonal cycle"], result.predicted, rtol=1e-9)
    assert not np.allclose(of_site["by mean seasonal cycle"], of_site["predicted"])
    write_heldout(land.validation, tmp_path / "land.csv")
    assert not [name for name in pd.read_csv(tmp_path / "land.csv") if name.startswith("by ")]


def test_held_out_samples_say_in_degrees_where_they_lie(land, tmp_path):
    found = land.validation
    position = np.tile([500_000.0, 5_650_000.0], (len(found.table), 1))
    here = replace(found, table=replace(found.table, position=position, crs="EPSG:32631"))
    write_heldout(here, tmp_path / "land.csv")
    rows = pd.read_csv(tmp_path / "land.csv")
    np.testing.assert_allclose(rows["lon"], 3.0, atol=1e-7)
    np.testing.assert_allclose(rows["lat"], 51.0, atol=0.01)


def test_real_data_is_called_real(gpp):
    assert "Real data" in as_markdown(replace(gpp, origin="real"))


def test_numbers_have_a_true_minus_and_no_negative_zero():
    assert (number(-0.25), number(-0.004), number(float("nan"))) == ("−0.25", "0.00", "—")
    assert number(-7542572321.27) == "−7.5e+09"
    assert (signed(0.1), signed(-0.1), signed(-0.001)) == ("+0.10", "−0.10", "+0.00")


@pytest.mark.parametrize("gap", [Score(0.1, 0.05, 0.2, 40), Score(0.1, -0.1, 0.2, 40)])
def test_sentences_have_a_true_minus_too(gap):
    poor = Score(-0.25, -0.5, -0.1, 40)
    found = SimpleNamespace(
        headline="ridge", metric="r2", honest="site", probes=("ridge",),
        gap=lambda _: Gap("ridge", "site", poor, poor, gap),
        best_baseline=lambda _: "mean", lead=lambda *_: poor, score=lambda *_: poor,
    )  # fmt: skip
    for said in (expectation(found), comparison(found)):
        assert "−0.25" in said
        assert "-0" not in said


def test_days_of_a_single_tower_give_no_interval_and_samples_without_places_a_doubtful_one():
    many = towers()
    alone = many.take(np.flatnonzero(many.keys["site"] == "SI-00"))
    found = validate(alone, LINEAR, baselines=False, curve=False)
    assert found.honest == "year"
    assert np.isnan(found.score(found.headline, "year").low)
    assert found.drawn == "sites"
    nowhere = validate(replace(alone, keys={}), LINEAR, baselines=False, curve=False)
    assert "too narrow" in interval_note(nowhere)
    assert "not of single samples" in interval_note(found)


def test_differences_without_an_interval_are_not_called_unclear_but_unknown():
    unknown = {"low": float("nan"), "high": float("nan"), "n": 3}
    poor, good = Score(-1.09, **unknown), Score(0.94, **unknown)
    found = SimpleNamespace(
        headline="ridge", metric="r2", honest="site", probes=("ridge",),
        gap=lambda _: Gap("ridge", "site", good, poor, Score(2.03, **unknown)),
        best_baseline=lambda _: "mean", lead=lambda *_: Score(-1.87, **unknown), score=lambda *_: good,
    )  # fmt: skip
    for said in (expectation(found), comparison(found)):
        assert "no clear difference" not in said
        assert "known" in said


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ((0.3, 0.4, 0.5), "is still rising"),
        ((0.3, 0.5, 0.5), "has flattened"),
        ((0.59, 0.47, 0.42), "was higher, 0.59, with 10"),
    ],
)
def test_a_learning_curve_is_told_as_it_runs_even_downwards(land, scores, said):
    points = [
        CurvePoint("embedding (linear)", "block", "samples per class", amount, score, 0.02, amount)
        for amount, score in zip((10, 100, 1000), scores, strict=True)
    ]
    told = as_markdown(replace(land, validation=replace(land.validation, curve=tuple(points))))
    assert said in told


def test_a_class_named_in_signs_that_the_font_lacks_can_be_drawn(tmp_path):
    table = fields()
    named = replace(table.response, classes=ClassTable.of_names(["wheat 🌾", "Äcker & Höfe", "草地"]))
    report = Report("Fields", validate(replace(table, response=named), LINEAR), "simulated")
    page = write_report(report, tmp_path)["html"].read_text(encoding="utf-8")
    assert "wheat 🌾" in page


def test_classes_of_one_polygon_are_named_as_untestable():
    table = fields()
    alone = replace(table, y=np.where(table.keys["polygon"] == 44, 3, np.minimum(table.y, 2)))
    found = Report("", validate(alone, LINEAR, baselines=False, curve=False), "simulated")
    assert "held out whole, so that no model can know it: grass & clover;" in found.lead
    assert (
        "held out whole" not in Report("", validate(table, LINEAR, baselines=False, curve=False), "real").lead
    )


@pytest.mark.parametrize(("loss", "said"), [(2.84, "But only −2.19 (too few groups"), (0.1, "")])
def test_a_large_loss_is_told_although_too_few_sites_give_no_interval(loss, said):
    unknown = {"low": float("nan"), "high": float("nan"), "n": 3}
    found = SimpleNamespace(
        headline="ridge", honest="site", schemes=[SimpleNamespace(name=n) for n in ("random", "site", "year")],
        results={("ridge", name): name for name in ("site", "year")}, less=lambda *_: Score(loss, **unknown),
        score=lambda *_: Score(-2.19, **unknown),
    )  # fmt: skip
    assert weakest(found).startswith(said)
    assert bool(weakest(found)) == bool(said)


def test_a_year_that_is_unlike_the_others_is_said_although_new_places_are_fine():
    table = towers()
    level = np.where(table.year == 2020, 6.0, 0.0)  # which nothing in the features tells
    flat = replace(table, y=5 + 3 * table.block("bands").values[:, 0].astype(float) + level)
    found = Report("", validate(flat, LINEAR, baselines=False, curve=False), "simulated")
    assert "But only" in found.lead
    assert (
        found.lead.split("But only")[1]
        .split(" for ")[1]
        .startswith(("another year at the same places", "a new site in another year"))
    )


def test_a_report_replaces_none_of_its_files_unless_told(land, tmp_path):
    (tmp_path / "report.json").write_text("mine")
    with pytest.raises(OutputError, match="the output exists"):
        write_report(land, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "mine"
    write_report(land, tmp_path, overwrite=True)
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".html", ".json", ".md"]


def in_browser(page: Path, picture: Path) -> dict:
    """What a real browser made of a page; skips where none can run, unless PHENOLENS_REQUIRE names `browser`."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
    done = subprocess.run(
        [sys.executable, str(BROWSER), str(page), str(picture)],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode or not done.stdout:
        reason = f"Qt WebEngine can't run here: {done.stderr.strip()[-300:]}"
        if "browser" in os.environ.get("PHENOLENS_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["gpp", "land"])
def test_the_page_opens_in_a_browser_with_its_pictures_and_tables(kind, tmp_path, request):
    report = request.getfixturevalue(kind)
    page = write_report(report, tmp_path)["html"]
    seen = in_browser(page, tmp_path / "page.png")
    assert seen["loaded"]
    assert seen["console"] == []
    assert seen["outside"] == []  # needs no network
    assert seen["heading"] == report.title
    assert seen["badges"] == ["simulated"]
    assert report.lead in seen["text"]
    assert len(seen["images"]) == {"gpp": 5, "land": 3}[kind]
    for image in seen["images"]:
        assert image["width"] > 1000
        assert image["alt"]
        assert image["source"].startswith("data:image/png")
    assert len(seen["tables"]) >= 6
    for table in seen["tables"]:
        assert table["rows"] > 0
        assert set(table["columns"]) == {table["header"]}
    assert not seen["wide"]  # tables scroll in their frames, the page doesn't
    assert (tmp_path / "page.png").stat().st_size > 50_000
    if kind == "land":
        assert "maize <silage>" in seen["text"]
        assert "grass & clover" in seen["text"]


def test_the_browser_check_can_fail(tmp_path):
    page = tmp_path / "broken.html"
    page.write_text(
        "<!doctype html><title>t</title><h1>t</h1><img alt='gone' src='data:image/png;base64,AAAA'>"
        "<script>console.error('broken')</script>"
    )
    seen = in_browser(page, tmp_path / "page.png")
    assert seen["images"][0]["width"] == 0
    assert "broken" in seen["console"][0]

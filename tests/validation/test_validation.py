import numpy as np
import pytest
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import Cancelled, ProbeError
from phenolens.engine.probes.estimators import EstimatorSpec
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.progress import CancelToken, Progress
from phenolens.engine.response import Response
from phenolens.engine.validation.breakdown import break_down
from phenolens.engine.validation.fits import blocks_fit
from phenolens.engine.validation.folds import make_scheme
from phenolens.engine.validation.report import comparison, expectation
from phenolens.engine.validation.validation import cross_predict, validate

GPP = Response("GPP", "regression", "gC m-2 d-1")
LAND = Response("land cover", "classification", classes=ClassTable.of_names(["forest", "field", "water"]))
NEAREST = {"nearest": blocks_fit(EstimatorSpec("knn", {"neighbours": 1}), ("embedding",))}


def fingerprints(sites=12, each=20, differ=3.0):
    """The embedding knows the site by heart and the response a little: random splitting rewards the former."""
    rng = np.random.default_rng(0)
    site = np.repeat(np.arange(sites), each)
    level = rng.normal(0, differ, sites)[site]
    signal = rng.normal(size=len(site))
    y = 5 + level + signal + rng.normal(0, 0.5, len(site))
    marks = 5 * np.eye(sites)[site]
    values = np.column_stack([signal + rng.normal(0, 0.3, len(site)), marks]).astype(np.float32)
    day = np.datetime64("2019-01-01") + rng.integers(0, 730, len(site))
    embedding = Block(tuple(f"e{k}" for k in range(sites + 1)), values)
    blocks = {"embedding": embedding, "bands": Block(("b",), signal[:, None].astype(np.float32))}
    return SampleTable(GPP, y, blocks, {"site": np.char.add("T", site.astype(str))}, day=day)


def parcels():
    rng = np.random.default_rng(1)
    polygon = np.repeat(np.arange(60), 5)
    y = 1 + polygon % 3
    values = np.column_stack([y + rng.normal(0, 0.7, 60)[polygon], 9 * rng.normal(size=60)[polygon]])
    return SampleTable(
        LAND, y, {"embedding": Block(("a", "b"), values.astype(np.float32))}, {"polygon": polygon}
    )


@pytest.fixture(scope="module")
def towers():
    return validate(fingerprints(), NEAREST)


def test_the_optimism_of_random_splitting_is_found_and_said(towers):
    gap = towers.gap("nearest")
    assert gap.honest == "site"
    assert gap.random.value > 0.8
    assert gap.expected.value < 0.5
    assert gap.gap.low > 0.2
    said = expectation(towers)
    assert said.startswith(f"Expect R² {gap.expected.value:.2f}".replace("-", "−"))
    assert "for a new site; random splitting would have said" in said
    assert f"{gap.gap.value:.2f} too much" in said


def test_a_probe_without_optimism_is_not_accused():
    table = fingerprints(differ=0.0)
    signal = {"signal": blocks_fit(EstimatorSpec("linear"), ("bands",))}
    found = validate(table, signal, baselines=False, curve=False)
    assert abs(found.gap("signal").gap.value) < 0.03


def test_probe_and_baselines_share_samples_and_folds(towers):
    assert towers.headline == "nearest"
    assert towers.honest == "site"
    names = {scheme.name for scheme in towers.schemes}
    assert names == {"random", "site", "year", "site-year"}
    for (method, scheme), result in towers.results.items():
        other = towers.results["raw bands (linear)", scheme]
        np.testing.assert_array_equal(result.rows, other.rows, err_msg=method)
        assert result.scores["r2"].n == len(towers.table)
    assert "no positions" in towers.absent_schemes["block"]


def test_the_comparison_names_the_best_baseline_and_who_wins(towers):
    best = towers.best_baseline("site")
    others = [m for m in towers.methods if m != "nearest"]
    assert towers.score(best, "site").value == max(towers.score(m, "site").value for m in others)
    assert "the best baseline" in comparison(towers)
    lead = towers.lead("nearest", best, "site")
    assert ("worse" in comparison(towers)) == (lead.high < 0)


def test_predictions_come_from_models_that_have_not_seen_the_sample():
    table = fingerprints()
    seen = []

    def spying(train):
        def predict(test):
            seen.append(set(train.keys["site"]) & set(test.keys["site"]))
            return np.zeros(len(test))

        return predict

    rows, predicted = cross_predict(table, spying, make_scheme(table, "site"))
    assert len(seen) == 12
    assert not any(seen)
    assert len(rows) == len(table)
    assert not predicted.any()


def test_predictions_that_are_nan_are_an_error():
    table = fingerprints()
    with pytest.raises(ProbeError, match=r"NaN or infinite \[site, fold T0\]"):
        cross_predict(table, lambda _: lambda test: np.full(len(test), np.nan), make_scheme(table, "site"))


def test_the_learning_curve_grows_to_all_sites(towers):
    amounts = [point.amount for point in towers.curve]
    assert amounts == sorted(amounts)
    assert towers.curve[-1].unit == "sites"
    assert towers.curve[-1].amount >= 9
    assert towers.curve[-1].spread == pytest.approx(0)


def test_more_labels_help_a_classifier_that_needs_them():
    found = validate(parcels(), {"linear": blocks_fit(EstimatorSpec("linear"), ("embedding",))})
    first, last = found.curve[0], found.curve[-1]
    assert first.unit == "samples per class"
    assert (first.amount, last.amount) == (5, 80)
    assert last.score > first.score


def test_land_cover_has_a_confusion_matrix_and_class_scores_over_polygons():
    found = validate(parcels(), {"linear": blocks_fit(EstimatorSpec("linear"), ("embedding",))}, curve=False)
    matrix = found.confusion("linear", "polygon")
    np.testing.assert_array_equal(matrix.sum(axis=1), [100, 100, 100])
    assert found.drawn == "polygons"
    per_class = found.per_class("linear", "polygon")
    assert per_class[1]["recall"].value == pytest.approx(matrix[0, 0] / 100)
    assert found.score("majority class", "polygon", "kappa").value <= 0
    with pytest.raises(ProbeError, match="no confusion matrix"):
        validate(fingerprints(), NEAREST, schemes=["random"], baselines=False, curve=False).confusion(
            "nearest", "random"
        )


def test_random_alone_says_that_nothing_is_known_of_elsewhere():
    table = SampleTable(LAND, np.tile([1, 2, 3], 20), parcels().take(np.arange(60)).blocks)
    found = validate(table, NEAREST, curve=False)
    assert found.honest is None
    assert found.gap("nearest") is None
    assert "what to expect elsewhere is not known" in expectation(found)


def test_validation_can_be_stopped_and_tells_how_far_it_is():
    events, cancel = [], CancelToken()

    def listen(event):
        events.append((event.done, event.total))
        if event.done == 3:
            cancel.cancel()

    with pytest.raises(Cancelled):
        validate(
            fingerprints(), NEAREST, curve=False, progress=Progress("validate", 0, listen), cancel=cancel
        )
    assert [done for done, _ in events] == [1, 2, 3]
    assert events[0][1] == 4 * 5  # schemes × (probe, seasonal cycle, two of raw bands, PCA)


def test_samples_without_anything_to_fit_are_refused():
    bare = SampleTable(GPP, np.arange(20.0), {"other": Block(("x",), np.zeros((20, 1), np.float32))})
    with pytest.raises(ProbeError, match="nothing to validate"):
        validate(bare, {})


def seasons(error=0.0):
    """Three sites, three years, every 4 days: level, season, and a wet and a dry year."""
    day = np.array("2018-01-02", "datetime64[D]") + 4 * np.arange(273)
    site = np.repeat(["A", "B", "C"], len(day))
    days = np.tile(day, 3)
    level = np.repeat([2.0, 5.0, 9.0], len(day))
    doy = (days - days.astype("datetime64[Y]")).astype(float)
    year = days.astype("datetime64[Y]").astype(int) + 1970
    odd = np.array([-1.0, 0.0, 1.0])[year - 2018]
    expected = level + 2 * np.cos(2 * np.pi * (doy - 190) / 365.25)
    y = expected + odd
    noise = np.random.default_rng(0).normal(0, error, len(y)) if error else 0
    table = SampleTable(GPP, y, {}, {"site": site, "biome": np.where(site == "A", "GRA", "ENF")}, day=days)
    return table, expected + noise


def test_a_model_that_knows_site_and_season_only_has_no_skill_in_anomalies():
    table, expected = seasons()
    parts = {row.label: row.scores["r2"].value for row in break_down(table, expected).rows["part"]}
    assert parts["site means"] > 0.99
    assert parts["seasonal cycle"] > 0.95
    assert parts["anomalies"] < 0.1
    whole = break_down(table, np.asarray(table.y)).rows["part"]
    assert [round(row.scores["r2"].value, 6) for row in whole] == [1, 1, 1]


def test_means_over_longer_steps_lose_the_noise():
    table, predicted = seasons(error=2.0)
    rows = {row.label: row for row in break_down(table, predicted).rows["step"]}
    assert rows["daily"].n == len(table)
    assert rows["monthly"].n == 3 * 36
    assert (
        rows["daily"].scores["rmse"].value
        > rows["8-day"].scores["rmse"].value
        > rows["monthly"].scores["rmse"].value
    )
    assert rows["monthly"].note == "means of 7.6 days"


def test_sites_biomes_and_seasons_carry_their_n():
    table, predicted = seasons(error=1.0)
    found = break_down(table, predicted)
    assert {row.label: (row.n, row.groups) for row in found.rows["biome"]} == {
        "ENF": (546, 2),
        "GRA": (273, 1),
    }
    assert [row.label for row in found.rows["season"]] == ["Dec-Feb", "Mar-May", "Jun-Aug", "Sep-Nov"]
    assert sum(row.n for row in found.rows["season"]) == len(table)


def test_sparse_samples_have_no_coarser_steps_and_say_so():
    table, predicted = seasons()
    rows = np.arange(0, len(table), 30)
    found = break_down(table.take(rows), predicted[rows])
    assert [row.label for row in found.rows["step"]] == ["daily"]
    assert "1.0 days per place and period" in found.absent["monthly"]

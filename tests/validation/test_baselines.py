from pathlib import Path

import numpy as np
import pytest
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import ProbeError
from phenolens.engine.probes.estimators import EstimatorSpec, ProbeRecipe
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.probes.tables import tower_gpp_hls_table
from phenolens.engine.response import Response
from phenolens.engine.validation.baselines import climatology, majority, make_baselines
from phenolens.engine.validation.fits import blocks_fit, recipe_fit
from phenolens.engine.validation.folds import make_scheme
from phenolens.engine.validation.scores import regression_scores
from phenolens.engine.validation.validation import cross_predict

GPP = Response("GPP", "regression", "gC m-2 d-1")
LAND = Response("land cover", "classification", classes=ClassTable.of_names(["forest", "field"]))


def seasons(sites=("A", "B"), years=3, level=(2.0, 8.0), noise=0.0):
    """Sites with the same season at another level, sampled every 8 days."""
    day = np.array("2018-01-03", "datetime64[D]") + 8 * np.arange(years * 45)
    doy = (day - day.astype("datetime64[Y]")).astype(float)
    curve = np.cos(2 * np.pi * (doy - 190) / 365.25)
    y = np.concatenate([mean + mean / 2 * curve for mean in level])
    y = y + np.random.default_rng(0).normal(0, noise, len(y)) if noise else y
    bands = Block(("b1", "b2"), np.stack([y, np.ones(len(y))], axis=1).astype(np.float32))
    site = np.repeat(sites, len(day))
    return SampleTable(GPP, y, {"bands": bands}, {"site": site}, day=np.tile(day, len(sites)))


def test_the_mean_seasonal_cycle_of_a_known_site_in_another_year_is_its_own():
    table = seasons()
    train, test = table.take(table.year < 2020), table.take(table.year == 2020)
    predicted = climatology(train, ("site",))(test)
    assert np.abs(predicted - test.y).max() < 0.6
    assert np.abs(climatology(train)(test) - test.y).max() > 2.5


def test_the_mean_seasonal_cycle_of_an_unknown_site_is_that_of_the_others():
    table = seasons()
    train, test = (table.take(table.keys["site"] == s) for s in "AB")
    predicted = climatology(train, ("site",))(test)
    np.testing.assert_allclose(predicted, climatology(train)(test))
    assert np.abs(predicted - train.y).max() < 0.3


def test_the_seasonal_cycle_closes_over_new_year():
    table = seasons(sites=("A",), level=(5.0,))
    january = table.take(np.array([0]))
    only_december = table.take(
        (table.day >= np.datetime64("2018-12-15")) & (table.day < np.datetime64("2019-01-01"))
    )
    assert climatology(only_december)(january)[0] == pytest.approx(only_december.y.mean(), abs=0.1)


def test_majority_is_the_commonest_class_of_the_training_samples():
    table = SampleTable(LAND, np.array([1, 2, 2, 1, 2]), {})
    assert majority(table)(table).tolist() == [2] * 5


def test_only_baselines_whose_features_exist_are_made_and_the_rest_is_explained():
    made = make_baselines(seasons())
    assert set(made.fits) == {
        "mean seasonal cycle", "raw bands (linear)", "raw bands (forest)", "PCA of bands (linear)"
    }  # fmt: skip
    assert made.absent["NIRv regression"] == "the samples lack this index"
    assert made.absent["bands + indices (linear)"] == "the samples have no indices"
    assert made.absent["weather only (forest)"] == "the samples have no weather"
    bare = make_baselines(
        SampleTable(GPP, np.arange(9.0), {"embedding": Block(("e",), np.ones((9, 1), np.float32))})
    )
    assert not bare.fits
    assert bare.absent["mean seasonal cycle"] == "the samples have no date"
    assert bare.absent["bands + indices (linear)"] == "the samples have no bands"


def test_every_baseline_of_towers_predicts_finite_values_with_gaps_in_its_features():
    table = seasons(noise=0.5)
    rng = np.random.default_rng(1)
    gaps = np.where(rng.random((len(table), 2)) < 0.3, np.nan, table.block("bands").values).astype(np.float32)
    extra = Block(("NIRv", "kNDVI"), gaps)
    blocks = {"bands": Block(("b1", "b2"), gaps), "indices": extra, "weather": extra}
    full = SampleTable(GPP, table.y, blocks, {**table.keys, "biome": table.keys["site"]}, day=table.day)
    made = make_baselines(full)
    assert not made.absent
    for name, fit in made.fits.items():
        predicted = fit(full.take(np.arange(100)))(full)
        assert predicted.shape == (len(full),), name
        assert np.isfinite(predicted).all(), name


def test_a_recipe_is_validated_as_the_probe_that_it_makes():
    table = seasons(noise=1.0)
    recipe = ProbeRecipe(estimator=EstimatorSpec("linear"), blocks=("bands",))
    plain = blocks_fit(EstimatorSpec("linear"), ("bands",))
    np.testing.assert_allclose(recipe_fit(recipe)(table)(table), plain(table)(table), rtol=1e-5)
    with pytest.raises(ProbeError, match="lack features"):
        recipe_fit(ProbeRecipe(blocks=("embedding",)))(table)


def test_raw_bands_at_unseen_towers_score_what_the_reference_says(shared_data: Path):
    """The forest on raw bands, each tower held out once: R² about .63 on these tower-days (real data)."""
    table = tower_gpp_hls_table(shared_data / "tower_gpp_hls" / "data_train_hls_37sites_v0_1.csv").samples
    rows, predicted = cross_predict(
        table, make_baselines(table).fits["raw bands (forest)"], make_scheme(table, "site")
    )
    scores = regression_scores(np.asarray(table.y)[rows], predicted, table.keys["site"][rows])
    assert scores["r2"].n == 975
    assert scores["r2"].value == pytest.approx(0.63, abs=0.03)

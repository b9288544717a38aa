"""Calibrated probes: what is attached is found again after saving, and draws the trust layers."""

from pathlib import Path

import numpy as np
import pytest
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import ProbeError
from phenolens.engine.probes.files import load_probe, save_probe
from phenolens.engine.probes.fitting import fit_probe
from phenolens.engine.probes.probe import ProbeRecipe
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.response import Response
from phenolens.engine.trust.calibration import TrustSettings, calibrate, sum_error_of, trust_of
from phenolens.engine.trust.conformal import ConformalSettings
from phenolens.engine.trust.heldout import hold_out

COVER = Response("cover", "classification", classes=ClassTable.of_names(["wheat", "maize", "forest"]))
GPP = Response("GPP", "regression", "gC m-2 d-1")


def samples(response: Response, seed: int = 0, sites: int = 16, each: int = 40) -> SampleTable:
    """Series of sites, one sample every ten days; three features, of which one tells the class and the GPP."""
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(sites), each)
    x = rng.normal(size=(len(site), 3)) + rng.normal(0, 0.5, (sites, 3))[site]
    y = x[:, 0] + rng.normal(0, 0.4, len(site)) + rng.normal(0, 0.3, sites)[site]
    if response.task == "classification":
        y = np.digitize(y, (-0.6, 0.6)) + 1
    day = np.datetime64("2021-01-01") + 10 * np.tile(np.arange(each), sites)
    blocks = {"embedding": Block(("a", "b", "c"), x.astype(np.float32))}
    return SampleTable(response, y, blocks, {"site": site}, day=day)


def test_a_regression_gets_intervals_applicability_and_the_error_of_sums(tmp_path: Path) -> None:
    table, new = samples(GPP), samples(GPP, seed=1, sites=100)
    probe, held = calibrate(fit_probe(table, ProbeRecipe()), table)
    assert (held.scheme, held.groups) == ("site", 16)
    loaded = load_probe(save_probe(probe, tmp_path / "gpp.probe"))
    honest = loaded.scores["site"]["r2"]
    assert honest["n"] == len(table)
    assert honest["value"] < loaded.training.score["training R2"]
    trust = trust_of(loaded)
    values = loaded.predict_table(new).values
    low, high = trust.interval(values)
    assert np.mean((low <= new.y) & (new.y <= high)) == pytest.approx(0.9, abs=0.06)
    assert trust.coverage == 0.9
    assert trust.basis == "16 sites"
    assert trust.sets is None
    features = new.features()
    assert np.mean(trust.dissimilarity(features) > trust.threshold) < 0.2
    assert np.all(trust.dissimilarity(features + 100) > trust.threshold)
    assert sum_error_of(loaded) == sum_error_of(probe) is not None


def test_a_classification_gets_sets(tmp_path: Path) -> None:
    table, new = samples(COVER, sites=60), samples(COVER, seed=1, sites=100)
    settings = TrustSettings(ConformalSettings(confidence=0.8))
    probe, _ = calibrate(fit_probe(table, ProbeRecipe()), table, settings)
    loaded = load_probe(save_probe(probe, tmp_path / "cover.probe"))
    trust = trust_of(loaded)
    chosen = trust.sets(loaded.predict_table(new).probabilities)
    assert chosen[np.arange(len(new)), new.y - 1].mean() == pytest.approx(0.8, abs=0.05)
    assert trust.coverage == 0.8
    assert trust.interval is None
    assert sum_error_of(loaded) is None


def test_a_probe_that_was_not_calibrated_promises_nothing() -> None:
    trust = trust_of(fit_probe(samples(GPP), ProbeRecipe()))
    assert (trust.interval, trust.sets, trust.dissimilarity) == (None, None, None)
    assert trust.basis == ""


def test_a_class_in_one_group_only_is_counted_as_missed() -> None:
    """No other group could teach it, so that its sets can't be promised to hold."""
    table = samples(COVER)
    only = table.take((table.y != 3) | (table.keys["site"] == 0))
    held = hold_out(only, ProbeRecipe())
    rare = held.table.y == 3
    assert rare.any()
    assert (held.probabilities[rare, 2] == 0).all()


def test_samples_without_groups_cannot_be_calibrated() -> None:
    table = samples(GPP)
    bare = SampleTable(GPP, table.y, table.blocks)
    with pytest.raises(ProbeError, match="held out in groups"):
        calibrate(fit_probe(bare, ProbeRecipe()), bare)

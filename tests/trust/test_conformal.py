"""Promises about new groups: equal to MAPIE where it can say the same, kept on groups never seen."""

import numpy as np
import pytest
from mapie.classification import SplitConformalClassifier
from mapie.regression import SplitConformalRegressor
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import ProbeError
from phenolens.engine.probes.estimators import EstimatorSpec, ProbeRecipe
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.response import Response
from phenolens.engine.trust.conformal import (
    ConformalInterval,
    ConformalSet,
    ConformalSettings,
    _Given,
    _normal,
    calibrate_intervals,
    calibrate_sets,
    weighted_limit,
)
from phenolens.engine.trust.heldout import HeldOut, groups_of, hold_out
from phenolens.engine.validation.folds import FoldSettings, make_scheme

CODES = (2, 5, 9, 11)
COVER = Response(
    "cover",
    "classification",
    classes=ClassTable.from_dict([{"code": c, "name": f"c{c}", "colour": "#000000"} for c in CODES]),
)
GPP = Response("GPP", "regression", "gC m-2 d-1")


def held_values(groups: int, each: int, seed: int, shift: float = 1.0) -> HeldOut:
    """Predictions of sites whose residuals share a shift per site, and grow with the level."""
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(groups), each)
    predicted = rng.uniform(0, 10, len(site))
    error = (0.2 + predicted / 10) * (rng.normal(0, shift, groups)[site] + rng.normal(0, 1, len(site)))
    table = SampleTable(GPP, predicted + error, {}, {"site": site})
    return HeldOut(table, predicted, None, site, "site")


def held_classes(
    groups: int, each: int, seed: int, shares: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1)
) -> HeldOut:
    """Probabilities that are too sure of themselves, more wrong at some sites than at others."""
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(groups), each)
    y = rng.choice(4, len(site), p=shares)
    logits = rng.normal(0, 1.5, (len(y), 4)) + rng.normal(0, 1, (groups, 4))[site]
    logits[np.arange(len(y)), y] += 2.5
    shown = np.exp(2 * logits) / np.exp(2 * logits).sum(axis=1, keepdims=True)
    table = SampleTable(COVER, np.array(CODES)[y], {}, {"site": site})
    return HeldOut(
        table, np.array(CODES)[shown.argmax(axis=1)].astype(float), shown.astype(np.float32), site, "site"
    )


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95])
def test_intervals_of_one_width_are_those_of_mapie(confidence: float) -> None:
    held, new = held_values(5, 61, 0), held_values(5, 40, 1)
    mine = calibrate_intervals(held, ConformalSettings(confidence, each="sample", knots=1))
    judge = SplitConformalRegressor(_Given(), confidence_level=confidence, prefit=True)
    judge.conformalize(held.predicted[:, None], np.asarray(held.table.y))
    _, theirs = judge.predict_interval(new.predicted[:, None])
    np.testing.assert_allclose(np.stack(mine(new.predicted), axis=1), theirs[:, :, 0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("score", ["lac", "aps"])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_sets_are_those_of_mapie(score: str, confidence: float) -> None:
    held, new = held_classes(5, 80, 0), held_classes(5, 60, 1)
    mine = calibrate_sets(held, ConformalSettings(confidence, each="sample", score=score))
    judge = SplitConformalClassifier(
        _Given(np.array(CODES)),
        confidence_level=confidence,
        conformity_score=score,
        prefit=True,
        random_state=0,
    )
    judge.conformalize(_normal(held.probabilities), held.table.y)
    _, theirs = judge.predict_set(_normal(new.probabilities))
    np.testing.assert_array_equal(mine(new.probabilities), theirs[:, :, 0])


def coverage(interval: ConformalInterval, new: HeldOut) -> float:
    low, high = interval(new.predicted)
    return float(((low <= new.table.y) & (new.table.y <= high)).mean())


def test_intervals_hold_for_new_sites_and_follow_the_level() -> None:
    found = [
        coverage(calibrate_intervals(held_values(40, 50, s)), held_values(200, 20, 1_000 + s))
        for s in range(12)
    ]
    assert np.mean(found) == pytest.approx(0.9, abs=0.03)
    interval = calibrate_intervals(held_values(40, 50, 0))
    assert interval.half(9.0) > 2 * interval.half(1.0)
    new = held_values(400, 50, 77)
    low = new.take(new.predicted < 2)
    assert coverage(interval, low) == pytest.approx(0.9, abs=0.05)  # one width for all would hold them all


def test_calibration_within_the_same_sites_promises_too_much_for_new_ones() -> None:
    """What the held-out groups are for: residuals without the site's own shift are too small."""
    held = held_values(40, 50, 3, shift=2.0)
    own = held.residual / (0.2 + held.predicted / 10)
    shift = np.bincount(held.group, own)[held.group] / 50
    table = SampleTable(GPP, held.predicted + (own - shift) * (0.2 + held.predicted / 10), {})
    within = HeldOut(table, held.predicted, None, np.arange(len(own)), "random")
    new = held_values(300, 30, 4, shift=2.0)
    assert coverage(calibrate_intervals(within), new) < 0.7
    assert coverage(calibrate_intervals(held), new) == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_sets_hold_for_new_sites(score: str) -> None:
    found = []
    for seed in range(8):
        chosen = calibrate_sets(held_classes(40, 40, seed), ConformalSettings(score=score))
        new = held_classes(150, 20, 500 + seed)
        found.append(
            chosen(new.probabilities)[np.arange(len(new.table)), np.searchsorted(CODES, new.table.y)].mean()
        )
    expected = 0.9 if score == "lac" else 0.93  # APS takes the last class in, and so keeps more than it says
    assert np.mean(found) == pytest.approx(expected, abs=0.03)


def test_classes_apart_keep_the_promise_for_a_rare_class_too() -> None:
    held, new = (held_classes(300, 60, seed, (0.7, 0.2, 0.07, 0.03)) for seed in (0, 1))

    def per_class(chosen: ConformalSet) -> np.ndarray:
        column = np.searchsorted(CODES, new.table.y)
        inside = chosen(new.probabilities)[np.arange(len(column)), column]
        return np.array([inside[column == k].mean() for k in range(4)])

    apart = per_class(calibrate_sets(held, ConformalSettings(by_class=True)))
    np.testing.assert_allclose(apart, 0.9, atol=0.04)


def test_a_group_counts_once_however_many_samples_it_has() -> None:
    scores = np.concatenate([np.full(1_000, 1.0), np.arange(2.0, 11.0)])
    group = np.concatenate([np.zeros(1_000, int), np.arange(1, 10)])
    assert weighted_limit(scores, group, 0.75) == 1.0
    assert weighted_limit(scores, group, 0.75, "group") == 8.0
    assert weighted_limit(scores, group, 0.75, "group", guarantee=True) == 9.0
    assert weighted_limit(scores, group, 0.95, "group", guarantee=True) == np.inf


def test_the_kept_promise_is_looked_up_on_each_group_in_turn() -> None:
    calm = held_values(30, 60, 2, shift=0.0)
    assert calibrate_intervals(calm).kept.lowest > 0.75
    wild = held_values(30, 60, 2, shift=2.0)
    kept = calibrate_intervals(wild).kept
    assert kept.lowest < 0.5 < kept.mean
    assert (kept.groups, kept.samples) == (30, 1800)
    assert "a tenth of them below" in str(kept)


def test_a_guarantee_is_wider_and_refused_where_groups_are_too_few() -> None:
    held = held_values(12, 40, 5)
    plain, sure = (calibrate_intervals(held, ConformalSettings(guarantee=g)) for g in (False, True))
    assert (sure.halves > plain.halves).all()
    with pytest.raises(ProbeError, match=r"too few held-out groups.*5 groups, 90%.*9 are needed"):
        calibrate_intervals(held_values(5, 40, 5), ConformalSettings(guarantee=True))
    with pytest.raises(ProbeError, match="too few held-out samples"):
        calibrate_intervals(held_values(3, 2, 5))


def test_calibrations_survive_in_attachments() -> None:
    interval = calibrate_intervals(held_values(20, 50, 0))
    again = ConformalInterval.from_attachment(interval.to_attachment())
    np.testing.assert_array_equal(again(np.arange(10.0)), interval(np.arange(10.0)))
    held = held_classes(20, 50, 0)
    chosen = calibrate_sets(held, ConformalSettings(by_class=True))
    kept = ConformalSet.from_attachment(chosen.to_attachment())
    np.testing.assert_array_equal(kept(held.probabilities), chosen(held.probabilities))
    assert kept.settings == chosen.settings
    assert kept.kept == chosen.kept


def test_the_wrong_task_is_refused() -> None:
    with pytest.raises(ProbeError, match="sets, not intervals"):
        calibrate_intervals(held_classes(4, 30, 0))
    with pytest.raises(ProbeError, match="need the probabilities"):
        calibrate_sets(held_values(4, 30, 0))


@pytest.mark.parametrize(
    "given",
    [
        {"confidence": 1.0},
        {"confidence": 0.2},
        {"knots": 0},
        {"score": "top"},
        {"score": "aps", "by_class": True},
    ],
)
def test_settings_that_make_no_sense_are_refused(given: dict) -> None:
    with pytest.raises(ProbeError):
        ConformalSettings(**given)


def landscape(seed: int, groups: int = 24) -> SampleTable:
    rng = np.random.default_rng(seed)
    polygon = np.repeat(np.arange(groups), 15)
    x = rng.normal(size=(len(polygon), 3)) + rng.normal(size=(groups, 3))[polygon]
    y = x[:, 0] + rng.normal(0, 0.5, groups)[polygon] + rng.normal(0, 0.3, len(polygon))
    return SampleTable(
        GPP, y, {"embedding": Block(("a", "b", "c"), x.astype(np.float32))}, {"polygon": polygon}
    )


def test_samples_are_predicted_by_probes_that_never_saw_their_group() -> None:
    table = landscape(0)
    recipe = ProbeRecipe(estimator=EstimatorSpec("knn", {"neighbours": 1}))
    held = hold_out(table, recipe)
    assert (held.scheme, held.groups, len(held.predicted)) == ("polygon", 24, len(table))
    for sample in range(0, len(table), 37):  # the one nearest neighbour is of another polygon
        source = np.flatnonzero(np.isclose(table.y, held.predicted[sample], rtol=1e-6))
        assert (table.keys["polygon"][source] != table.keys["polygon"][sample]).all()


def test_samples_without_groups_are_not_calibrated_at_random() -> None:
    table = landscape(0)
    bare = SampleTable(table.response, table.y, table.blocks)
    with pytest.raises(ProbeError, match="held out in groups"):
        hold_out(bare, ProbeRecipe())


def test_groups_of_blocks_are_those_that_the_folds_hold_out() -> None:
    """Also where polygons lie across the edges of blocks: they are held out whole."""
    rng = np.random.default_rng(0)
    table = landscape(0, groups=40)
    place = rng.uniform(0, 3_000, (40, 2))[table.keys["polygon"]] + rng.uniform(0, 200, (len(table), 2))
    placed = SampleTable(table.response, table.y, table.blocks, table.keys, position=place)
    settings = FoldSettings(block_metres=300)
    group = groups_of(placed, "block", settings)
    assert len(np.unique(group)) > 20
    for fold in make_scheme(placed, "block", settings).folds:
        assert not set(group[fold.test]) & set(group[fold.train])
    for polygon in range(40):
        assert len(set(group[table.keys["polygon"] == polygon])) == 1


def test_a_class_without_held_out_samples_is_no_obstacle() -> None:
    held = held_classes(20, 60, 0)
    known = held.take(held.table.y != 11)
    assert calibrate_sets(known)(known.probabilities).shape == (len(known.predicted), 4)
    apart = calibrate_sets(known, ConformalSettings(by_class=True))(known.probabilities)
    assert apart[:, 3].all()  # nothing was seen that could rule it out

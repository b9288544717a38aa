from pathlib import Path

import numpy as np
import pytest
from phenolens.engine.errors import ProbeError
from phenolens.engine.probes.point_series import PointSeries, embed_composites, embed_points, embed_sites
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.probes.tables import CLOUDY_BLUE, tower_gpp_hls_table
from phenolens.engine.probes.worldcereal import worldcereal_table
from phenolens.engine.representation.checkpoint import load_checkpoint
from phenolens.engine.response import Response

GPP = Response("GPP", "regression", "gC m-2 d-1")
DAYS = 18_300.0 + 12 * np.arange(10)


@pytest.fixture(scope="module")
def model():
    return load_checkpoint().model


def series(points, seed=0):
    values = np.random.default_rng(seed).uniform(0.02, 0.4, (points, 10, 3)).astype(np.float32)
    return PointSeries(DAYS, ("B02", "B8A", "B11"), values)


def test_a_point_does_not_see_its_neighbours_in_the_batch(model):
    many = series(30)  # more than fit into one image
    targets = DAYS[[2, 5]]
    together = embed_points(model, {"s2": many}, targets)
    assert together.shape == (30, 2, 32)
    for k in (0, 7, 23, 24, 29):
        alone = PointSeries(DAYS, many.bands, many.values[[k]])
        np.testing.assert_allclose(embed_points(model, {"s2": alone}, targets)[0], together[k], atol=1e-5)
    assert np.ptp(together[:, 0], axis=0).max() > 0.1


def test_what_was_not_observed_has_no_embedding(model):
    gone = series(2)
    gone.values[1] = np.nan
    found = embed_points(model, {"s2": gone}, np.array([DAYS[3], DAYS[-1] + 200]))
    assert np.isfinite(found[0, 0]).all()
    assert np.isnan(found[1]).all()
    assert np.isnan(found[:, 1]).all()  # beyond the model's reach


def test_a_later_acquisition_changes_an_embedding_unless_only_the_past_may_be_seen(model):
    first = series(1)
    other = PointSeries(DAYS, first.bands, first.values.copy())
    other.values[0, 6] = 0.5
    target = DAYS[[5]]
    for past_only, same in ((False, False), (True, True)):
        a, b = (embed_points(model, {"s2": s}, target, past_only=past_only) for s in (first, other))
        assert np.allclose(a, b, atol=1e-6) == same


def test_unknown_bands_are_refused(model):
    with pytest.raises(ProbeError, match=r"does not know this band \[B99\]"):
        embed_points(model, {"s2": PointSeries(DAYS, ("B99",), series(1).values[..., :1])}, DAYS[:1])


def test_towers_get_the_embedding_of_their_own_day_whatever_the_order(model, shared_data: Path):
    path = shared_data / "tower_gpp_hls" / "data_train_hls_37sites_v0_1.csv"
    table = tower_gpp_hls_table(path).samples
    table = table.take(np.isin(table.keys["site"], ["FI-Ken", "BE-Lcr"]))
    found = embed_sites(table, model)
    assert found.block("embedding").values.shape == (len(table), 32)
    shuffled = np.random.default_rng(0).permutation(len(table))
    again = embed_sites(table.take(shuffled), model)
    np.testing.assert_allclose(
        again.block("embedding").values, found.block("embedding").values[shuffled], atol=1e-5
    )
    days = np.stack([found.day, found.day], axis=1)
    assert (np.abs((found.span - days).astype(int)) <= model.reach_days).all()
    assert (found.span[:, 0] < found.day).any()
    masked = embed_sites(table, model, largest_blue=CLOUDY_BLUE)
    assert not np.allclose(masked.block("embedding").values, found.block("embedding").values)


def test_composites_become_one_embedding_a_month(model, shared_data: Path):
    name = "month_2022_FRA_LPIS_POLY_110.geoparquet"
    table = worldcereal_table(shared_data / "worldcereal_points" / name).samples.take(np.arange(20))
    found = embed_composites(table, model)
    assert found.block("embedding").values.shape == (20, 17 * 32)
    assert found.block("embedding").names[32] == "e1 t1"
    assert np.isfinite(found.block("embedding").values).all()


def test_samples_without_dates_or_known_bands_are_refused(model):
    bare = SampleTable(GPP, np.arange(3.0), {"bands": Block(("x t0",), np.ones((3, 1), np.float32))})
    with pytest.raises(ProbeError, match="site and a date"):
        embed_sites(bare, model)
    with pytest.raises(ProbeError, match="one common span"):
        embed_composites(bare, model)
    span = np.tile(np.array(["2020-01-01", "2020-02-01"], "datetime64[D]"), (3, 1))
    with pytest.raises(ProbeError, match="no band that the model knows"):
        embed_composites(SampleTable(GPP, bare.y, bare.blocks, span=span), model)

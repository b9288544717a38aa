import numpy as np
import pytest
from phenolens.engine.errors import ProbeError, TowerError
from phenolens.engine.probes.features import sample
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.probes.tower_samples import sample_towers
from phenolens.engine.towers.footprint import Footprint
from phenolens.engine.towers.series import Towers, TowerSeries
from phenolens.engine.towers.sites import Site
from pyproj import Transformer


def tower(name, row, col, days, grid, igbp="ENF"):
    to_degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(grid.x[col], grid.y[row])
    gpp = np.arange(len(days), dtype=float)
    return TowerSeries(
        Site(name, lat, lon, igbp),
        np.array(days, "datetime64[D]"),
        gpp,
        gpp * 0 + 1,
        "made up",
        "GPP",
        len(days),
    )


@pytest.mark.parametrize("kind", ["date", "window", "season"])
def test_a_tower_of_one_pixel_has_that_pixels_features(noise_store, labelled, kind):
    spec = FeatureSpec(kind, window_days=40, step_days=20)
    days = ["2020-03-01", "2020-06-20", "2020-06-21"]
    row, col = labelled.rows[0], labelled.cols[0]
    towers = Towers((tower("A", row, col, days, noise_store.grid),))
    sampling = sample_towers(noise_store, towers, spec, radius_m=1)
    for sampled, place in zip(range(len(sampling.kept)), sampling.kept, strict=True):
        pixel = sample(noise_store, labelled.dated(days[place]), spec)
        mine = np.flatnonzero(pixel.kept == 0)[0]
        np.testing.assert_allclose(
            sampling.table.features()[sampled], pixel.table.features()[mine], rtol=1e-6, atol=1e-6
        )
        assert (sampling.table.span[sampled] == pixel.table.span[mine]).all()
    assert sampling.table.y.tolist() == sampling.kept.tolist()


def test_a_footprint_is_a_weighted_mean_over_its_valid_pixels(noise_store, noise):
    values, validity = noise
    rows, cols, weights = np.array([10, 11, 12]), np.array([20, 20, 21]), np.array([0.5, 0.3, 0.2])
    footprint = Footprint(rows, cols, weights, covered=1.0)
    days = noise_store.times.astype("datetime64[D]")
    towers = Towers((tower("A", 10, 20, days, noise_store.grid),))
    sampling = sample_towers(noise_store, towers, FeatureSpec("date"), footprints={"A": footprint})
    seen = validity[:, rows, cols] * weights
    expected = np.einsum("tdp,tp->td", values[:, :, rows, cols], seen) / seen.sum(axis=1, keepdims=True)
    enough = seen.sum(axis=1) >= 0.5
    assert 0 < enough.sum() < len(days)
    assert sampling.kept.tolist() == np.flatnonzero(enough).tolist()
    np.testing.assert_allclose(sampling.table.features(), expected[enough], atol=1e-5)


def test_sites_biomes_and_reasons_are_kept_apart(noise_store):
    grid = noise_store.grid
    towers = Towers(
        (
            tower("A", 10, 20, ["2020-03-01", "2020-03-02", "2031-01-01"], grid),
            tower("B", 40, 20, ["2020-03-01", "2020-05-05"], grid, igbp=None),
        )
    )
    sampling = sample_towers(noise_store, towers, FeatureSpec("date", largest_gap_days=5), radius_m=60)
    table = sampling.table
    assert table.keys["site"].tolist() == ["A", "A", "B"]
    assert table.keys["biome"].tolist() == ["ENF", "ENF", "unknown"]
    assert sampling.kept.tolist() == [0, 1, 3]
    assert (sampling.given, list(sampling.dropped.values())) == (5, [2])
    assert table.response.unit == "gC m-2 d-1"
    assert table.position[2] == pytest.approx((grid.x[20], grid.y[40]))


def test_towers_outside_and_days_outside_are_refused(noise_store):
    far = Towers((tower("A", 10, 20, ["2031-01-01"], noise_store.grid),))
    with pytest.raises(ProbeError, match=r"no tower day.*1 without a target date.*2020"):
        sample_towers(noise_store, far, FeatureSpec("date"))
    days = np.array(["2020-03-01"], "datetime64[D]")
    site = TowerSeries(Site("A", 10.0, 10.0), days, np.ones(1), np.ones(1), "made up", "GPP", 1)
    with pytest.raises(TowerError, match="outside"):
        sample_towers(noise_store, Towers((site,)), FeatureSpec("date"))

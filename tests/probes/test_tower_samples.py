from datetime import UTC, datetime

import numpy as np
import pytest
from phenolens.engine.acquisitions.cube import Acquisition, Cube
from phenolens.engine.acquisitions.modality import SENTINEL2
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


def test_days_of_a_tower_outside_are_dropped_and_counted_where_others_lie_within(noise_store):
    days = ["2020-03-01", "2020-03-02"]
    inside = [tower(name, row, 20, days, noise_store.grid) for name, row in (("A", 10), ("C", 40))]
    far = np.array(days, "datetime64[D]")
    outside = TowerSeries(Site("B", 10.0, 10.0), far, np.ones(2), np.ones(2), "made up", "GPP", 2)
    sampling = sample_towers(noise_store, Towers((inside[0], outside, inside[1])), FeatureSpec("date"))
    assert sampling.table.keys["site"].tolist() == ["A", "A", "C", "C"]
    assert sampling.kept.tolist() == [0, 1, 4, 5]
    assert (sampling.given, sampling.dropped) == (6, {"of towers outside of the area": 2})


class Rising:
    """Reflectance rises from row to row and from frame to frame; the last rows of the first frame are cloudy."""

    modality = SENTINEL2

    def __init__(self, grid, days):
        self.grid = grid
        self.acquisitions = tuple(
            Acquisition(datetime.fromisoformat(day).replace(tzinfo=UTC), "made up") for day in days
        )

    def read(self, window, frames=None):
        chosen = list(range(len(self.acquisitions))) if frames is None else list(frames)
        rows = np.arange(window.row, window.row + window.height)
        bands = np.arange(len(SENTINEL2.bands)) / 20
        values = bands[None, :, None, None] + rows[None, None, :, None] / 1000
        values = values + np.array(chosen)[:, None, None, None] / 100 + np.zeros((1, 1, 1, window.width))
        valid = np.ones(values.shape, bool)
        valid[[k for k, frame in enumerate(chosen) if frame == 0], :, rows >= 12] = False
        acquisitions = tuple(self.acquisitions[k] for k in chosen)
        return Cube(SENTINEL2, self.grid.crop(window), acquisitions, values.astype(np.float32), valid)


def test_bands_of_a_footprint_are_its_clear_mean_and_indices_come_of_that(noise_store):
    weights = np.array([0.5, 0.3, 0.2])
    footprint = Footprint(np.array([10, 11, 12]), np.array([20, 20, 21]), weights, covered=1.0)
    days = ["2020-03-01", "2020-04-10"]
    towers = Towers((tower("A", 10, 20, days, noise_store.grid), tower("B", 40, 20, days, noise_store.grid)))
    source = Rising(noise_store.grid, ["2020-02-29", "2020-04-12"])
    sampling = sample_towers(
        noise_store,
        towers,
        FeatureSpec("date", largest_gap_days=8),
        radius_m=30,
        footprints={"A": footprint},
        sources={"s2": source},
    )
    table = sampling.table
    bands, indices = table.block("bands"), table.block("indices")
    assert bands.names == SENTINEL2.bands
    mine = (table.keys["site"] == "A") & (table.day == np.datetime64("2020-03-01"))
    clear_mean = (0.010 * 0.5 + 0.011 * 0.3) / 0.8  # the pixel of row 12 is cloudy
    assert bands.values[mine][0, 0] == pytest.approx(clear_mean, abs=1e-6)
    late = (table.keys["site"] == "A") & (table.day == np.datetime64("2020-04-10"))
    assert bands.values[late][0, 0] == pytest.approx(np.dot(weights, [0.020, 0.021, 0.022]), abs=1e-6)
    red, near = (bands.values[mine][0, SENTINEL2.bands.index(name)] for name in ("B04", "B08"))
    ndvi = (near - red) / (near + red)
    assert indices.values[mine][0] == pytest.approx([ndvi, np.tanh(ndvi**2), ndvi * near], abs=1e-6)
    cloudy = (table.keys["site"] == "B") & (table.day == np.datetime64("2020-03-01"))
    assert np.isnan(bands.values[cloudy]).all()  # all of its rows are
    assert len(bands.values) == len(indices.values) == len(table)

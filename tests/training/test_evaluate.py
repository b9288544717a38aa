"""The evaluation's own parts: what is hidden stays hidden, and the classical methods are what they say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import torch
from phenolens.engine.acquisitions.cube import Acquisition, Cube
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.grid import Grid
from phenolens.engine.representation.fusion import DenseModel
from phenolens.engine.training.bottleneck import read_back
from phenolens.engine.training.evaluate import Evaluation, draw_gaps_figure, summarise
from phenolens.engine.training.gap_filling import draw_gaps, fill_gaps, harmonic, linear, nearest
from phenolens.engine.training.stability import tiling_difference, without_parts

GRID = Grid.from_bounds("EPSG:32631", (500_000, 5_000_000, 500_080, 5_000_080))
CLASSICAL = {"linear interpolation": linear, "nearest date": nearest, "harmonic fit": harmonic}


def cube(modality, step_days: int, clear: float) -> Cube:
    """A year of annual waves, each pixel its own, with random masks."""
    rng = np.random.default_rng(3)
    start = datetime(2020, 1, 3, tzinfo=UTC)
    acquisitions = tuple(Acquisition(start + timedelta(days=d)) for d in range(0, 365, step_days))
    bands = len(modality.bands)
    phase = np.arange(0, 365, step_days)[:, None, None, None] / 365.2425 * 2 * np.pi
    amplitude = rng.uniform(0.02, 0.1, (1, bands, *GRID.shape))
    values = 0.3 + amplitude * np.sin(phase + 1)
    if modality.unit == "dB":
        values = values * 20 - 18
    validity = np.broadcast_to(rng.random((len(acquisitions), 1, *GRID.shape)) < clear, values.shape)
    return Cube(modality, GRID, acquisitions, values.astype(np.float32), validity.copy())


@pytest.fixture(scope="module")
def cubes() -> dict[str, Cube]:
    return {"s1": cube(SENTINEL1, 6, 1.0), "s2": cube(SENTINEL2, 5, 0.6)}


@pytest.fixture(scope="module")
def model() -> DenseModel:
    torch.manual_seed(0)
    return DenseModel().eval()


def test_what_is_hidden_is_not_in_the_cube_that_is_filled(cubes):
    for gap in draw_gaps(cubes["s2"], seed=1):
        assert gap.hidden.any()
        assert not (gap.hidden & gap.cube.validity).any()
        assert not (gap.hidden & ~cubes["s2"].validity).any()


def test_blocks_hide_every_frame_within_them(cubes):
    gap = list(draw_gaps(cubes["s2"], seed=1))[-1]
    empty = ~gap.cube.validity.any(axis=(1, 2, 3))
    assert empty.sum() >= 8
    assert gap.scenario == "40 days"


@pytest.mark.parametrize("method", CLASSICAL)
def test_classical_methods_do_not_see_the_hidden_values(cubes, method):
    gap = next(draw_gaps(cubes["s2"], seed=1))
    poisoned = replace(gap.cube, values=np.where(gap.cube.validity, gap.cube.values, 99).astype(np.float32))
    expected, found = CLASSICAL[method](gap.cube)[gap.hidden], CLASSICAL[method](poisoned)[gap.hidden]
    np.testing.assert_array_equal(expected, found)


def test_linear_interpolation_equals_numpys_where_the_date_itself_is_hidden(cubes):
    gap = list(draw_gaps(cubes["s2"], seed=1))[2]
    filled = linear(gap.cube)
    for frame, band, y, x in np.argwhere(gap.hidden)[::97]:
        seen = gap.cube.validity[:, band, y, x]
        expected = np.interp(gap.cube.days[frame], gap.cube.days[seen], gap.cube.values[seen, band, y, x])
        assert filled[frame, band, y, x] == pytest.approx(expected, abs=1e-5)


def test_a_harmonic_fit_recovers_annual_waves(cubes):
    assert np.abs(harmonic(cubes["s2"]) - cubes["s2"].values).max() < 0.02


def test_every_method_is_scored_on_the_same_values(cubes, model):
    rows = fill_gaps(model, cubes, seeds=1)
    assert {row["method"] for row in rows} == {*CLASSICAL, "model, S2 only", "model, S1 + S2"}
    for scenario in {row["scenario"] for row in rows}:
        counts = {row["n"] + row["missed"] for row in rows if row["scenario"] == scenario}
        assert len(counts) == 1
    assert all(np.isfinite(row["rmse"]) and row["n"] > 0 for row in rows)


def test_pca_of_all_values_loses_nothing_and_of_few_loses_more(cubes, model):
    rows = {(r["method"], r["dims"]): r["s2_mae"] for r in read_back(model, cubes, cubes)}
    assert rows["PCA of raw values", 32] < 1e-6
    assert rows["PCA of raw values", 7] > rows["PCA of raw values", 16]


def test_stability_counts_what_is_lost_without_a_sensor(cubes, model):
    assert tiling_difference(model, cubes, tile=5) <= 1e-5
    rows = without_parts(model, cubes)
    assert [row["input"] for row in rows] == ["S1 + S2", "S2 only", "S2, HLS bands only", "S1 only"]
    assert len({row["n"] for row in rows}) == 1


def test_the_figure_shows_every_method_and_scenario(cubes, model, tmp_path):
    rows = fill_gaps(model, cubes, seeds=1)
    figure = draw_gaps_figure(Evaluation("m", "0" * 64, "somewhere", rows, [], [], 0.0))
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == list(summarise(rows, "rmse"))
    assert len(figure.legends[0].get_texts()) == 5

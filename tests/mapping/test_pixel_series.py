"""Series that a probe makes of pixels: what the maps of their days say."""

import numpy as np
import pytest
from phenolens.engine.errors import ProbeError
from phenolens.engine.mapping import series as pixel_series
from phenolens.engine.mapping.maker import MapMaker
from phenolens.engine.mapping.series import predict_series
from phenolens.engine.probes.slots import Period
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.trust.calibration import Trust

from .known import COVER, DAYS, GPP, GRID, fitted


@pytest.mark.parametrize(
    "spec", [FeatureSpec(), FeatureSpec("window", step_days=30), FeatureSpec("season", parts=2)]
)
def test_series_of_pixels_say_what_the_maps_of_their_days_say(store, spec, monkeypatch):
    probe, quantity = (fitted(store, response, spec) for response in (COVER, GPP))
    pixels = [(0, 0), (5, 80), (25, 40), (130, 170)]
    rows, cols = np.array(pixels).T
    read = store.read_series_many(pixels)
    monkeypatch.setattr(
        pixel_series, "MOST_FEATURES", 2 * len(pixels) * len(probe.feature_names)
    )  # two dates at once
    said, value = predict_series(probe, read, Trust()), predict_series(quantity, read, Trust())
    for number, day in enumerate(DAYS):
        period = Period.of(str(np.datetime64(int(day), "D")))
        judged = MapMaker(probe, store, Trust(), ["class"]).judge(GRID.window, period)
        codes, sure = np.zeros(GRID.shape, int), np.full(GRID.shape, np.nan)
        codes[judged.valid] = judged.prediction.values
        sure[judged.valid] = judged.prediction.probabilities.max(axis=1)
        assert (said.values[:, number] == codes[rows, cols]).all()
        np.testing.assert_allclose(said.confidence[:, number], sure[rows, cols], atol=1e-5)
        judged = MapMaker(quantity, store, Trust(), ["value"]).judge(GRID.window, period)
        values = np.full(GRID.shape, np.nan)
        values[judged.valid] = judged.prediction.values
        np.testing.assert_allclose(value.values[:, number], values[rows, cols], atol=1e-4)
    assert (said.values[2] == 0).all()  # the hole that never closes
    assert np.isnan(value.values[2]).all()
    assert value.low is None


def test_series_of_a_quantity_carry_its_interval_and_whole_periods_are_refused(store, gpp):
    read = store.read_series_many([(5, 80), (25, 40)])
    trust = Trust(interval=lambda values: (values - 1, values + 2))
    said = predict_series(gpp, read, trust)
    np.testing.assert_allclose(
        said.high - said.values, np.where(np.isfinite(said.values), 2, np.nan), atol=1e-5
    )
    np.testing.assert_allclose(
        said.values - said.low, np.where(np.isfinite(said.values), 1, np.nan), atol=1e-5
    )
    assert said.confidence is None
    with pytest.raises(ProbeError, match="period as a whole"):
        predict_series(fitted(store, GPP, FeatureSpec("period")), read, Trust())

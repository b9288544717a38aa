"""Maps of a sum over a season, with the interval of a sum."""

from functools import partial

import numpy as np
import pytest
import rasterio
import xarray
from phenolens.engine.errors import ProbeError
from phenolens.engine.mapping import total
from phenolens.engine.mapping.apply import ApplyOptions
from phenolens.engine.mapping.maker import MapMaker
from phenolens.engine.mapping.stack import apply_stack
from phenolens.engine.mapping.total import Summing, apply_sum
from phenolens.engine.probes.slots import Period
from phenolens.engine.trust.calibration import Trust
from phenolens.engine.trust.sums import day_weights

from .known import ERROR, SPAN, read_map


def test_a_sum_over_the_season_has_the_interval_of_a_sum(store, gpp, tmp_path):
    written = apply_sum(gpp, store, SPAN, tmp_path / "gpp", error=ERROR)
    stack = apply_stack(gpp, store, "all", tmp_path / "gpp.nc", options=ApplyOptions(layers=("value",)))
    with xarray.open_dataset(stack, engine="h5netcdf") as found:
        daily = found.GPP.values
    days = store.times.astype("datetime64[D]")
    weights = day_weights(days, days[0], days[-1])
    assert weights.sum() == 151
    with rasterio.open(written["sum"].raster) as raster:
        assert (raster.units, raster.descriptions) == (("gC m-2",), ("GPP, sum",))
        summed = raster.read(1)
    width, _, high = read_map(written["sum-interval"].raster)
    with rasterio.open(written["sum-interval"].raster) as raster:
        assert raster.descriptions[0].endswith(f"of the sum, from {ERROR.groups} held-out groups")
    np.testing.assert_allclose(summed[60:], np.tensordot(weights, daily, 1)[60:], rtol=1e-5)
    np.testing.assert_allclose(high[60:] - summed[60:], ERROR.margin(days, weights), rtol=1e-3)
    np.testing.assert_allclose(width[60:], 2 * ERROR.margin(days, weights), rtol=1e-5)
    assert np.isnan(summed[20:40, 30:60]).all()
    assert np.isnan(summed[5, 100])  # one date is not valid there: 60 days are too long a gap to bridge
    assert (tmp_path / "gpp-sum-2020-01-01_2020-05-30.tif").exists()


def test_pixels_that_lack_a_date_have_a_wider_interval(store, gpp):
    days = store.times.astype("datetime64[D]")
    maker = MapMaker(gpp, store, Trust(), ("value",))
    summing = Summing(maker, Period(days[0], days[-1]), range(len(days)), ERROR)
    there = np.ones((len(days), 1, 2), bool)
    there[1, 0, 1] = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(total, "day_weights", partial(day_weights, longest_gap=70))
        margins = summing._margins(there, np.ones((1, 2), bool))
    assert margins[0, 1] > margins[0, 0] > 0


def test_only_a_quantity_of_days_has_a_sum_and_dates_must_not_be_far_apart(store, gpp, cover, tmp_path):
    with pytest.raises(ProbeError, match="day by day"):
        apply_sum(cover, store, SPAN, tmp_path / "map")
    with pytest.raises(ProbeError, match="too long a gap"):
        apply_sum(gpp, store, "2020-01-01/2020-12-31", tmp_path / "map")
    written = apply_sum(gpp, store, SPAN, tmp_path / "map")
    assert list(written) == ["sum"]  # nothing is known of its error

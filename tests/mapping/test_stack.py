"""The maps of all dates in one NetCDF file."""

import json

import numpy as np
import pytest
import xarray
from phenolens.engine.errors import ProbeError
from phenolens.engine.mapping.apply import ApplyOptions, apply_probe
from phenolens.engine.mapping.stack import apply_stack
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.trust.calibration import Trust

from .known import DAY, GPP, fitted, read_map


def test_all_dates_become_one_netcdf_with_their_intervals(store, gpp, tmp_path):
    trust = Trust(interval=lambda values: (values - 1, values + 2))
    path = apply_stack(gpp, store, "all", tmp_path / "gpp.nc", trust=trust)
    apply_probe(gpp, store, DAY, tmp_path / "gpp", options=ApplyOptions(layers=("value",)))
    with xarray.open_dataset(path, engine="h5netcdf") as found:
        assert (found.time.values.astype("datetime64[s]") == store.times).all()
        assert found.GPP.attrs["units"] == "gC m-2 d-1"
        np.testing.assert_array_equal(found.GPP[2], read_map(tmp_path / f"gpp-value-{DAY}.tif")[0])
        low = found["GPP_low_end_of_the_90_interval"]
        np.testing.assert_allclose(low, found.GPP - 1, atol=1e-5)
        assert found.attrs["title"] == "GPP, 2020-01-01 to 2020-05-30 (simulated data)"
        assert json.loads(found.attrs["phenolens_record"])["probe"]["samples"] == gpp.training.samples


def test_a_stack_of_periods_is_refused(store, tmp_path):
    season = fitted(store, GPP, FeatureSpec("season", parts=2))
    with pytest.raises(ProbeError, match="made of days"):
        apply_stack(season, store, ["2020-01-01/2020-06-30"], tmp_path / "gpp.nc")
    assert list(tmp_path.iterdir()) == []

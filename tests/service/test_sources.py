"""Acquisitions at hand: what samples and files hold, what is asked about them, and which files may be read."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from phenolens.engine.acquisitions.recorded import recorded_choice
from phenolens.engine.client.errors import CrsError, PathError, ServiceError
from phenolens.engine.store import EmbeddingStore
from rasterio.transform import from_origin


@pytest.fixture(scope="module")
def unstated(root) -> Path:
    """A folder with two Sentinel-1 dates whose files don't say what their numbers are."""
    folder = root / "s1"
    folder.mkdir()
    for day in ("20200105", "20200117"):
        values = np.full((2, 40, 40), 400, np.uint16)
        shape = {"width": 40, "height": 40, "count": 2, "dtype": "uint16", "crs": "EPSG:32632"}
        with rasterio.open(
            folder / f"S1A_{day}.tif", "w", transform=from_origin(600_000, 5_100_000, 10, 10), **shape
        ) as file:
            file.write(values)
            file.descriptions = ("VV", "VH")
    return folder


def test_samples_tell_dates_bands_and_where_they_lie(client):
    samples = {sample.name: sample for sample in client.sources.samples()}
    assert samples.keys() == {"romania", "landscape"}
    assert [sensor.sensor for sensor in samples["landscape"].sensors] == ["s1", "s2"]
    assert samples["landscape"].simulated
    forest = samples["romania"].sensors[0]
    assert len(forest.acquisitions) == 140
    assert "B12" in forest.absent
    west, south, east, north = samples["romania"].grid.lonlat_bounds
    edge = np.array(samples["romania"].footprint)
    assert np.allclose([edge[:, 0].min(), edge[:, 1].max()], [west, north], atol=1e-3)
    assert edge[0].tolist() == edge[-1].tolist()
    assert south < edge[:, 1].mean() < north
    assert west < edge[:, 0].mean() < east


def test_units_that_no_file_states_are_asked_for_and_then_taken(client, unstated):
    path = client.sources.admit(str(unstated))
    (fault,) = client.sources.describe({"s1": {"paths": [path]}}).faults
    assert fault.code == "unit"
    assert {"s1-dn", "s1-db", "s1-linear"} == fault.choices.keys()
    told = client.sources.describe({"s1": {"paths": [path], "stored_as": "s1-dn"}})
    assert not told.faults
    assert [one.time[:10] for one in told.sensors[0].acquisitions] == ["2020-01-05", "2020-01-17"]
    assert told.sensors[0].bands == ("VV", "VH")
    assert told.footprint


def test_the_day_of_files_that_carry_no_date_is_asked_for_and_then_taken(client, unstated, tmp_path):
    undated = Path(shutil.copy(unstated / "S1A_20200105.tif", tmp_path / "mosaic.tif"))
    files = {"paths": [client.sources.admit(str(undated))], "stored_as": "s1-dn"}
    (fault,) = client.sources.describe({"s1": files}).faults
    assert (fault.sensor, fault.code) == ("s1", "date")
    told = client.sources.describe({"s1": {**files, "day": "2020-02-03"}})
    assert [one.time for one in told.sensors[0].acquisitions] == ["2020-02-03T00:00:00Z"]
    for day in ("2020-02-30", "20200203", "soon"):
        with pytest.raises(ServiceError, match=r"day|date"):
            client.sources.describe({"s1": {**files, "day": day}})


@pytest.fixture
def placeless(tmp_path) -> Path:
    """A cube of two Sentinel-2 dates that says nothing of its CRS."""
    axes = {
        "time": np.array(["2020-01-05", "2020-01-17"], "datetime64[ns]"),
        "y": 5_000_000 - 10 * np.arange(40) - 5,
        "x": 600_000 + 10 * np.arange(40) + 5,
    }
    values = np.full((2, 40, 40), 0.3, np.float32)
    cube = xr.Dataset(dict.fromkeys(("B02", "B04", "B08"), (("time", "y", "x"), values)), axes)
    cube.to_netcdf(tmp_path / "placeless.nc", engine="h5netcdf")
    return tmp_path / "placeless.nc"


def test_the_crs_of_files_that_declare_none_is_asked_for_and_then_taken(client, placeless):
    files = {"paths": [client.sources.admit(str(placeless))], "scale": 1.0, "offset": 0.0}
    (fault,) = client.sources.describe({"s2": files}).faults
    assert (fault.sensor, fault.code) == ("s2", "crs")
    told = client.sources.describe({"s2": {**files, "crs": "EPSG:32632"}})
    assert not told.faults
    assert told.grid.crs == "EPSG:32632"
    assert told.footprint[0] == pytest.approx((10.27, 45.15), abs=0.01)
    (fault,) = client.sources.describe({"s2": {**files, "crs": "EPSG:4326"}}).faults
    assert fault.code == "crs"
    assert "beyond the Earth" in fault.cause
    for wrong in ("EPSG:99999", "somewhere", "EPSG:5773"):
        with pytest.raises(CrsError, match="CRS"):
            client.sources.describe({"s2": {**files, "crs": wrong}})


def test_a_stated_crs_is_recorded_beside_what_was_made_with_it(client, placeless, root):
    files = {
        "paths": [client.sources.admit(str(placeless))],
        "scale": 1.0,
        "offset": 0.0,
        "crs": "EPSG:32632",
    }
    asked = {"sources": {"s2": files}, "dates": "2020-01-05", "out": "placed.zarr"}
    client.jobs.wait(client.jobs.submit("embed", asked).id)
    store = root / "workspace" / "placed.zarr"
    assert EmbeddingStore(store).grid.crs == "EPSG:32632"
    assert recorded_choice(store).options["s2"].crs == "EPSG:32632"


def test_names_of_bands_are_not_asked_for_where_those_of_a_sensor_are_known(client, unstated, tmp_path):
    folder = Path(shutil.copytree(unstated, tmp_path / "mixed"))
    with rasterio.open(shutil.copy(folder / "S1A_20200105.tif", folder / "tree_cover.tif"), "r+") as file:
        file.descriptions = (None, None)
    paths = {"paths": [client.sources.admit(str(folder))]}
    told = client.sources.describe({"s2": paths, "s1": paths})
    assert [fault.code for fault in told.faults] == ["band", "unit"]
    assert told.unnamed is None
    (folder / "S1A_20200105.tif").unlink()
    (folder / "S1A_20200117.tif").unlink()
    assert client.sources.describe({"s2": paths, "s1": paths}).unnamed.file == "tree_cover.tif"


def test_what_is_wrong_with_one_sensor_is_told_beside_the_other(client, unstated):
    path = client.sources.admit(str(unstated))
    files = {"paths": [path], "stored_as": "s1-dn"}
    told = client.sources.describe({"s1": files, "s2": {"paths": [path]}})
    assert [sensor.sensor for sensor in told.sensors] == ["s1"]
    assert [fault.sensor for fault in told.faults] == ["s2"]


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("/", "whole disk"),
        ("data", "not absolute"),
        ("/no/such/folder/anywhere", "no such file"),
        ("/tmp\0x", "letter that no path has"),
        ("{root}/workspace/.phenolens", "own state"),
        ("{root}/workspace/.phenolens/jobs", "own state"),
    ],
)
def test_folders_that_nobody_should_hand_out_are_refused(client, root, path, cause):
    with pytest.raises(ServiceError, match=cause):
        client.sources.admit(path.format(root=root))


def test_a_single_file_is_admitted_without_its_neighbours(client, unstated):
    one, other = sorted(unstated.parent.glob("s1/*.tif"))
    lone = unstated.parent / "lone"
    lone.mkdir()
    for file in (one, other):
        (lone / file.name).write_bytes(file.read_bytes())
    path = client.sources.admit(str(lone / one.name))
    assert len(client.sources.describe({"s1": {"paths": [path], "stored_as": "s1-dn"}}).sensors) == 1
    with pytest.raises(PathError):
        client.sources.describe({"s1": {"paths": [str(lone / other.name)], "stored_as": "s1-dn"}})


def test_the_state_stays_unread_where_a_folder_above_it_was_admitted(client, root):
    client.sources.admit(str(root))
    with pytest.raises(PathError):
        client.sources.describe({"s2": {"paths": [str(root / "workspace" / ".phenolens" / "settings.json")]}})


def test_what_lies_in_the_workspace_is_named_relative_to_it(client, root):
    (root / "workspace" / "mine").mkdir()
    assert client.sources.admit(str(root / "workspace" / "mine")) == "mine"

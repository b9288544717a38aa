"""The bundled samples: complete, unchanged, and open from the installed package."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.acquisitions.samples import SAMPLES, Sample, open_sample, repack_romania
from phenolens.engine.acquisitions.simulate import LAND_COVER
from phenolens.engine.errors import AcquisitionError
from phenolens.engine.grid import Window

TEN_METRE_BANDS = [0, 1, 2, 6]
TWENTY_METRE_BANDS = [7, 8]


@pytest.fixture(scope="module")
def romania() -> Sample:
    return open_sample("romania")


def test_every_sample_says_what_it_is_and_whose() -> None:
    for name in SAMPLES:
        sample = open_sample(name)
        assert sample.name == name
        assert sample.attribution
        assert sample.notes
        for modality, source in sample.sources.items():
            assert source.modality.name == modality
            assert source.grid == sample.grid


def test_an_unknown_sample_names_the_known_ones() -> None:
    with pytest.raises(AcquisitionError, match=r"atlantis.*romania or landscape"):
        open_sample("atlantis")


def test_romania_has_140_dates_of_six_bands_and_no_radar(romania: Sample) -> None:
    source = romania.sources["s2"]
    assert set(romania.sources) == {"s2"}
    assert source.modality is SENTINEL2
    assert romania.grid.shape == (100, 100)
    days = [a.time.date().isoformat() for a in source.acquisitions]
    assert (len(days), days[0], days[-1]) == (140, "2015-08-01", "2021-01-01")
    seen = source.read(Window(40, 40, 8, 8)).validity.any(axis=(0, 2, 3))
    assert np.flatnonzero(seen).tolist() == sorted(TEN_METRE_BANDS + TWENTY_METRE_BANDS)


def test_romania_reflects_like_a_forest_in_summer(romania: Sample) -> None:
    source = romania.sources["s2"]
    summer = [i for i, a in enumerate(source.acquisitions) if a.time.month in {6, 7, 8}]
    cube = source.read(romania.grid.window, summer)
    clear = cube.validity[:, TEN_METRE_BANDS].all(axis=1)
    red, near_infrared = (np.median(cube.values[:, band][clear]) for band in (2, 6))
    assert 0.01 < red < 0.05
    assert 0.2 < near_infrared < 0.45


def test_romania_ships_licence_attribution_and_tree_cover(romania: Sample) -> None:
    tree_cover = romania.files["tree cover density 2018"]
    assert tree_cover.stat().st_size > 1000
    assert "EUROPEAN UNION PUBLIC LICENCE" in (tree_cover.parent / "LICENSE").read_text("utf-8").upper()
    assert "modified Copernicus Sentinel data" in (tree_cover.parent / "README.md").read_text("utf-8")


def test_romania_stays_small(romania: Sample) -> None:
    sizes = [p.stat().st_size for p in romania.files["tree cover density 2018"].parent.iterdir()]
    assert max(sizes) < 5e6
    assert sum(sizes) < 8.5e6


def test_repacking_keeps_every_stored_number_and_coordinate(shared_data: Path, tmp_path: Path) -> None:
    original = shared_data / "romania_s2"
    *cubes, _, licence = repack_romania(original, tmp_path)
    fine = _stored(original / "sentinel2_cube_subset_romania_10m.nc")
    coarse = _stored(original / "sentinel2_cube_subset_romania_20m.nc")
    packed = xr.concat([_stored(cubes[0]), _stored(cubes[1])], dim="time", data_vars="minimal")
    for band in ("B2", "B3", "B4", "B8", "SCL", "time", "y", "x"):
        np.testing.assert_array_equal(packed[band], fine[band])
    for band in ("B8A", "B11", "SCL", "time", "y", "x"):
        np.testing.assert_array_equal(_stored(cubes[2])[band], coarse[band])
    assert packed["time"].attrs["units"] == fine["time"].attrs["units"]
    assert packed["spatial_ref"].attrs == fine["spatial_ref"].attrs
    assert licence.read_bytes() == (original / "LICENSE_EUPL.txt").read_bytes()


def test_the_bundled_files_are_what_repacking_gives(
    romania: Sample, shared_data: Path, tmp_path: Path
) -> None:
    bundled = romania.files["tree cover density 2018"].parent
    for made in repack_romania(shared_data / "romania_s2", tmp_path):
        if made.suffix == ".nc":
            xr.testing.assert_identical(_stored(made), _stored(bundled / made.name))
        else:
            assert made.read_bytes() == (bundled / made.name).read_bytes()


def test_landscape_is_simulated_says_so_and_knows_its_truth() -> None:
    sample = open_sample("landscape")
    assert sample.truth is not None
    assert "Simulated" in sample.title
    assert "simulated" in sample.attribution.lower()
    assert {m: s.modality for m, s in sample.sources.items()} == {"s1": SENTINEL1, "s2": SENTINEL2}
    names = [a.sources[0] for s in sample.sources.values() for a in s.acquisitions]
    assert all(name.startswith("simulated/") for name in names)
    found = np.unique(sample.truth.land_cover(sample.grid.window))
    assert found.tolist() == [c.code for c in LAND_COVER]


def _stored(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, engine="h5netcdf", decode_cf=False) as dataset:
        return dataset.load()

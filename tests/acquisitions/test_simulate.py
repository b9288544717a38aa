"""Simulated landscapes: the same pixels in any window, and sources that say what they are."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from affine import Affine
from phenolens.engine.acquisitions.cube import days_since_epoch
from phenolens.engine.acquisitions.simulate import Landscape
from phenolens.engine.acquisitions.simulate.noise import fractal_noise, smooth_noise, uniform, white_noise
from phenolens.engine.errors import AcquisitionError, AreaError, EngineError
from phenolens.engine.grid import Grid, Window

PLACE = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 5_100_000), (256, 256))


def _day(month: int, day: int, year: int = 2021) -> int:
    return (date(year, month, day) - date(1970, 1, 1)).days


@pytest.mark.parametrize("modality", ["s1", "s2"])
@pytest.mark.parametrize("inner", [Window(70, 61, 20, 31), Window(-9, 3, 1, 1), Window(100, 120, 64, 64)])
def test_a_pixel_reads_the_same_in_any_window(landscape: Landscape, modality: str, inner: Window) -> None:
    source = landscape.source(modality)
    frames = [3, 20, 41]
    around = Window(inner.row - 13, inner.col - 7, inner.height + 18, inner.width + 50)
    alone, within = source.read(inner, frames), source.read(around, frames)
    part = (..., slice(13, 13 + inner.height), slice(7, 7 + inner.width))
    np.testing.assert_array_equal(alone.values, within.values[part])
    np.testing.assert_array_equal(alone.validity, within.validity[part])


def test_windows_beyond_one_patch_have_no_seams(landscape: Landscape) -> None:
    source = landscape.source("s2")
    wide = source.read(Window(10, -20, 40, 300), [30])
    across = source.read(Window(20, 220, 10, 40), [30])  # the patch border lies at column 236
    np.testing.assert_array_equal(wide.values[..., 10:20, 240:280], across.values)


def test_the_truth_is_the_same_in_any_window(landscape: Landscape) -> None:
    inner, around = Window(50, 60, 16, 24), Window(40, 40, 60, 70)
    part = (..., slice(10, 26), slice(20, 44))
    days = [_day(5, 3), _day(9, 9)]
    np.testing.assert_array_equal(landscape.land_cover(inner), landscape.land_cover(around)[part])
    np.testing.assert_array_equal(landscape.parcels(inner), landscape.parcels(around)[part])
    np.testing.assert_array_equal(landscape.gpp(inner, days), landscape.gpp(around, days)[part])
    np.testing.assert_array_equal(
        landscape.reflectance(inner, days), landscape.reflectance(around, days)[part]
    )


def test_one_frame_reads_the_same_as_among_all(landscape: Landscape) -> None:
    window = Window(30, 30, 16, 16)
    for modality in ("s1", "s2"):
        source = landscape.source(modality)
        np.testing.assert_array_equal(source.read(window, [17]).values[0], source.read(window).values[17])


def test_overlapping_grids_share_their_pixels(landscape: Landscape) -> None:
    shifted = replace(landscape, grid=PLACE.crop(Window(40, 50, 32, 32)))
    here = landscape.source("s2").read(Window(40, 50, 32, 32), [25])
    there = shifted.source("s2").read(Window(0, 0, 32, 32), [25])
    np.testing.assert_array_equal(here.values, there.values)


def test_a_longer_period_shows_the_same_days(landscape: Landscape) -> None:
    longer = replace(landscape, start=date(2020, 3, 1), end=date(2022, 2, 1))
    window, days = Window(0, 0, 24, 24), [_day(6, 1)]
    np.testing.assert_allclose(landscape.gpp(window, days), longer.gpp(window, days), rtol=1e-5)
    times = {a.time: i for i, a in enumerate(longer.source("s2").acquisitions)}
    first = landscape.source("s2").acquisitions[10]
    again = longer.source("s2").read(window, [times[first.time]])
    np.testing.assert_allclose(again.values, landscape.source("s2").read(window, [10]).values, atol=1.01e-4)


def test_another_seed_is_another_landscape(landscape: Landscape) -> None:
    other = replace(landscape, seed=14)
    assert (other.land_cover(PLACE.window) != landscape.land_cover(PLACE.window)).mean() > 0.4


# --- what the sources say of themselves ---------------------------------------------------------------------


def test_sentinel2_comes_every_five_days_from_two_platforms_in_turn(landscape: Landscape) -> None:
    passes = landscape.source("s2").acquisitions
    assert len(passes) == 73
    assert np.unique(np.diff([a.time.date().toordinal() for a in passes])).tolist() == [5]
    assert [a.platform for a in passes[:4]] in (["S2A", "S2B"] * 2, ["S2B", "S2A"] * 2)
    assert {(a.time.hour, a.time.minute) for a in passes} == {(10, 30)}


@pytest.mark.parametrize(("repeat_days", "platforms"), [(12, {"S1A"}), (6, {"S1A", "S1B"})])
def test_sentinel1_comes_from_two_orbits(landscape: Landscape, repeat_days: int, platforms: set[str]) -> None:
    passes = replace(landscape, s1_repeat_days=repeat_days).source("s1").acquisitions
    assert {a.platform for a in passes} == platforms
    for direction, clock in (("descending", (5, 50)), ("ascending", (17, 20))):
        own = [a.time for a in passes if a.orbit_direction == direction]
        assert {(t.hour, t.minute) for t in own} == {clock}
        assert set(np.diff([t.toordinal() for t in own])) == {repeat_days}


def test_acquisitions_are_called_simulated_and_come_in_order(landscape: Landscape) -> None:
    for modality in ("s1", "s2"):
        passes = replace(landscape, s2_orbits=2).source(modality).acquisitions
        assert all(a.sources[0].startswith("simulated/") for a in passes)
        times = [days_since_epoch(a.time) for a in passes]
        assert times == sorted(times)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"end": date(2020, 1, 1)}, AcquisitionError),
        ({"seed": -1}, AcquisitionError),
        ({"s1_repeat_days": 7}, AcquisitionError),
        ({"grid": Grid("EPSG:32632", Affine(20, 0, 0, 0, -20, 0), (8, 8))}, AreaError),
    ],
)
def test_an_impossible_landscape_is_refused(
    landscape: Landscape, changes: dict[str, object], error: type[EngineError]
) -> None:
    with pytest.raises(error) as refused:
        replace(landscape, **changes)
    assert refused.value.remedy


def test_unknown_modalities_and_days_are_refused(landscape: Landscape) -> None:
    with pytest.raises(AcquisitionError, match="s3"):
        landscape.source("s3")
    with pytest.raises(AcquisitionError, match="doesn't reach"):
        landscape.gpp(Window(0, 0, 2, 2), [_day(1, 5, 2023)])


def test_noise_has_mean_zero_and_variance_one() -> None:
    y, x = np.arange(-300.0, 300.0), np.arange(5e5, 5e5 + 600)
    for field in (
        smooth_noise(7, y, x, 9.0),
        fractal_noise(8, y, x, 12.0, octaves=3, roughness=0.6),
        white_noise(9, 3, Window(-70, 130, 500, 500), 1),
    ):
        assert abs(field.mean()) < 0.05
        assert abs(field.var() - 1) < 0.08


def test_hashes_of_neighbouring_keys_are_unrelated() -> None:
    numbers = uniform(3, np.arange(200)[:, None], np.arange(200)[None, :])
    assert abs(np.corrcoef(numbers[:, :-1].ravel(), numbers[:, 1:].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(numbers[:-1].ravel(), numbers[1:].ravel())[0, 1]) < 0.02
    np.testing.assert_allclose(np.histogram(numbers, 10, (0, 1))[0], 4000, rtol=0.06)

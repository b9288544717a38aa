"""Windows of the published model: smoothing, filling, and the choice of frames, against loops."""

import math

import torch
from phenolens.engine.representation.interface import Observations
from phenolens.engine.representation.paper_windows import (
    Windows,
    cut,
    fill_missing,
    frames_around,
    nearest_frames,
    smooth_backscatter,
    usable_pixels,
    within_reach,
)


def some_observations(frames: int = 6, bands: int = 2, size: int = 16) -> Observations:
    generator = torch.Generator().manual_seed(2)
    validity = torch.rand(frames, bands, size, size, generator=generator) > 0.4
    values = torch.rand(frames, bands, size, size, generator=generator) * validity
    return Observations(
        values, validity, torch.arange(frames, dtype=torch.float64) * 6.3 + 100, torch.zeros(frames)
    )


def test_backscatter_is_averaged_over_three_dates_in_linear_power() -> None:
    s1 = some_observations()
    smooth = smooth_backscatter(s1)
    for frame in range(6):
        for row in range(4):
            seen = [f for f in (frame - 1, frame, frame + 1) if 0 <= f < 6 and s1.validity[f, 1, row, 3]]
            assert bool(smooth.validity[frame, 1, row, 3]) == bool(seen)
            if not seen:
                assert smooth.values[frame, 1, row, 3] == 0
                continue
            decibel = [float(s1.values[f, 1, row, 3]) * 35 - 30 for f in seen]
            mean = 10 * math.log10(sum(10 ** (d / 10) for d in decibel) / len(seen))
            assert math.isclose(float(smooth.values[frame, 1, row, 3]), (mean + 30) / 35, abs_tol=1e-5)


def test_missing_values_become_their_bands_mean_over_the_window() -> None:
    values = torch.arange(2 * 11 * 2 * 9, dtype=torch.float32).reshape(2, 11, 2, 3, 3)
    validity = (values % 3 != 0) & (values != 1)
    validity[1, :, 1] = False
    filled = fill_missing(values, validity)
    for n in range(2):
        for band in range(2):
            seen = [float(v) for v in values[n, :, band][validity[n, :, band]]]
            mean = sum(seen) / len(seen) if seen else 0.0
            expected = torch.where(validity[n, :, band], values[n, :, band], torch.tensor(mean))
            torch.testing.assert_close(filled[n, :, band], expected)


def test_frames_are_the_five_usable_ones_before_and_after() -> None:
    usable = torch.rand(30, 12, generator=torch.Generator().manual_seed(4)) > 0.4
    usable[:, 3] = True
    usable[:20, 4] = False
    chosen, pixels = frames_around(usable, 15)
    expected = {}
    for pixel in range(12):
        clear = [f for f in range(30) if usable[f, pixel]]
        if 15 in clear and 5 <= clear.index(15) < len(clear) - 5:
            at = clear.index(15)
            expected[pixel] = clear[at - 5 : at + 6]
    assert dict(zip(pixels.tolist(), chosen.tolist(), strict=True)) == expected
    assert 0 < len(expected) < 12


def test_the_nearest_usable_frame_is_found_and_the_earlier_of_two() -> None:
    days = torch.tensor([0.0, 10.0, 20.0], dtype=torch.float64)
    usable = torch.tensor([[True, False], [True, True], [False, True]])
    wanted = torch.tensor([[5.0, 19.0], [-3.0, 15.1]], dtype=torch.float64)
    frames, found = nearest_frames(days, usable, wanted)
    assert frames.tolist() == [[0, 1], [1, 2]]
    assert found.all()


def test_a_window_lies_around_its_pixel() -> None:
    observations = some_observations(frames=12, size=17)
    frames = torch.arange(11)[None]
    window = cut(observations, frames, torch.tensor([5]))  # row 1, column 2 of 3 × 3 pixels
    assert window.values.shape == (1, 11, 2, 15, 15)
    torch.testing.assert_close(window.validity[0], observations.validity[:11, :, 1:16, 2:17])
    seen = window.validity[0]
    assert torch.equal(window.values[0][seen], observations.values[:11, :, 1:16, 2:17][seen])
    assert window.gaps.tolist() == [
        [math.floor(100 + 6.3 * (i + 1)) - math.floor(100 + 6.3 * i) for i in range(10)]
    ]


def test_usable_pixels_are_those_inside_the_halo_seen_in_any_band() -> None:
    observations = some_observations()
    seen = usable_pixels(observations)
    assert seen.shape == (6, 4)
    assert torch.equal(seen[:, 3], observations.validity[:, :, 8, 8].any(1))


def test_reach_keeps_both_ends() -> None:
    near = within_reach(some_observations(), 100 + 6.3 * 2, 6.3 + 1e-9)
    assert torch.allclose(near.days, torch.tensor([106.3, 112.6, 118.9], dtype=torch.float64))
    assert len(near.values) == len(near.validity) == 3


def test_a_window_is_usable_if_short_and_seen_in_every_band() -> None:
    values = torch.zeros(3, 11, 2, 15, 15)
    validity = torch.ones_like(values, dtype=torch.bool)
    validity[1, :, 0] = False
    dates = torch.arange(11)[None] * torch.tensor([[19], [19], [20]])
    assert Windows(values, validity, dates).usable.tolist() == [True, False, False]

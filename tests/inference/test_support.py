import numpy as np
import pytest
from phenolens.engine.inference.support import support_layers


@pytest.mark.parametrize("past_only", [False, True])
def test_support_layers_equal_a_slow_recomputation(past_only):
    random = np.random.default_rng(0)
    days = np.sort(random.uniform(18_000, 18_080, 12))
    targets = np.array([17_990.0, days[3], 18_020.5, 18_050, 18_110])
    clear = random.random((12, 4, 5)) < 0.3
    counts, nearest = support_layers(clear, days, targets, 15.0, past_only=past_only)
    for t, target in enumerate(targets):
        usable = (np.abs(days - target) <= 15) & ((days <= target) | (not past_only))
        for y, x in np.ndindex(4, 5):
            distances = [abs(d - target) for d, c in zip(days[usable], clear[usable, y, x], strict=True) if c]
            assert counts[t, y, x] == len(distances)
            assert nearest[t, y, x] == (round(min(distances)) if distances else 255)


def test_without_any_frame_nothing_is_near():
    counts, nearest = support_layers(np.zeros((0, 2, 2), bool), np.zeros(0), np.array([1.0]), 15.0)
    assert (counts == 0).all()
    assert (nearest == 255).all()


def test_many_clear_frames_and_far_ones_stay_within_a_byte():
    days = np.arange(400.0)
    counts, nearest = support_layers(np.ones((400, 1, 1), bool), days, np.array([200.0, 698.0]), 300.0)
    assert counts.ravel().tolist() == [255, 2]
    assert nearest.ravel().tolist() == [0, 254]

from datetime import UTC, datetime, timedelta

import matplotlib.image
import numpy as np
from phenolens.engine.views.curves import Axis, Curve, write_curves

DAYS = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(0, 300, 10)]
WAVE = np.sin(np.arange(30) / 4)


def _drawn(path, axes):
    write_curves("A title", axes, path)
    return matplotlib.image.imread(path)


def test_every_panel_and_curve_leaves_ink(tmp_path):
    line = Curve("line", DAYS, WAVE, hollow=WAVE > 0)
    dots = Curve("dots", DAYS, WAVE - 1, points=True)
    one = _drawn(tmp_path / "one.png", [Axis("one (–)", [line])])
    two = _drawn(tmp_path / "two.png", [Axis("one (–)", [line]), Axis("two (dB)", [dots])])
    assert two.shape[0] > 1.5 * one.shape[0]
    assert two.shape[1] == one.shape[1]
    for image in (one[:], two[two.shape[0] // 2 :]):
        assert (image[..., :3].min(axis=2) < 0.6).mean() > 0.005


def test_gaps_and_curves_without_points_are_drawn_without_a_warning(tmp_path):
    gap = Curve("gap", DAYS, np.where(WAVE > 0, WAVE, np.nan))
    nothing = Curve("nothing", [], np.array([]), points=True)
    assert _drawn(tmp_path / "gap.png", [Axis("value (–)", [gap, nothing])]).size

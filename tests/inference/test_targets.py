from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from phenolens.engine.errors import TargetError
from phenolens.engine.inference.targets import check_targets, clear_targets, listed_targets, regular_targets


def test_clear_targets_are_the_acquisitions_with_enough_clear_pixels(sources):
    source = sources["s2"]
    source.validity[1] = False
    source.validity[3, :, 20:] = False
    days = clear_targets(source, 0.5)
    assert days.tolist() == pytest.approx([18_687.4375 + d for d in (0, 10, 20, 62)], abs=1e-9)


def test_an_all_cloud_series_is_an_error_that_says_how_clear_it_was(sources):
    sources["s2"].validity[:] = False
    with pytest.raises(TargetError, match=r"no s2 acquisition is clear enough.*6 acquisitions.*0\.0%"):
        clear_targets(sources["s2"])


def test_regular_targets_run_from_the_first_to_the_last_acquisition_at_noon(sources):
    days = regular_targets(sources, 10)
    assert days[0] == 18_687.5
    assert np.diff(days).tolist() == [10] * 6


def test_an_empty_date_range_is_an_error(sources):
    with pytest.raises(TargetError, match="2021-05-02 to 2021-05-01"):
        regular_targets(sources, 5, date(2021, 5, 2), date(2021, 5, 1))


def test_listed_targets_take_dates_times_and_texts_sorted_and_unique():
    zone = timezone(timedelta(hours=2))
    days = listed_targets(
        [
            date(2021, 3, 5),
            "2021-03-01",
            datetime(2021, 3, 3, tzinfo=UTC),
            datetime(2021, 3, 5, 14, tzinfo=zone),
        ]
    )
    assert days.tolist() == [18_687.5, 18_689.0, 18_691.5]


def test_what_is_no_date_is_named():
    with pytest.raises(TargetError, match="31 March"):
        listed_targets(["31 March"])


def test_targets_beyond_the_reach_are_named_with_the_period(sources):
    targets = listed_targets(["2021-02-20", "2020-12-24"])
    with pytest.raises(
        TargetError, match=r"1 of 2 .*2020-12-24.*from 2021-03-01 to 2021-05-02, reach is 20 days"
    ):
        check_targets(targets, sources, 20.0)


def test_no_targets_is_an_error(sources):
    with pytest.raises(TargetError, match="no target dates"):
        check_targets(np.zeros(0), sources, 20.0)
    with pytest.raises(TargetError, match="empty"):
        listed_targets([])

"""Change: chosen, found as a job, drawn with its legend, told in the read-out, and there again next time."""

import numpy as np
import pytest
from phenolens.app.changing import ChangeWanted, asked, first_guesses, hint, layers_of, year_later
from phenolens.app.controllers.changes import ChangesController
from phenolens.app.controllers.dates import clear_pixels
from phenolens.app.panels.change import ChangePanel
from phenolens.app.session import MadeLayer
from phenolens.engine.client.arrays import Grid
from phenolens.engine.client.readings import Store
from PySide6.QtCore import QPoint, QPointF, Qt

SUMMERS = ChangeWanted("periods", ("2019-06-01", "2019-08-31"), ("2020-06-01", "2020-08-31"))


@pytest.fixture(autouse=True)
def swept(workspace):
    """Maps that a test leaves would be layers of the windows of all tests after it."""
    before = set(workspace.iterdir())
    yield
    for path in set(workspace.iterdir()) - before:
        if path.is_file():
            path.unlink()


@pytest.fixture
def panel(opened) -> ChangePanel:
    return opened.findChild(ChangePanel)


def _named(session, name: str) -> MadeLayer | None:
    return next((one for one in session.made if one.name == name), None)


def _map_dates(*times: str) -> Store:
    return Store("a.zarr", 16, Grid("EPSG:32631", (10, 0, 0, 0, -10, 0), (4, 4)), times)


def test_change_between_two_dates_becomes_a_layer_with_legend_and_read_out(opened, panel, until, qtbot, look):
    qtbot.mouseClick(opened.layers._change, Qt.MouseButton.LeftButton)
    assert panel.isVisible()
    panel.choose(ChangeWanted("dates", ("2019-06-15", ""), ("2020-06-15", "")))
    qtbot.mouseClick(panel._go, Qt.MouseButton.LeftButton)
    assert not panel._go.isEnabled()
    until(lambda: opened.model.now.look.layer.startswith("map:"))
    assert opened.model.now.look.layer == "map:forest-20190615-20200615-change-magnitude.tif"
    until(lambda: _shows_change(opened))
    painted = opened.map.shown["base"][0]
    assert "2019-06-15 and 2020-06-15" in painted.legend.title
    assert painted.legend.scale.unit == "%"
    assert len(np.unique(painted.rgba[..., :3].reshape(-1, 3), axis=0)) > 50
    view, box = opened.map._view, opened.map._box
    place = view.mapFromScene(box.mapViewToScene(QPointF(20.5, 20.5)))
    qtbot.mouseMove(view.viewport(), place + QPoint(1, 1))
    qtbot.mouseMove(view.viewport(), place)
    until(lambda: "%" in opened.map.told)
    assert panel._go.isEnabled()
    assert "Written: forest-20190615-20200615-change-magnitude.tif" in panel.told
    look(opened)
    opened.model.change(date=2)  # it is of two dates, whichever the map is on
    assert opened.map.shown["base"][0].legend.title == painted.legend.title


def _shows_change(window) -> bool:
    return window.map.shown["base"][0].legend.title.startswith("Change between")


def test_change_between_periods_has_a_confidence_and_is_there_again(opened, panel, until, look):
    panel.choose(SUMMERS)
    assert panel.hinted == "3 dates before, 3 after."
    panel.asked.emit()
    until(lambda: _named(opened.model.now, "Change, confidence") is not None)
    until(lambda: opened.model.now.look == _named(opened.model.now, "Change").look)
    before = _named(opened.model.now, "Change")
    opened.model.change(look=_named(opened.model.now, "Change, confidence").look)
    until(lambda: "standard errors" in opened.map.shown["base"][0].legend.title)
    look(opened)
    opened.model.change(made=())
    opened.findChild(ChangesController)._begin(opened.model.now.store)
    until(lambda: _named(opened.model.now, "Change") is not None)
    assert _named(opened.model.now, "Change").look == before.look


def test_breaks_tell_when_they_happened(opened, panel, until, look):
    panel.choose(ChangeWanted("breaks"))
    panel._sure.setValue(0.0)
    panel.asked.emit()
    until(lambda: _named(opened.model.now, "Break, date") is not None)
    opened.model.change(look=_named(opened.model.now, "Break, date").look)
    until(lambda: opened.map.shown["base"][0].legend.title.startswith("Date of the largest break"))
    painted = opened.map.shown["base"][0]
    row, column = np.argwhere(painted.rgba[..., 3] > 0)[0]
    assert painted.told_at(row, column)[-4:] in ("2019", "2020")
    look(opened)


def test_a_choice_that_can_not_work_says_why(opened, panel, look):
    panel.choose(ChangeWanted("dates", ("2019-06-15", ""), ("2019-06-15", "")))
    assert "two different dates" in panel.hinted
    assert not panel._go.isEnabled()
    panel.choose(ChangeWanted("dates", ("2019-03-15", ""), ("2019-08-15", "")))
    assert "different seasons" in panel.hinted
    assert panel._go.isEnabled()
    look(panel)


def test_the_same_days_a_year_later_are_one_click(panel):
    panel.choose(ChangeWanted("periods", ("2019-04-01", "2019-05-31"), ("2019-07-01", "2019-07-31")))
    page = panel._pages[1]
    button = next(one for one in page.children() if hasattr(one, "text") and "year later" in one.text())
    button.click()
    assert panel.wanted.after == ("2020-04-01", "2020-05-31")
    assert year_later(("2020-02-29", "2020-03-01")) == ("2021-02-28", "2021-03-01")


def test_at_first_the_dates_are_those_of_a_season_that_most_pixels_were_seen_clearly_on(opened, panel, until):
    store = opened.model.now.store
    clear = clear_pixels(opened.link._client, store)
    seen = {time[:10]: clear[:, date] for date, time in enumerate(store.times)}
    assert (panel.wanted.before[0], panel.wanted.after[0]) == (store.times[0][:10], store.times[-1][:10])
    opened.layers.change_wanted.emit()
    until(lambda: panel.wanted.before[0] == "2019-09-15")
    assert panel.wanted.after[0] == "2020-09-15"
    assert not panel.hinted
    panel._kinds.setCurrentIndex(1)
    assert (panel.wanted.before, panel.wanted.after) == (
        ("2019-07-18", "2019-10-15"),
        ("2020-07-18", "2020-10-15"),
    )
    both = {day[5:]: (seen[f"2019{day[4:]}"] & seen[f"2020{day[4:]}"]).mean() for day in seen}
    assert both["09-15"] == max(both.values())


def test_what_was_chosen_stays_when_it_is_known_how_clear_dates_are(opened, panel):
    begun = panel.wanted
    chosen = ChangeWanted("dates", ("2019-03-15", ""), ("2019-08-15", ""))
    panel.choose(chosen)
    opened.findChild(ChangesController)._choose(begun, first_guesses(opened.model.now.store))
    assert panel.wanted.after[0] == "2019-08-15"


def test_the_date_of_the_map_is_taken_over(opened, panel):
    opened.model.change(date=5)
    day = opened.model.now.time[:10]
    take = next(
        one
        for one in panel._pages[0].children()
        if hasattr(one, "click") and one.accessibleName() == "After: the date of the map"
    )
    take.click()
    assert panel.wanted.after[0] == day


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (ChangeWanted("breaks"), "spans 122 days only"),
        (ChangeWanted("periods", ("2019-03-02", "2019-03-01"), ("2019-05-01", "2019-08-01")), "ends before"),
        (
            ChangeWanted("periods", ("2018-01-01", "2018-03-01"), ("2019-05-01", "2019-08-01")),
            "no date from 2018",
        ),
        (ChangeWanted("periods", ("2019-03-01", "2019-06-01"), ("2019-05-01", "2019-08-01")), "share dates"),
    ],
)
def test_what_stands_in_the_way_is_told(wanted, problem):
    store = _map_dates("2019-03-01T12:00:00Z", "2019-05-01T12:00:00Z", "2019-07-01T12:00:00Z")
    assert problem in hint(store, wanted).problem


def test_one_date_can_not_have_changed():
    assert "one date only" in hint(_map_dates("2019-03-01T12:00:00Z"), ChangeWanted()).problem


def _monthly() -> tuple[Store, list[str]]:
    times = [f"{year}-{month:02}-10T12:00:00Z" for year in (2018, 2019, 2020) for month in range(1, 13)]
    return _map_dates(*times), times


def test_the_first_guess_compares_the_clear_time_of_the_first_and_the_last_year():
    store, times = _monthly()
    clear = np.array([[time[5:7] in ("07", "08", "09") or time[:7] == "2018-02" for time in times]])
    periods, dates = first_guesses(store, clear)
    assert (dates.before[0], dates.after[0]) == ("2018-08-10", "2020-08-10")
    assert periods.before == ("2018-06-27", "2018-09-24")
    assert periods.after == ("2020-06-27", "2020-09-24")
    assert not hint(store, dates).note


def test_the_same_pixels_are_to_be_clear_on_both_dates_of_the_first_guess():
    store, times = _monthly()
    clear = np.zeros((4, len(times)), bool)
    clear[:3, times.index("2018-05-10T12:00:00Z")] = True
    clear[1:, times.index("2020-05-10T12:00:00Z")] = True  # as many, but two of them others
    clear[:3, times.index("2018-10-10T12:00:00Z")] = True
    clear[:3, times.index("2020-10-10T12:00:00Z")] = True
    assert first_guesses(store, clear)[1].before[0] == "2018-10-10"


def test_clearness_comes_before_the_years():
    store, times = _monthly()
    clear = np.array([[time[:7] in ("2018-03", "2019-03", "2020-06") for time in times]])
    _, dates = first_guesses(store, clear)
    assert (dates.before[0], dates.after[0]) == ("2018-03-10", "2019-03-10")


def test_the_first_guess_of_a_store_of_less_than_a_year_is_its_ends():
    times = [f"2019-{month:02}-10T12:00:00Z" for month in range(1, 10)]
    periods, dates = first_guesses(_map_dates(*times))
    assert (dates.before[0], dates.after[0]) == ("2019-01-10", "2019-09-10")
    assert periods.before[1] < periods.after[0] <= periods.after[1] == "2019-09-10"
    assert first_guesses(_map_dates(*times[:1])) == ()
    assert first_guesses(_map_dates()) == ()


def test_periods_at_the_edge_of_a_store_are_shifted_into_it():
    times = [f"{year}-{month:02}-10T12:00:00Z" for year in (2018, 2019) for month in range(7, 13)]
    clear = np.array([[time[5:7] == "08" for time in times]])
    periods, _ = first_guesses(_map_dates(*times), clear)
    assert periods.before == ("2018-07-10", "2018-10-07")
    assert periods.after == ("2019-07-10", "2019-10-07")


def test_each_choice_has_files_of_its_own():
    store = _map_dates("2019-03-01T12:00:00Z", "2019-05-01T12:00:00Z")
    dates = asked(store, ChangeWanted("dates", ("2019-03-01", "x"), ("2019-05-01", "y")))
    assert (dates["before"], dates["after"]) == ("2019-03-01", "2019-05-01")
    assert dates["out"] == "a-20190301-20190501"
    periods = asked(store, SUMMERS)
    assert periods["before"] == "2019-06-01..2019-08-31"
    assert periods["out"] == "a-20190601-20190831-20200601-20200831"
    assert "before" not in asked(store, ChangeWanted("breaks"))
    files = ["a-breaks-change-confidence.tif", "a-breaks-change-magnitude.tif", "a-breaks-change-date.tif"]
    assert [one.name for one in layers_of(files)] == ["Break", "Break, confidence", "Break, date"]

"""The layout: where docks are at every size, kept from one window to the next, and reset."""

from phenolens.app.arrangement import Arrangement
from phenolens.app.main_window import MainWindow
from phenolens.app.theme import theme_named
from PySide6.QtCore import QByteArray, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFont, QMouseEvent, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QGraphicsView,
    QLabel,
    QTabBar,
    QToolButton,
    QWidget,
)


def test_tabs_that_are_left_behind_are_gone_as_the_layout_comes_back(opened, until):
    behind = QTabBar(opened)  # as Qt leaves them, over the menus
    behind.addTab("Selections")
    behind.show()
    shown = [titles for titles in _tabs(opened) if titles != ("Selections",)]
    assert any("Projection" in titles for titles in shown)
    opened.layout_kept.reset()
    until(lambda: _tabs(opened) == shown)


def test_tabs_that_were_out_of_sight_are_there_once_a_dock_joins_another(window, until):
    window.show_step("Area")
    until(lambda: not window.layout_kept._tidied.isActive())
    assert _tabs(window) == []
    window.show_step("Compute")
    until(lambda: [sorted(titles) for titles in _tabs(window)] == [["Acquisitions", "Jobs"]])


def test_tabs_that_are_out_of_sight_are_none_that_keys_go_to(window, until):
    def reached() -> list[tuple[str, ...]]:
        bars = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        reached = [bar for bar in bars if bar.isVisible() and bar.focusPolicy() != Qt.FocusPolicy.NoFocus]
        assert all(bar.accessibleName() for bar in reached)
        return [tuple(bar.tabText(number) for number in range(bar.count())) for bar in reached]

    until(lambda: reached() == [] == _tabs(window))
    for step in ("Area", "Compute", "Explore"):
        window.show_step(step)
        until(lambda: not window.layout_kept._tidied.isActive())
        assert reached() == _tabs(window)
    window.docks["Change"].show()
    until(lambda: not window.layout_kept._tidied.isActive())
    assert reached() == _tabs(window)
    window.show_start()
    until(lambda: reached() == [])


def test_a_key_while_a_dock_is_dragged_drops_it_and_crashes_nothing(opened, until):
    """As a job does that opens what it has made. A crash of Qt's ends these tests altogether."""
    dock, place = opened.docks["Layers"], QPoint(20, 10)
    for arrange in (opened.layout_kept.reset, lambda: opened.show_step("Area")):
        QTest.mousePress(dock, Qt.MouseButton.LeftButton, pos=place)
        for far in (30, 100, 300, 600):
            _move(dock, place + QPoint(far, far))
        until(dock.isFloating)
        arrange()
        for step in ("Explore", "Area", "Explore"):
            opened.show_step(step)
            until(lambda: not opened.layout_kept._tidied.isActive())
        QTest.mouseRelease(dock, Qt.MouseButton.LeftButton, pos=place)


def test_the_edge_of_a_dock_can_be_dragged_as_soon_as_another_was_dropped(opened, until):
    """Qt crashes at it while the other still slides to its place. A crash of Qt's ends these tests altogether."""
    until(lambda: not opened.layout_kept._tidied.isActive())
    dock, place = opened.docks["Layers"], QPoint(20, 10)
    QTest.mousePress(dock, Qt.MouseButton.LeftButton, pos=place)
    for far in (30, 100, 300, 600):
        _move(dock, place + QPoint(far, far))
    until(dock.isFloating)
    there = opened.docks["Selections"].mapToGlobal(opened.docks["Selections"].rect().center())
    for _ in range(8):  # until Qt has made room for it
        _move(dock, dock.mapFromGlobal(there))
        QTest.qWait(20)
    QTest.mouseRelease(dock, Qt.MouseButton.LeftButton, pos=dock.mapFromGlobal(there))
    QTest.qWait(10)
    assert not dock.isFloating()
    series = opened.docks["Series"]
    height, edge = series.height(), series.geometry().topLeft() + QPoint(series.width() // 2, -1)
    QTest.mousePress(opened, Qt.MouseButton.LeftButton, pos=edge)
    for far in range(0, 60, 5):
        _move(opened, edge - QPoint(0, far))
        QTest.qWait(30)
    QTest.mouseRelease(opened, Qt.MouseButton.LeftButton, pos=edge)
    assert series.height() > height


def test_docks_are_arranged_after_a_window_was_resized_not_meanwhile(opened, until):
    """Qt makes a window larger in the middle of arranging docks that it is too small for: it crashed there."""
    layers, selections = opened.docks["Layers"], opened.docks["Selections"]
    opened.resize(1280, 720)
    assert selections not in opened.tabifiedDockWidgets(layers)
    until(lambda: selections in opened.tabifiedDockWidgets(layers))


def test_tabs_keep_their_order_at_all_times(opened, until):
    """Where a tab is moved that Qt has let go of and still shows for a moment, Qt crashes."""
    for step in ("Area", "Explore", "Compute", "Explore"):
        opened.show_step(step)
        for _ in range(2):  # as the step was chosen, and as its docks have their places
            bars = opened.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
            assert bars
            assert not any(bar.isMovable() for bar in bars)
            until(lambda: not opened.layout_kept._tidied.isActive())


def test_tabs_have_their_whole_names_at_a_large_font(opened, until, look):
    usual = QApplication.font()
    large = QFont(usual)
    large.setPointSize(13)
    QApplication.setFont(large)
    try:
        opened.resize(1280, 720)
        opened.show_step("Export")
        until(lambda: not opened.layout_kept._tidied.isActive())
        bars = opened.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        bar = next(bar for bar in bars if "Export" in bar.accessibleName())
        for number in range(bar.count()):
            assert bar.fontMetrics().horizontalAdvance(bar.tabText(number)) <= bar.tabRect(number).width()
        look(opened)
    finally:
        QApplication.setFont(usual)


def _move(dragged: QWidget, place: QPoint) -> None:
    there, held, none = QPointF(place), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    move = QMouseEvent(QEvent.Type.MouseMove, there, dragged.mapToGlobal(there), held, held, none)
    QApplication.sendEvent(dragged, move)


def _tabs(window: MainWindow) -> list[tuple[str, ...]]:
    """Of docks, where there are any to be seen."""
    bars = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    seen = [bar for bar in bars if bar.isVisible() and window.rect().intersects(bar.geometry())]
    return [tuple(bar.tabText(number) for number in range(bar.count())) for bar in seen]


def test_docks_leave_the_start_page_alone_and_come_back(window, until, look):
    assert not any(dock.isVisible() for dock in window.docks.values())
    look(window)
    window.stores.open("forest.zarr")
    until(window.docks["Layers"].isVisible)
    assert not window.docks["Jobs"].isVisible()


def test_a_window_that_was_to_be_painted_as_docks_were_arranged_is_painted_after_it(opened, until):
    class Watched(QWidget):
        painted = 0

        def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
            Watched.painted += 1

    watched = Watched(opened)
    watched.setGeometry(100, 100, 50, 50)
    watched.show()
    until(lambda: Watched.painted > 0)
    before = Watched.painted
    watched.update()
    opened.layout_kept.reset()
    QApplication.sendPostedEvents(opened, QEvent.Type.UpdateRequest)
    assert Watched.painted == before
    until(lambda: Watched.painted > before)


def test_a_layout_is_kept_until_it_is_reset(qtbot, opened, trigger):
    opened.docks["Layers"].hide()
    opened.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, opened.docks["Selections"])
    opened.close()
    again = MainWindow(opened.link, theme_named("light"), opened.settings)
    qtbot.addWidget(again)
    again.show()
    page = QLabel("a page")
    again.add_to_middle(page)
    again.show_in_middle(page)
    assert not again.docks["Layers"].isVisible()
    assert again.dockWidgetArea(again.docks["Selections"]) == Qt.DockWidgetArea.RightDockWidgetArea
    trigger(again, "Reset layout")
    assert again.docks["Layers"].isVisible()
    assert again.dockWidgetArea(again.docks["Selections"]) == Qt.DockWidgetArea.LeftDockWidgetArea
    again.close()


def test_at_1280_by_720_nothing_is_clipped(opened, until, look):
    opened.resize(1280, 720)
    assert (opened.width(), opened.height()) == (1280, 720)
    layers, selections = opened.docks["Layers"], opened.docks["Selections"]
    until(lambda: selections in opened.tabifiedDockWidgets(layers))
    shown = [dock for dock in opened.docks.values() if not dock.visibleRegion().isEmpty()]
    assert len(shown) >= 3
    for dock in shown:
        assert opened.rect().contains(dock.geometry())
        inner = dock.widget()
        assert inner.width() >= inner.minimumSizeHint().width()
        assert inner.height() >= inner.minimumSizeHint().height()
    look(opened)
    opened.resize(1440, 900)
    until(lambda: selections not in opened.tabifiedDockWidgets(layers))


def test_docks_have_their_sizes_again_once_a_window_that_was_tiny_is_large(window, areas, until):
    def sizes() -> dict[str, int]:
        wide = {name: window.docks[name].width() for name in ("Data", "Compute")}
        return {**wide, "Acquisitions": window.docks["Acquisitions"].height()}

    window.show_step("Compute")
    until(lambda: "planning layout" in window.layout_kept._sized and window.docks["Data"].width() < 270)
    before = sizes()
    window.resize(500, 400)
    assert all(sizes()[name] < size for name, size in before.items())
    window.resize(1000, 600)
    window.resize(1440, 900)
    until(lambda: sizes() == before)


def test_a_dock_that_floated_comes_back_to_its_place_once_it_was_closed(opened, until):
    layers = opened.docks["Layers"]
    layers.setFloating(True)
    layers.close()
    until(lambda: not layers.isFloating())
    assert layers.isHidden()
    layers.toggleViewAction().trigger()
    assert layers.isVisible()
    assert opened.rect().contains(layers.geometry())
    assert opened.dockWidgetArea(layers) == Qt.DockWidgetArea.LeftDockWidgetArea


def test_docks_that_come_up_later_are_tabs_beside_selections(opened, until):
    selections = opened.docks["Selections"]
    for height in (900, 720, 900):  # in low windows beside the layers as well
        opened.resize(1440, height)
        until(lambda: not opened.layout_kept._fitted.isActive())
        for name in ("Change", "Search"):
            opened.docks[name].show()
        beside = {dock.windowTitle() for dock in opened.tabifiedDockWidgets(selections)}
        assert beside == {"Change", "Search"} | ({"Layers"} if height == 720 else set())
        for name in ("Change", "Search"):
            opened.docks[name].hide()


def test_layouts_of_other_versions_are_left_alone(qtbot, opened, until):
    until(lambda: not opened.layout_kept._tidied.isActive())  # docks have come to rest
    right = {name: dock.geometry() for name, dock in opened.docks.items()}
    opened.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, opened.docks["Projection"])
    old = opened.saveState(2)
    opened.close()
    for kept in (old, QByteArray(b"nothing of the kind"), "a text"):
        for name in ("docks", "layout", "planning layout"):
            opened.settings.setValue(name, kept)
        opened.settings.setValue("docks low", "yes")
        again = MainWindow(opened.link, theme_named("light"), opened.settings)
        qtbot.addWidget(again)
        again.resize(1440, 900)
        again.show()
        page = QLabel("a page")
        again.add_to_middle(page)
        again.show_in_middle(page)
        assert again.dockWidgetArea(again.docks["Projection"]) == Qt.DockWidgetArea.RightDockWidgetArea
        for name in ("Layers", "Series", "Selections"):
            until(lambda again=again, name=name: again.docks[name].geometry() == right[name])
        again.settings.clear()
        again.close()


def test_docks_float_come_back_and_close_by_their_titles(opened, qtbot, look):
    dock = opened.docks["Series"]
    title = dock.titleBarWidget()
    float_, close = (title.findChild(QToolButton, f"{kind} dock Series") for kind in ("float", "close"))
    qtbot.mouseClick(float_, Qt.MouseButton.LeftButton)
    assert dock.isFloating()
    look(dock, "-floating")
    qtbot.mouseDClick(title, Qt.MouseButton.LeftButton, pos=QPoint(20, 8))
    assert not dock.isFloating()
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert dock.isHidden()
    dock.toggleViewAction().trigger()
    assert not dock.isHidden()
    assert (float_.accessibleName(), close.accessibleName()) == ("Float Series", "Close Series")


def test_the_tab_in_front_is_there_again_after_another_step(opened, until):
    right = [opened.docks[name] for name in ("Projection", "Labels", "Probe", "Accuracy")]

    def in_front() -> list[str]:
        return [dock.windowTitle() for dock in right if not dock.visibleRegion().isEmpty()]

    for step, name in (("Explore", "Projection"), ("Label", "Labels")):
        for between in ("Area", "Compute"):
            opened.show_step(between)
            until(lambda: not in_front())
            opened.show_step(step)
            until(lambda name=name: in_front() == [name])
    opened.docks["Probe"].raise_()
    until(lambda: in_front() == ["Probe"])
    opened.layout_kept.plan([opened.docks["Data"]])
    until(lambda: not in_front())
    opened.layout_kept.work()
    until(lambda: in_front() == ["Probe"])


def test_tables_and_plots_are_painted_once_steps_follow_each_other_fast(opened, until):
    """They come in turns of their own; none may be left out as another step hides it meanwhile."""
    for step in ("Area", "Explore", "Compute", "Probe", "Explore"):
        opened.show_step(step)
        QApplication.processEvents()
    panes = [area for dock in opened.docks.values() for area in dock.findChildren(QAbstractScrollArea)]
    assert opened.docks["Projection"].findChild(QGraphicsView) in panes
    until(lambda: all(pane.updatesEnabled() for pane in panes))


def test_arrangements_are_read_as_they_were_written_and_nothing_else_is():
    kept = Arrangement(frozenset({"dock Layers", "dock Jobs"}), {"dock Layers": (230, 600)})
    assert Arrangement.read(kept.to_text()) == kept
    for text in (
        None,
        "",
        "a text",
        "{}",
        "[]",
        '{"shown": 3, "sizes": {}}',
        '{"shown": [], "sizes": {"a": 3}}',
    ):
        assert Arrangement.read(text) is None

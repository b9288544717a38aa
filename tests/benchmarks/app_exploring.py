"""The app's window on a store of 1,000² px × 24 dates × 16 dims, off screen: how long until what was asked is drawn.

Usage: app_exploring.py [--workspace DIR] [--repeats 15]
Bars (medians): click to curves 60 ms, lasso of 1 M points to the map's overlay 150 ms, date step 60 ms, another label
to the preview of a probe fitted anew 1.2 s. From the call that a click, a lasso or a key makes to the end of painting.
A click is on a pixel of a part of the store that was read before; a date step is one whose map was fetched ahead, as
it is for who steps on, or a jump to another date, which isn't. The longest stall of the user interface meanwhile
stands beside. The store `exploring.zarr` is kept with --workspace."""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from phenolens.app.application import answer_promptly, prepare
from phenolens.app.engine_link import EngineLink
from phenolens.app.main_window import MainWindow
from phenolens.app.panels.projection import ProjectionPanel
from phenolens.app.panels.series import SeriesPanel
from phenolens.app.session import Label, LandClass, ProjectionChoice
from phenolens.app.theme import apply_theme, theme_named
from phenolens.engine.client.launch import stop
from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).parent))
from service_reads import SIDE, fill, warm

NAME, DATES = "exploring.zarr", 24
WAIT_S = 60.0
BEAT_MS = 2


class Driver:
    """A window with the store open, driven from outside."""

    def __init__(self, workspace: Path) -> None:
        prepare()
        self.application = QApplication.instance() or QApplication([])
        self._wake = QTimer(interval=BEAT_MS)  # conditions are looked at as often
        self._wake.start()
        theme = theme_named("light")
        apply_theme(self.application, theme)
        self.link = EngineLink(workspace)
        settings = QSettings(str(workspace / "app.ini"), QSettings.Format.IniFormat)
        self.window = MainWindow(self.link, theme, settings)
        answer_promptly()
        self.window.resize(1440, 900)
        self.window.show()
        self.link.start()
        self.until(lambda: self.link.state.name in ("ready", "busy"))
        self.window.stores.open(NAME)
        self.until(lambda: "base" in self.window.map.shown)
        self.series = self.window.findChild(SeriesPanel)
        self.projection = self.window.findChild(ProjectionPanel)
        self.random = np.random.default_rng(2)
        self.stall = 0.0

    def until(self, condition: Callable[[], bool]) -> None:
        """Let the window live until it holds; between events it sleeps, as it does for its user."""
        end = time.perf_counter() + WAIT_S
        while not condition():
            self.application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if time.perf_counter() > end:
                raise SystemExit("the window did not show what was asked for")

    def rest(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        self.until(lambda: time.perf_counter() > end)

    def drawn(self) -> None:
        """The next frame: what has changed is painted."""
        for _ in range(2):  # the first one may lay out, and ask for painting
            self.application.processEvents()

    def taken(self, do: Callable[[], object], done: Callable[[], bool]) -> float:
        """Milliseconds until it is done and painted."""
        beat = Beat()
        begun = time.perf_counter()
        do()
        self.until(done)
        self.drawn()
        spent = 1e3 * (time.perf_counter() - begun)
        self.stall = max(self.stall, beat.stop())
        return spent

    def click(self) -> float:
        row, column = (int(v) for v in self.random.integers(128, 192, 2))
        before = self.series.plot.curves
        return self.taken(
            lambda: self.window.map.clicked.emit(column + 0.5, row + 0.5),
            lambda: self.series.plot.curves is not before,
        )

    def step(self) -> float:
        """To a date beside the one shown, whose map has been fetched meanwhile."""
        self.rest(0.5)
        model, bar = self.window.model, self.window.dates
        by = 1 if model.now.date < DATES - 2 else 2 - DATES
        wanted = model.now.date + by
        return self.taken(lambda: bar.chosen.emit(wanted), lambda: self._shows(wanted))

    def jump(self) -> float:
        """To a date that wasn't shown, nor fetched, before; the legend of the layer is there, from other dates."""
        model, maps = self.window.model, self.window.maps
        legends = dict(maps._legends)
        maps.forget()
        maps._legends.update(legends)
        wanted = (model.now.date + int(self.random.integers(5, DATES - 5))) % DATES
        return self.taken(lambda: self.window.dates.chosen.emit(wanted), lambda: self._shows(wanted))

    def lasso(self) -> float:
        """A wavy loop of 60 corners somewhere in the picture of the million pixels of a date."""
        self.rest(1)  # as a hand does; the curves of the one before are there by now
        angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        radius = (0.2 + 0.15 * self.random.random()) * (1 + 0.2 * np.sin(5 * angle + self.random.random()))
        centre = 0.4 + 0.2 * self.random.random(2)
        (left, right), (bottom, top) = self.projection.plot.box.viewRange()
        x = left + (centre[0] + radius * np.cos(angle)) * (right - left)
        y = bottom + (centre[1] + radius * np.sin(angle)) * (top - bottom)
        corners = tuple(zip(x.tolist(), y.tolist(), strict=True))
        seen: list[object] = []
        overlay = self.window.map.set_selected  # replaced for the while by one that notes when it is done

        def told(mask: object) -> None:
            overlay(mask)  # type: ignore[arg-type]
            seen.append(mask)

        self.window.map.set_selected = told  # type: ignore[method-assign,assignment]
        try:
            return self.taken(lambda: self.projection.drawn.emit(corners), lambda: bool(seen))
        finally:
            self.window.map.set_selected = overlay  # type: ignore[method-assign]

    def label(self) -> float:
        """A few more points (one alone may lie where no embedding is), as the probe is fitted anew on every stroke."""
        model, shown = self.window.model, self.window.map.shown
        look, before, labels = model.now.look, shown["base"], model.now.work.labels
        return self.taken(
            lambda: model.do(labels=(*labels, *map(self._point, range(4)))),
            lambda: model.now.look != look and shown["base"] is not before,
        )

    def labelled(self) -> None:
        """Two classes with a few points of each, and their first preview."""
        model = self.window.model
        classes = (LandClass(1, "one", "#e69f00"), LandClass(2, "two", "#56b4e9"))
        model.do(classes=classes, labels=tuple(map(self._point, range(40))))
        model.change(live=True)
        self.until(lambda: bool(model.now.made) and not self.link._under_way)

    def _point(self, number: int) -> Label:
        x, y = self.random.uniform(0, SIDE, 2).tolist()
        return Label(1 + number % 2, ((x, y),))

    def million(self) -> None:
        """The projection of all pixels of the date shown."""
        plot = self.projection.plot
        before = plot.picture
        self.window.model.change(projection=ProjectionChoice(every_date=False))
        self.until(lambda: plot.picture is not before)

    def _shows(self, date: int) -> bool:
        store = self.window.model.now.store
        assert store is not None
        painted = self.window.map.shown.get("base")
        return painted is not None and store.times[date][:10] in painted[0].legend.title


class Beat:
    """The longest time that the user interface answered nothing."""

    def __init__(self) -> None:
        self._last, self._longest = time.perf_counter(), 0.0
        self._timer = QTimer(interval=BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def stop(self) -> float:
        self._beat()
        self._timer.stop()
        return 1e3 * self._longest

    def _beat(self) -> None:
        now = time.perf_counter()
        self._longest, self._last = max(self._longest, now - self._last), now


def report(driver: Driver, repeats: int) -> None:
    print(
        f"{'until it is drawn':<50}{'median':>9}{'best':>9}{'bar':>9}{'median/bar':>12}{'longest stall':>15}"
    )
    table: list[tuple[str, Callable[[], float], int | None]] = [
        ("click on the map → curves", driver.click, 60),
        ("date step, fetched ahead → map", driver.step, 60),
        ("jump to another date → map", driver.jump, 60),
        ("lasso of 1 M points → overlay on the map", driver.lasso, 150),
        ("another label → fitted again, preview on the map", driver.label, 1200),
    ]
    for name, do, bar in table:
        if do == driver.lasso:
            driver.million()
        if do == driver.label:
            driver.labelled()
        do()
        driver.rest(1)
        driver.stall = 0.0
        taken = [do() for _ in range(repeats)]
        median = statistics.median(taken)
        against = f"{bar:>6} ms{median / bar:>12.2f}" if bar else " " * 21
        print(
            f"{name:<50}{median:>6.0f} ms{min(taken):>6.0f} ms{against}{driver.stall:>12.0f} ms", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--repeats", type=int, default=15)
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {SIDE}² px × {DATES} dates, 1440 × 900")
    with tempfile.TemporaryDirectory() as folder:
        workspace = (given.workspace or Path(folder)).resolve()
        if not (workspace / NAME).exists():
            fill(workspace / NAME, DATES)
        warm(workspace / NAME)
        driver = Driver(workspace)
        try:
            report(driver, given.repeats)
        finally:
            driver.window.close()
            stop(workspace)


if __name__ == "__main__":
    main()

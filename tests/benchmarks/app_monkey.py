"""A monkey at the app: seeded random clicks, drags, keys, wheels, resizes, docks, steps and menus over a real store.

Usage: app_monkey.py [STORE] [--minutes 2] [--seed 0]
Prints every half minute how much memory the app has, how much of it are maps that it keeps (up to 120 MB, as dates and
layers are looked at), and its longest stall since; at the end crashes, exceptions, the growth of memory over the last
three quarters, where the user interface stalled, and how much longer than at its full pace the machine took for one and
the same sum, which a stall has to be seen beside. It works on a copy in a temporary
folder, which is also its home; file dialogs are turned away, so that it writes nowhere else. Exit code 1 for a crash
or an exception."""

import argparse
import faulthandler
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

INNER = "PHENOLENS_MONKEY"
REPORT_S = 30.0
PAUSE_MS, MOVE_MS = 12, 2
"""Before every action; before each move of a drag, which come one in a turn, as a mouse's own."""
LONG_S = 0.05
PACE_S, SUMMED = 0.5, 60_000
"""How often a sum tells how fast the machine is; of how many numbers, some milliseconds."""
WRITTEN = np.zeros(2**23, np.uint8)
"""Memory that is written to as often: a machine may be at full pace and yet slow to write."""
CONTROLLED = 6
"""So many sums and writings are the control, which takes as long as a long turn of the app."""
SHARE_S = 300.0
"""Long turns are counted by times of this length: what the app itself has got into lasts."""
KEYS = (
    "left right space 1 2 3 4 5 6 7 8 9 l p f escape delete return tab f1 ctrl+z ctrl+y ctrl+plus ctrl+minus"
)
NOT_CHOSEN = ("Quit", "Close project", "New project")


def main() -> int:
    """The monkey in a process of its own, so that a crash of it is told."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path, nargs="?", default=Path("build/landscape.zarr"))
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if os.environ.get(INNER):
        return Monkey(Path(os.environ[INNER]), asked.store.name, asked.seed).run(asked.minutes)
    with tempfile.TemporaryDirectory(prefix="monkey-") as folder:
        home = Path(folder)
        workspace = home / "workspace"
        workspace.mkdir()
        shutil.copytree(asked.store, workspace / asked.store.name, copy_function=_linked)
        code = _run_inner(home, workspace)
        from phenolens.engine.client.launch import stop

        stop(workspace)
    print(f"exit code {code}" + (f": it crashed by signal {-code}" if code < 0 else ""))
    return 1 if code else 0


def _run_inner(home: Path, workspace: Path) -> int:
    environment = {
        **os.environ,
        INNER: str(workspace),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
    }
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        environment.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")
    return subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode


def _linked(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


class Monkey:
    """Does one thing after the other, also within menus and dialogs that wait for an answer."""

    def __init__(self, workspace: Path, store: str, seed: int) -> None:
        import psutil
        from phenolens.app.application import answer_promptly, prepare
        from phenolens.app.engine_link import EngineLink
        from phenolens.app.heartbeat import Heartbeat
        from phenolens.app.main_window import MainWindow
        from phenolens.app.theme import apply_theme, theme_named
        from PySide6.QtCore import QSettings
        from PySide6.QtGui import QDesktopServices
        from PySide6.QtWidgets import QApplication

        faulthandler.enable()
        prepare()
        self.faults: Counter[str] = Counter()
        sys.excepthook = self._failed
        self.application = QApplication([])
        QDesktopServices.openUrl = lambda *_: True  # type: ignore[method-assign] # no browser opens
        theme = theme_named("light")
        apply_theme(self.application, theme)
        settings = QSettings(str(workspace / "app.ini"), QSettings.Format.IniFormat)
        self.window = MainWindow(EngineLink(workspace), theme, settings)
        answer_promptly()
        self.window.resize(1440, 900)
        self.window.show()
        self.window.link.start()
        self.window.project.start()
        self.store, self.random = store, random.Random(seed)
        self.heartbeat = Heartbeat()
        self.process = psutil.Process()
        self.done: Counter[str] = Counter()
        self.doing = ""
        self.dragged: Any = None
        """Widget, point of it and moves to come, while the mouse is held."""
        self.after: Counter[str] = Counter()
        """How often each action was the last one before a stall that it, or what it led to, computed."""
        self.memory: list[tuple[float, float]] = []
        self.paces: list[tuple[float, float]] = []
        """Seconds of computing that one and the same sum took, and writing one and the same memory: others on the
        machine slow them down."""
        self.long: list[tuple[float, float, tuple[float, float]]] = []
        """When a turn of the event loop was long, the seconds that it computed, and what sum and writing took right
        after."""
        self.computed, self.by_app = 0.0, 0.0
        """Seconds, until the turn that goes on; of all turns, without the control."""
        self.controls: list[float] = []
        """Seconds of computing that the control took."""
        self.end, self.next_report, self.next_pace, self.began = 0.0, 0.0, 0.0, 0.0

    def run(self, minutes: float) -> int:
        from PySide6.QtCore import QAbstractEventDispatcher, QTimer

        self.window.stores.open(self.store)
        self.began = time.monotonic()
        self.end, self.next_report = self.began + minutes * 60, self.began + REPORT_S
        self.timer = QTimer(singleShot=True, interval=PAUSE_MS)
        self.timer.timeout.connect(self.step)
        self.timer.start(3000)
        with self.heartbeat:
            self.computed = time.thread_time()
            QAbstractEventDispatcher.instance().awake.connect(self._turn_over)
            self.application.exec()
            QAbstractEventDispatcher.instance().awake.disconnect(self._turn_over)
            self.window.close()
        self._tell()
        return 1 if self.faults else 0

    def step(self) -> None:
        if self.dragged is not None:
            self.timer.start(MOVE_MS)
            self._drag_on()
            return
        now = time.monotonic()
        if now > self.end:
            self._leave()
            return
        if now > self.next_report:
            self.next_report = now + REPORT_S
            self._report()
        if now > self.next_pace:
            self.next_pace = now + PACE_S
            self.paces.append(_pace())
        self.timer.start(PAUSE_MS)  # before: what is done may wait for an answer
        if not self._in_the_way():
            action = self.random.choices(*zip(*self._actions(), strict=True))[0]
            self._doing(action.__name__.strip("_"))
            action()

    def _turn_over(self) -> None:
        worked = time.thread_time() - self.computed
        self.by_app += worked
        if worked > LONG_S:
            self.long.append((time.monotonic() - self.began, worked, _pace()))
            self.after[self.doing] += 1
        self.computed = time.thread_time()

    def _doing(self, name: str) -> None:
        self.doing = name
        self.done[name] += 1

    def _actions(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self._click, 30),
            (self._key, 25),
            (self._drag, 15),
            (self._wheel, 10),
            (self._menu, 5),
            (self._type, 4),
            (self._control, 8),
            (self._dock, 3),
            (self._step, 3),
            (self._resize, 1),
            (self._reopen, 1),
        ]

    def _in_the_way(self) -> bool:
        """Menus and dialogs: half of the time they are answered, else turned away."""
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest
        from PySide6.QtWidgets import QDialog, QFileDialog, QMenu

        shown = self.application.activePopupWidget() or self.application.activeModalWidget()
        dialogs = (one for one in self.application.topLevelWidgets() if isinstance(one, QDialog))
        shown = shown or next((one for one in dialogs if one.isVisible()), None)
        if shown is None:
            return False
        self._doing("answer")
        if isinstance(shown, QFileDialog) or self.random.random() < 0.3:
            if isinstance(shown, QDialog):
                shown.reject()
            else:
                QTest.keyClick(shown, Qt.Key.Key_Escape)
        elif isinstance(shown, QMenu):
            shown.close()
        else:
            self._click_in(shown)
        return True

    def _click(self) -> None:
        self._click_in(self.window)

    def _click_in(self, within) -> None:
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        target, place = self._somewhere(within)
        keys = self.random.choice([Qt.KeyboardModifier.NoModifier] * 4 + [Qt.KeyboardModifier.ShiftModifier])
        button = self.random.choice([Qt.MouseButton.LeftButton] * 6 + [Qt.MouseButton.RightButton])
        if self.random.random() < 0.1:
            QTest.mouseDClick(target, button, keys, place)
        else:
            QTest.mouseClick(target, button, keys, place)

    def _drag(self) -> None:
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        target, place = self._somewhere(self.window)
        QTest.mousePress(target, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
        self.dragged = (target, place, self.random.randint(2, 12))

    def _drag_on(self) -> None:
        """Moves the mouse on, or lets it go."""
        import shiboken6
        from PySide6.QtCore import QPoint, Qt
        from PySide6.QtTest import QTest

        target, place, moves = self.dragged
        self.dragged = None
        if not shiboken6.isValid(target):
            return
        if not moves:
            QTest.mouseRelease(target, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
            return
        place += QPoint(self.random.randint(-40, 40), self.random.randint(-40, 40))
        self.dragged = (target, place, moves - 1)
        self._move(target, place)

    def _move(self, target, place) -> None:
        from PySide6.QtCore import QEvent, QPointF, Qt
        from PySide6.QtGui import QMouseEvent

        where = QPointF(place)
        held, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        moved = QMouseEvent(
            QEvent.Type.MouseMove, where, target.mapToGlobal(where), Qt.MouseButton.NoButton, held, none
        )
        self.application.sendEvent(target, moved)

    def _wheel(self) -> None:
        from PySide6.QtCore import QPoint, QPointF, Qt
        from PySide6.QtGui import QWheelEvent

        target, place = self._somewhere(self.window)
        turned = QWheelEvent(
            QPointF(place),
            target.mapToGlobal(QPointF(place)),
            QPoint(),
            QPoint(0, self.random.choice([-360, -120, 120, 360])),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        self.application.sendEvent(target, turned)

    def _key(self) -> None:
        from PySide6.QtGui import QKeySequence
        from PySide6.QtTest import QTest

        name = self.random.choice(KEYS.split())
        self._doing(f"key {name}")
        pressed = QKeySequence({"ctrl+plus": "Ctrl++", "ctrl+minus": "Ctrl+-"}.get(name, name))[0]
        target = self.application.focusWidget() or self.window
        QTest.keyClick(target, pressed.key(), pressed.keyboardModifiers())

    def _type(self) -> None:
        from PySide6.QtCore import QEvent, Qt
        from PySide6.QtGui import QKeyEvent
        from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

        target = self.application.focusWidget()
        if isinstance(target, QLineEdit | QPlainTextEdit):
            none = Qt.KeyboardModifier.NoModifier
            for letter in self.random.choice(["12", "-1", "1e9", "ähm", "2020-02-30", "a/b", "../x", "  "]):
                # QTest's own keyClicks knows ASCII alone, and aborts the program at the rest
                self.application.sendEvent(target, QKeyEvent(QEvent.Type.KeyPress, 0, none, letter))

    def _menu(self) -> None:
        actions = [one for one in self.window.actions() if one.isEnabled()]
        chosen = self.random.choice(actions)
        if not chosen.text().startswith(NOT_CHOSEN):
            self._doing(f"menu {chosen.text()}")
            chosen.trigger()

    def _control(self) -> None:
        """Work that is always the same, among the app's: what takes it above the limit is the machine, not the app."""
        took = sum(sum(_pace()) for _ in range(CONTROLLED))
        self.controls.append(took)
        self.computed += took  # none of the app's

    def _dock(self) -> None:
        dock = self.random.choice(list(self.window.docks.values()))
        how = self.random.random()
        self._doing("dock shown or hidden" if how < 0.7 else "dock floating" if how < 0.8 else "docks reset")
        if how < 0.7:
            dock.setVisible(dock.isHidden())
        elif how < 0.8:
            dock.setFloating(not dock.isFloating())
        else:
            self.window.layout_kept.reset()

    def _step(self) -> None:
        from phenolens.app.panels.steps import STEPS

        step = self.random.choice(list(STEPS))
        self._doing(f"step {step}")
        self.window.show_step(step)

    def _resize(self) -> None:
        self.window.resize(*self.random.choice([(1280, 720), (1440, 900), (1920, 1080), (1000, 700)]))

    def _reopen(self) -> None:
        """Back to the store, wherever clicks have led."""
        for dock in self.window.docks.values():
            dock.setFloating(False)
        if self.window.model.now.store is None:
            self.window.stores.open(self.store)

    def _somewhere(self, within):
        """A widget, and a point of it."""
        from PySide6.QtCore import QPoint

        point = QPoint(self.random.randrange(within.width()), self.random.randrange(within.height()))
        target = within.childAt(point) or within
        return target, target.mapFrom(within, point)

    def _report(self) -> None:
        megabytes = self.process.memory_info().rss / 1e6
        self.memory.append((time.monotonic() - self.began, megabytes))
        work = self.window.model.now.work
        print(
            f"{self.memory[-1][0]:6.0f} s  {sum(self.done.values()):7d} actions  {megabytes:6.0f} MB  "
            f"(maps {self.window.maps.kept_bytes / 1e6:3.0f})  "
            f"longest stall {self.heartbeat.longest * 1000:5.0f} ms (computing "
            f"{self.heartbeat.longest_worked * 1000:.0f} ms)  above 50 ms {len(self.heartbeat.stalls)}  "
            f"exceptions {sum(self.faults.values())}  places {len(work.places)}  labels {len(work.labels)}  "
            f"named selections {len(work.selections)}",
            flush=True,
        )

    def _leave(self) -> None:
        """Once nothing waits for an answer."""
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QDialog

        shown = self.application.activePopupWidget() or self.application.activeModalWidget()
        if shown is not None:
            shown.reject() if isinstance(shown, QDialog) else shown.close()
            QTimer.singleShot(50, self._leave)
            return
        self._report()
        self.application.quit()

    def _tell_long(self) -> None:
        full, usual, high = np.quantile(self.paces, (0.02, 0.5, 0.95), axis=0)
        for what, often, seldom in zip(("sum", "writing"), usual / full, high / full, strict=True):
            print(
                f"one and the same {what} took {often:.2f} times as long as at the machine's full pace, in one of "
                f"twenty cases {seldom:.2f} times and more"
            )
        when, computed = np.array([(at, worked) for at, worked, _ in self.long]).reshape(-1, 2).T
        paces = np.array([pace for *_, pace in self.long]).reshape(-1, 2)
        print(
            f"turns that computed more than 50 ms: {len(computed)}, longest {1000 * computed.max(initial=0):.0f} ms; "
            f"by {SHARE_S / 60:.0f} minutes: {np.bincount((when // SHARE_S).astype(int)).tolist()}"
        )
        for what, slower in zip(("sum", "writing"), (paces / full).T, strict=True):
            evened = computed / slower
            print(
                f"of these above 50 ms at the machine's full pace, by {what}: {np.sum(evened > LONG_S)}, longest "
                f"{1000 * evened.max(initial=0):.0f} ms"
            )

        control = np.array(self.controls)
        few, usual, high, most = 1000 * np.quantile(control, (0.02, 0.5, 0.99, 1.0))
        print(
            f"always the same work, {len(control)} times: {few:.0f} ms at full pace, {usual:.0f} in the median, "
            f"{high:.0f} in one of a hundred, {most:.0f} at most; above 50 ms in {control.sum():.0f} s of computing: "
            f"{np.sum(control > LONG_S)}; the app's turns in {self.by_app:.0f} s: {len(computed)}"
        )

    def _failed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self.faults["".join(traceback.format_exception(kind, error, trace)[-4:])] += 1

    def _tell(self) -> None:
        print("\nactions:", ", ".join(f"{name} {count}" for name, count in self.done.most_common()))
        for text, count in self.faults.most_common():
            print(f"\n{count} times:\n{text}")
        settled = [megabytes for seconds, megabytes in self.memory if seconds > self.memory[-1][0] / 4]
        if len(settled) > 2:
            print(f"memory {settled[0]:.0f} → {settled[-1]:.0f} MB: {settled[-1] / settled[0] - 1:+.1%}")
        self._tell_long()
        print(
            f"late for any reason, others that had the processor too: {len(self.heartbeat.stalls)}, longest "
            f"{self.heartbeat.longest * 1000:.0f} ms; where it was in those that it computed, with their number:"
        )
        computing = [stall for stall in self.heartbeat.stalls if stall.worked > LONG_S]
        for place, count in Counter(_own(stall.place) for stall in computing).most_common(20):
            print(f"{count:5d}  {place}")
        print("after", ", ".join(f"{name} {count}" for name, count in self.after.most_common(24) if count))
        print("the longest:")
        print(self.heartbeat.told(8))


def _pace() -> tuple[float, float]:
    began = time.thread_time()
    sum(number * number for number in range(SUMMED))
    summed = time.thread_time()
    WRITTEN.fill(summed % 2)
    return summed - began, time.thread_time() - summed


def _own(place: str) -> str:
    """The innermost frame, and the innermost of the app's own, without lines: much of it is done in libraries."""
    app = str(Path(__file__).resolve().parents[2] / "app")
    frames = [line.strip().rpartition(":") for line in place.splitlines()]
    named = [(file, f"{Path(file).name} {rest.partition(' ')[2]}") for file, _, rest in frames]
    own = [name for file, name in named if file.startswith(app)]
    return " ← ".join(dict.fromkeys([name for _, name in named][:1] + own[:1])) or "(unknown)"


if __name__ == "__main__":
    sys.exit(main())

"""A window is painted in the user interface's thread, and in a turn of the event loop that does little else."""

import subprocess
import sys
import time

import pytest
from phenolens.app.painting import WORKED_S, Painting
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QWidget

FILLED = """
import os
import sys
import psutil
from phenolens.app.painting import paint_alone

if sys.argv[1] == "alone":
    paint_alone()
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter

application = QGuiApplication(["", "-platform", "offscreen"])
before = psutil.Process().num_threads()
image = QImage(1500, 1500, QImage.Format.Format_RGB32)
painter = QPainter(image)
painter.fillRect(image.rect(), QColor(10, 20, 30, 40))
painter.end()
print(psutil.Process().num_threads() - before)
"""


class Painted(QWidget):
    """Counts how often it was painted."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def paintEvent(self, _event) -> None:  # noqa: N802 - Qt's name
        self.times += 1


@pytest.fixture
def painted(qtbot) -> Painted:
    shown = Painted()
    qtbot.addWidget(shown)
    shown.show()
    qtbot.waitExposed(shown)
    qtbot.waitUntil(lambda: shown.times > 0)
    qtbot.wait(50)
    shown.painting = Painting(shown, ())
    shown.times = 0
    return shown


def _in_a_turn(qtbot, shown: Painted, seconds: float) -> list[int]:
    """How often it was painted before a turn that computes and asks for painting as it does, in it, and thereafter."""
    told = []

    def turn() -> None:
        told.append(shown.times)
        shown.update()
        while time.thread_time() - began < seconds:
            pass
        QCoreApplication.sendPostedEvents(shown, QEvent.Type.UpdateRequest)  # as graphics views do
        told.append(shown.times)

    qtbot.wait(20)
    began = time.thread_time()
    QTimer.singleShot(5, turn)
    qtbot.waitUntil(lambda: len(told) == 2)
    qtbot.waitUntil(lambda: shown.times > told[0])
    qtbot.wait(50)
    return [*told, shown.times]


def test_a_turn_that_computed_is_painted_in_another_one(qtbot, painted):
    assert _in_a_turn(qtbot, painted, 4 * WORKED_S) == [0, 0, 1]
    assert _in_a_turn(qtbot, painted, 4 * WORKED_S) == [1, 1, 2]


def test_a_turn_that_did_little_is_painted_in(qtbot, painted):
    assert _in_a_turn(qtbot, painted, 0) == [0, 1, 1]


def test_what_is_put_off_is_painted_once_and_soon(qtbot, painted):
    painted.painting.put_off()
    painted.update()
    QCoreApplication.sendPostedEvents(painted, QEvent.Type.UpdateRequest)
    assert painted.times == 0
    painted.painting.put_off()
    qtbot.waitUntil(lambda: painted.times == 1)
    qtbot.wait(50)
    assert painted.times == 1
    assert painted.updatesEnabled()


def test_painting_waits_no_longer_than_it_may_whatever_else_there_is_to_do(qtbot, painted):
    def work() -> None:
        began = time.thread_time()
        while time.thread_time() - began < 2 * WORKED_S:
            pass

    every_turn = QTimer(interval=1)
    every_turn.timeout.connect(work)
    every_turn.start()
    qtbot.wait(20)
    painted.update()
    qtbot.waitUntil(lambda: painted.times > 0)
    every_turn.stop()


def test_painting_takes_no_threads():
    assert _threads("alone") == 0
    assert _threads("as it comes") > 0  # else this can't fail


def _threads(how: str) -> int:
    """How many painting a large picture started."""
    told = subprocess.run([sys.executable, "-c", FILLED, how], capture_output=True, text=True, check=True)
    return int(told.stdout)

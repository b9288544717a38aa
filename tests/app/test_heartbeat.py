"""The watch on the user interface: what held it up, and for how long it computed."""

import time

from phenolens.app.heartbeat import Heartbeat
from PySide6.QtCore import QTimer


def _compute(seconds: float = 0.3) -> None:
    begun = time.thread_time()
    while time.thread_time() - begun < seconds:
        pass


def test_a_stretch_of_computing_is_told_with_its_place(qtbot):
    with Heartbeat() as heartbeat:
        qtbot.wait(50)
        QTimer.singleShot(0, _compute)
        qtbot.waitUntil(lambda: any("_compute" in stall.place for stall in heartbeat.stalls))
    stall = next(stall for stall in heartbeat.stalls if "_compute" in stall.place)
    assert 0.3 <= stall.worked <= heartbeat.longest_worked
    assert "_compute" in heartbeat.told()


def test_waiting_for_others_is_a_stall_without_computing(qtbot):
    with Heartbeat() as heartbeat:
        qtbot.wait(50)
        QTimer.singleShot(0, lambda: time.sleep(0.3))
        qtbot.waitUntil(lambda: heartbeat.longest >= 0.2)
    assert heartbeat.longest_worked < 0.2


def test_turns_that_follow_each_other_are_told_apart(qtbot):
    """Each computes for 30 ms: none of them is a stall."""
    turns = QTimer(interval=0)
    turns.timeout.connect(lambda: _compute(0.03))
    with Heartbeat() as heartbeat:
        turns.start()
        qtbot.wait(600)
        turns.stop()
    assert 0.03 <= heartbeat.longest_worked < 0.06

"""How long the user interface keeps its user waiting: a thread knocks, and notes what it was doing when it was late.

The knocking thread may itself have to wait for a processor or the interpreter, and so miss where one turn of the event
loop ended and the next began. How long the user interface computes at a stretch is therefore measured where the event
loop itself says that a turn is over."""

from __future__ import annotations

import faulthandler
import logging
import re
import tempfile
import threading
import time
from dataclasses import dataclass
from types import TracebackType

from PySide6.QtCore import QAbstractEventDispatcher, QObject, Qt, Signal, Slot

log = logging.getLogger(__name__)
PAUSE_S = 0.005
DEPTH = 16
FRAME = re.compile(r'  File "(.+)", line (\d+) in (.+)')


@dataclass(frozen=True)
class Stall:
    """The user interface didn't answer for so long."""

    seconds: float
    worked: float
    """Seconds that its thread computed in one turn of the event loop; in the rest it computed in others, or other
    threads and programs had the processor."""
    place: str
    """Where it was in the middle, innermost first."""


class Heartbeat(QObject):
    """Knocks at the thread that it was made in, every few milliseconds, while it is entered."""

    _knock = Signal(float)

    def __init__(self, told_above_s: float = 0.05) -> None:
        super().__init__()
        self.stalls: list[Stall] = []
        """Those above the limit, as they came."""
        self.longest = 0.0
        """Seconds."""
        self.longest_worked = 0.0
        """Seconds that its thread computed in one turn."""
        self._limit = told_above_s
        self._computed = time.thread_time()
        self._worked = 0.0
        """The longest turn since the knock."""
        self._answered = threading.Event()
        self._ended = threading.Event()
        self._watched = threading.get_ident()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._knock.connect(self._answer, Qt.ConnectionType.QueuedConnection)

    def __enter__(self) -> Heartbeat:
        self._computed = time.thread_time()
        QAbstractEventDispatcher.instance().awake.connect(self._end_turn)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._answered.set()
        self._thread.join()
        QAbstractEventDispatcher.instance().awake.disconnect(self._end_turn)

    def told(self, most: int = 5) -> str:
        """The stalls that computed longest, with where they were."""
        worst = sorted(self.stalls, key=lambda stall: -stall.worked)[:most]
        return "\n".join(
            f"{stall.seconds * 1000:.0f} ms, computing {stall.worked * 1000:.0f} ms\n{stall.place}"
            for stall in worst
        )

    @Slot()
    def _end_turn(self) -> None:
        self._computed = self._note_turn()

    def _note_turn(self) -> float:
        """What it has computed so far; the time of its thread."""
        now = time.thread_time()
        self._worked = max(self._worked, now - self._computed)
        self.longest_worked = max(self.longest_worked, self._worked)
        return now

    def _answer(self, asked_at: float) -> None:
        self._note_turn()
        self.longest = max(self.longest, time.monotonic() - asked_at)
        self._answered.set()

    def _run(self) -> None:
        while not self._ended.wait(PAUSE_S):
            self._answered.clear()
            self._worked = 0.0
            asked_at = time.monotonic()
            self._knock.emit(asked_at)
            if not self._answered.wait(self._limit):
                place = self._place()
                while not self._answered.wait(self._limit) and not self._ended.is_set():
                    pass  # who ends this waits for it, and doesn't answer any more
                if not self._ended.is_set():
                    self.stalls.append(Stall(time.monotonic() - asked_at, self._worked, place))

    def _place(self) -> str:
        """By the fault handler, which looks on: whoever takes hold of another thread's frames keeps its painters alive
        for longer than what they paint on, and that crashes the program."""
        with tempfile.TemporaryFile("w+") as told:
            faulthandler.dump_traceback(told)
            told.seek(0)
            threads = told.read().split("\n\n")
        mine = next((one for one in threads if f"hread 0x{self._watched:016x} " in one), "")
        return "\n".join(f"  {file}:{line} {name}" for file, line, name in FRAME.findall(mine)[:DEPTH])

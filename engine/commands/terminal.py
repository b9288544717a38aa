"""What a command says and how it stops: progress on stderr, one result on stdout, exit codes, Ctrl-C."""

import json
import logging
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from ..errors import Cancelled, EngineError
from ..progress import CancelToken, ProgressEvent, Watch

EXIT_FAULT, EXIT_USER, EXIT_CANCELLED = 1, 2, 130


@dataclass
class Run:
    """One run of one command: how it talks, and the token that stops it."""

    as_json: bool = False
    verbose: bool = False
    config: Path | None = None
    cancel: CancelToken = field(default_factory=CancelToken)
    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    def say(self, text: str) -> None:
        """A remark for the person at the terminal, on stderr."""
        self.console.print(escape(text), soft_wrap=True)

    def watch(self, bar: "Bar") -> Watch:
        """This run as tasks see it: it shows progress as `bar`, and may be stopped."""
        return Watch(bar, self.cancel)

    def verbose_log(self) -> None:
        """Show what the engine tells of its steps, not only its warnings."""
        logging.getLogger("phenolens").setLevel(logging.INFO)

    def result(self, values: Mapping[str, Any], text: str) -> None:
        """The outcome on stdout: `values` as one JSON object under --json, else `text`."""
        out = json.dumps(dict(values), ensure_ascii=False, default=str) if self.as_json else text
        sys.stdout.write(out.rstrip("\n") + "\n")
        sys.stdout.flush()

    def failed(self, error: BaseException) -> int:
        """Say what went wrong; the exit code."""
        if self.verbose:
            traceback.print_exception(error, file=sys.stderr)
        if isinstance(error, EngineError):
            self._said(error)
            return EXIT_CANCELLED if isinstance(error, Cancelled) else EXIT_USER
        self._said(
            EngineError(
                f"internal fault: {type(error).__name__}: {error}",
                remedy="run again with --verbose and report what it prints",
            )
        )
        return EXIT_FAULT

    def _said(self, error: EngineError) -> None:
        value = None if error.value is None else str(error.value)
        if self.as_json:
            about = {"code": error.code, "cause": error.cause, "value": value, "remedy": error.remedy}
            self.result({"error": about}, "")
            return
        self.console.print(f"[bold red]error[/]   {escape(error.cause)}", soft_wrap=True)
        for label, text in (("value", value), ("remedy", error.remedy)):
            if text:
                self.console.print(f"[bold]{label:7}[/] {escape(text)}", soft_wrap=True)


class Bar:
    """A progress bar per stage, with the engine's own estimate of the time left; use as a listener."""

    def __init__(self, run: Run) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._bars = Bars(*columns, console=run.console)
        self._tasks: dict[str, Any] = {}
        self._waiting: Any = None

    def __enter__(self) -> "Bar":
        self._bars.start()
        if self._bars.console.is_terminal:
            self._waiting = self._bars.add_task("working", total=None, left="")
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, event: ProgressEvent) -> None:
        if (
            self._waiting is not None
        ):  # until the first tile is done, all that can be told is that work goes on
            self._bars.remove_task(self._waiting)
            self._waiting = None
        if event.stage not in self._tasks:
            self._tasks[event.stage] = self._bars.add_task(event.stage, total=event.total, left="")
        left = "" if not event.eta_s else f"about {duration(event.eta_s)} left"
        self._bars.update(self._tasks[event.stage], completed=event.done, total=event.total, left=left)


@contextmanager
def logging_to(run: Run) -> Iterator[None]:
    """Warnings of the engine become remarks on stderr."""
    logger = logging.getLogger("phenolens")
    handler = RichHandler(console=run.console, show_path=False, show_time=False, show_level=False)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


@contextmanager
def stopping_on_interrupt(run: Run) -> Iterator[None]:
    """The first Ctrl-C asks the work to stop at the next tile, the second one ends the process at once."""

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        if run.cancel.cancelled:
            raise SystemExit(EXIT_CANCELLED)
        run.cancel.cancel()
        run.say("stopping after the current tile; press Ctrl-C again to stop at once")

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def duration(seconds: float) -> str:
    """`42 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"

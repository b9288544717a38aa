"""Runs the demo from the samples to the page."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..output import check_free, make_folder
from ..progress import CancelToken, ProgressEvent
from ..representation.checkpoint import DEFAULT_MODEL, load_checkpoint
from ..views.page import write_page
from .chapter import Setting
from .forest import forest_section
from .landscape import landscape_section

LEAD = (
    "One embedding for each pixel of 10 m and each date, from what Sentinel-1 and Sentinel-2 saw around that date: "
    "computed on this machine, drawn in colours that mean the same on every date."
)


@dataclass(frozen=True)
class DemoResult:
    """Where the results lie."""

    page: Path
    stores: tuple[Path, ...]
    seconds: float


def run_demo(
    out: Path,
    *,
    model: str | Path = DEFAULT_MODEL,
    overwrite: bool = False,
    listener: Callable[[ProgressEvent], None] | None = None,
    cancel: CancelToken | None = None,
) -> DemoResult:
    """Embed both samples, draw maps and series, and write `index.html` into the folder `out`.

    Finished stores of an earlier run are taken as they are. Raises `EngineError`, among them `Cancelled`."""
    started = time.monotonic()
    page = make_folder(out) / "index.html"
    check_free(page, overwrite=overwrite)
    setting = Setting(out, load_checkpoint(model), overwrite, listener, cancel or CancelToken())
    made = [forest_section(setting), landscape_section(setting)]
    checkpoint = setting.checkpoint
    note = f"Made with Phenolens {__version__} and the model {checkpoint.name} ({checkpoint.sha256[:12]})."
    write_page("Phenolens demo", LEAD, [section for _, section in made], page, note=note, overwrite=overwrite)
    return DemoResult(page, tuple(chapter.store.path for chapter, _ in made), time.monotonic() - started)

"""Daily GPP → one CSV of all sites."""

from pathlib import Path

from ..output import write_text
from .series import Towers


def write_towers(towers: Towers, path: Path, *, overwrite: bool = False) -> None:
    """Write site, date, gpp, qc, unit (and percentiles), one row per site and day; `OutputError` if that can't be."""
    text = towers.frame().to_csv(index=False, date_format="%Y-%m-%d", float_format="%.6g")
    write_text(Path(path), text, overwrite=overwrite)

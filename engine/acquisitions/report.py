"""What a path holds, in plain values: for `phenolens doctor` and the table of acquisitions."""

from dataclasses import dataclass, field

from ..grid import Grid
from .cube import Acquisition


@dataclass(frozen=True, eq=False)
class SourceReport:
    """What was found in local files, and what was left out and why."""

    paths: tuple[str, ...]
    modality: str
    kinds: tuple[str, ...]
    """NetCDF/Zarr cube, GeoTIFF, SAFE."""
    grid: Grid
    acquisitions: tuple[Acquisition, ...]
    bands: tuple[str, ...]
    """Bands that at least one date has."""
    absent: tuple[str, ...]
    """Bands that no date has: never valid."""
    units: tuple[str, ...]
    """How stored numbers are read, and who said so, one line for each way."""
    pixels: tuple[str, ...]
    """Pixel sizes and CRS of the files, one line for each."""
    masked: bool
    """Whether any date has a cloud or custom mask."""
    merged: tuple[str, ...] = ()
    """Dates that were put together from several scenes of the same bands."""
    skipped: tuple[tuple[str, str], ...] = ()
    """(file, why): unreadable."""
    ignored: tuple[tuple[str, str], ...] = ()
    """(file or variable, why): of no use for this modality."""
    outside: int = 0
    """Scenes that don't touch the area."""
    problems: tuple[str, ...] = field(default=())
    """What the user should know, in sentences."""

    def __str__(self) -> str:
        days = [a.time.date() for a in self.acquisitions]
        rows = [
            ("files", ", ".join(self.paths)),
            ("kind", ", ".join(self.kinds)),
            ("dates", f"{len(days)}, {days[0]} to {days[-1]}"),
            (
                "bands",
                f"{', '.join(self.bands)}" + (f" (absent: {', '.join(self.absent)})" if self.absent else ""),
            ),
            ("units", "; ".join(self.units)),
            ("pixels", "; ".join(self.pixels)),
            (
                "grid",
                f"{self.grid.shape[0]} × {self.grid.shape[1]} at {self.grid.resolution:g} m, {self.grid.crs[:40]}",
            ),
            ("merged", f"{len(self.merged)} dates had duplicates" if self.merged else "no duplicates"),
            ("skipped", "; ".join(f"{name}: {why}" for name, why in self.skipped) or "none"),
            ("ignored", "; ".join(f"{name}: {why}" for name, why in self.ignored) or "none"),
            *(("note", problem) for problem in self.problems),
        ]
        return "\n".join(f"{name:8} {text}" for name, text in rows)

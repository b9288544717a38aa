"""What became of imported labels: read, dropped and why, pixels per class, overlaps, cloud."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class ClassCount:
    """How much of one class there is."""

    code: int
    name: str
    pixels: int
    groups: int
    """Polygons, or whatever else the group column names."""


@dataclass(frozen=True)
class ImportReport:
    """The account of one import; each stage adds to it."""

    source: str
    read: int
    """Features (of a raster: pixels) in the file."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Features by reason."""
    repaired: int = 0
    """Features whose invalid geometry was mended."""
    notes: tuple[str, ...] = ()
    """Decisions and warnings, one sentence each."""
    rule: str = ""
    """How features became pixels."""
    pixels: int | None = None
    """Labels after that; None before."""
    groups: int = 0
    classes: tuple[ClassCount, ...] = ()
    """Of a classification."""
    values: Mapping[str, float] = field(default_factory=dict)
    """Of a regression: smallest, mean, largest."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Pixels by reason."""
    cloud: Mapping[str, int] = field(default_factory=dict)
    """Label pixels without a valid embedding or a clear look, once a store was asked."""

    @property
    def accepted(self) -> int:
        """Features that were not dropped."""
        return self.read - sum(self.dropped.values())

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "accepted": self.accepted}

    def text(self) -> str:
        """The report for a person to read."""
        lines = [f"labels   {self.source}", f"read     {self.read}, accepted {self.accepted}"]
        lines += [f"dropped  {count} {reason}" for reason, count in self.dropped.items()]
        lines += [f"repaired {self.repaired} invalid geometries"] if self.repaired else []
        if self.pixels is not None:
            lines += [f"rule     {self.rule}", f"pixels   {self.pixels} in {self.groups} groups"]
        lines += [f"left out {count} pixels {reason}" for reason, count in self.left_out.items()]
        lines += self._class_lines()
        if self.values:
            told = ", ".join(f"{name} {value:.4g}" for name, value in self.values.items())
            lines += ["values   " + told.replace("-", "−")]
        lines += [f"cloud    {count} pixels {reason}" for reason, count in self.cloud.items()]
        return "\n".join([*lines, *(f"note     {note}" for note in self.notes)])

    def _class_lines(self) -> list[str]:
        if not self.classes:
            return []
        width = max(len(c.name) for c in self.classes)
        head = f"         code {'class':{width}}  pixels  groups"
        return [
            head,
            *(f"         {c.code:4} {c.name:{width}} {c.pixels:7} {c.groups:7}" for c in self.classes),
        ]

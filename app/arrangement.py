"""What steps change of the docks: which are shown, which of them lie in front, how large. Where they lie is Qt's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .panels.dock import Dock

Size = tuple[int, int]
"""Points across and down, tabs above a dock counted in."""


@dataclass(frozen=True)
class Arrangement:
    """Docks by their object names."""

    shown: frozenset[str]
    sizes: Mapping[str, Size]
    """Of those that lie in front of others, but for floating ones."""

    @classmethod
    def first(cls, docks: Iterable[Dock]) -> Arrangement:
        """Of these docks, which have no sizes yet."""
        return cls(frozenset(dock.objectName() for dock in docks), {})

    @classmethod
    def of(cls, docks: Iterable[Dock], tabs: Mapping[str, int]) -> Arrangement:
        """As docks are now; `tabs`: how high the tabs are, by the titles that they show."""
        shown = [dock for dock in docks if not dock.isHidden()]
        front = [dock for dock in shown if not dock.isFloating() and not dock.visibleRegion().isEmpty()]
        sizes = {
            dock.objectName(): (dock.width(), dock.height() + tabs.get(dock.windowTitle(), 0))
            for dock in front
        }
        return cls(frozenset(dock.objectName() for dock in shown), sizes)

    @classmethod
    def read(cls, text: object) -> Arrangement | None:
        """From `to_text`; None: it is nothing of the kind."""
        try:
            told = json.loads(str(text))
            sizes = {str(name): (int(across), int(down)) for name, (across, down) in told["sizes"].items()}
            return cls(frozenset(map(str, told["shown"])), sizes)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    def to_text(self) -> str:
        """For the settings."""
        return json.dumps({"shown": sorted(self.shown), "sizes": self.sizes})

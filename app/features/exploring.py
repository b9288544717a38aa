"""Series, projection and selections: map, projection and curves linked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..main_window import MainWindow


def install(window: MainWindow) -> None:
    """Add what this step needs to the window."""

"""Labels, probes, their scores, searches and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from ..controllers.labels import LabelsController
from ..controllers.probes import ProbesController
from ..panels.labels import LabelsPanel
from ..panels.probe import ProbePanel

if TYPE_CHECKING:
    from ..main_window import MainWindow

RIGHT = Qt.DockWidgetArea.RightDockWidgetArea


def install(window: MainWindow) -> None:
    """Add what this step needs to the window."""
    labels, probe = LabelsPanel(), ProbePanel()
    window.add_dock("Labels", labels, RIGHT, "Label")
    window.add_dock("Probe", probe, RIGHT, "Probe")
    labelling = LabelsController(window.model, window.map, labels)
    ProbesController(window.model, window.link, probe, window.maps.forget)
    window.add_action("Labels", "Point", "P", lambda: labelling.toggle("point"))
    window.add_action("Labels", "Polygon", "Shift+P", lambda: labelling.toggle("polygon"))
    window.add_action("Labels", "Add a class", None, labelling.add_class)

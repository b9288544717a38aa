"""What tests of projects share: work of every kind, and a file that is dropped on the window."""

from pathlib import Path

from phenolens.app.selection import Combined, LassoPick, MapPick, Selection
from phenolens.app.session import Label, LandClass, Place, Work
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

STORE = "forest.zarr"
TRIANGLE = ((3.5, 4.0), (20.25, 5.0), (9.0, 30.0))
WORK = Work(
    places=(Place("oak", "#e69f00", pixel=(7, 9)), Place("edge", "#56b4e9", corners=TRIANGLE)),
    selections=(
        Selection("wet", "#009e73", Combined("and", MapPick(TRIANGLE), LassoPick("umap", TRIANGLE, (2, 3)))),
    ),
    classes=(LandClass(1, "forêt", "#0072b2"),),
    labels=(Label(1.0, ((3.0, 4.0),), "2019-03-15"), Label(1.0, TRIANGLE)),
)


def drop(window, path: Path) -> None:
    """Drag a file onto the window and let it go."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    copied = Qt.DropAction.CopyAction
    entering = QDragEnterEvent(QPointF(50, 50).toPoint(), copied, data, buttons, keys)
    QApplication.sendEvent(window, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(50, 50), copied, data, buttons, keys))

"""What is seen first: the ways in, and what the engine runs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from ..texts import QT_TRANSLATE_NOOP
from .message import tell

MOST_LETTERS = 24
"""Of a name among others in a row."""
CARD = QSize(230, 150)
"""The least."""
MOST_IN_CARD = 28
"""Letters in a line of it, with its margins."""
CARDS = (
    (
        "sample",
        QT_TRANSLATE_NOOP("StartPanel", "Open the sample"),
        QT_TRANSLATE_NOOP(
            "StartPanel",
            "A simulated landscape with Sentinel-1 and Sentinel-2, ready within minutes. "
            "Everything can be tried on it.",
        ),
    ),
    (
        "area",
        QT_TRANSLATE_NOOP("StartPanel", "Draw an area"),
        QT_TRANSLATE_NOOP(
            "StartPanel",
            "Choose an area on the map, point at your Sentinel data, and compute embeddings of every date.",
        ),
    ),
    (
        "project",
        QT_TRANSLATE_NOOP("StartPanel", "Open a project"),
        QT_TRANSLATE_NOOP(
            "StartPanel",
            "Go on where you stopped. A project file, or a folder with embedding stores, "
            "can be dropped here as well.",
        ),
    ),
)


class StartPanel(QWidget):
    """Three cards and a line."""

    chosen = Signal(str)
    """`sample`, `romania`, `area`, `project`."""
    dropped = Signal(str)
    """The path of a file or folder."""
    recent_chosen = Signal(object)
    """The path of a project."""
    store_chosen = Signal(str)
    """One of the workspace."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start")
        self.setAcceptDrops(True)
        title = QLabel(self.tr("Phenolens"))
        title.setProperty("title", True)
        claim = QLabel(self.tr("See what Sentinel-1 and Sentinel-2 see together: any date, clouds or not."))
        claim.setProperty("faint", True)
        self._engine = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignHCenter)
        self._engine.setProperty("faint", True)
        cards = QHBoxLayout()
        cards.setSpacing(14)
        cards.addStretch(1)
        self._cards: list[_Card] = []
        for name, heading, text in CARDS:
            card = _Card(self.tr(heading), self.tr(text))
            card.setObjectName(f"card {name}")
            card.clicked.connect(lambda name=name: self.chosen.emit(name))
            cards.addWidget(card)
            self._cards.append(card)
        cards.addStretch(1)
        _size(self._cards)
        self.setFocusProxy(self._cards[0])
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        for label in (title, claim):
            layout.addWidget(label, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(18)
        layout.addLayout(cards)
        layout.addSpacing(8)
        layout.addLayout(self._other_sample())
        self._recent, self._stores = QHBoxLayout(), QHBoxLayout()
        self._recent_links: list[QToolButton] = []
        self._store_links: list[QToolButton] = []
        layout.addLayout(self._recent)
        layout.addLayout(self._stores)
        self._waiting = QLabel()
        layout.addSpacing(12)
        layout.addWidget(self._waiting, alignment=Qt.AlignmentFlag.AlignHCenter)
        self.set_waiting("")
        layout.addWidget(self._engine)
        layout.addStretch(3)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """It shares its place with the map, which may be smaller; docks are hidden while it is seen."""
        return QSize(320, 240)

    def _other_sample(self) -> QHBoxLayout:
        """The real one, which takes longer and has Sentinel-2 alone."""
        row = QHBoxLayout()
        told = QLabel(self.tr("Or open a real place:"))
        told.setProperty("faint", True)
        forest = self._forest = QToolButton(text=self.tr("a forest in Romania, Sentinel-2, 2015-2021"))
        forest.setObjectName("card romania")
        forest.setToolTip(self.tr("1 km² of forest; embedded at every 30th day, which takes a minute once"))
        forest.setProperty("link", True)
        forest.setCursor(Qt.CursorShape.PointingHandCursor)
        forest.clicked.connect(lambda: self.chosen.emit("romania"))
        row.addStretch(1)
        row.addWidget(told)
        row.addWidget(forest)
        row.addStretch(1)
        return row

    def set_engine(self, told: str, away: bool = False) -> None:
        self._engine.setProperty("faint", not away)
        tell(self._engine, told, away)

    def set_waiting(self, text: str) -> None:
        """What is on its way, if anything is."""
        self._waiting.setText(text)
        self._waiting.setVisible(bool(text))

    def set_recent(self, projects: Sequence[Path]) -> None:
        """Projects to go on with, by their names."""
        links = [
            _link(path.stem, str(path), lambda path=path: self.recent_chosen.emit(path)) for path in projects
        ]
        _fill(self._recent, self.tr("Go on with"), links)
        self._recent_links = links
        self._order()

    def set_stores(self, stores: Sequence[str]) -> None:
        """Results in the workspace, by their names."""
        links = [
            _link(name.removesuffix(".zarr"), name, lambda name=name: self.store_chosen.emit(name))
            for name in stores
        ]
        _fill(self._stores, self.tr("Open a result of this folder:"), links)
        self._store_links = links
        self._order()

    def _order(self) -> None:
        """The tab key goes down the page, whenever the links came."""
        for before, after in pairwise([self._forest, *self._recent_links, *self._store_links]):
            QWidget.setTabOrder(before, after)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.dropped.emit(paths[0])


class _Card(QFrame):
    clicked = Signal()

    def __init__(self, heading: str, text: str) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(heading)
        self.setAccessibleDescription(text)
        title, body = QLabel(heading), QLabel(text, wordWrap=True)
        title.setProperty("heading", True)
        body.setProperty("faint", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.addWidget(title)
        layout.addWidget(body)
        layout.addStretch(1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


def _size(cards: Sequence[_Card]) -> None:
    """All as large as the one with most text needs to be, in the font that the user has."""
    width = max(CARD.width(), MOST_IN_CARD * max(card.fontMetrics().averageCharWidth() for card in cards))
    needed = max(card.heightForWidth(width) for card in cards)
    for card in cards:
        card.setFixedSize(width, max(CARD.height(), needed))


def _link(text: str, tip: str, done: Callable[[], object]) -> QToolButton:
    short = text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
    button = QToolButton(text=short, toolTip=tip)
    button.setAccessibleName(text)
    button.setProperty("link", True)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.clicked.connect(lambda _=False: done())
    return button


def _fill(row: QHBoxLayout, heading: str, links: Sequence[QToolButton]) -> None:
    """In place of what was there; without links no heading either."""
    while (item := row.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.deleteLater()
    if not links:
        return
    told = QLabel(heading)
    told.setProperty("faint", True)
    row.addStretch(1)
    for widget in (told, *links):
        row.addWidget(widget)
    row.addStretch(1)

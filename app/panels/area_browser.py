"""The browser view of the area map. It loads QtWebEngine: import it late, where the map is seen."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QUrl
from PySide6.QtGui import QColor
from PySide6.QtWebChannel import QWebChannel
from PySide6.QtWebEngineCore import QWebEngineSettings
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QWidget

REMOTE = QWebEngineSettings.WebAttribute.LocalContentCanAccessRemoteUrls


class AreaBrowser(QWebEngineView):
    """Shows the page, which may call `host`."""

    def __init__(self, host: QObject, background: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Area map"))
        self.setAcceptDrops(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # a browser's: back, reload, save
        self.page().setBackgroundColor(QColor(background))
        channel = QWebChannel(self.page())
        channel.registerObject("host", host)
        self.page().setWebChannel(channel)
        self.let_reach_web(False)

    def let_reach_web(self, allowed: bool) -> None:
        """Only once an online background was chosen: until then the page can't reach beyond this machine."""
        self.settings().setAttribute(REMOTE, allowed)

    def show_page(self, page: str) -> None:
        """A file."""
        self.load(QUrl.fromLocalFile(page))

    def run(self, code: str) -> None:
        self.page().runJavaScript(code)

    def end(self) -> None:
        """Let go of the browser's process."""
        self.page().deleteLater()
        self.deleteLater()

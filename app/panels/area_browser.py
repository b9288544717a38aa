"""The browser view of the area map. It loads QtWebEngine: import it late, where the map is seen."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QColor, QDesktopServices
from PySide6.QtWebChannel import QWebChannel
from PySide6.QtWebEngineCore import (
    QWebEngineNewWindowRequest,
    QWebEnginePage,
    QWebEngineProfile,
    QWebEngineSettings,
)
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QWidget

REMOTE = QWebEngineSettings.WebAttribute.LocalContentCanAccessRemoteUrls
Kind = QWebEnginePage.NavigationType
ENDED = QWebEnginePage.RenderProcessTerminationStatus.NormalTerminationStatus
"""Of a process that was no longer needed."""


class StayingPage(QWebEnginePage):
    """Never leaves the file it was given: a link of the map's credits, once followed, was the end of the map."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.newWindowRequested.connect(self._open_beside)

    def acceptNavigationRequest(self, url: QUrl | str, kind: Kind, is_main_frame: bool) -> bool:  # noqa: N802 - Qt's name
        """Only what the app itself loads; no link, no reload, no step back."""
        if kind == Kind.NavigationTypeLinkClicked:
            _open_in_users_browser(QUrl(url))
        return kind == Kind.NavigationTypeTyped and is_main_frame and QUrl(url).isLocalFile()

    def _open_beside(self, request: QWebEngineNewWindowRequest) -> None:
        """A link that was clicked with Ctrl, Shift or the middle button."""
        _open_in_users_browser(request.requestedUrl())


class AreaBrowser(QWebEngineView):
    """Shows the page, which may call `host`."""

    lost = Signal()
    """The process that draws the page has ended: nothing is seen until the page is shown again."""

    def __init__(self, host: QObject, background: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setPage(StayingPage(self))
        self.setAccessibleName(self.tr("Area map"))
        self.setAcceptDrops(False)  # the panel around takes them
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # a browser's: back, reload, save
        self.page().setBackgroundColor(QColor(background))
        channel = QWebChannel(self.page())
        channel.registerObject("host", host)
        self.page().setWebChannel(channel)
        self.page().renderProcessTerminated.connect(
            lambda status, _: None if status == ENDED else self.lost.emit()
        )
        self.let_reach_web(False)

    @staticmethod
    def start() -> None:
        """What all views share. The first of them starts it by itself, but the user waits for both together then."""
        QWebEngineProfile.defaultProfile()

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


def _open_in_users_browser(url: QUrl) -> None:
    """Pages of the web alone: buttons of the map are links too, to the page itself."""
    if url.scheme() in ("http", "https"):
        QDesktopServices.openUrl(url)

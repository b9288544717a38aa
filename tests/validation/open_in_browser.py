"""Open a page in Qt WebEngine and say on stdout, as JSON, what the browser made of it; screenshots beside, if asked.

A program of its own: a browser that crashes must not take the test run with it, and Qt wants the main thread."""

import json
import sys
from pathlib import Path

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtWebEngineCore import QWebEnginePage
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication

LOOK = """JSON.stringify({
  title: document.title,
  heading: document.querySelector('h1').innerText,
  badges: [...document.querySelectorAll('.badge')].map(b => b.innerText.toLowerCase()),
  text: document.body.innerText,
  images: [...document.images].map(i => ({width: i.naturalWidth, alt: i.alt, source: i.src.slice(0, 22)})),
  tables: [...document.querySelectorAll('table')].map(t => ({
    rows: t.tBodies[0].rows.length,
    columns: [...t.tBodies[0].rows].map(r => r.cells.length),
    header: t.tHead.rows[0].cells.length})),
  outside: performance.getEntriesByType('resource').map(r => r.name).filter(n => !n.startsWith('data:')),
  wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  height: document.documentElement.scrollHeight
})"""
SCREEN = 1100


class Page(QWebEnginePage):
    """Keeps what the console says."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def javaScriptConsoleMessage(self, _level: object, message: str, line: int, _source: str) -> None:  # noqa: N802
        self.said.append(f"{line}: {message}")


def main(page_path: Path, picture: Path | None) -> None:
    app = QApplication(sys.argv[:1])
    view, page = QWebEngineView(), Page()
    view.setPage(page)
    view.resize(1240, SCREEN)
    view.show()
    found: dict[str, object] = {}

    def looked(answer: str) -> None:
        found.update(json.loads(answer), console=page.said)
        if picture is None:
            app.quit()
        else:
            view.resize(1240, min(int(str(found["height"])), 16_000))
            QTimer.singleShot(900, shot)  # the browser paints in its own time, and says not when it has

    def shot() -> None:
        view.grab().save(str(picture))
        app.quit()

    def loaded(fine: bool) -> None:
        found["loaded"] = fine
        page.runJavaScript(LOOK, looked)

    page.loadFinished.connect(loaded)
    page.load(QUrl.fromLocalFile(str(page_path)))
    QTimer.singleShot(60_000, app.quit)
    app.exec()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)

"""The guide, and what the app is made of."""

from __future__ import annotations

from importlib import metadata, resources
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from ..texts import QT_TRANSLATE_NOOP

translate = QCoreApplication.translate  # by this name translators' tools find its texts

PARTS = (  # distribution, what it does here, licence
    ("PySide6", QT_TRANSLATE_NOOP("HelpPage", "windows and widgets (Qt for Python)"), "LGPL-3.0"),
    ("pyqtgraph", QT_TRANSLATE_NOOP("HelpPage", "maps and plots"), "MIT"),
    (
        "folium",
        QT_TRANSLATE_NOOP("HelpPage", "the area map; Leaflet (BSD-2-Clause) and Leaflet.draw (MIT) in it"),
        "MIT",
    ),
    ("numpy", QT_TRANSLATE_NOOP("HelpPage", "numbers"), "BSD-3-Clause"),
    ("pyproj", QT_TRANSLATE_NOOP("HelpPage", "coordinates (PROJ)"), "MIT"),
    ("torch", QT_TRANSLATE_NOOP("HelpPage", "the model, in the engine"), "BSD-3-Clause"),
    ("rasterio", QT_TRANSLATE_NOOP("HelpPage", "GeoTIFF, in the engine (GDAL: MIT)"), "BSD-3-Clause"),
    ("zarr", QT_TRANSLATE_NOOP("HelpPage", "embedding stores, in the engine"), "MIT"),
    ("scikit-learn", QT_TRANSLATE_NOOP("HelpPage", "probes, in the engine"), "BSD-3-Clause"),
)


class TextWindow(QDialog):
    """A page to be read beside the window."""

    def __init__(self, title: str, markdown: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setObjectName(title)
        self._page = QTextBrowser()
        self._page.setAccessibleName(title)
        self._page.setOpenLinks(False)
        self._page.anchorClicked.connect(self._follow)
        self._page.document().setDocumentMargin(16)
        self._page.setMarkdown(markdown)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self._page)
        layout.addWidget(buttons)
        self.resize(720, 640)

    @property
    def text(self) -> str:
        return self._page.toPlainText()

    def _follow(self, address: QUrl) -> None:
        """Pages of the web open in the browser; headings are scrolled to."""
        if address.isRelative():
            self._page.scrollToAnchor(address.fragment())
        else:
            QDesktopServices.openUrl(address)


def guide() -> str:
    """The guide as Markdown."""
    return Path(str(resources.files("phenolens.resources") / "help" / "app.md")).read_text(encoding="utf-8")


def about(engine: str) -> str:
    """Versions and licences as Markdown; `engine` is what is known of the engine."""
    lines = [
        f"# Phenolens {version_of('phenolens')}",
        translate(
            "HelpPage",
            "Per-date Sentinel-1 and Sentinel-2 embeddings of your own area, at 10 m, computed on your machine.",
        ),
        f"**{engine}**",
        translate(
            "HelpPage",
            "Phenolens is free software under the GNU General Public Licence, version 3 or later (GPL-3.0-or-later); "
            "it comes without any warranty. Maps contain modified Copernicus Sentinel data. The data of the sample "
            "*romania* are EUPL-1.2.",
        ),
        translate("HelpPage", "It stands on these, each under its own licence:"),
        "\n".join(
            f"- **{name}** {version_of(name)}: {translate('HelpPage', use)} ({licence})"
            for name, use, licence in PARTS
        ),
    ]
    return "\n\n".join(lines)


def version_of(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "(not installed)"

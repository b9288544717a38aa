"""How the app looks: neutral greys and one accent, light or dark; colour belongs to the data."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from importlib import resources
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication


class _Teller(QObject):
    changed = Signal()


@dataclass(eq=False)
class Theme:
    """Colours (#rrggbb) of one appearance; a window's own one changes in place, so panels read it as they draw."""

    name: str
    window: str
    base: str
    """Behind text fields, lists and plots."""
    raised: str
    line: str
    text: str
    faint: str
    """Text of less weight; 4.5:1 against `window`."""
    accent: str
    on_accent: str
    selection: str
    """Outlines in map, projection and curves; stands out from satellite colours."""
    warning: str
    good: str
    _teller: _Teller = field(default_factory=_Teller, init=False, repr=False)

    @property
    def changed(self) -> SignalInstance:
        """After every colour has changed; what panels keep made of them (pens, pictures) is made again then."""
        return self._teller.changed

    def belong_to(self, window: QObject) -> None:
        """Nobody is told any more once the window is gone."""
        self._teller.setParent(window)

    def colours(self) -> dict[str, str]:
        """By name, without the appearance's own."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.init and one.name != "name"}

    def become(self, other: Theme) -> None:
        """Take on another appearance, and tell."""
        self.name = other.name
        for name, colour in other.colours().items():
            setattr(self, name, colour)
        self.changed.emit()


LIGHT = Theme(
    "light", "#f3f3f2", "#ffffff", "#fafafa", "#d4d4d2", "#1f2021", "#5f6163", "#1f6f8b", "#ffffff",
    "#e0007a", "#a85500", "#2b7a3d",
)  # fmt: skip
DARK = Theme(
    "dark", "#242526", "#1a1b1c", "#2d2e30", "#3d3f41", "#e6e6e5", "#a3a5a7", "#5cb3cf", "#0d1b20",
    "#ff4fa8", "#f0a35a", "#6cc581",
)  # fmt: skip

_ROLES = {
    "window": "window", "base": "base", "raised": "alternate-base", "line": "mid", "text": "text",
    "faint": "shadow", "accent": "highlight", "on_accent": "highlighted-text", "warning": "link-visited",
}  # fmt: skip
"""Colours of the style sheet are those of the palette: another sheet for all widgets takes a quarter of a second."""
_STYLE = """
QMainWindow::separator {{ background: {line}; width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {accent}; }}
DockTitle {{ background: {window}; border-bottom: 1px solid {line}; }}
QToolBar {{ background: {window}; border: 0; border-bottom: 1px solid {line}; spacing: 2px; padding: 3px; }}
QStatusBar {{ background: {window}; border-top: 1px solid {line}; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QToolButton, QStatusBar QPushButton {{ padding: 1px 8px; }}
QToolButton {{ padding: 4px 8px; border-radius: 4px; }}
QToolButton[boxed="true"] {{ border: 1px solid {line}; background: {raised}; }}
QToolButton:hover {{ background: {line}; }}
QToolButton:focus {{ text-decoration: underline; }}
QToolButton:checked {{ background: {accent}; color: {on_accent}; }}
QToolButton:disabled {{ color: {faint}; }}
QToolButton[link="true"] {{ color: {accent}; }}
QToolButton[compact="true"] {{ padding: 3px 1px; }}
QPushButton {{ padding: 4px 10px; border: 1px solid {line}; border-radius: 4px; background: {raised}; }}
QPushButton:hover {{ border-color: {accent}; }}
QPushButton:focus {{ border-color: {accent}; }}
QPushButton:checked {{ background: {accent}; color: {on_accent}; border-color: {accent}; }}
QPushButton:disabled {{ color: {faint}; background: {window}; }}
QPushButton[primary="true"] {{ background: {accent}; color: {on_accent}; border-color: {accent}; font-weight: 600; }}
QPushButton[primary="true"]:focus {{ border-color: {text}; }}
QPushButton[primary="true"]:disabled {{ background: {line}; color: {faint}; border-color: {line}; }}
QFrame[card="true"] {{ background: {base}; border: 1px solid {line}; border-radius: 8px; }}
QFrame[card="true"]:hover {{ border-color: {accent}; }}
QFrame[card="true"]:focus {{ border: 2px solid {accent}; }}
QLabel[faint="true"] {{ color: {faint}; }}
QLabel[heading="true"] {{ font-weight: 600; }}
QLabel[title="true"] {{ font-size: 20pt; font-weight: 600; }}
QLabel[warning="true"] {{ color: {warning}; }}
QRadioButton::indicator, QCheckBox::indicator {{
    width: 11px; height: 11px; border: 1px solid {faint}; background: {base};
}}
QRadioButton::indicator {{ border-radius: 6px; }}
QCheckBox::indicator {{ border-radius: 3px; }}
QRadioButton::indicator:checked, QCheckBox::indicator:checked {{ background: {accent}; border-color: {accent}; }}
QRadioButton::indicator:hover, QCheckBox::indicator:hover {{ border-color: {accent}; }}
QTabBar {{ qproperty-drawBase: 0; }}
QTabBar::tab {{ padding: 6px 12px; border: 0; border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ border-bottom-color: {accent}; font-weight: 600; }}
QDockWidget {{ titlebar-close-icon: url("{dock_close}"); titlebar-normal-icon: url("{dock_float}"); }}
QMainWindow > QTabBar {{ qproperty-elideMode: ElideNone; }}
QMainWindow > QTabBar::tab {{ padding: 4px 4px; }}
QMainWindow > QTabBar::tab:selected {{ font-weight: normal; }}
QTabBar QToolButton {{ padding: 0; border-radius: 0; background: {window}; }}
QTabBar QToolButton:hover {{ background: {line}; }}
QTabWidget::pane {{ border: 0; border-top: 1px solid {line}; }}
QHeaderView::section {{ background: {window}; border: 0; border-bottom: 1px solid {line}; padding: 4px 6px; }}
QAbstractItemView[selectionBehavior="1"] {{ outline: 0; }}
QTableCornerButton::section {{ background: {window}; border: 0; border-bottom: 1px solid {line}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QToolTip {{ background: {base}; color: {text}; border: 1px solid {line}; padding: 4px; }}
"""


def theme_named(name: str) -> Theme:
    """`light`, `dark`, or what the desktop prefers for anything else; the caller's own, which may change."""
    if name in ("light", "dark"):
        return replace(LIGHT if name == "light" else DARK)
    hints = QApplication.styleHints()
    return replace(DARK if hints is not None and hints.colorScheme().name == "Dark" else LIGHT)


def icon_path(name: str) -> str:
    """Of an icon that the app has; its grey stands out in either appearance."""
    return str(resources.files("phenolens.resources") / "icons" / f"{name}.svg")


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Palette and style of every widget, and the colours that plots made from now on start with."""
    set_colours(application, theme)
    colours = {name: f"palette({role})" for name, role in _ROLES.items()}
    # not shown: of icons of its own Qt (6.11) opens the files whenever a dock comes or goes
    icons = {f"dock_{kind}": Path(icon_path(f"dock-{kind}")).as_posix() for kind in ("close", "float")}
    sheet = _STYLE.format(**colours, **icons)
    if application.styleSheet() != sheet:
        application.setStyle("Fusion")
        application.setStyleSheet(sheet)


def set_colours(application: QApplication, theme: Theme) -> None:
    """Of widgets and plots made from now on; those that there are take them on when they are polished again."""
    application.setPalette(_palette(theme))
    pg.setConfigOptions(
        background=theme.base, foreground=theme.text, antialias=True, imageAxisOrder="row-major"
    )


def _palette(theme: Theme) -> QPalette:
    palette, role = QPalette(), QPalette.ColorRole
    for roles, colour in (
        ((role.Window, role.Button), theme.window),
        ((role.Base,), theme.base),
        ((role.AlternateBase, role.ToolTipBase), theme.raised),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText), theme.text),
        ((role.PlaceholderText,), theme.faint),
        ((role.Highlight, role.Link, role.Accent), theme.accent),
        ((role.HighlightedText,), theme.on_accent),
        ((role.Mid, role.Dark), theme.line),
        ((role.Shadow,), theme.faint),  # these two for the style sheet, which has no other names for them
        ((role.LinkVisited,), theme.warning),
    ):
        for one in roles:
            palette.setColor(one, QColor(colour))
    for one in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, one, QColor(theme.faint))
    return palette

"""Controls that give way where there is little room: their text ends in …, or their list is wider than they are."""

from __future__ import annotations

import re

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QRadioButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
)

FEW_LETTERS = 6
_JOINTS = re.compile(r"([_./-])")
ARROW, AROUND = 34, 22
"""Points of a combo box, and of a button, beside its text: edges, and the arrow that says there is a menu."""


class ElidedRadio(QRadioButton):
    """Holds the whole text; shows what there is room for."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self.sizeHint().boundedTo(QSize(_wide(self) + self.sizeHint().height(), 9999))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter, option = QStylePainter(self), QStyleOptionButton()
        self.initStyleOption(option)
        part = QStyle.SubElement.SE_RadioButtonContents
        room = self.style().subElementRect(part, option, self).width()
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        painter.drawControl(QStyle.ControlElement.CE_RadioButton, option)


class ElidedLine(QLabel):
    """One line in whatever room there is; text that is rich (colours of classes) is cut off instead."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        if "<" in self.text():
            super().paintEvent(event)
            return
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        middle = Qt.AlignmentFlag.AlignVCenter
        QStylePainter(self).drawItemText(
            self.rect(), middle, self.palette(), True, text, self.foregroundRole()
        )


class ElidedTool(QToolButton):
    """A button with a menu that says what is chosen of it; holds the whole text, shows what there is room for."""

    def __init__(self) -> None:
        super().__init__(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self.sizeHint().boundedTo(QSize(_wide(self) + 2 * self.sizeHint().height(), 9999))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter, option = QStylePainter(self), QStyleOptionToolButton()
        self.initStyleOption(option)
        room = self.width() - AROUND
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)


class NarrowCombo(QComboBox):
    """As wide as what it offers where there is room, else as narrow as some letters; its list is always whole."""

    def __init__(self, letters: int = 8) -> None:
        super().__init__()
        self._letters = letters
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        wide = self.fontMetrics().averageCharWidth() * self._letters + ARROW
        return self.sizeHint().boundedTo(QSize(wide, 9999))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width() - 2
        text = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)
        option.currentText = text
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        view = self.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + view.verticalScrollBar().sizeHint().width())
        super().showPopup()


def _wide(widget: QRadioButton | QToolButton) -> int:
    return widget.fontMetrics().averageCharWidth() * FEW_LETTERS


def breakable(name: str) -> str:
    """With places to break it: names of files are long words, and one line of them would widen a panel."""
    return _JOINTS.sub("\\1\u200b", name)

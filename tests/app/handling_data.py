"""How tests handle the panel of the user's own data: add files, answer, and read what it tells."""

from pathlib import Path

from phenolens.app.panels.data_bands import BandsQuestion
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QTreeWidget


def lines(areas) -> list[str]:
    """What the list of data shows."""
    shown = areas.data.findChild(QTreeWidget)
    return [shown.topLevelItem(row).text(0) for row in range(shown.topLevelItemCount())]


def report(areas) -> str:
    """What is told of the data that are looked into."""
    return "".join(label.text() for label in areas.data.findChildren(QLabel))


def state(areas, qtbot, sensor: str, stored_as: str) -> None:
    """Choose how numbers are stored."""
    box = areas.data.findChild(QComboBox, f"stored as {sensor}")
    box.setCurrentIndex(box.findData(stored_as))
    box.activated.emit(box.currentIndex())


def name_bands(areas, until, *names: str) -> None:
    """Answer which bands the files hold, once it is asked."""
    until(lambda: areas.data.findChild(BandsQuestion) is not None)
    question = areas.data.findChild(BandsQuestion)
    for box, name in zip(question.boxes, names, strict=True):
        box.setCurrentIndex(box.findData(name))
    question.findChild(QPushButton, "name bands").click()


def add(areas, path: Path, until) -> None:
    """Hand a path over, and wait until it was looked into."""
    areas.data_at_hand.add([str(path)])
    until(lambda: "Looking into" not in report(areas))

"""Panels that scroll where the window is low."""

from phenolens.app.panels.scrolled import scrolled
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget


def test_docks_hear_of_a_panel_that_needs_another_width_and_of_no_other_text(qtbot):
    panel, text = QWidget(), QLabel("seen")
    panel.setLayout(QVBoxLayout())
    panel.layout().addWidget(text)
    tall = QWidget(minimumHeight=300)
    panel.layout().addWidget(tall)
    area = scrolled(panel)
    qtbot.addWidget(area)
    area.show()
    QApplication.processEvents()
    widths: list[int] = []
    area._room.widened.connect(lambda: widths.append(area.minimumSizeHint().width()))
    narrow = area.minimumSizeHint().width()
    text.setText("nees")
    tall.setMinimumHeight(400)
    QApplication.processEvents()
    assert widths == []
    assert panel.height() >= 400
    text.setText("seen from far away")
    QApplication.processEvents()
    assert len(widths) == 1
    assert widths[0] > narrow
    text.setText("seen")
    QApplication.processEvents()
    assert widths[1:] == [narrow]

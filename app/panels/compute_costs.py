"""What an embedding takes: size, acquisitions, dates, time, disk, memory."""

from __future__ import annotations

from phenolens.engine.client.sources import Plan
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from ..areas import Area
from ..telling import surface
from ..texts import QT_TRANSLATE_NOOP

translate = QCoreApplication.translate  # by this name translators' tools find its texts

COSTS = {
    QT_TRANSLATE_NOOP("ComputeCosts", "Size"): QT_TRANSLATE_NOOP(
        "ComputeCosts", "Of the area on the 10 m grid; of a polygon, pixels whose centre lies inside"
    ),
    QT_TRANSLATE_NOOP("ComputeCosts", "Acquisitions"): QT_TRANSLATE_NOOP(
        "ComputeCosts", "Of both sensors, over this area"
    ),
    QT_TRANSLATE_NOOP("ComputeCosts", "Dates"): QT_TRANSLATE_NOOP(
        "ComputeCosts", "At which every pixel is embedded"
    ),
    QT_TRANSLATE_NOOP("ComputeCosts", "Time"): QT_TRANSLATE_NOOP(
        "ComputeCosts", "From the embeddings computed here before; a guess as long as there are none"
    ),
    QT_TRANSLATE_NOOP("ComputeCosts", "Disk"): QT_TRANSLATE_NOOP(
        "ComputeCosts", "At most: what is compressed takes less"
    ),
    QT_TRANSLATE_NOOP("ComputeCosts", "Memory"): QT_TRANSLATE_NOOP(
        "ComputeCosts", "Planned for; the work is cut to fit"
    ),
}


class ComputeCosts(QWidget):
    """A line for each, with what it means in its tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for row, (name, meaning) in enumerate(COSTS.items()):
            title = QLabel(self.tr(name))
            title.setProperty("faint", True)
            told = self.told[name] = QLabel(wordWrap=True)  # what is long must not widen the panel
            told.setAlignment(Qt.AlignmentFlag.AlignRight)
            told.setAccessibleName(self.tr(name))
            for label in (title, told):
                label.setToolTip(self.tr(meaning))
            grid.addWidget(title, row, 0)
            grid.addWidget(told, row, 1)

    def set_plan(self, plan: Plan | None, waiting: bool, area: Area | None) -> None:
        """None: it can't be done, or isn't counted yet; the size of the area is known all the same."""
        for name, label in self.told.items():
            label.setText(_cost(name, plan) if plan else "–")
            label.setEnabled(not waiting)
        if plan is None and area is not None:
            self.told["Size"].setText(surface(area.km2))


def _cost(name: str, plan: Plan) -> str:
    rows, columns = plan.grid.shape
    sensors = ", ".join(f"{count} {sensor.upper()}" for sensor, count in plan.acquisitions.items())
    dates, pixels = len(plan.dates), plan.pixel_dates // len(plan.dates)
    days = translate("ComputeCosts", "{}, {} to {}").format(dates, plan.dates[0][:10], plan.dates[-1][:10])
    size = f"{columns} × {rows} px"
    if pixels != rows * columns:
        size = f"{pixels:,} px"
    time = (
        translate("ComputeCosts", "about {}")
        if plan.measured
        else translate("ComputeCosts", "about {} (a guess)")
    )
    free = translate("ComputeCosts", "{} of {} free")
    return {
        "Size": f"{surface(plan.km2)}  ({size})",
        "Acquisitions": sensors,
        "Dates": translate("ComputeCosts", "about {}").format(days) if plan.about else days,
        "Time": time.format(_duration(plan.seconds)),
        "Disk": "≤ " + free.format(_bytes(plan.storage_bytes), _bytes(plan.free_bytes)),
        "Memory": free.format(_bytes(plan.peak_memory_bytes), _bytes(plan.free_memory_bytes)),
    }[name]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(5, round(seconds / 5) * 5)} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _bytes(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"

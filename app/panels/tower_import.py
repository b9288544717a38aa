"""Which columns of tower tables are what, before a probe learns from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from ..recipe import TowerColumns
from ..tower_tables import Column
from .columns_dialog import ColumnsDialog, usual

translate = QCoreApplication.translate  # by this name translators' tools find its texts

UNITS = ("gC m-2 d-1", "umol m-2 s-1")
PARTS = ("month", "day", "hour", "minute")
MONTHS = 12
DAY_OF_YEAR = ("doy", "day_of_year", "dayofyear", "jday", "julian_day", "yday")
"""How the column of days of the year is usually called."""
READABLE = re.compile(r"\d{4}|\d{1,2}\.\d{1,2}\.\d{4}")
"""How dates begin."""
USUAL: Mapping[str, tuple[str, ...]] = {
    "gpp": ("gpp", "gpp_f", "gpp_nt", "gpp_dt", "gpp_nt_vut_ref", "gpp_umol", "gpp_gc"),
    "time": ("date", "datetime", "time", "timestamp", "timestamp_start", "datum", "day_of", "year"),
    "month": ("month", *DAY_OF_YEAR),
    "day": ("day",),
    "hour": ("hour",),
    "minute": ("minute",),
    "quality": ("quality", "qc", "gpp_qc", "nee_qc", "nee_vut_ref_qc", "flag"),
    "site": ("site", "site_id", "siteid", "station"),
}
"""How columns are usually called; small letters."""


class TowerColumnsDialog(ColumnsDialog):
    """Asks what the columns of a table are; `chosen` tells them. Names are guessed, to be seen; the unit never is."""

    def __init__(self, name: str, columns: Sequence[Column], parent: QWidget | None = None) -> None:
        super().__init__(
            translate("TowerColumnsDialog", "Columns of {0}").format(name),
            translate(
                "TowerColumnsDialog", "This table is of none of the networks' formats. What are its columns?"
            ),
            translate("TowerColumnsDialog", "Take them"),
            parent,
        )
        self._columns = columns
        self._make_boxes()
        self._make_others()
        self._add_rows()
        self._check()

    @property
    def answer(self) -> TowerColumns:
        """What was chosen."""
        named = {role: str(box.currentData() or "") for role, box in self._boxes.items()}
        more = ((before, part) for before, part in zip(("time", *PARTS), PARTS, strict=False))
        parts = takewhile(bool, (named[part] if self._asks_for_more(before) else "" for before, part in more))
        return TowerColumns(
            gpp_column=named["gpp"],
            unit=str(self._unit.currentData() or ""),
            time_columns=(named["time"], *parts),
            time_is=str(self._time_is.currentData()),
            quality_column=named["quality"] or None,
            good_flags=tuple(_whole(self._flags.text())) or (0, 1),
            without_quality=self._without.isChecked() and not named["quality"],
            site_column=named["site"] or None,
            site=None if named["site"] else self._site.text().strip() or None,
        )

    def _make_boxes(self) -> None:
        offered = [(column.name, column.examples) for column in self._columns]
        guessed = usual([column.name for column in self._columns], USUAL)
        for role, text, tip in (
            ("gpp", self.tr("GPP"), ""),
            ("time", self.tr("Date, time, or year"), self.tr("Such as 2018-05-01 or 2018-05-01 12:30")),
            *(
                (part, text, self.tr("Where the date stands in several columns"))
                for part, text in self._parts()
            ),
            (
                "quality",
                self.tr("Quality"),
                self.tr("Of days a share from 0 to 1; of half-hours or hours a flag, such as 0 to 3"),
            ),
            ("site", self.tr("Site"), self.tr("Which tower a row is of")),
        ):
            self._box(role, text, offered, guessed.get(role, "")).setToolTip(tip)

    def _make_others(self) -> None:
        self._unit, self._time_is = QComboBox(), QComboBox()
        self._unit.addItem(self.tr("Choose…"), "")
        for unit in UNITS:
            self._unit.addItem(unit, unit)
        self._time_is.addItem(self.tr("the start of its interval"), "start")
        self._time_is.addItem(self.tr("the end of its interval"), "end")
        self._without = QCheckBox(self.tr("Take all days, as there is no quality"))
        self._without.setToolTip(self.tr("Days that were filled in can't be told apart then"))
        self._flags, self._site = QLineEdit("0, 1"), QLineEdit()
        self._flags.setToolTip(self.tr("Half-hours or hours with these flags count as measured"))
        self._site.setPlaceholderText(self.tr("such as DE-Tha"))
        self._without.toggled.connect(lambda _: self._check())
        for box in (self._unit, self._time_is):
            box.currentIndexChanged.connect(lambda _: self._check())
        for edit in (self._flags, self._site):
            edit.textChanged.connect(lambda _: self._check())

    def _parts(self) -> tuple[tuple[str, str], ...]:
        return (
            ("month", self.tr("and month, or day of the year")),
            ("day", self.tr("and day")),
            ("hour", self.tr("and hour")),
            ("minute", self.tr("and minute")),
        )

    def _add_rows(self) -> None:
        for text, widget in (
            (self.tr("GPP"), self._boxes["gpp"]),
            (self.tr("Its unit"), self._unit),
            (self.tr("Date, time, or year"), self._boxes["time"]),
            *((text, self._boxes[part]) for part, text in self._parts()),
            (self.tr("A time says"), self._time_is),
            (self.tr("Quality"), self._boxes["quality"]),
            ("", self._without),
            (self.tr("Good flags"), self._flags),
            (self.tr("Site"), self._boxes["site"]),
            (self.tr("Name of the site"), self._site),
        ):
            if text:
                widget.setAccessibleName(text)
            self._form.addRow(text, widget)

    def _check(self) -> None:
        super()._check()
        chosen = {role: bool(box.currentData()) for role, box in self._boxes.items()}
        self._form.setRowVisible(self._without, not chosen["quality"])
        self._form.setRowVisible(self._flags, chosen["quality"])
        self._form.setRowVisible(self._site, not chosen["site"])
        asked = True
        for before, part in zip(("time", *PARTS), PARTS, strict=False):
            asked = asked and self._asks_for_more(before)
            self._form.setRowVisible(self._boxes[part], asked)

    def _asks_for_more(self, before: str) -> bool:
        """Whether a part of the date may follow the one before: only a bare number, such as a year, has others."""
        examples = self._examples(before)
        if before == "month" and self._is_day_of_year(examples):
            return False
        return bool(examples) and all(text.isdigit() and len(text) <= 4 for text in examples)

    def _is_day_of_year(self, examples: Sequence[str]) -> bool:
        """By its name or values: the first days of a year look like months."""
        name = str(self._boxes["month"].currentData() or "").lower()
        return name in DAY_OF_YEAR or any(text.isdigit() and int(text) > MONTHS for text in examples)

    def _examples(self, role: str) -> tuple[str, ...]:
        """Values of the column that was chosen."""
        name = self._boxes[role].currentData()
        return next((column.examples for column in self._columns if column.name == name), ())

    def _no_date(self) -> str:
        """The first value of the column of dates that nobody can read; empty where all can be."""
        return next((text for text in self._examples("time") if text and not READABLE.match(text)), "")

    def _problem(self) -> str:
        chosen = self.answer
        wrong = (
            (not chosen.gpp_column, self.tr("Choose the column of GPP.")),
            (not chosen.unit, self.tr("Choose the unit of GPP: it is never guessed.")),
            (not chosen.time_columns[0], self.tr("Choose the column of dates or times.")),
            (
                bool(self._no_date()),
                self.tr("Dates such as {} can't be read: write 2018-05-31 or 31.5.2018.").format(
                    self._no_date()
                ),
            ),
            (
                self._asks_for_more("time") and len(chosen.time_columns) == 1,
                self.tr(
                    "A year alone is no day: choose month and day too, or the day of the year (1 to 366)."
                ),
            ),
            (
                len(chosen.time_columns) > 1 and "mon" in chosen.time_columns[-1].lower(),
                self.tr("A month is no day: choose the day too."),
            ),
            (
                chosen.quality_column is None and not chosen.without_quality,
                self.tr("Choose the column of quality, or take all days."),
            ),
            (
                chosen.quality_column is not None and not _whole(self._flags.text()),
                self.tr("Good flags are whole numbers, such as 0, 1."),
            ),
            (
                chosen.site_column is None and chosen.site is None,
                self.tr("Choose the column of the site, or name it."),
            ),
        )
        return next((text for holds, text in wrong if holds), "")


def _whole(text: str) -> list[int]:
    """Whole numbers with commas between them; none where something else stands there."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        return []

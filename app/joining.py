"""Classes and labels put beside those that there are: told apart by name, under codes and colours of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from phenolens.engine.client.errors import InputError
from PySide6.QtCore import QCoreApplication

from .label_file import placed
from .recipe import Quantity
from .session import CLASS_COLOURS, Label, LandClass, Work

translate = QCoreApplication.translate  # by this name translators' tools find its texts

MOST_CODES = 254
_Where = tuple[tuple[tuple[float, float], ...], str | None, str | None]


def beside(
    classes: Sequence[LandClass], more: Sequence[LandClass]
) -> tuple[tuple[LandClass, ...], dict[int, int]]:
    """All of them, and the code that each of `more` has there: its own, unless another class has that already.

    `InputError` where there are more than codes."""
    names = {one.name: one.code for one in classes}
    others = [one for one in more if one.name not in names]
    codes = names | _codes(set(names.values()), others)
    found = list(classes)
    for one in others:
        found.append(LandClass(codes[one.name], one.name, _fresh(found, one.colour)))
    return tuple(found), {one.code: codes[one.name] for one in more}


def _codes(taken: set[int], others: Sequence[LandClass]) -> dict[str, int]:
    """By name. Those that can stay as they are come first."""
    own = {one.code for one in others} - taken
    free = [code for code in range(1, MOST_CODES + 1) if code not in taken | own]
    moved = [one.name for one in others if one.code not in own]
    if len(moved) > len(free):
        raise InputError(
            translate("LabelImport", "there are more classes than codes"),
            value=f"{len(taken) + len(others):,}",
            remedy=translate("LabelImport", "remove some, or import a coarser column"),
        )
    return {one.name: one.code for one in others if one.code in own} | dict(zip(moved, free, strict=False))


def joined(work: Work, labels: tuple[Label, ...], response: Mapping[str, Any]) -> Work:
    """Labels beside those that there are, or in place of those that say something else."""
    if response["task"] == "regression":
        return _of_values(work, labels, Quantity(str(response["name"]), str(response.get("unit") or "")))
    told = [LandClass(int(one["code"]), str(one["name"]), str(one["colour"])) for one in response["classes"]]
    classes, codes = beside(work.classes, told)
    kept = work.labels if work.quantity is None else ()
    new = tuple(replace(one, value=float(codes[int(one.value)])) for one in labels)
    return Work(work.places, work.selections, classes, _all_of(kept, new))


def joining_told(before: Work, after: Work, response: Mapping[str, Any]) -> list[str]:
    """What an import has changed of labels that there were, and of codes in the file."""
    lines = []
    codes = {one.name: one.code for one in after.classes}
    moved = [
        f"{one['name']} {one['code']} → {codes[one['name']]}"
        for one in response.get("classes") or ()
        if codes[one["name"]] != int(one["code"])
    ]
    if moved:
        lines.append(
            translate("LabelImport", "Codes that are taken here were changed: {}.").format(", ".join(moved))
        )
    if before.labels and not _same(before.quantity, after.quantity):
        lines.append(put_aside(before))
    lines += [
        translate(
            "LabelImport",
            "{} differ in capitals or blanks alone. If they are one class, rename one as the other.",
        ).format(", ".join(f"“{name}”" for name in alike))
        for alike in _almost_alike(codes)
        if not {one.name for one in before.classes}.issuperset(alike)
    ]
    return lines


def put_aside(before: Work) -> str:
    """That labels made way for such as say something else; empty where there were none."""
    if not before.labels:
        return ""
    one, several = (
        (
            translate("LabelImport", "1 label of a class was put aside: Undo brings it back."),
            translate("LabelImport", "{:,} labels of classes were put aside: Undo brings them back."),
        )
        if before.quantity is None
        else (
            translate("LabelImport", "1 label of {name} was put aside: Undo brings it back."),
            translate("LabelImport", "{:,} labels of {name} were put aside: Undo brings them back."),
        )
    )
    name = before.quantity.name if before.quantity is not None else ""
    return (one if len(before.labels) == 1 else several).format(len(before.labels), name=name)


def made_one(work: Work, code: int, into: int) -> Work:
    """Without the class `code`: its labels are of the class `into`. What both labelled stays once."""
    labels = (replace(one, value=float(into)) if one.value == code else one for one in work.labels)
    once = {(one.value, one.corners, one.start, one.end): one for one in labels}
    classes = tuple(one for one in work.classes if one.code != code)
    return replace(work, classes=classes, labels=tuple(once.values()))


def _almost_alike(names: Iterable[str]) -> list[list[str]]:
    """Different names that are the same but for capitals and blanks."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault("".join(name.split()).casefold(), []).append(name)
    return [alike for alike in found.values() if len(alike) > 1]


def _of_values(work: Work, labels: tuple[Label, ...], quantity: Quantity) -> Work:
    same = _same(work.quantity, quantity)
    if same and work.quantity is not None:
        quantity = Quantity(work.quantity.name, work.quantity.unit or quantity.unit)
    kept = work.labels if same else ()
    return Work(work.places, work.selections, work.classes, _all_of(kept, labels), quantity)


def _same(one: Quantity | None, other: Quantity | None) -> bool:
    """Whether labels of both can stand side by side; a unit that isn't stated is no other one."""
    if one is None or other is None:
        return one is other
    return one.name.casefold() == other.name.casefold() and (
        one.unit == other.unit or not one.unit or not other.unit
    )


def repeats_told(before: Work, after: Work, given: int) -> list[str]:
    """How many of the labels `given` were there already, and how many of those were corrected by them."""
    if not _same(before.quantity, after.quantity):
        return []
    gone = len(set(before.labels).difference(after.labels))
    known = given - (len(after.labels) - len(before.labels) + gone)
    lines = []
    if gone == 1:
        lines.append(
            translate("LabelImport", "1 label of the same place and days was replaced: Undo brings it back.")
        )
    elif gone:
        told = translate(
            "LabelImport", "{:,} labels of the same place and days were replaced: Undo brings them back."
        )
        lines.append(told.format(gone))
    if known > 0:
        many = translate("LabelImport", "1 was") if known == 1 else translate("LabelImport", "{:,} were")
        lines.append(translate("LabelImport", "{} there already.").format(many.format(known)))
    return lines


def _all_of(kept: tuple[Label, ...], new: tuple[Label, ...]) -> tuple[Label, ...]:
    """New ones in groups of their own. What they say of the same place and days holds, as where one is drawn again;
    the same file imported twice labels nothing twice."""
    first = 1 + max((label.group for label in kept if label.group is not None), default=-1)
    said: dict[_Where, set[float]] = {}
    for one in new:
        said.setdefault(_where(one), set()).add(one.value)
    still = (one for one in kept if one.value in said.get(_where(one), {one.value}))
    apart = (replace(one, group=first + (one.group or 0)) for one in new)
    found: dict[tuple[_Where, float], Label] = {}
    for one in (*still, *apart):
        found.setdefault((_where(one), one.value), one)
    return tuple(found.values())


def _where(label: Label) -> _Where:
    return tuple(map(placed, label.corners)), label.start, label.end


def _fresh(classes: list[LandClass], wanted: str) -> str:
    """The file's colour, unless a class has it already."""
    taken = {one.colour for one in classes}
    if wanted not in taken:
        return wanted
    return next((colour for colour in CLASS_COLOURS if colour not in taken), wanted)

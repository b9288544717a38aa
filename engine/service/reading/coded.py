"""Classes that the bins of a projection are coloured by: those of a layer, on each date, or given ones."""

import base64
from typing import TYPE_CHECKING

import numpy as np

from ...classes import LARGEST_CODE, NODATA, ClassTable, LandClass
from ...errors import InputError
from ...views.colour import Bytes
from ...views.maps import times_of
from ...views.projection_density import Colouring
from .kept import Kept
from .layers import Drawing, Look
from .maps import Part
from .projections import Projected
from .stores import OpenStore

if TYPE_CHECKING:
    from .desk import Desk

CODES_BYTES = 32 * 2**20


class LayerClasses:
    """Codes of layers that were asked for lately: the same picture along other axes reads nothing again."""

    def __init__(self) -> None:
        self._codes: Kept[Bytes] = Kept(CODES_BYTES, lambda codes: codes.nbytes)

    def colouring(
        self, desk: "Desk", opened: OpenStore, found: Projected, look: Look, part: Part
    ) -> Colouring:
        """Of a layer such as `cluster` or a probe's, on each date or over one period (the look's date).

        `part` is what `found` shows. `InputError` where the layer has no classes."""
        times = times_of(opened.store)

        def drawing(date: int) -> tuple[Look, Drawing]:
            day = f"{times[date]:%Y-%m-%dT%H:%M:%SZ}"
            dated = look if look.date is not None else Look(look.layer, day, clusters=look.clusters)
            return dated, desk.drawing(opened, dated)

        classes = drawing(found.dates[0])[1].classes
        if classes is None:
            remedy = "cluster, or a probe of classes"
            raise InputError("the layer shows no classes", value=look.layer, remedy=remedy)

        def codes(date: int) -> Bytes:
            dated, drawn = drawing(date)
            key = (opened.key, drawn.key, dated, part)
            return self._codes.get(key, lambda: drawn.values(found.view).array[0])

        if look.date is not None:
            return Colouring("class", classes=classes, codes=codes(found.dates[0]))
        return Colouring("class", classes=classes, codes_of=codes)

    def forget(self) -> None:
        """Let go of all: they are read again when they are asked for."""
        self._codes.forget()


def given_classes(opened: OpenStore, found: Projected, text: str) -> Colouring:
    """From base64, a byte for each pixel of the store, 0 = none; `InputError` where they don't fit it."""
    shape = opened.store.grid.shape
    try:
        flat = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    except ValueError as error:
        raise InputError("the classes aren't base64", value=error) from None
    if flat.size != shape[0] * shape[1]:
        remedy = f"one byte for each of {shape[0]} × {shape[1]} pixels"
        raise InputError("the classes don't fit the store", value=f"{flat.size} bytes", remedy=remedy)
    there = [int(code) for code in np.unique(flat) if code != NODATA]
    if not there or there[-1] > LARGEST_CODE:
        raise InputError("the codes of classes can't be used", value=there[-1:], remedy="use 1 to 254")
    beneath = found.view.beneath(found.view.grid.window)
    codes = flat.reshape(shape)[beneath.slices][:: found.view.step, :: found.view.step]
    table = ClassTable(tuple(LandClass(code, f"class {code}", "#000000") for code in there))
    return Colouring("class", classes=table, codes=codes)

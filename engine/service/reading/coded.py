"""Classes that the bins of a projection are coloured by: those of a layer, on each date, or given ones."""

import base64
from typing import TYPE_CHECKING

import numpy as np

from ...classes import LARGEST_CODE, NODATA, ClassTable, LandClass
from ...errors import InputError
from ...views.colour import Bytes
from ...views.maps import times_of
from ...views.projection_density import Colouring
from .layers import Look
from .projections import Projected
from .stores import OpenStore

if TYPE_CHECKING:
    from .desk import Desk


def layer_classes(desk: "Desk", opened: OpenStore, found: Projected, look: Look) -> Colouring:
    """Of a layer such as `cluster` or a probe's, on each date or over one period (the look's date).

    `InputError` where it shows no classes."""
    times = times_of(opened.store)

    def on(date: int) -> Look:
        if look.date is not None:
            return look
        return Look(look.layer, f"{times[date]:%Y-%m-%dT%H:%M:%SZ}", clusters=look.clusters)

    classes = desk.drawing(opened, on(found.dates[0])).classes
    if classes is None:
        raise InputError(
            "the layer shows no classes", value=look.layer, remedy="cluster, or a probe of classes"
        )

    def codes(date: int) -> Bytes:
        values: Bytes = desk.drawing(opened, on(date)).values(found.view).array[0]
        return values

    if look.date is not None:
        return Colouring("class", classes=classes, codes=codes(found.dates[0]))
    return Colouring("class", classes=classes, codes_of=codes)


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

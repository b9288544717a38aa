"""Maps of a date: any window of a store, at any step, as PNG or as numbers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ...errors import AreaError, InputError
from ...grid import Grid, Window
from ...store_overview import Overview
from ..faults import TooLarge
from .layers import Drawing, Look, Values
from .pictures import PNG, rendered
from .stores import OpenStore

MOST_SHOWN = 2_048 * 2_048
"""Pixels of an answer."""
MOST_READ = 128 * 2**20
"""Pixels of a window, those that a step leaves out included: a little more than a Sentinel-2 tile."""
RAW = "application/octet-stream"
Format = Literal["png", "raw"]


@dataclass(frozen=True)
class Part:
    """Which pixels of a store are meant."""

    window: Window | None = None
    """None = all."""
    step: int = 1
    """Every n-th pixel along both axes, from the window's upper left one on."""

    def of(self, opened: OpenStore, most_read: int = MOST_READ, most_shown: int = MOST_SHOWN) -> Overview:
        """`AreaError` beyond the store, `TooLarge` for more than is answered at once."""
        whole = opened.store.grid.window
        window = self.window or whole
        check_size(window, self.step, most_read, most_shown)
        return Overview(opened.store, window, self.step)


@dataclass(frozen=True)
class Answer:
    """Bytes, what they are, and what one must know to read them."""

    body: bytes
    media: str
    headers: Mapping[str, str] = field(default_factory=dict)


def check_size(window: Window, step: int, most_read: int, most_shown: int) -> None:
    if step < 1:
        raise InputError("the step must be above 0", value=step, remedy="1 shows every pixel")
    if window.height < 1 or window.width < 1:
        raise AreaError("the window has no pixels", value=window, remedy="give row,col,height,width")
    shown = -(-window.height // step) * -(-window.width // step)
    read = window.height * window.width
    if shown > most_shown:
        need = int(np.ceil((read / most_shown) ** 0.5))
        raise TooLarge(
            "more pixels than one answer holds",
            value=f"{shown:,} px, at most {most_shown:,}",
            remedy=f"ask for a smaller window or a step of {need} or more; exports have no such limit",
        )
    if read > most_read:
        remedy = "ask for a smaller window, or run a job"
        raise TooLarge("the window is too large", value=f"{read:,} px, at most {most_read:,}", remedy=remedy)


def drawn(opened: OpenStore, drawing: Drawing, part: Part, form: Format) -> Answer:
    """A part of a store as PNG, or as little-endian numbers whose shape the headers say."""
    view = part.of(opened, drawing.most_pixels or MOST_READ)
    if form == "png":
        layer = drawing.layer(view)
        return Answer(
            rendered(layer), PNG, {**_placed(view.grid), "X-Title": _ascii(opened.titled(layer.title))}
        )
    values = drawing.values(view)
    return Answer(packed(values.array), RAW, {**_placed(view.grid), **said(values)})


def packed(array: Any) -> bytes:
    """Row by row, little endian."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return little.tobytes()


def said(values: Values) -> dict[str, str]:
    """How to read the bytes of an answer: shape, number type, bands, unit, and which number means nodata."""
    about = {
        "X-Shape": ",".join(map(str, values.array.shape)),
        "X-Dtype": values.array.dtype.name,
        "X-Bands": _ascii("|".join(values.bands)),
        "X-Unit": _ascii(values.unit),
    }
    return about if values.nodata is None else {**about, "X-Nodata": f"{values.nodata:g}"}


def _placed(grid: Grid) -> dict[str, str]:
    """Where the pixels lie: CRS, affine transform, rows and columns."""
    return {"X-Grid": json.dumps(grid.to_dict())}


def _ascii(text: str) -> str:
    """Headers hold no other letters."""
    return text.encode("ascii", "backslashreplace").decode()


__all__ = ["Answer", "Format", "Look", "Part", "check_size", "drawn", "packed", "said"]

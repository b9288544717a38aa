"""What the colours of a layer mean."""

from typing import Any

from ...grid import Window
from ...store_overview import Overview
from ...views.layer import Palette
from .layers import Drawing
from .stores import OpenStore


def legend(opened: OpenStore, drawing: Drawing) -> dict[str, Any]:
    """Title, channels of a picture, and a scale or classes where one band is shown."""
    layer = drawing.layer(Overview(opened.store, Window(0, 0, 1, 1)))
    classes = drawing.classes
    scale = None if layer.palette is None or classes is not None else _scale(layer.palette)
    return {
        "title": opened.titled(layer.title),
        "channels": list(layer.channels),
        "scale": scale,
        "classes": None if classes is None else classes.to_dict(),
        "simulated": opened.simulated,
        "notes": list(drawing.notes),
    }


def _scale(palette: Palette) -> dict[str, Any]:
    """Values and colours of the ends and of what lies evenly between them."""
    colours = [f"#{bytes(palette.colours[index][:3]).hex()}" for index in range(1, 256)]
    return {"low": palette.low, "high": palette.high, "unit": palette.unit, "colours": colours}

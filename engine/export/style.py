"""A complete QGIS style (QML) of a product, which QGIS loads with the file of the same name.

Written after what QGIS 3.22 saves, with nothing that later versions dropped. An incomplete style would wipe the
palette that lies in the file: every style here states its renderer in full."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..classes import ClassTable
from .product import Product, ProductBand, Ramp, apart
from .statistics import BandStatistics

_HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
DEFAULT_RAMP = Ramp.named("viridis")


def style_path(raster: Path) -> Path:
    return raster.with_suffix(".qml")


def style_qml(product: Product, found: BandStatistics) -> str:
    """Classes as a palette with names, a quantity as a ramp with its unit, a picture in its own colours.

    `found` is of the first band, which is the one that is shown."""
    root = Element(
        "qgis",
        version="3.22.0",
        styleCategories="AllStyleCategories",
        hasScaleBasedVisibilityFlag="0",
        minScale="1e+08",
        maxScale="0",
    )
    _add_flags(root)
    _add_period(root, product)
    pipe = SubElement(root, "pipe")
    provider = SubElement(pipe, "provider")
    SubElement(
        provider,
        "resampling",
        enabled="false",
        maxOversampling="2",
        zoomedInResamplingMethod="nearestNeighbour",
        zoomedOutResamplingMethod="nearestNeighbour",
    )
    _add_renderer(pipe, product, found)
    _add_filters(pipe)
    SubElement(root, "blendMode").text = "0"
    indent(root)
    return _HEAD + tostring(root, encoding="unicode") + "\n"


def _add_flags(root: Element) -> None:
    flags = SubElement(root, "flags")
    for name, on in (("Identifiable", 1), ("Removable", 1), ("Searchable", 1), ("Private", 0)):
        SubElement(flags, name).text = str(on)


def _add_period(root: Element, product: Product) -> None:
    """The layer's time, for the temporal controller; one instant stands for its day."""
    start, end = product.start, product.end or product.start
    if start is not None and start == end:
        start = start.replace(hour=0, minute=0, second=0)
        end = start + timedelta(days=1, seconds=-1)
    node = SubElement(root, "temporal", mode="0", fetchMode="0", enabled=str(int(start is not None)))
    period = SubElement(node, "fixedRange")
    for name, time in (("start", start), ("end", end)):
        SubElement(period, name).text = f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else ""


def _add_renderer(pipe: Element, product: Product, found: BandStatistics) -> None:
    band = product.bands[0]
    if product.picture:
        node = _renderer(pipe, "multibandcolor", redBand="1", greenBand="2", blueBand="3", alphaBand="4")
        _add_origin(node)
    elif band.classes is not None:
        node = _renderer(pipe, "paletted", band="1", alphaBand="-1")
        _add_origin(node)
        _add_palette(node, band.classes)
    else:
        low, high = shown_range(band, found)
        limits = {"classificationMin": _number(low), "classificationMax": _number(high)}
        node = _renderer(pipe, "singlebandpseudocolor", band="1", alphaBand="-1", **limits)
        _add_origin(node)
        _add_shader(node, band, low, high)


def _renderer(pipe: Element, kind: str, **about: str) -> Element:
    node = SubElement(pipe, "rasterrenderer", {"type": kind, "opacity": "1", "nodataColor": "", **about})
    SubElement(node, "rasterTransparency")
    return node


def _add_origin(node: Element) -> None:
    """The range is stated: QGIS must not compute one from a part of the file."""
    origin = SubElement(node, "minMaxOrigin")
    for name, text in (("limits", "None"), ("extent", "WholeRaster"), ("statAccuracy", "Estimated")):
        SubElement(origin, name).text = text
    for name, text in (("cumulativeCutLower", "0.02"), ("cumulativeCutUpper", "0.98"), ("stdDevFactor", "2")):
        SubElement(origin, name).text = text


def _add_palette(node: Element, classes: ClassTable) -> None:
    palette = SubElement(node, "colorPalette")
    for entry in classes:
        SubElement(
            palette,
            "paletteEntry",
            value=str(entry.code),
            color=entry.colour.lower(),
            alpha="255",
            label=entry.name,
        )


def shown_range(band: ProductBand, found: BandStatistics) -> tuple[float, float]:
    """Values (not stored numbers) at the ends of the ramp, `apart`."""
    ramp = band.ramp or DEFAULT_RAMP
    ends = sorted(band.offset + band.scale * (v if v is not None else 0.0) for v in (found.low, found.high))
    low = ends[0] if ramp.low is None else ramp.low
    high = ends[1] if ramp.high is None else ramp.high
    return apart(low, high, abs(band.scale))


def _add_shader(node: Element, band: ProductBand, low: float, high: float) -> None:
    colours = (band.ramp or DEFAULT_RAMP).colours
    steps = [(number / (len(colours) - 1), colour) for number, colour in enumerate(colours)]
    shader = SubElement(
        SubElement(node, "rastershader"),
        "colorrampshader",
        colorRampType="INTERPOLATED",
        classificationMode="1",
        clip="0",
        minimumValue=_number(low),
        maximumValue=_number(high),
        labelPrecision="4",
    )
    _add_ramp(shader, steps)
    for share, colour in steps:
        value = low + share * (high - low)
        SubElement(shader, "item", value=_number(value), label=f"{value:.4g}", color=colour, alpha="255")
    _add_legend(shader, band.unit, high - low)


def _add_ramp(shader: Element, steps: list[tuple[float, str]]) -> None:
    """The gradient that the layer panel shows; `prop` is how versions before 3.26 read it."""
    colours = [",".join(map(str, (*bytes.fromhex(colour[1:]), 255))) for _, colour in steps]
    stops = ":".join(f"{share:.6g};{c}" for (share, _), c in zip(steps[1:-1], colours[1:-1], strict=True))
    about = {
        "color1": colours[0],
        "color2": colours[-1],
        "discrete": "0",
        "rampType": "gradient",
        "stops": stops,
    }
    node = SubElement(shader, "colorramp", name="[source]", type="gradient")
    _add_options(node, {key: (value, "QString") for key, value in about.items()})
    for key, value in about.items():
        SubElement(node, "prop", k=key, v=value)


def _add_legend(shader: Element, unit: str, span: float) -> None:
    decimals = max(0, min(6, 2 - _magnitude(span)))
    legend = SubElement(
        shader,
        "rampLegendSettings",
        useContinuousLegend="1",
        orientation="2",
        direction="0",
        minimumLabel="",
        maximumLabel="",
        prefix="",
        suffix="" if unit in ("", "1") else f" {unit}",
    )
    number = SubElement(legend, "numericFormat", id="basic")
    kinds: dict[str, tuple[Any, str]] = {
        "decimals": (decimals, "int"),
        "rounding_type": (0, "int"),
        "show_plus": ("false", "bool"),
        "show_thousand_separator": ("true", "bool"),
        "show_trailing_zeros": ("false", "bool"),
    }
    _add_options(number, kinds)


def _add_options(node: Element, values: dict[str, tuple[Any, str]]) -> None:
    parent = SubElement(node, "Option", type="Map")
    for name, (value, kind) in values.items():
        SubElement(parent, "Option", name=name, value=str(value), type=kind)


def _add_filters(pipe: Element) -> None:
    SubElement(pipe, "brightnesscontrast", brightness="0", contrast="0", gamma="1")
    SubElement(
        pipe,
        "huesaturation",
        saturation="0",
        grayscaleMode="0",
        invertColors="0",
        colorizeOn="0",
        colorizeRed="255",
        colorizeGreen="128",
        colorizeBlue="128",
        colorizeStrength="100",
    )
    SubElement(pipe, "rasterresampler", maxOversampling="2")
    SubElement(pipe, "resamplingStage").text = "resamplingFilter"


def _magnitude(span: float) -> int:
    """Power of ten: 3.2 → 0, 0.04 → −2."""
    return int(f"{span:e}".split("e")[1])


def _number(value: float) -> str:
    return f"{value:.9g}"

"""The page of the area map: Leaflet by folium, from files that come with the app."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

WEB = Path(str(resources.files("phenolens.resources") / "web"))


def write_page(folder: Path) -> Path:
    """The page as a file, since a page given as text may not load others; takes a moment: for a thread."""
    import folium  # noqa: PLC0415 - half a second, which only this page needs
    from branca.element import MacroElement  # noqa: PLC0415
    from jinja2 import Template  # noqa: PLC0415

    class LocalMap(folium.Map):
        """folium's own assets are on the web: offline they leave the page blank."""

        default_js: ClassVar = [
            ("leaflet", _url("leaflet/leaflet.js")),
            ("draw", _url("leaflet-draw/leaflet.draw.js")),
            ("channel", "qrc:///qtwebchannel/qwebchannel.js"),
            ("outlines", _url("outlines.js")),
            ("area", _url("area_map.js")),
        ]
        default_css: ClassVar = [
            ("leaflet style", _url("leaflet/leaflet.css")),
            ("draw style", _url("leaflet-draw/leaflet.draw.css")),
            ("area style", _url("area_map.css")),
        ]

    class Start(MacroElement):
        """Added last: what it calls has been made by then."""

        _template = Template(
            "{% macro script(this, kwargs) %}areaMap.start({{ this._parent.get_name() }});{% endmacro %}"
        )

    shown = LocalMap(
        location=(46, 10), zoom_start=4, tiles=None, zoom_control=True, world_copy_jump=True, min_zoom=2
    )
    start: Any = Start
    shown.add_child(start())
    page = folder / "area.html"
    shown.save(str(page))
    return page


def _url(name: str) -> str:
    return (WEB / name).as_uri()

"""One page for people that lists the interface, made of its OpenAPI description; it loads nothing from the web."""

from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{background:#f0f0f0;padding:.1em .3em}td{vertical-align:top;padding:.2em .8em .2em 0}"
)


def overview(schema: Mapping[str, Any]) -> str:
    """HTML of all operations, with what they take and what they are for."""
    rows = "".join(
        _row(method, path, operation)
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    )
    info = schema["info"]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])}</title>"
        f"<style>{_STYLE}</style><h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        "<p>Every request but this page and <a href=/v1/openapi.json>openapi.json</a> needs the token of the "
        "discovery file, as <code>Authorization: Bearer TOKEN</code>.</p>"
        f"<table>{rows}</table></html>"
    )


def _row(method: str, path: str, operation: Mapping[str, Any]) -> str:
    names = [parameter["name"] for parameter in operation.get("parameters", ())]
    more = f" <small>({escape(', '.join(names))})</small>" if names else ""
    text = escape(operation.get("description", ""))
    return f"<tr><td><code>{method.upper()}</code><td><code>{escape(path)}</code>{more}<td>{text}"

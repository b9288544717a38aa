"""A page of pictures that needs nothing but itself: one HTML file, offline, with the pictures inside."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ..output import write_text


@dataclass(frozen=True)
class Picture:
    """A PNG and what it shows."""

    path: Path
    title: str
    caption: str = ""
    alt: str = ""
    legend: Sequence[tuple[str, str]] = ()
    """(colour as `#rrggbb`, what it means) pairs."""
    wide: bool = False
    """A plot over the whole width; otherwise a map, drawn with crisp pixels."""


@dataclass(frozen=True)
class Row:
    """Pictures that stand side by side, and what they have in common."""

    text: str
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; all columns but the first are right-aligned."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    strong: Sequence[int] = ()
    """Rows that stand out."""
    prose: Sequence[int] = ()
    """Columns of running text: left-aligned, broken into lines."""


@dataclass(frozen=True)
class Section:
    """A heading, a paragraph and rows of pictures; `badge` says where the data come from: real or simulated."""

    title: str
    text: str
    rows: Sequence[Row]
    badge: str = ""
    facts: Sequence[tuple[str, str]] = ()
    """(name, value) pairs above the pictures."""
    credit: str = ""
    """Attribution of the data."""
    tables: Sequence[Table] = ()
    """Above the pictures."""


MAPS_FOOT = (
    "Hatched: no data. Colours of embeddings are fitted once per area, over all its dates, and then kept: two pixels "
    "of one colour mean nearly the same thing on any two dates of that area."
)


def write_page(
    title: str,
    lead: str,
    sections: Sequence[Section],
    path: Path,
    *,
    note: str = "",
    foot: str = MAPS_FOOT,
    overwrite: bool = False,
) -> None:
    """Write the page, with the pictures inside; `foot` and `note` stand at its foot."""
    body = "\n".join(map(_section, sections))
    filled = {
        "title": escape(title),
        "lead": escape(lead),
        "body": body,
        "note": escape(f"{foot} {note}".strip()),
    }
    # in one pass, so that nothing in a text is taken for a placeholder
    page = re.sub(r"\{(title|lead|body|note)\}", lambda found: filled[found[1]], _PAGE)
    write_text(path, page, overwrite=overwrite)


def _section(section: Section) -> str:
    badge = (
        f'<span class="badge {escape(section.badge)}">{escape(section.badge)}</span>' if section.badge else ""
    )
    facts = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in section.facts)
    rows = "\n".join([*map(_table, section.tables), *(_row(row) for row in section.rows if row.pictures)])
    return (
        f"<section><h2>{escape(section.title)}{badge}</h2><p>{escape(section.text)}</p>"
        f"{f'<dl>{facts}</dl>' if facts else ''}{rows}<p class='credit'>{escape(section.credit)}</p></section>"
    )


def _table(table: Table) -> str:
    def cells(row: Sequence[str], kind: str) -> str:
        marks = [" class=prose" if column in table.prose else "" for column in range(len(row))]
        return "".join(f"<{kind}{m}>{escape(cell)}</{kind}>" for m, cell in zip(marks, row, strict=True))

    body = "".join(
        f"<tr{' class=strong' if number in table.strong else ''}>{cells(row, 'td')}</tr>"
        for number, row in enumerate(table.rows)
    )
    caption = f"<p class='caption'>{escape(table.caption)}</p>" if table.caption else ""
    return (
        f"<h3>{escape(table.title)}</h3><div class='scroll'><table><thead><tr>{cells(table.header, 'th')}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>{caption}"
    )


def _row(row: Row) -> str:
    text = f"<h3>{escape(row.text)}</h3>" if row.text else ""
    return f'{text}<div class="row">{"".join(map(_figure, row.pictures))}</div>'


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.path.read_bytes()).decode()
    swatches = "".join(
        f'<li><i style="background:{escape(colour, quote=True)}"></i>{escape(label)}</li>'
        for colour, label in picture.legend
    )
    return (
        f'<figure class="{"plot" if picture.wide else "map"}">'
        f'<img alt="{escape(picture.alt or picture.title, quote=True)}" src="data:image/png;base64,{data}">'
        f"<figcaption><b>{escape(picture.title)}</b> {escape(picture.caption)}"
        f"{f'<ul>{swatches}</ul>' if swatches else ''}</figcaption></figure>"
    )


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root { --ink: #23282d; --soft: #5b6670; --line: #dfe4e8; --paper: #f6f7f8; --card: #fff; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
header, section, footer { max-width: 1160px; margin: 0 auto; padding: 0 28px; }
header { padding-top: 44px; padding-bottom: 8px; }
h1 { font-size: 32px; line-height: 1.2; margin: 0 0 10px; letter-spacing: -0.01em; }
header p { font-size: 18px; color: var(--soft); max-width: 760px; margin: 0; }
section { padding-top: 34px; }
h2 { font-size: 22px; line-height: 1.3; margin: 0 0 6px; display: flex; gap: 12px; align-items: center;
  flex-wrap: wrap; }
h3 { font-size: 15px; font-weight: 500; line-height: 1.45; color: var(--soft); margin: 22px 0 10px; max-width: 820px; }
section > p { color: var(--soft); max-width: 800px; margin: 0 0 16px; }
.badge { font-size: 12px; font-weight: 600; letter-spacing: .04em; text-transform: uppercase;
  padding: 2px 10px;  border-radius: 999px; border: 1px solid; }
.badge.real { color: #23613a; background: #e8f4ec; border-color: #bfdfca; }
.badge.simulated { color: #7a4a06; background: #fdf3e2; border-color: #efd7ae; }
dl { display: flex; flex-wrap: wrap; gap: 8px 36px; margin: 0 0 18px; }
dt { font-size: 13px; color: var(--soft); }
dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 20px; }
.row + .row { margin-top: 20px; }
.credit { font-size: 13px; margin: 14px 0 0; }
ul { list-style: none; margin: 8px 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 3px 14px; font-size: 13px; }
li i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  overflow: hidden; display: flex; flex-direction: column; }
figure.plot { grid-column: 1 / -1; }
figure img { display: block; width: 100%; height: auto; }
figure.map img { image-rendering: pixelated; background:
  repeating-linear-gradient(45deg, #eceff1 0 6px, #fafbfb 6px 12px); }
figure.plot img { padding: 10px 12px 0; }
figcaption { padding: 10px 14px 14px; font-size: 14px; line-height: 1.45; color: var(--soft); }
figcaption b { display: block; color: var(--ink); font-size: 15px; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 7px 14px; white-space: nowrap; border-top: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
th.prose, td.prose { text-align: left; white-space: normal; vertical-align: top; }
thead th { border-top: 0; color: var(--soft); font-weight: 600; }
tr.strong td { font-weight: 600; background: #f0f6f6; }
.caption { font-size: 13px; color: var(--soft); margin: 8px 2px 0; max-width: 820px; }
.scroll + .row, .caption + .row { margin-top: 20px; }
footer { padding-top: 36px; padding-bottom: 48px; color: var(--soft); font-size: 14px; }
footer code { background: #eceff1; padding: 1px 5px; border-radius: 4px; }
</style>
<header><h1>{title}</h1><p>{lead}</p></header>
{body}
<footer>{note}</footer>
</html>
"""

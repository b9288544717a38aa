"""A validation report on the disk: HTML with its pictures inside, Markdown, JSON."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from .. import __version__
from ..output import check_free, write_text
from ..views.page import Picture, Section, Table, write_page
from ..views.page import Row as PageRow
from .report import Report
from .report_figures import draw_figures
from .report_tables import Part, parts
from .samples import class_names

KINDS = ("html", "md", "json")
CAPTIONS = {
    "methods": (
        "Every method under every scheme",
        "Dots: score; lines: 95 % interval. Teal: probes; grey: baselines.",
    ),
    "scatter": ("Predicted and reference", "Dashed: 1 to 1."),
    "sites": ("Sites", "Ordered by RMSE; the number of samples in brackets."),
    "residuals": ("Residuals", "Boxes: quartiles; whiskers: 1.5 × their range; orange: median."),
    "confusion": (
        "Confusion matrix",
        "Rows = reference, columns = predicted; counts, and shares of each row.",
    ),
    "curve": ("Learning curve", "Band: standard deviation over 3 draws of what is trained on."),
}


def write_report(
    report: Report, folder: Path, *, name: str = "report", overwrite: bool = False
) -> dict[str, Path]:
    """Write `name`.html, .md and .json into a folder; none of them where one exists and may not be replaced."""
    paths = {kind: folder / f"{name}.{kind}" for kind in KINDS}
    for path in paths.values():
        check_free(path, overwrite=overwrite)
    write_text(paths["json"], as_json(report), overwrite=overwrite)
    write_text(paths["md"], as_markdown(report), overwrite=overwrite)
    write_html(report, paths["html"], overwrite=overwrite)
    return paths


def as_json(report: Report) -> str:
    return json.dumps(report.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_markdown(report: Report) -> str:
    facts = [f"- {name}: {value}" for name, value in _facts(report)]
    head = [f"# {report.title}", report.lead, _origin(report), "\n".join(facts)]
    body = [text for part in parts(report) for text in _markdown(part)]
    return "\n\n".join([*head, *body, _foot(report)]) + "\n"


def write_html(report: Report, path: Path, *, overwrite: bool = False) -> None:
    """The page, self-contained."""
    with TemporaryDirectory() as folder:
        pictures = _drawn(report, Path(folder))
        first, *others = [_section(part, pictures) for part in parts(report)]
        head = Section(
            "In short", _origin(report), (), badge=report.origin, facts=_facts(report), credit=report.credit
        )
        write_page(
            report.title, report.lead, [head, first, *others], path, foot=_foot(report), overwrite=overwrite
        )


def _drawn(report: Report, folder: Path) -> dict[str, Picture]:
    found = {}
    for name, figure in draw_figures(report.validation).items():
        with warnings.catch_warnings():
            # a class may be named in any script, or with an emoji: a box in the picture, whole in the tables beside it
            warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
            figure.savefig(folder / f"{name}.png")
        title, caption = CAPTIONS[name]
        found[name] = Picture(folder / f"{name}.png", title, caption, alt=f"{title}: {caption}", wide=True)
    return found


def _section(part: Part, pictures: dict[str, Picture]) -> Section:
    rows = tuple(PageRow("", [pictures[name]]) for name in part.figures if name in pictures)
    return Section(part.title, part.text, rows, tables=part.tables)


def _markdown(part: Part) -> list[str]:
    tables = [text for table in part.tables for text in _markdown_table(table)]
    return [f"## {part.title}", *([part.text] if part.text else []), *tables]


def _markdown_table(table: Table) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    def strong(cells: Sequence[str]) -> list[str]:
        return [f"**{cell}**" for cell in cells]

    rule = line(["---", *["---:"] * (len(table.header) - 1)])
    body = [line(strong(row) if k in table.strong else row) for k, row in enumerate(table.rows)]
    grid = "\n".join([line(table.header), rule, *body])
    return [f"### {table.title}", grid, *([table.caption] if table.caption else [])]


def _facts(report: Report) -> list[tuple[str, str]]:
    v = report.validation
    response = v.table.response
    found = [("response", response.name + (f", {response.unit}" if response.unit else ""))]
    found.append(("samples", f"{len(v.table):,}"))
    for key in ("site", "polygon"):
        if key in v.table.keys:
            found.append((f"{key}s", f"{len(set(v.table.keys[key].tolist())):,}"))
    if v.table.day is not None:
        found.append(("days", f"{v.table.day.min()} to {v.table.day.max()}"))
    if response.classes:
        found.append(("classes", f"{len(class_names(v.table))}"))
    return [*found, *report.facts.items()]


def _origin(report: Report) -> str:
    said = (
        "Real data."
        if report.origin == "real"
        else "Simulated data: the scores say nothing about a real place."
    )
    return f"{said} {report.about}".strip()


def _foot(report: Report) -> str:
    return f"Validation report of Phenolens {__version__}. {report.credit}".strip()

"""`area plan`, `area sample`, `area estimate`: accuracy and area of a class map from a probability sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from ..output import write_json
from ..progress import Progress
from .flags import RunFlags, flattened, keep_config
from .terminal import Bar, Run

if TYPE_CHECKING:
    from ..area.classmap import ClassMap
    from ..area.design import Plan
    from ..classes import ClassTable

area = typer.Typer(
    no_args_is_help=True, help="Accuracy and area of a class map: plan a sample, draw it, estimate from it."
)


class Sharing(StrEnum):
    RECOMMENDED = "recommended"
    PROPORTIONAL = "proportional"
    EQUAL = "equal"
    NEYMAN = "neyman"


_SIZE = "Sample size"


@dataclass(frozen=True)
class MapFlags:
    """Which map."""

    map: Annotated[Path, typer.Argument(help="Class map: a GeoTIFF of class codes, 0 = none.")]
    classes: Annotated[
        Path | None,
        typer.Option(help="Class table, CSV or JSON with code, name, colour; that of the map otherwise."),
    ] = None

    def read(self, run: Run) -> "ClassMap":
        from ..area.legend import read_class_table

        return _opened(run, self.map, read_class_table(self.classes) if self.classes else None)


@dataclass(frozen=True)
class SizeFlags:
    """How many sample units."""

    target_se: Annotated[
        float,
        typer.Option(
            help="Standard error to reach, as a share: 0.01 = one percentage point.", rich_help_panel=_SIZE
        ),
    ] = 0.01
    target_class: Annotated[
        str | None,
        typer.Option(
            help="Class whose area is to reach it; overall accuracy otherwise.", rich_help_panel=_SIZE
        ),
    ] = None
    size: Annotated[
        int | None, typer.Option(help="Sample units in all, instead of a target.", rich_help_panel=_SIZE)
    ] = None
    expected: Annotated[
        list[str],
        typer.Option(
            help="Expected user's accuracy, CLASS=0.7 or 0.8 for all others. Repeatable.",
            rich_help_panel=_SIZE,
        ),
    ] = field(default_factory=list)
    minimum: Annotated[
        int, typer.Option(help="Fewest units of a class, with recommended.", min=2, rich_help_panel=_SIZE)
    ] = 50

    def plan(self, table: "ClassTable", pixels: Mapping[int, int]) -> "Plan":
        from ..area.design import Aim, plan_sample

        code = None if self.target_class is None else _code(self.target_class, table)
        return plan_sample(
            pixels, self._accuracy(table), Aim(self.target_se, code), size=self.size, minimum=self.minimum
        )

    def _accuracy(self, table: "ClassTable") -> dict[int, float]:
        from ..area.design import GUESS

        whole = [_share(text) for text in self.expected if "=" not in text]
        guess = whole[-1] if whole else GUESS
        named = dict(text.rsplit("=", 1) for text in self.expected if "=" in text)
        return dict.fromkeys(table.codes, guess) | {
            _code(name, table): _share(text) for name, text in named.items()
        }


@area.command()
@flattened
def plan(
    ctx: typer.Context,
    flags: RunFlags,
    source: MapFlags,
    size: SizeFlags,
    out: Annotated[Path | None, typer.Option(help="JSON file to write the plan to as well.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Tell how many sample units a target needs, and what each way of sharing them would reach."""
    run: Run = ctx.obj
    class_map = source.read(run)
    made = size.plan(class_map.table, class_map.pixels)
    if out is not None:
        write_json(out, made.to_dict(), overwrite=overwrite)
        keep_config(ctx, out)
    run.result(made.to_dict(), _plan_text(made, class_map))


@area.command()
@flattened
def sample(
    ctx: typer.Context,
    flags: RunFlags,
    source: MapFlags,
    size: SizeFlags,
    allocation: Annotated[
        Sharing, typer.Option(help="How units are shared among the strata.")
    ] = Sharing.RECOMMENDED,
    strata: Annotated[
        Path | None,
        typer.Option(help="Another class map on the same grid whose classes are the strata (Stehman 2014)."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw; the same seed draws the same units.", min=0)] = 0,
    show_strata: Annotated[
        bool, typer.Option("--show-strata", help="Put stratum and map class into the form: they lead.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Beginning of the file names; MAP-sample otherwise.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Draw a stratified random sample: a GeoPackage and a form to fill, and the design to estimate with."""
    run: Run = ctx.obj
    from ..area.form import FormFiles, write_form
    from ..area.sample import draw_sample, population
    from ..export.staging import check_all_free

    stem = out or source.map.with_name(f"{source.map.stem}-sample")
    check_all_free(FormFiles.at(stem).paths, overwrite=overwrite)
    class_map = source.read(run)
    other = _opened(run, strata, None) if strata else None
    if other and size.target_class:
        raise InputError(
            "a class's area can be aimed at only where the strata are the map's classes",
            value=size.target_class,
            remedy="give --size, or leave out --strata",
        )
    made = size.plan((other or class_map).table, population(class_map, other, run.cancel)[0])
    units = made.allocations[allocation].units
    drawn = draw_sample(class_map, units, strata=other, seed=seed, cancel=run.cancel)
    files = write_form(drawn, stem, show=show_strata, overwrite=overwrite)
    config = keep_config(ctx, stem)
    shares = {drawn.strata[code].name: number for code, number in units.items()}
    values = {"files": [str(path) for path in files.paths], "config": str(config), "units": shares}
    run.result(values, _sample_text(files.paths, shares, drawn.classes))


@area.command()
@flattened
def estimate(
    ctx: typer.Context,
    flags: RunFlags,
    form: Annotated[Path, typer.Argument(help="The filled form: CSV, or GeoPackage filled in a GIS.")],
    design: Annotated[
        Path | None, typer.Option(help="The .design.json of the sample; that beside the form otherwise.")
    ] = None,
    unit: Annotated[str, typer.Option(help="Unit of areas: ha, km2, m2.")] = "ha",
    finite: Annotated[
        bool, typer.Option("--finite", help="Apply the finite population correction (small maps).")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Beginning of the file names; FORM-estimate otherwise.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Estimate accuracy and error-adjusted area with 95 % intervals from the filled form."""
    run: Run = ctx.obj
    from ..area.report import as_markdown, report_of, write_report
    from ..area.sample import read_sample

    stem = out or form.with_name(f"{form.stem}-estimate")
    report = report_of(
        form, read_sample(design or form.with_suffix(".design.json")), unit=unit, finite=finite
    )
    files = write_report(report, stem, overwrite=overwrite)
    config = keep_config(ctx, stem)
    about = {"files": [str(path) for path in files], "config": str(config)}
    run.result({**about, **report.to_dict()}, as_markdown(report))


def _opened(run: Run, path: Path, table: "ClassTable | None") -> "ClassMap":
    from ..area.classmap import open_class_map

    with Bar(run) as bar:
        return open_class_map(path, table, progress=Progress(f"count {path.name}", 0, bar), cancel=run.cancel)


def _code(text: str, table: "ClassTable") -> int:
    """The class of a code or name."""
    for each in table:
        if text.strip().lower() in (str(each.code), each.name.lower()):
            return each.code
    raise InputError("there is no such class", value=text, remedy=", ".join(table.names))


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(
            "an expected accuracy is unreadable", value=text, remedy="write --expected forest=0.9 or 0.8"
        ) from error


def _plan_text(made: "Plan", class_map: "ClassMap") -> str:
    names = {code: class_map.table[code].name for code in made.pixels}
    aim = "overall accuracy" if made.aim.code is None else f"share of {names[made.aim.code]}"
    ways = made.allocations
    units = [
        (name, f"{made.pixels[c] / class_map.total:.2%}", f"{made.accuracy[c]:.2f}", *_units(made, c))
        for c, name in names.items()
    ]
    units.append(("in all", "", "", *(str(way.total) for way in ways.values())))
    errors = [("overall accuracy", *(f"{way.se_overall:.4f}" for way in ways.values()))]
    errors += [
        (f"share of {name}", *(f"{way.se_area[c]:.4f}" for way in ways.values())) for c, name in names.items()
    ]
    return "\n".join(
        [
            f"{made.size} sample units; aim: a standard error of {made.aim.standard_error:g} of the {aim}",
            "",
            *_aligned([("sample units", "map", "expected", *ways), *units]),
            "",
            *_aligned([("expected standard error", *ways), *errors]),
        ]
    )


def _units(made: "Plan", code: int) -> list[str]:
    return [str(way.units[code]) for way in made.allocations.values()]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the first column to the left and numbers to the right."""
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    return [
        row[0].ljust(widths[0]) + "".join(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]


def _sample_text(paths: Sequence[Path], shares: Mapping[str, int], classes: "ClassTable") -> str:
    units = ", ".join(f"{number} {name}" for name, number in shares.items())
    allowed = ", ".join(f"{c.code} = {c.name}" for c in classes)
    return "\n".join(
        [
            *map(str, paths),
            f"{sum(shares.values())} sample units: {units}",
            f"Fill the column reference with a code or name ({allowed}), from better sources than the map and",
            "without looking at it; confidence: high, medium, low. Leave empty what can't be told. Then run",
            f"phenolens area estimate {paths[1]}",
        ]
    )

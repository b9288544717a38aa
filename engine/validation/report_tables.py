"""The sections of a validation report, as tables and texts; HTML and Markdown are both made of these."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..views.page import Table
from .breakdown import Breakdown, Row
from .curve import CurvePoint
from .folds import QUESTIONS
from .leaks import KINDS
from .report import (
    Report,
    gaps,
    interval_note,
    leak_sentences,
    number,
    sentences,
    short,
    signed,
)
from .samples import class_names
from .scores import CLASSIFICATION, MEANINGS, NAMES, REGRESSION
from .validation import Validation

FLAT = 0.02
"""A learning curve whose end rises by less is called flat."""
TITLES = {
    "site": "Per site",
    "biome": "Per biome",
    "climate": "Per climate",
    "season": "Per season of the year",
    "step": "Per time step",
    "part": "Per part of the variance",
}


@dataclass(frozen=True)
class Part:
    """One section: text, tables, and the names of the figures that belong to it."""

    title: str
    text: str
    tables: tuple[Table, ...] = ()
    figures: tuple[str, ...] = ()


def parts(report: Report) -> tuple[Part, ...]:
    """All sections, in order."""
    v = report.validation
    regression = v.table.response.task == "regression"
    scheme = v.honest or v.schemes[0].name
    detail = _regression(v, scheme) if regression else _classification(v, scheme)
    return tuple(part for part in (_methods(v), *detail, _curve(v), _leaks(v), _made(v)) if part)


def _methods(v: Validation) -> Part:
    name = NAMES[v.metric]
    header = ("method", *(scheme.name for scheme in v.schemes))
    rows = [(m, *(short(v.score(m, s.name)) for s in v.schemes)) for m in v.methods]
    questions = "; ".join(
        f"{s.name} = {s.question}, n = {v.score(v.headline, s.name).n:,}" for s in v.schemes
    )
    table = Table(
        f"{name}, with its 95 % interval",
        header,
        rows,
        f"{questions}.",
        [v.methods.index(p) for p in v.probes],
    )
    absent = [f"{k} ({why})" for k, why in {**v.absent_schemes, **v.absent_baselines}.items()]
    missing = f"Not here: {'; '.join(absent)}." if absent else ""
    text = f"All methods see the same samples and folds. {name}: {MEANINGS[v.metric]}."
    return Part(
        "Methods and baselines under every scheme",
        f"{text} {missing}".strip(),
        (table, *_gap_table(v)),
        ("methods",),
    )


def _gap_table(v: Validation) -> tuple[Table, ...]:
    found = gaps(v)
    if not found:
        return ()
    rows = [(g.method, short(g.expected), number(g.random.value), short(g.gap)) for g in found]
    header = ("method", f"expected ({found[0].honest})", "random said", "too much by")
    return (
        Table(
            "The optimism of random splitting",
            header,
            rows,
            "The interval of the difference comes from the same draws for both.",
            [v.methods.index(p) for p in v.probes],
        ),
    )


def _regression(v: Validation, scheme: str) -> tuple[Part, ...]:
    unit = v.table.response.unit
    rows = [(s.name, *(short(v.score(v.headline, s.name, m)) for m in REGRESSION)) for s in v.schemes]
    header = (
        "scheme",
        *(NAMES[m] + (f", {unit}" if m in ("rmse", "mae", "bias") else "") for m in REGRESSION),
    )
    caption = "; ".join(f"{NAMES[m]}: {MEANINGS[m]}" for m in REGRESSION if m in MEANINGS)
    scores = Table(f"{v.headline}: all scores", header, rows, f"{caption}.")
    found = v.breakdown(v.headline, scheme)
    tables = tuple(_rows(kind, rows, unit, v.drawn) for kind, rows in found.rows.items() if kind != "site")
    text = f"Of {v.headline}, each sample predicted by a model that has not seen it."
    return (
        Part("How good it is", text, (scores,), ("scatter",)),
        Part(
            f"Where and when ({scheme}: {QUESTIONS[scheme]})",
            _absent(found),
            tables,
            tuple(f for f in ("sites", "residuals") if f != "sites" or "site" in found.rows),
        ),
        *(
            (Part("Every site", "", (_rows("site", found.rows["site"], unit, v.drawn),)),)
            if "site" in found.rows
            else ()
        ),
    )


def _absent(found: Breakdown) -> str:
    said = "; ".join(f"{what} ({why})" for what, why in found.absent.items())
    about = (
        "Means of places, their mean seasonal cycles and anomalies are scored apart: a model can follow seasons and "
        "still know nothing of what makes a year differ from another."
    )
    return f"{about} {f'Absent: {said}.' if said else ''}".strip()


def _rows(kind: str, rows: tuple[Row, ...], unit: str, drawn: str) -> Table:
    shown = ("r2", "r_squared", "rmse", "bias", "slope")
    header = (kind, "n", drawn, *(NAMES[m] + (f", {unit}" if m in ("rmse", "bias") else "") for m in shown))
    cells = [
        (
            r.label,
            f"{r.n:,}",
            f"{r.groups:,}",
            short(r.scores["r2"]),
            *(number(r.scores[m].value) for m in shown[1:]),
        )
        for r in rows
    ]
    notes = "; ".join(f"{r.label}: {r.note}" for r in rows if r.note)
    return Table(TITLES[kind], header, cells, f"{notes}." if notes else "")


def _classification(v: Validation, scheme: str) -> tuple[Part, ...]:
    rows = [
        (
            s.name,
            *(short(v.score(v.headline, s.name, m)) for m in CLASSIFICATION),
            f"{v.score(v.headline, s.name).n:,}",
        )
        for s in v.schemes
    ]
    scores = Table(f"{v.headline}: all scores", ("scheme", *(NAMES[m] for m in CLASSIFICATION), "n"), rows)
    names, kinds = class_names(v.table), ("precision", "recall", "f1")
    per_class = [
        (
            names[code],
            *(short(found[k]) for k in kinds),
            f"{found['recall'].n:,}",
            f"{found['precision'].n:,}",
        )
        for code, found in v.per_class(v.headline, scheme).items()
    ]
    header = ("class", *(NAMES[k] for k in kinds), "n reference", "n predicted")
    matrix = v.confusion(v.headline, scheme)
    counts = Table(
        "Confusion matrix: rows = reference, columns = predicted",
        ("reference ↓ predicted →", *names.values()),
        [(name, *(f"{c:,}" for c in row)) for name, row in zip(names.values(), matrix, strict=True)],
    )
    return (
        Part(
            "How good it is",
            f"Of {v.headline}, each sample predicted by a model that has not seen it.",
            (scores,),
        ),
        Part(
            f"Which classes ({scheme}: {QUESTIONS[scheme]})",
            "Scores of cross-validation tell about transfer; only a probability sample estimates the accuracy of a "
            "map and the areas of its classes.",
            (Table("Per class", header, per_class), counts),
            ("confusion",),
        ),
    )


def _curve(v: Validation) -> Part | None:
    if not v.curve:
        return None
    first, last = v.curve[0], v.curve[-1]
    rows = [(f"{p.amount:,}", f"{p.samples:,}", _spread(p)) for p in v.curve]
    header = (first.unit, "training samples", NAMES[v.metric])
    table = Table(
        "Learning curve", header, rows, "Mean ± standard deviation over 3 draws of what is trained on."
    )
    half = next((p for p in reversed(v.curve[:-1]) if p.amount <= last.amount / 1.5), first)
    rise = last.score - half.score
    text = (
        f"{first.method} under {first.scheme}, sites and polygons held out in groups. From {half.amount:,} to "
        f"{last.amount:,} {first.unit} the score moves by {signed(rise)}; it {_trend(v.curve, rise)}."
    )
    return Part("What more labels would bring", text, (table,), ("curve",))


def _trend(curve: Sequence[CurvePoint], rise: float) -> str:
    """What the end of a learning curve says, and its whole: a score may fall as training grows."""
    last, best = curve[-1], max(curve, key=lambda point: point.score)
    if rise > FLAT:
        return "is still rising: more labels should help"
    if best.score - last.score > FLAT + 2 * best.spread:
        return (
            f"was higher, {number(best.score)}, with {best.amount:,}: more of the same doesn't help; fewer samples, "
            "drawn evenly from the classes or places, do better here"
        )
    return "has flattened: more of the same adds little"


def _spread(point: CurvePoint) -> str:
    """All samples can be drawn in one way only."""
    return number(point.score) + (f" ± {number(point.spread)}" if point.spread > 0 else "")


def _leaks(v: Validation) -> Part:
    header = ("what", *(scheme.name for scheme in v.schemes))
    kinds = list(dict.fromkeys(leak.kind for leak in v.leaks))
    known = {(leak.kind, leak.scheme): leak for leak in v.leaks}
    rows = []
    for kind in kinds:
        found = [known[kind, s.name] for s in v.schemes]
        rows.append(
            (KINDS[kind], *(f"{x.samples:,} of {x.looked_at:,}{' *' if x.by_design else ''}" for x in found))
        )
    caption = (
        "Held-out samples concerned. * the scheme's own question."
        if any(x.by_design for x in v.leaks)
        else ("Held-out samples concerned.")
    )
    said = leak_sentences(v)
    text = (
        f"Training samples that know the answer. {' '.join(said)}"
        if said
        else (
            "No held-out sample shares a place or a window with the training samples of its fold, as far as the keys, "
            "positions and dates of the samples can show."
        )
    )
    return Part("Leaks", text, (Table("Shared with training", header, rows, caption),) if rows else ())


def _made(v: Validation) -> Part:
    rows = [
        (s.name, s.question, f"{len(s.folds)}", f"{len(s.tested):,}", sentences(s.notes)) for s in v.schemes
    ]
    table = Table("Schemes", ("scheme", "a score for", "folds", "held out", "how"), rows, prose=(1, 4))
    baselines = (
        "Baselines use the same samples, folds and estimators at their default settings; nothing is tuned. "
        "The mean seasonal cycle is a Gaussian kernel (15 days) over the day of the year, of the same site where that "
        "was trained on."
    )
    return Part("How it was done", f"{interval_note(v)} {baselines} {sentences(v.notes)}".strip(), (table,))

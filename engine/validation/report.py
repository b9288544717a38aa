"""A validation told in words, tables and figures: one value from which HTML, Markdown and JSON are written."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from .folds import QUESTIONS
from .leaks import KINDS
from .samples import class_names
from .scores import NAMES, Score
from .validation import Gap, Validation

Origin = Literal["real", "simulated"]
CLEAR_LOSS = 0.05
"""Of R² or macro-F1: a smaller one is no news."""
ASTRAY = 1e6
LARGE_LOSS = 0.2
"""One that is told even where its interval isn't known."""


@dataclass(frozen=True)
class Report:
    """What is reported, and of which data."""

    title: str
    validation: Validation
    origin: Origin
    """Simulated data are called so throughout."""
    about: str = ""
    """The data in a sentence or two."""
    credit: str = ""
    """Attribution and licence of the data."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Further facts, such as the model and its hash."""

    @property
    def lead(self) -> str:
        """The outcome in a few sentences: what to expect, what random splitting would have said, what else does it."""
        v = self.validation
        return " ".join(said for said in (expectation(v), weakest(v), comparison(v), untestable(v)) if said)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers and text, for JSON."""
        v = self.validation
        return {
            "title": self.title,
            "origin": self.origin,
            "about": self.about,
            "credit": self.credit,
            "facts": dict(self.facts),
            "lead": self.lead,
            "response": v.table.response.to_dict(),
            "samples": len(v.table),
            "headline": v.headline,
            "probes": list(v.probes),
            "honest_scheme": v.honest,
            "intervals": interval_note(v),
            "schemes": [_scheme(s) for s in v.schemes],
            "absent_schemes": dict(v.absent_schemes),
            "absent_baselines": dict(v.absent_baselines),
            "results": [_result(v, method, scheme) for method, scheme in v.results],
            "gaps": [_gap(gap) for gap in gaps(v)],
            "leaks": [leak.to_dict() for leak in v.leaks],
            "learning_curve": [point.to_dict() for point in v.curve],
            "detail": _detail(v),
            "notes": list(v.notes),
        }


def expectation(v: Validation) -> str:
    """`Expect R² .61 at a new site; random splitting would have said .74.`, with intervals and what is not known."""
    gap = v.gap(v.headline)
    name = NAMES[v.metric].split(" (")[0]
    if gap is None:
        found = v.score(v.headline, v.schemes[0].name)
        return (
            f"{name} {with_interval(found)} of {v.headline} for {QUESTIONS[v.schemes[0].name]}; what to expect "
            "elsewhere is not known, as no other scheme applies."
        )
    expected = f"Expect {name} {with_interval(gap.expected)} of {v.headline} for {QUESTIONS[gap.honest]}"
    random, by = number(gap.random.value), number(abs(gap.gap.value))
    if math.isnan(gap.gap.low):
        return f"{expected}; random splitting says {random}, and of that difference no interval is known."
    if not gap.gap.low > 0:
        return f"{expected}; random splitting says {random}, which is no clear difference."
    return f"{expected}; random splitting would have said {random}, which is {by} too much ({interval(gap.gap)})."


def weakest(v: Validation) -> str:
    """The scheme under which the probe does clearly worse than under the one that the expectation is of, or much worse
    as far as one can tell with too few groups for an interval: who asks for that has to know."""
    if v.honest is None:
        return ""
    others = [s.name for s in v.schemes if s.name not in ("random", v.honest)]
    first = v.results[v.headline, v.honest]
    losses = {name: v.less(first, v.results[v.headline, name]) for name in others}
    clear = {
        name: loss.value
        for name, loss in losses.items()
        if (loss.low > 0 and loss.value >= CLEAR_LOSS) or (math.isnan(loss.low) and loss.value >= LARGE_LOSS)
    }
    if not clear:
        return ""
    name = max(clear, key=lambda n: clear[n])
    return f"But only {with_interval(v.score(v.headline, name))} for {QUESTIONS[name]}."


def comparison(v: Validation) -> str:
    """Whether the probe beats its best baseline under the honest scheme, and by how much."""
    scheme = v.honest or v.schemes[0].name
    best = v.best_baseline(scheme)
    if not v.probes or best is None:
        return ""
    lead = v.lead(v.headline, best, scheme)
    score = number(v.score(best, scheme).value)
    said = f"the best baseline, {best}, with {score} ({signed(lead.value)}; {interval(lead)})"
    if math.isnan(lead.low):
        return f"Beside it stands {said}: whether that is chance is not known."
    if lead.low > 0:
        return f"It beats {said}."
    if lead.high < 0:
        return f"It is worse than {said}: the baseline is the better choice here."
    return f"That is no clear difference from {said}."


def untestable(v: Validation) -> str:
    """Which classes are of one group only, so that no model can be tested on them, and what that does."""
    scheme = next((s for s in v.schemes if s.name == (v.honest or v.schemes[0].name)), None)
    if scheme is None or v.table.response.task == "regression":
        return ""
    both = [np.intersect1d(v.table.y[fold.train], v.table.y[fold.test]) for fold in scheme.folds]
    tested = np.unique(np.concatenate(both))
    names = [name for code, name in class_names(v.table).items() if code in v.table.y and code not in tested]
    if not names:
        return ""
    return (
        f"Each held out whole, so that no model can know it: {', '.join(names)}; this counts as errors and says that "
        "labels are few, not that classes are alike."
    )


def gaps(v: Validation) -> list[Gap]:
    """Of every method, under the honest scheme."""
    return [gap for gap in (v.gap(method) for method in v.methods) if gap is not None]


def interval_note(v: Validation) -> str:
    """How the intervals came about."""
    if v.drawn == "samples":
        return (
            "Intervals are 95 % percentile intervals of 1,000 bootstrap draws of single samples: where these lie near "
            "each other in space or time, the intervals are too narrow."
        )
    return (
        f"Intervals are 95 % percentile intervals of 1,000 bootstrap draws of whole {v.drawn}, not of single samples; "
        "a draw keeps the predictions and varies what they are judged on, so the spread of refitting is not in them."
    )


def with_interval(score: Score) -> str:
    return f"{number(score.value)} ({interval(score)})"


def interval(score: Score) -> str:
    """`95 %: 0.48 to 0.70`, or that there is none."""
    if math.isnan(score.low):
        return "too few groups for an interval"
    return f"95 %: {number(score.low)} to {number(score.high)}"


def short(score: Score) -> str:
    """For table cells: `0.61 [0.48, 0.70]`."""
    if math.isnan(score.value):
        return "—"
    return number(score.value) + (
        f" [{number(score.low)}, {number(score.high)}]" if not math.isnan(score.low) else ""
    )


def number(value: float) -> str:
    """With two digits, and no −0.00; of what went far astray those say nothing."""
    told = f"{value:.1e}" if abs(value) >= ASTRAY else f"{round(value, 2) + 0.0:.2f}"
    return "—" if math.isnan(value) else told.replace("-", "−")


def signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", "−")


def leak_sentences(v: Validation) -> list[str]:
    """What leaks mean, for the schemes where there are any that aren't the scheme's own question."""
    found: dict[str, list[str]] = {}
    for leak in v.leaks:
        if leak.samples and not leak.by_design:
            found.setdefault(leak.scheme, []).append(
                f"{KINDS[leak.kind]} ({leak.share:.0%} of held-out samples)"
            )
    return [f"{scheme}: {'; '.join(said)}." for scheme, said in found.items()]


def _scheme(scheme: Any) -> dict[str, Any]:
    sizes = [{"name": f.name, "train": len(f.train), "test": len(f.test)} for f in scheme.folds]
    return {"name": scheme.name, "question": scheme.question, "notes": list(scheme.notes), "folds": sizes}


def _result(v: Validation, method: str, scheme: str) -> dict[str, Any]:
    scores = {name: score.to_dict() for name, score in v.results[method, scheme].scores.items()}
    return {"method": method, "baseline": method not in v.probes, "scheme": scheme, "scores": scores}


def _gap(gap: Gap) -> dict[str, Any]:
    parts = {"random": gap.random, "expected": gap.expected, "gap": gap.gap}
    return {"method": gap.method, "scheme": gap.honest} | {name: s.to_dict() for name, s in parts.items()}


def _detail(v: Validation) -> dict[str, Any]:
    """Of the headline method, under each scheme."""
    return {scheme.name: _detail_of(v, scheme.name) for scheme in v.schemes}


def _detail_of(v: Validation, scheme: str) -> dict[str, Any]:
    if v.table.response.task == "regression":
        return v.breakdown(v.headline, scheme).to_dict()
    names = class_names(v.table)
    return {
        "confusion": {
            "orientation": "rows = reference, columns = predicted",
            "classes": list(names.values()),
            "counts": v.confusion(v.headline, scheme).tolist(),
        },
        "classes": {
            names[code]: {name: score.to_dict() for name, score in scores.items()}
            for code, scores in v.per_class(v.headline, scheme).items()
        },
    }


def sentences(found: Sequence[str]) -> str:
    """Notes as running text."""
    return " ".join(f"{note[0].upper()}{note[1:]}{'' if note.endswith('.') else '.'}" for note in found)

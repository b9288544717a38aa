"""Judge a checkpoint on places that it has never seen: E1, E2 and E6, as JSON, Markdown and figures."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..errors import InputError
from ..representation.checkpoint import Checkpoint
from .bottleneck import read_back
from .gap_filling import fill_gaps
from .recipe import RealSeries, Recipe
from .stability import tiling_difference, without_parts

Rows = list[dict[str, Any]]
CLASSICAL = ("linear interpolation", "nearest date", "harmonic fit")


@dataclass(frozen=True)
class Evaluation:
    """All rows of one evaluation."""

    model: str
    sha256: str
    place: str
    gaps: Rows
    bottleneck: Rows
    inputs: Rows
    tiling_difference: float

    def to_dict(self) -> dict[str, Any]:
        return vars(self)


def evaluate(
    checkpoint: Checkpoint, recipe: Recipe, data: Path, out: Path, *, seeds: int = 3
) -> list[Evaluation]:
    """Run E1, E2 and E6 on every test place of a recipe and write evaluation.json, .md and .png into `out`.

    The spread of E1 is over `seeds` draws of what is hidden, not over trainings."""
    if getattr(checkpoint.model, "family", "") != "dense":
        raise InputError("only dense models can be evaluated so far", value=checkpoint.name)
    tests = [s for s in recipe.series if s.split == "test"]
    references = [s for s in recipe.series if s.split == "train" and set(s.files) >= {"s1", "s2"}]
    if not tests or not references:
        raise InputError(
            "the recipe needs a test place and a training place with both sensors", value=len(tests)
        )
    done = [_evaluate_place(checkpoint, place, references[0], data, seeds) for place in tests]
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluation.json").write_text(json.dumps([e.to_dict() for e in done], indent=1))
    (out / "evaluation.md").write_text("\n\n".join(_as_markdown(e) for e in done))
    for evaluation in done:
        draw_gaps_figure(evaluation).savefig(out / f"gaps-{evaluation.place}.png", dpi=130)
    return done


def _evaluate_place(
    checkpoint: Checkpoint, place: RealSeries, reference: RealSeries, data: Path, seeds: int
) -> Evaluation:
    model, cubes = checkpoint.model, place.cubes(data)
    return Evaluation(
        checkpoint.name,
        checkpoint.sha256,
        place.name,
        fill_gaps(model, cubes, seeds),
        read_back(model, cubes, reference.cubes(data)),
        without_parts(model, cubes),
        tiling_difference(model, cubes),
    )


def summarise(rows: Rows, metric: str) -> dict[str, dict[str, tuple[float, float]]]:
    """{scenario: {method: (mean, standard deviation over seeds)}} of an E1 metric."""
    table: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        table.setdefault(row["scenario"], {}).setdefault(row["method"], []).append(row[metric])
    return {
        s: {m: (float(np.mean(v)), float(np.std(v))) for m, v in methods.items()}
        for s, methods in table.items()
    }


def _as_markdown(evaluation: Evaluation) -> str:
    parts = [
        f"# {evaluation.model} on {evaluation.place}",
        f"Weights {evaluation.sha256[:12]}. A place that training never saw; real Sentinel-1/2 data.",
        "## E1: gaps filled",
        "Mean ± standard deviation over draws of what is hidden. All methods see the same series, screened for "
        "missed cloud as in a run on an area. Targets are screened for residual cloud by a "
        "temporal filter. Reflectance; spectral angle in rad.",
        *(_gap_table(evaluation.gaps, metric) for metric in ("rmse", "mae", "sam")),
        _verdict(evaluation.gaps),
        "## E2: what the bottleneck keeps",
        _table(
            ["method", "dims", "mean absolute error S2", "n"],
            ([r["method"], r["dims"], f"{r['s2_mae']:.4f}", r["n"]] for r in evaluation.bottleneck),
        ),
        "## E6: stability",
        f"Largest difference of an embedding between tilings: {evaluation.tiling_difference:.1e}.",
        _table(
            ["input", "RMSE of clear S2 values", "n"],
            ([r["input"], f"{r['s2_rmse']:.4f}", r["n"]] for r in evaluation.inputs),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _gap_table(rows: Rows, metric: str) -> str:
    summary = summarise(rows, metric)
    methods = list(next(iter(summary.values())))
    lines = ([m, *(f"{s[m][0]:.4f} ± {s[m][1]:.4f}" for s in summary.values())] for m in methods)
    return _table([metric.upper(), *summary], lines)


def _verdict(rows: Rows) -> str:
    """The bars of E1 in words, met or missed."""
    lines = []
    for scenario, methods in summarise(rows, "rmse").items():
        best = min(CLASSICAL, key=lambda m: methods[m][0])
        ours = methods.get("model, S1 + S2", methods["model, S2 only"])[0]
        gain = 1 - ours / methods[best][0]
        met = "met" if gain >= 0.1 else "missed"
        lines.append(
            f"- {scenario}: {gain:+.1%} lower RMSE than the best classical method ({best}); bar of 10 % {met}."
        )
    return "\n".join(lines)


def _table(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    def cells(row: Iterable[object]) -> str:
        return "| " + " | ".join(str(c) for c in row) + " |"

    head = list(header)
    return "\n".join([cells(head), cells(["---"] * len(head)), *(cells(row) for row in rows)])


def draw_gaps_figure(evaluation: Evaluation) -> Figure:
    """Bars of E1's RMSE per scenario and method, with the spread over draws."""
    summary = summarise(evaluation.gaps, "rmse")
    methods = list(next(iter(summary.values())))
    colours = ["#b8b8b8", "#d0d0d0", "#989898", "#6aa5a0", "#1b6f6a"]
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(methods)
    for k, (method, colour) in enumerate(zip(methods, colours, strict=False)):
        mean, spread = zip(*(s[method] for s in summary.values()), strict=True)
        places = np.arange(len(summary)) + (k - (len(methods) - 1) / 2) * width
        axes.bar(
            places, mean, width * 0.92, yerr=spread, label=method, color=colour, ecolor="#444", capsize=2
        )
    axes.set_xticks(range(len(summary)), list(summary))
    axes.set_ylabel("RMSE of reflectance")
    axes.set_title(f"Gaps filled at an unseen place ({evaluation.place}, real data)", loc="left", fontsize=11)
    figure.legend(loc="outside lower center", frameon=False, fontsize=8, ncols=5)
    axes.spines[["top", "right"]].set_visible(False)
    return figure

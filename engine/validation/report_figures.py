"""Figures of a validation report; every axis has its unit, every panel its n."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ..views.curves import GRID, INK, SOFT
from .breakdown import SEASONS, season_of
from .folds import QUESTIONS
from .report import number
from .samples import class_names
from .scores import NAMES
from .validation import Validation

PROBE, BASELINE, RANDOM = "#2f6f73", "#8b979f", "#c8702a"
BLUES = "GnBu"


def draw_figures(v: Validation) -> dict[str, Figure]:
    """All figures that the validation allows, by name."""
    scheme = v.honest or v.schemes[0].name
    figures = {"methods": _methods(v)}
    if v.table.response.task == "regression":
        figures |= {"scatter": _scatter(v), "residuals": _residuals(v, scheme)}
        if "site" in v.table.keys:
            figures["sites"] = _sites(v, scheme)
    else:
        figures["confusion"] = _confusion(v, scheme)
    if v.curve:
        figures["curve"] = _curve(v)
    return figures


def _new(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Any]]:
    figure = Figure(figsize=(width, height), dpi=130, layout="constrained", facecolor="white")
    axes = list(figure.subplots(1, columns, squeeze=False)[0])
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color("#b8c0c6")
        ax.tick_params(colors=SOFT, labelsize=9)
        ax.grid(True, color=GRID, linewidth=0.8)
        ax.set_axisbelow(True)
    return figure, axes


def _title(ax: Any, text: str) -> None:
    ax.set_title(text, loc="left", fontsize=10.5, color=INK, fontweight="bold")


def _methods(v: Validation) -> Figure:
    """One panel per scheme, one line per method with its interval."""
    figure, axes = _new(11, 1.3 + 0.3 * len(v.methods), len(v.schemes))
    places = np.arange(len(v.methods))[::-1]
    lowest = min(v.score(m, s.name).value for m in v.methods for s in v.schemes)
    for number_, (ax, scheme) in enumerate(zip(axes, v.schemes, strict=True)):
        for place, method in zip(places, v.methods, strict=True):
            score = v.score(method, scheme.name)
            colour = PROBE if method in v.probes else BASELINE
            ax.plot([score.low, score.high], [place, place], color=colour, linewidth=2, alpha=0.55)
            ax.plot(score.value, place, "o", color=colour, markersize=6)
        ax.set_yticks(places, v.methods if number_ == 0 else [""] * len(places))
        ax.tick_params(axis="y", length=0, labelcolor=INK)
        ax.set_xlim(max(min(0.0, lowest - 0.05), -0.5), 1)
        ax.grid(False, axis="y")
        _title(ax, scheme.name)
        ax.set_xlabel(
            f"{NAMES[v.metric]}, n = {v.score(v.headline, scheme.name).n:,}", color=SOFT, fontsize=9
        )
    return figure


def _scatter(v: Validation) -> Figure:
    """Predicted against reference under random splitting and under the honest scheme."""
    names = [n for n in dict.fromkeys(("random", v.honest)) if n in {s.name for s in v.schemes}]
    figure, axes = _new(11, 5.3, len(names))
    unit = v.table.response.unit
    y = np.asarray(v.table.y, np.float64)
    shown = [v.results[v.headline, name] for name in names]
    low = min(float(y.min()), *(float(r.predicted.min()) for r in shown))
    high = max(float(y.max()), *(float(r.predicted.max()) for r in shown))
    pad = 0.03 * (high - low)
    for ax, result in zip(axes, shown, strict=True):
        ax.plot([low, high], [low, high], color=SOFT, linewidth=1, linestyle="--")
        _points(ax, y[result.rows], result.predicted)
        ax.set(xlim=(low - pad, high + pad), ylim=(low - pad, high + pad), aspect="equal")
        ax.set_xlabel(f"reference {v.table.response.name} ({unit})", color=SOFT)
        ax.set_ylabel(f"predicted ({unit})", color=SOFT)
        _title(ax, f"{result.scheme}: {QUESTIONS[result.scheme]}")
        s = result.scores
        said = [
            f"{label} {number(s[m].value)}" for label, m in (("R²", "r2"), ("RMSE", "rmse"), ("bias", "bias"))
        ]
        ax.text(
            0.04,
            0.96,
            "\n".join([*said, f"n {s['r2'].n:,}"]),
            transform=ax.transAxes,
            va="top",
            fontsize=9,
            color=INK,
        )
    return figure


def _points(ax: Any, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> None:
    if len(x) > 5000:
        ax.hexbin(x, y, gridsize=60, cmap=BLUES, mincnt=1, bins="log")
    else:
        ax.plot(x, y, "o", color=PROBE, markersize=3.6, alpha=0.45, markeredgewidth=0)


def _sites(v: Validation, scheme: str) -> Figure:
    """RMSE and bias per site, ordered by RMSE."""
    rows = sorted(v.breakdown(v.headline, scheme).rows["site"], key=lambda r: -r.scores["rmse"].value)
    rows = (
        rows if len(rows) <= 60 else [rows[k] for k in np.linspace(0, len(rows) - 1, 60).round().astype(int)]
    )
    figure, (ax,) = _new(11, 4.2)
    places = np.arange(len(rows))
    ax.bar(places, [r.scores["rmse"].value for r in rows], color="#a9c7c7", label="RMSE")
    ax.plot(places, [r.scores["bias"].value for r in rows], "D", color=RANDOM, markersize=4.5, label="bias")
    ax.axhline(0, color=SOFT, linewidth=0.8)
    ax.set_xticks(places, [f"{r.label} ({r.n})" for r in rows], rotation=90, fontsize=8)
    ax.set_ylabel(v.table.response.unit, color=SOFT)
    ax.grid(False, axis="x")
    ax.set_xlim(-0.7, len(rows) - 0.3)
    ax.legend(frameon=False, fontsize=9, labelcolor=INK, ncols=2)
    _title(ax, f"Per site, {v.headline}, {scheme} (number of samples)")
    return figure


def _residuals(v: Validation, scheme: str) -> Figure:
    """Predicted less reference by season where there are dates, else by predicted value."""
    result = v.results[v.headline, scheme]
    error = result.predicted - np.asarray(v.table.y, np.float64)[result.rows]
    figure, (ax,) = _new(11, 3.9)
    ax.axhline(0, color=SOFT, linewidth=1)
    if v.table.day is None:
        _points(ax, result.predicted, error)
        ax.set_xlabel(f"predicted ({v.table.response.unit})", color=SOFT)
    else:
        season = season_of(v.table.day[result.rows])
        present = [name for name in SEASONS if (season == name).any()]
        boxes = ax.boxplot(
            [error[season == n] for n in present], widths=0.5, patch_artist=True, showfliers=False
        )
        for box in boxes["boxes"]:
            box.set(facecolor="#cfe0e0", edgecolor=PROBE)
        for line in boxes["medians"]:
            line.set(color=RANDOM, linewidth=2)
        for k, name in enumerate(present):
            mine = error[season == name]
            jitter = np.random.default_rng(k).uniform(-0.2, 0.2, len(mine))
            ax.plot(k + 1 + jitter, mine, "o", color=PROBE, markersize=2.2, alpha=0.25, markeredgewidth=0)
        ax.set_xticks(range(1, len(present) + 1), [f"{n}\nn = {(season == n).sum():,}" for n in present])
        ax.grid(False, axis="x")
    ax.set_ylabel(f"predicted − reference\n({v.table.response.unit})", color=SOFT)
    _title(ax, f"Residuals, {v.headline}, {scheme}")
    return figure


def _confusion(v: Validation, scheme: str) -> Figure:
    """Counts, and shares of the reference: each row adds up to 100 %."""
    counts, names = v.confusion(v.headline, scheme), list(class_names(v.table).values())
    total = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(total, 1)
    side = 1.8 + 0.6 * len(names)
    figure, (ax,) = _new(11, side)
    ax.grid(False)
    drawn = ax.imshow(share, cmap=BLUES, vmin=0, vmax=1)
    for (row, col), count in np.ndenumerate(counts):
        ink = "white" if share[row, col] > 0.6 else INK
        said = f"{count:,}\n{share[row, col]:.0%}" if count else "0"
        ax.text(col, row, said, ha="center", va="center", fontsize=9, color=ink)
    ax.set_xticks(range(len(names)), names, rotation=35, ha="right")
    ax.set_yticks(
        range(len(names)), [f"{n} (n = {int(t):,})" for n, t in zip(names, total[:, 0], strict=True)]
    )
    ax.set_xlabel("predicted (columns)", color=SOFT)
    ax.set_ylabel("reference (rows)", color=SOFT)
    ax.tick_params(length=0, labelcolor=INK)
    ax.spines[:].set_visible(False)
    bar = figure.colorbar(drawn, ax=ax, shrink=0.7, label="share of the reference class")
    bar.outline.set_visible(False)
    _title(ax, f"{v.headline}, {scheme}")
    return figure


def _curve(v: Validation) -> Figure:
    figure, (ax,) = _new(11, 3.6)
    amounts = np.array([p.amount for p in v.curve])
    score, spread = (np.array([getattr(p, name) for p in v.curve]) for name in ("score", "spread"))
    ax.fill_between(amounts, score - spread, score + spread, color=PROBE, alpha=0.18, linewidth=0)
    ax.plot(amounts, score, "o-", color=PROBE, markersize=5)
    ax.set_xscale("log")
    ax.set_xticks(amounts, [f"{a:,}" for a in amounts])
    ax.minorticks_off()
    top = float((score + spread).max())
    ax.set_ylim(max(min(0.0, float((score - spread).min())), -1.0), min(1.0, top + 0.1))
    ax.set_xlabel(f"{v.curve[0].unit} to train on", color=SOFT)
    ax.set_ylabel(NAMES[v.metric], color=SOFT)
    _title(ax, f"Learning curve, {v.curve[0].method}, {v.curve[0].scheme}")
    return figure

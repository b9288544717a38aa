"""How often intervals, sets and annual sums hold on held-out blocks of the simulated landscape.

Blocks of the landscape are held out in turn; probes are fitted and calibrated on the others alone (these again
in held-out blocks), and the simulated truth of the held-out ones says how often the promise was kept. Never run
by the tests; prints a table. Needs an embedding store of the sample:

    phenolens embed --sample landscape --out landscape.zarr …
    python tests/benchmarks/conformal_coverage.py landscape.zarr
"""

import argparse
import time
from pathlib import Path

import numpy as np
from phenolens.engine.acquisitions.samples import open_sample
from phenolens.engine.acquisitions.simulate import LAND_COVER, Landscape
from phenolens.engine.classes import ClassTable, LandClass
from phenolens.engine.probes.estimators import EstimatorSpec, ProbeRecipe
from phenolens.engine.probes.features import sample_table
from phenolens.engine.probes.fitting import fit_probe
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.probes.table import SampleTable
from phenolens.engine.response import Response
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.trust.applicability import fit_applicability
from phenolens.engine.trust.conformal import ConformalSettings, calibrate_intervals, calibrate_sets
from phenolens.engine.trust.heldout import groups_of, hold_out
from phenolens.engine.trust.sums import day_weights, fit_sum_error
from phenolens.engine.validation.folds import FoldSettings, make_scheme

YEAR = 2021
EVERY = 3
"""Days between two samples of a series."""


class Pixels:
    """Labelled pixels of the simulated truth, as `sample_table` takes them."""

    def __init__(
        self,
        store: EmbeddingStore,
        response: Response,
        places: np.ndarray,
        y: np.ndarray,
        group: np.ndarray,
        days: np.ndarray,
    ) -> None:
        self.grid, self.response = store.grid, response
        self.rows, self.cols = places.T.astype(np.int64)
        self.y, self.group, self.start, self.end = y, group, days, days

    def __len__(self) -> int:
        return len(self.y)


def places_of(store: EmbeddingStore, count: int, seed: int) -> np.ndarray:
    rows, cols = store.grid.shape
    chosen = np.random.default_rng(seed).choice(rows * cols, count, replace=False)
    return np.stack(np.unravel_index(chosen, (rows, cols)), axis=1)


def cover_table(store: EmbeddingStore, truth: Landscape, count: int, seed: int) -> SampleTable:
    """Land cover of single pixels, from the seasons of a year."""
    response = Response(
        "land cover",
        "classification",
        classes=ClassTable(tuple(LandClass(c.code, c.name, c.colour) for c in LAND_COVER)),
    )
    places = places_of(store, count, seed)
    rows, cols = places.T
    y = truth.land_cover(store.grid.window)[rows, cols].astype(np.int64)
    group = truth.parcels(store.grid.window)[rows, cols]
    day = np.full(count, f"{YEAR}-07-01", "datetime64[D]")
    return sample_table(store, Pixels(store, response, places, y, group, day), FeatureSpec("season"))


def gpp_table(
    store: EmbeddingStore, truth: Landscape, count: int, seed: int
) -> tuple[SampleTable, np.ndarray, np.ndarray]:
    """GPP of single pixels every few days of a year; with it the places and the true annual sum of each."""
    places = places_of(store, count, seed)
    daily = np.arange(f"{YEAR}-01-01", f"{YEAR + 1}-01-01", dtype="datetime64[D]")
    series = truth.gpp(store.grid.window, daily.astype(np.int64))[:, places[:, 0], places[:, 1]]
    dates = daily[::EVERY]  # also between the target dates: what happens there is part of a sum's error
    on_dates = series[::EVERY]
    group = truth.parcels(store.grid.window)[places[:, 0], places[:, 1]]
    pixels = Pixels(
        store,
        Response("GPP", "regression", "gC m-2 d-1"),
        np.repeat(places, len(dates), axis=0),
        on_dates.T.ravel().astype(np.float64),
        np.repeat(group, len(dates)),
        np.tile(dates, count),
    )
    return sample_table(store, pixels, FeatureSpec("date")), places, series.sum(axis=0, dtype=np.float64)


def said(name: str, shares: list[np.ndarray], nominal: float, more: str = "") -> None:
    every = np.concatenate(shares)
    off = 100 * (every.mean() - nominal)
    print(
        f"| {name} | {nominal:.0%} | {every.mean():.1%} | {off:+.1f} | {len(every):,} | {more} |", flush=True
    )


def classes(table: SampleTable, settings: FoldSettings, estimator: str, confidence: float) -> None:
    recipe = ProbeRecipe(FeatureSpec("season"), EstimatorSpec(estimator))
    inner = FoldSettings(folds=4, block_metres=settings.block_metres, seed=1)
    kept: dict[str, list[np.ndarray]] = {name: [] for name in ("lac", "aps", "by class", "probability")}
    sizes: dict[str, list[float]] = {name: [] for name in kept}
    outside: list[np.ndarray] = []
    right: list[np.ndarray] = []
    codes = np.array(table.response.classes.codes)
    for fold in make_scheme(table, "block", settings).folds:
        train, test = table.take(fold.train), table.take(fold.test)
        probe, held = fit_probe(train, recipe), hold_out(train, recipe, "block", inner)
        guess = probe.predict_table(test)
        true = np.searchsorted(codes, test.y)
        sets = {
            "lac": calibrate_sets(held, ConformalSettings(confidence))(guess.probabilities),
            "aps": calibrate_sets(held, ConformalSettings(confidence, score="aps"))(guess.probabilities),
            "by class": calibrate_sets(held, ConformalSettings(confidence, by_class=True))(
                guess.probabilities
            ),
            "probability": naive_set(guess.probabilities, confidence),
        }
        for name, chosen in sets.items():
            kept[name].append(chosen[np.arange(len(true)), true])
            sizes[name].append(float(chosen.sum(axis=1).mean()))
        known = fit_applicability(train.features(), groups_of(train, "block", inner))
        outside.append(~known.inside(test.features()))
        right.append(guess.values == test.y)
    for name, shares in kept.items():
        title = (
            f"land cover, {estimator}, {'its own probabilities summed' if name == 'probability' else name}"
        )
        said(title, shares, confidence, f"mean size {np.mean(sizes[name]):.2f}")
    out, ok = np.concatenate(outside), np.concatenate(right)
    inside, beyond = ok[~out].mean(), ok[out].mean() if out.any() else np.nan
    title = f"land cover, {estimator}: accuracy inside / outside the area of applicability"
    print(f"| {title} | | {inside:.1%} / {beyond:.1%} | | {len(ok):,} | {out.mean():.1%} outside |")


def naive_set(probabilities: np.ndarray, confidence: float) -> np.ndarray:
    order = np.argsort(-probabilities, axis=1)
    before = np.cumsum(np.take_along_axis(probabilities, order, 1), axis=1) - np.take_along_axis(
        probabilities, order, 1
    )
    chosen = np.zeros(probabilities.shape, bool)
    np.put_along_axis(chosen, order, before < confidence, axis=1)
    return chosen


def quantities(
    table: SampleTable,
    places: np.ndarray,
    annual: np.ndarray,
    store: EmbeddingStore,
    settings: FoldSettings,
    estimator: str,
    confidence: float,
) -> None:
    recipe = ProbeRecipe(FeatureSpec("date"), EstimatorSpec(estimator))
    inner = FoldSettings(folds=4, block_metres=settings.block_metres, seed=1)
    kept: dict[str, list[np.ndarray]] = {
        name: [] for name in ("width by level", "one width", "training residuals", "low third")
    }
    sums: dict[str, list[np.ndarray]] = {
        name: [] for name in ("covariance and residual sums", "if independent", "if fully dependent")
    }
    widths, margins, basis = [], [], ""
    z = 1.645 if confidence == 0.9 else 1.96
    centre = np.stack([store.grid.x[places[:, 1]], store.grid.y[places[:, 0]]], axis=1)
    stored = np.unique(store.times.astype("datetime64[D]"))
    sampled = np.unique(table.day)
    own_dates = sampled[np.unique([np.abs(sampled - day).argmin() for day in stored])]
    for fold in make_scheme(table, "block", settings).folds:
        train, test = table.take(fold.train), table.take(fold.test)
        probe, held = fit_probe(train, recipe), hold_out(train, recipe, "block", inner)
        guess = probe.predict_table(test).values.astype(np.float64)
        interval = calibrate_intervals(held, ConformalSettings(confidence))
        own = np.quantile(np.abs(train.y - probe.predict_table(train).values), confidence)
        inside = np.abs(test.y - guess) <= interval.half(guess)
        kept["width by level"].append(inside)
        one = calibrate_intervals(held, ConformalSettings(confidence, knots=1))
        kept["one width"].append(np.abs(test.y - guess) <= one.half(guess))
        kept["training residuals"].append(np.abs(test.y - guess) <= own)
        kept["low third"].append(inside[guess <= np.quantile(guess, 1 / 3)])
        widths.append(2 * interval.half(guess).mean())
        error = fit_sum_error(held, confidence)
        basis = error.basis
        for place in np.unique(test.position, axis=0):
            mine = (test.position == place).all(axis=1)
            # of the target dates alone, as a map is made
            mine[mine] = np.isin(test.day[mine], own_dates)
            days = test.day[mine]
            weights = day_weights(days, np.datetime64(f"{YEAR}-01-01"), np.datetime64(f"{YEAR}-12-31"))
            truth = annual[np.flatnonzero((centre == place).all(axis=1))[0]]
            off = abs(weights @ guess[mine] - truth)
            low, high = (z * size for size in error.extremes(days, weights))
            margins.append(error.margin(days, weights))
            for name, margin in zip(sums, (margins[-1], low, high), strict=True):
                sums[name].append(np.array([off <= margin]))
    for name, shares in kept.items():
        said(
            f"GPP, {estimator}, {name}",
            shares,
            confidence,
            f"mean width {np.mean(widths):.2f}" if name == "width by level" else "",
        )
    for name, shares in sums.items():
        said(
            f"annual GPP of a pixel, {estimator}, {name}",
            shares,
            confidence,
            f"± {np.mean(margins):.0f} gC m-2 y-1; {basis}" if "cov" in name else "",
        )
    print(f"| | | | | | {error} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path, nargs="?", default=Path("build/landscape.zarr"))
    parser.add_argument("--pixels", type=int, default=1_500)
    parser.add_argument("--series", type=int, default=300)
    parser.add_argument("--block", type=float, default=320.0, help="metres")
    parser.add_argument("--confidence", type=float, default=0.9)
    parser.add_argument("--estimators", nargs="+", default=["linear", "forest"])
    given = parser.parse_args()
    store, truth = EmbeddingStore(given.store), open_sample("landscape").truth
    settings = FoldSettings(folds=5, block_metres=given.block)
    print(f"simulated landscape, blocks of {given.block:g} m held out, seed 0\n")
    print("| what | nominal | held | points off | n | |\n| --- | --: | --: | --: | --: | --- |")
    started = time.perf_counter()
    cover = cover_table(store, truth, given.pixels, 0)
    gpp, places, annual = gpp_table(store, truth, given.series, 0)
    for estimator in given.estimators:
        classes(cover, settings, estimator, given.confidence)
        quantities(gpp, places, annual, store, settings, estimator, given.confidence)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()

"""Fit a probe and draw it over 1 M pixels of one date: the wait between a click and a new map.

Usage: probe_preview.py [--pixels 1000000] [--samples 5000] [--dims 16 32] [--estimators linear forest] [--store PATH]
Bars, on two cores: linear at most 1 s, forest at most 5 s, fit and preview together. Without a store the
features are noise around class centres, on which trees grow as deep as their limits let them; with one they
are the embeddings of its middle date, repeated to the size asked for, and classes are clusters of them."""

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np
from phenolens.engine.classes import ClassTable
from phenolens.engine.probes.estimators import NAMES, EstimatorSpec, ProbeRecipe
from phenolens.engine.probes.fitting import fit_probe
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.response import Response
from phenolens.engine.store import EmbeddingStore

CLASSES = 9
BARS = {"linear": 1.0, "forest": 5.0}


def noise(pixels: int, dims: int):
    random = np.random.default_rng(0)
    y = random.integers(0, CLASSES, pixels)
    centres = random.normal(size=(CLASSES, dims)).astype(np.float32)
    return centres[y] + random.normal(size=(pixels, dims)).astype(np.float32), y + 1


def embedded(store: EmbeddingStore, pixels: int, dims: int):
    drawn = store.read_map(len(store.times) // 2, dims=dims, support=False)
    features = drawn.embedding[:, drawn.validity].T
    random = np.random.default_rng(0)
    seeds = features[random.choice(len(features), CLASSES, replace=False)]
    y = np.argmin(((features[:, None] - seeds) ** 2).sum(axis=2), axis=1)
    again = np.resize(np.arange(len(features)), pixels)
    return np.ascontiguousarray(features[again]), y[again] + 1


def table_of(features, y, task):
    dims = features.shape[1]
    names = tuple(f"e{d + 1:02d}" for d in range(dims))
    classes = ClassTable.of_names([f"class {k + 1}" for k in range(CLASSES)])
    land = Response("land cover", "classification", classes=classes)
    gpp = Response("GPP", "regression", "gC m-2 d-1")
    response = land if task == "classification" else gpp
    return SampleTable(
        response, y if response is land else y + features[:, 0], {"embedding": Block(names, features)}
    )


def measure(features, y, name, task, samples, repeats):
    """Best (fit, preview) seconds, the middle of their sums, and processor seconds: halve them for two idle cores."""
    chosen = np.random.default_rng(1).choice(len(features), samples, replace=False)
    table = table_of(features[chosen], y[chosen], task)
    spent, before = [], time.process_time()
    for _ in range(repeats):
        started = time.perf_counter()
        probe = fit_probe(table, ProbeRecipe(FeatureSpec("date"), EstimatorSpec(name)))
        fitted = time.perf_counter()
        probe.predict(features)
        spent.append((fitted - started, time.perf_counter() - fitted))
    busy = (time.process_time() - before) / repeats
    return min(spent, key=sum), statistics.median(map(sum, spent)), busy


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pixels", type=int, default=1_000_000)
    parser.add_argument("--samples", type=int, default=5_000)
    parser.add_argument("--dims", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--estimators", nargs="+", default=["linear", "forest"], choices=NAMES)
    parser.add_argument("--tasks", nargs="+", default=["classification", "regression"])
    parser.add_argument("--store", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    store = EmbeddingStore(given.store) if given.store else None
    source = store.path.name if store else "noise"
    print(f"{given.samples:,} samples, {CLASSES} classes, {given.pixels:,} pixels of {source}; ", end="")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("estimator  task           dims  fit s preview s both s middle  cpu s  of the bar")
    for dims in given.dims:
        made = embedded(store, given.pixels, dims) if store else noise(given.pixels, dims)
        for task in given.tasks:
            for name in given.estimators:
                (fit, preview), middle, busy = measure(*made, name, task, given.samples, given.repeats)
                ratio = f"{(fit + preview) / BARS[name]:.2f} × {BARS[name]:g} s" if name in BARS else "no bar"
                numbers = f"{fit:6.2f} {preview:9.2f} {fit + preview:6.2f} {middle:6.2f} {busy:6.2f}"
                print(f"{name:10} {task:14} {dims:4} {numbers}  {ratio}", flush=True)


if __name__ == "__main__":
    main()

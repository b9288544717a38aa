"""What projections keep and what they cost: PCA, UMAP, the distilled map and nearest neighbours in its place.

Usage: projection_quality.py STORE [STORE …] [--pixels 20000]
Errors are on held-out squares and dates, relative to the spread of the UMAP; bars: a million pixels through the
map in 2 s, through a lasso in 0.1 s."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.views.projection import ProjectionSpec
from phenolens.engine.views.projection_fit import NetworkSettings, fit_projection, warm_up
from phenolens.engine.views.projection_lasso import enclosed, lasso_polygon

NETWORKS = {
    "128 × 3, with more pixels": NetworkSettings(),
    "128 × 3, the sample alone": NetworkSettings(more_pixels=0),
    "128 × 2, with more pixels": NetworkSettings(hidden=(128, 128)),
}


def seconds(work: Callable[[], object], repeats: int = 1) -> float:
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def compare(store: EmbeddingStore, pixels: int) -> None:
    print(f"\n{store.path.name}: {store.grid.shape} px, {len(store.times)} dates, {store.dims} dims")
    print(f"{'':<28}{'fit':>8}{'error':>8}{'median':>8}{'p90':>8}{'trust':>8}{'kept':>8}{'1 M px':>9}")
    noise = np.random.default_rng(0).normal(size=(1_000_000, store.dims)).astype(np.float32)
    runs = {"PCA": (ProjectionSpec("pca", pixels=pixels), None)}
    runs |= {name: (ProjectionSpec(pixels=pixels), network) for name, network in NETWORKS.items()}
    for name, (spec, network) in runs.items():
        start = time.perf_counter()
        fitted = fit_projection(store, spec, network=network)
        took, told = time.perf_counter() - start, fitted.fidelity
        which = "pca" if spec.method == "pca" else "map"
        applied = seconds(lambda fitted=fitted: fitted.apply(noise), 3)
        errors = f"{told.error:>8.3f}{told.error_median:>8.3f}{told.error_p90:>8.3f}"
        print(
            f"{name:<28}{took:>7.0f}s{errors}{told.trust[which]:>8.3f}{told.kept[which]:>8.3f}{applied:>8.2f}s"
        )
    print(
        f"{'UMAP itself':<28}{'':>32}{told.trust['umap']:>8.3f}{told.kept['umap']:>8.3f}   n = {told.pixels}"
    )


def lasso() -> None:
    random = np.random.default_rng(0)
    points = random.normal(size=(1_000_000, 2)).astype(np.float32)
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    radius = 1 + 0.3 * np.sin(7 * turn)
    flower = lasso_polygon(np.column_stack([radius * np.cos(turn), radius * np.sin(turn)]))
    tangle = lasso_polygon(random.normal(size=(40, 2)))
    print("\nlasso over 1 M points, bar 0.1 s")
    for name, polygon in {"200 corners": flower, "40 corners that cross": tangle}.items():
        print(f"  {name:<24}{seconds(lambda polygon=polygon: enclosed(points, polygon), 5):.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stores", nargs="*", type=Path, default=[Path("build/landscape.zarr")])
    parser.add_argument("--pixels", type=int, default=20_000)
    options = parser.parse_args()
    print(f"warm-up of umap-learn: {seconds(warm_up):.0f} s")
    for path in options.stores:
        compare(EmbeddingStore(path), options.pixels)
    lasso()


if __name__ == "__main__":
    main()

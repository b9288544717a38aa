"""Changes planted into a store of the simulated landscape: found or not, and how far the date is off.

Usage: planted_change.py LANDSCAPE_STORE
From a random date on, whole parcels get the series of a parcel of another class. All of it is simulated; the
settings of the search were chosen on the upper left quarter with seed 1."""

import argparse
from pathlib import Path

import numpy as np
from phenolens.engine.acquisitions.samples import open_sample
from phenolens.engine.grid import Window
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.views.change_breaks import SURE, BreakSearch, largest_breaks, whitened_series
from sklearn.metrics import roc_auc_score

SIDE, PARCELS, LEAST_PIXELS, MARGIN = 128, 12, 40, 12


def planted(classes, parcels, values, weights, random):
    """Series with parcels replaced (in place); which pixels changed, and when."""
    ids = [i for i in np.unique(parcels) if (parcels == i).sum() > LEAST_PIXELS]
    random.shuffle(ids)
    changed, when = np.zeros(parcels.size, bool), np.zeros(parcels.size, int)
    kind = {i: classes[parcels == i][0] for i in ids}
    for parcel in ids[:PARCELS]:
        donor = random.choice([i for i in ids[PARCELS:] if kind[i] != kind[parcel]])
        pixels = np.flatnonzero(parcels == parcel)
        source = random.choice(np.flatnonzero(parcels == donor), len(pixels))
        start = int(random.integers(MARGIN, len(values) - MARGIN))
        values[start:, :, pixels] = values[start:][:, :, source]
        weights[start:, pixels] = weights[start:][:, source]
        changed[pixels], when[pixels] = True, start
    return changed, when


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, nargs="?", default=Path("build/landscape.zarr"))
    store = EmbeddingStore(parser.parse_args().store)
    truth, search = open_sample("landscape").truth, BreakSearch.fit(store)
    step = float(np.median(np.diff(store.days)))
    print(f"simulated; {len(store.times)} dates every {step:g} days")
    print(
        f"{'quarter':<14}{'n':>7}{'AUC':>8}{'recall':>9}{'false':>9}{'days off: median':>18}{'p75':>6}{'p90':>6}"
    )
    for row, col in ((0, 0), (0, SIDE), (SIDE, 0), (SIDE, SIDE)):
        window = Window(row, col, SIDE, SIDE)
        classes, parcels = truth.land_cover(window).ravel(), truth.parcels(window).ravel()
        values, weights = whitened_series(store, window, search.whitening)
        random = np.random.default_rng(1 + row // SIDE * 2 + col // SIDE)
        changed, when = planted(classes, parcels, values, weights, random)
        found = largest_breaks(values - search.common[:, :, None], weights, search.slots)
        z = np.nan_to_num(search.confidence(found))
        off = (
            np.percentile(np.abs(found.index - when)[changed & np.isfinite(found.index)], (50, 75, 90)) * step
        )
        sure = z >= SURE
        scores = f"{roc_auc_score(changed, z):>8.3f}{sure[changed].mean():>9.3f}{sure[~changed].mean():>9.4f}"
        print(f"{row:>4},{col:<9}{changed.sum():>7}{scores}{off[0]:>18.0f}{off[1]:>6.0f}{off[2]:>6.0f}")


if __name__ == "__main__":
    main()

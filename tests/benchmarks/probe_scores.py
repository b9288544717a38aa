"""Probes on embeddings beside all baselines under every scheme: towers, WorldCereal points, and stores if given.

Usage: probe_scores.py [--data DIR] [--flanders STORE] [--landscape STORE] [--only NAME] [--out DIR]

`--flanders`: embeddings of flanders_s1s2/00002806639B424A · `--landscape`: embeddings of the simulated sample of that
name. With `--out`, the whole reports (HTML, Markdown, JSON) lie there. Estimators have their default settings;
nothing is tuned."""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from phenolens.engine.acquisitions.cube import CubeSource
from phenolens.engine.acquisitions.samples import open_sample
from phenolens.engine.commands.sources import AreaFlags, gather, recorded_sources
from phenolens.engine.labels.raster import read_label_raster
from phenolens.engine.labels.simulated import simulated_gpp_labels, simulated_land_cover_labels
from phenolens.engine.probes.estimators import EstimatorSpec
from phenolens.engine.probes.features import sample_table
from phenolens.engine.probes.point_series import embed_composites, embed_sites
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.probes.table import SampleTable
from phenolens.engine.probes.tables import tower_gpp_hls_table
from phenolens.engine.probes.worldcereal import worldcereal_table
from phenolens.engine.representation.checkpoint import Checkpoint, load_checkpoint
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.validation.fits import Fit, blocks_fit
from phenolens.engine.validation.report import Report, leak_sentences, short
from phenolens.engine.validation.report_files import write_report
from phenolens.engine.validation.validation import validate

DATA = Path(__file__).parents[3] / "shared" / "data"
PROBES: Mapping[str, Fit] = {
    f"embedding ({name})": blocks_fit(EstimatorSpec(name), ("embedding",)) for name in ("linear", "forest")
}
POINTS = {
    "france": (
        "dekad_2023_FRA_LPIS_POLY_110.geoparquet",
        "500 points in France, 2022-2023, ten-day composites",
    ),
    "corsica": (
        "month_2022_FRA_LPIS_POLY_110.geoparquet",
        "500 points in Corsica, 2021-2023, monthly composites",
    ),
    "africa": (
        "month_africa_2017_test_public_extractions.parquet",
        "500 points in Uganda and South Sudan, 2017, monthly",
    ),
}
Case = tuple[str, Callable[[], Report]]


def towers(data: Path, checkpoint: Checkpoint) -> Report:
    path = data / "tower_gpp_hls" / "data_train_hls_37sites_v0_1.csv"
    about = (
        "975 tower-days of GPP at 36 towers, 2018-2021; HLS reflectance as means of 1.5 km chips, six bands, no "
        "Sentinel-1. A site's samples are its acquisitions; a single pixel each, without neighbours. Cloudy rows "
        "(about 6 %) stay in."
    )
    table = embed_sites(tower_gpp_hls_table(path).samples, checkpoint.model)
    return _report("GPP at flux towers", table, checkpoint, about, "NASA-IMPACT/Prithvi-EO-2.0, CC-BY-4.0.")


def points(data: Path, checkpoint: Checkpoint, name: str) -> Report:
    file, about = POINTS[name]
    table = embed_composites(worldcereal_table(data / "worldcereal_points" / file).samples, checkpoint.model)
    about = f"{about} of Sentinel-1/2; single pixels without neighbours, one embedding a month."
    return _report(
        f"Land cover at WorldCereal points: {name}",
        table,
        checkpoint,
        about,
        "ESA WorldCereal, MIT; French RPG (Etalab).",
    )


def flanders(data: Path, checkpoint: Checkpoint, path: Path) -> Report:
    store = EmbeddingStore(path)
    folder = data / "flanders_s1s2" / "00002806639B424A"
    labels = next(folder.glob("OUTPUT_*.nc"))
    pixels = read_label_raster(labels, variable="CT", grid=store.grid, class_file=None)
    table = sample_table(store, pixels, FeatureSpec("season"), sources=_sources(store, path))
    about = "Field labels (crop types) of a 640 m area in Flanders; seasons of 2017-08 to 2018-11."
    return _report(
        "Crop types of Flanders fields", table, checkpoint, about, "ESA WorldCereal, MIT; LPIS Flanders."
    )


def landscape_cover(data: Path, checkpoint: Checkpoint, path: Path) -> Report:
    store, sample = EmbeddingStore(path), open_sample("landscape")
    pixels = simulated_land_cover_labels(sample.truth, pixels_per_parcel=12)
    table = sample_table(store, pixels, FeatureSpec("season"), sources=sample.sources)
    return _report("Land cover of the landscape", table, checkpoint, SIMULATED, "", origin="simulated")


def landscape_gpp(data: Path, checkpoint: Checkpoint, path: Path) -> Report:
    store, sample = EmbeddingStore(path), open_sample("landscape")
    days = store.times[::4].astype("datetime64[D]")
    pixels = simulated_gpp_labels(sample.truth, days)
    table = sample_table(store, pixels, FeatureSpec("date"), sources=sample.sources)
    return _report("GPP of the landscape", table, checkpoint, SIMULATED, "", origin="simulated")


SIMULATED = "A landscape of 256 × 256 px with known truth, two years; nothing of it was measured."


def _sources(store: EmbeddingStore, path: Path) -> Mapping[str, CubeSource]:
    found: Mapping[str, CubeSource] = gather(recorded_sources(path), AreaFlags(), grid=store.grid).sources
    return found


def _report(
    title: str, table: SampleTable, checkpoint: Checkpoint, about: str, credit: str, origin: str = "real"
) -> Report:
    facts = {"model": f"{checkpoint.name} ({checkpoint.sha256[:12]})"}
    return Report(title, validate(table, PROBES), origin, about, credit, facts)


def cases(given: argparse.Namespace, checkpoint: Checkpoint) -> Iterator[Case]:
    yield "towers", lambda: towers(given.data, checkpoint)
    for name in POINTS:
        yield name, lambda name=name: points(given.data, checkpoint, name)
    if given.flanders:
        yield "flanders", lambda: flanders(given.data, checkpoint, given.flanders)
    if given.landscape:
        yield "landscape-cover", lambda: landscape_cover(given.data, checkpoint, given.landscape)
        yield "landscape-gpp", lambda: landscape_gpp(given.data, checkpoint, given.landscape)


def show(report: Report, seconds: float) -> None:
    v = report.validation
    print(f"\n## {report.title} ({report.origin} data; {seconds:.0f} s)\n\n{report.about}\n{report.lead}")
    for said in leak_sentences(v):
        print(f"Leak, {said}")
    print(f"Intervals: over {v.drawn}. Schemes: " + " · ".join(f"{s.name}: {s.notes[0]}" for s in v.schemes))
    width = max(map(len, v.methods)) + 2
    print(
        "\n" + v.metric.ljust(width) + "".join(s.name.ljust(22) for s in v.schemes) + f"n = {len(v.table):,}"
    )
    for method in v.methods:
        print(method.ljust(width) + "".join(short(v.score(method, s.name)).ljust(22) for s in v.schemes))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--flanders", type=Path)
    parser.add_argument("--landscape", type=Path)
    parser.add_argument("--only")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if not given.data.is_dir():
        print(f"no data at {given.data}: nothing to measure (give --data)")
        return
    checkpoint = load_checkpoint()
    for name, run in cases(given, checkpoint):
        if given.only in (None, name):
            started = time.perf_counter()
            report = run()
            show(report, time.perf_counter() - started)
            if given.out:
                write_report(report, given.out, name=name, overwrite=True)


if __name__ == "__main__":
    main()

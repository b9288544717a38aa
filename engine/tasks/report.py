"""Validation of a probe on samples of a store, and the report of it as files."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import EngineError
from ..export.provenance import provenance_of
from ..output import check_free
from ..probes.estimators import EstimatorSpec
from ..probes.probe import ProbeRecipe
from ..progress import Watch
from ..store import EmbeddingStore
from ..validation.fits import Fit, recipe_fit
from ..validation.folds import FoldSettings
from ..validation.heldout_file import write_heldout
from ..validation.report import Report
from ..validation.report_files import KINDS, write_report
from ..validation.validation import validate
from .samples import SampleChoice, Samples, read_samples

HELD_OUT = "heldout.csv"


@dataclass(frozen=True)
class ReportChoice:
    """How a probe is judged, and how that is reported."""

    schemes: tuple[str, ...] = ()
    """All that apply, where there are none."""
    folds: int = 5
    block_metres: float | None = None
    """Side of a spatial block; from the extent, where None."""
    also: tuple[str, ...] = ()
    """Other estimators to stand beside."""
    baselines: bool = True
    needs_bands: bool = True
    """Fail where the acquisitions that baselines of raw bands need can't be read; do without them otherwise."""
    title: str | None = None
    simulated: bool = False


def report_paths(out: Path) -> dict[str, Path]:
    """`html`, `md`, `json`, and `csv` of what was held out."""
    paths = {kind: out.with_name(f"{out.name}.{kind}") for kind in KINDS}
    return {**paths, "csv": out.with_name(f"{out.name}-{HELD_OUT}")}


def report_probe(
    store: EmbeddingStore,
    choice: SampleChoice,
    recipe: ProbeRecipe,
    how: ReportChoice,
    out: Path,
    *,
    overwrite: bool,
    watch: Watch,
    say: Callable[[str], None],
) -> tuple[Report, dict[str, Path]]:
    """Cross-validate a probe beside baselines; write OUT.html, .md, .json and OUT-heldout.csv.

    `say` is told what was read and dropped."""
    paths = report_paths(out)
    for path in paths.values():
        check_free(path, overwrite=overwrite)
    samples = _samples(store, choice, how, say)
    say(samples.imported)
    say(str(samples.sampling))
    found = validate(
        samples.table,
        probe_fits(recipe, how.also),
        settings=FoldSettings(how.folds, recipe.seed, how.block_metres),
        schemes=how.schemes or None,
        baselines=how.baselines,
        progress=watch.progress("validate"),
        cancel=watch.cancel,
    )
    simulated = how.simulated or "simulated" in found.table.response.name or _made_up(store)
    report = Report(
        how.title or f"{found.table.response.name}: {store.path.name}",
        found,
        "simulated" if simulated else "real",
        facts=_facts(store, recipe),
    )
    write_report(report, out.parent, name=out.name, overwrite=overwrite)
    write_heldout(found, paths["csv"], overwrite=overwrite)
    return report, paths


def probe_fits(recipe: ProbeRecipe, also: tuple[str, ...]) -> dict[str, Fit]:
    """Fits by the name that tables show."""
    recipes = [recipe, *(replace(recipe, estimator=EstimatorSpec(name)) for name in also)]
    return {f"{' + '.join(one.blocks)} ({one.estimator.name})": recipe_fit(one) for one in recipes}


def _samples(
    store: EmbeddingStore, choice: SampleChoice, how: ReportChoice, say: Callable[[str], None]
) -> Samples:
    strict = how.needs_bands and not choice.towers  # which have baselines enough without bands
    if not how.baselines or strict:
        return read_samples(store, choice, baselines=how.baselines)
    try:
        return read_samples(store, choice, baselines=True)
    except EngineError as error:  # if it isn't for the acquisitions, the same comes again below
        say(f"no baselines of raw bands: {error}")
        return read_samples(store, choice)


def _made_up(store: EmbeddingStore) -> bool:
    """Whether no satellite observed what the store shows."""
    return provenance_of(store, [0]).simulated


def _facts(store: EmbeddingStore, recipe: ProbeRecipe) -> dict[str, str]:
    return {
        "store": store.path.name,
        "model": f"{store.model['name']} ({str(store.model['sha256'])[:12]})",
        "estimator": recipe.estimator.name,
    }

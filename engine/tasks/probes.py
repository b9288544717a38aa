"""Probes: fitted on samples of a store, and mapped over a store."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ..dates import ALL
from ..errors import InputError, ProbeError
from ..mapping.apply import ApplyOptions, apply_probe
from ..mapping.stack import apply_stack
from ..mapping.total import apply_sum
from ..output import check_free
from ..probes.files import SUFFIX, probe_sha256, save_probe
from ..probes.fitting import fit_probe
from ..probes.probe import Origin, Probe, ProbeRecipe
from ..progress import Watch
from ..store import EmbeddingStore
from ..trust.calibration import calibrate
from .samples import SampleChoice, Samples, read_samples

MapForm = Literal["maps", "netcdf", "sum"]


@dataclass(frozen=True, eq=False)
class FittedProbe:
    """A probe that was fitted and saved."""

    probe: Probe
    path: Path
    samples: Samples
    trust: str
    """How it was calibrated, or why it was not."""

    def to_dict(self) -> dict[str, Any]:
        """In plain values, without the path."""
        return {
            "samples": len(self.samples.table),
            "dropped": dict(self.samples.sampling.dropped),
            "imported": self.samples.imported_values,
            "training": asdict(self.probe.training),
            "scores": self.probe.scores,
            "recipe": self.probe.recipe.to_dict(),
            "trust": self.trust,
            "sha256": probe_sha256(self.probe),
        }


def fit_and_save(
    store: EmbeddingStore,
    choice: SampleChoice,
    recipe: ProbeRecipe,
    out: Path,
    *,
    trust: bool,
    overwrite: bool,
    watch: Watch,
    say: Callable[[str], None],
) -> FittedProbe:
    """Fit a probe and write it; `trust` calibrates it by group, where the samples allow that.

    `say` is told what was read and dropped."""
    out = out if out.suffix else out.with_suffix(SUFFIX)
    check_free(out, overwrite=overwrite)
    samples = read_samples(store, choice)
    say(samples.imported)
    say(str(samples.sampling))
    watch.cancel.check()
    fitted, note = fit_probe(samples.table, recipe, origin=Origin.of(store, choice.spec.dims)), ""
    if trust:
        fitted, note = _with_trust(fitted, samples, watch)
    return FittedProbe(fitted, save_probe(fitted, out, overwrite=overwrite), samples, note)


def _with_trust(fitted: Probe, samples: Samples, watch: Watch) -> tuple[Probe, str]:
    """The probe with what says how far to trust it; without, and why, where the samples can't tell."""
    try:
        calibrated, held = calibrate(
            fitted, samples.table, progress=watch.progress("calibrate"), cancel=watch.cancel
        )
    except ProbeError as error:
        return fitted, f"no intervals, sets or applicability: {error}"
    return calibrated, f"calibrated on samples held out by {held.scheme}"


def map_probe(
    probe: Probe,
    store: EmbeddingStore,
    days: Sequence[str],
    out: Path,
    *,
    form: MapForm = "maps",
    layers: tuple[str, ...] | None = None,
    overwrite: bool,
    watch: Watch,
) -> list[Path]:
    """OUT-MAP-DATE.tif of each day or period (`all` = every date), OUT.nc of all, or the sum over one period."""
    when: str | Sequence[str] = ALL if list(days) == [ALL] else days
    how: dict[str, Any] = {
        "options": ApplyOptions(layers=layers),
        "overwrite": overwrite,
        "progress": watch.progress("apply"),
        "cancel": watch.cancel,
    }
    if form == "netcdf":
        path = out if out.suffix == ".nc" else out.with_name(f"{out.name}.nc")
        return [apply_stack(probe, store, when, path, **how)]
    if form == "sum":
        if isinstance(when, str) or len(when) != 1:
            raise InputError(
                "a sum is over one period", value=when, remedy="give --date 2020-01-01/2020-12-31"
            )
        return [written.raster for written in apply_sum(probe, store, when[0], out, **how).values()]
    applied = apply_probe(probe, store, when, out, **how)
    return [written.raster for one in applied for written in one.files.values()]

"""All that says how far to trust a probe, learnt once, kept with it, and found again when it is applied."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..probes.probe import Probe
from ..probes.table import SampleTable
from ..progress import CancelToken, Progress
from ..validation.folds import FoldSettings
from ..validation.validation import score_table
from .applicability import Applicability, ApplicabilitySettings, fit_applicability
from .conformal import ConformalInterval, ConformalSet, ConformalSettings, calibrate_intervals, calibrate_sets
from .heldout import HeldOut, groups_of, hold_out
from .sums import SumError, fit_sum_error

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
INTERVAL, SET, APPLICABILITY, SUMS = "conformal-interval", "conformal-set", "applicability", "sums"
"""Names of attachments."""
Scheme = Literal["site", "block", "polygon"]


@dataclass(frozen=True)
class Trust:
    """What judges predictions beside the probe; None = not known."""

    interval: Callable[[Floats], tuple[Floats, Floats]] | None = None
    """Predicted values [n] → low and high [n]."""
    coverage: float = 0.9
    """Nominal, of intervals and sets."""
    promise: str = ""
    """How the coverage was kept on samples that were left out."""
    groups: int = 0
    """Held-out groups that the coverage was learnt from."""
    group: str = ""
    """What they are: `site`, `block` or `polygon`."""
    sets: Callable[[Floats], Bools] | None = None
    """Probabilities [n, class] → [n, class] the classes that can't be ruled out."""
    dissimilarity: Callable[[Floats], Floats] | None = None
    """Features [n, feature] → [n]; 1 = as far from the training samples as these from each other."""
    threshold: float = np.nan
    """Dissimilarity above which a pixel is outside of what the probe can know."""

    @property
    def basis(self) -> str:
        """`3 sites`: what intervals and sets rest on; empty where that isn't known."""
        return f"{self.groups} {self.group}{'' if self.groups == 1 else 's'}" if self.group else ""


@dataclass(frozen=True)
class TrustSettings:
    """What is calibrated, on which held-out groups."""

    conformal: ConformalSettings = field(default_factory=ConformalSettings)
    applicability: ApplicabilitySettings = field(default_factory=ApplicabilitySettings)
    folds: FoldSettings = field(default_factory=FoldSettings)
    scheme: Scheme | None = None
    """None = sites, else blocks, else polygons: whichever the samples have."""


def calibrate(
    probe: Probe,
    table: SampleTable,
    settings: TrustSettings | None = None,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> tuple[Probe, HeldOut]:
    """The probe with intervals or sets, applicability and, for series, the error of sums attached, and its scores.

    `table`: the samples that it was fitted on; every group of them is predicted by a probe that never saw it.
    `ProbeError` where the samples have no groups, or too few for the promise."""
    settings = settings or TrustSettings()
    held = hold_out(table, probe.recipe, settings.scheme, settings.folds, progress=progress, cancel=cancel)
    probe = probe.with_scores({held.scheme: _scores(held)})
    group = groups_of(table, held.scheme, settings.folds)
    known = fit_applicability(table.features(probe.recipe.blocks), group, settings=settings.applicability)
    probe = probe.attach(APPLICABILITY, known.to_attachment())
    if table.response.task == "classification":
        return probe.attach(SET, calibrate_sets(held, settings.conformal).to_attachment()), held
    probe = probe.attach(INTERVAL, calibrate_intervals(held, settings.conformal).to_attachment())
    if table.day is not None:
        try:
            sums = fit_sum_error(held, settings.conformal.confidence)
        except ProbeError:  # samples of single days have intervals all the same
            return probe, held
        probe = probe.attach(SUMS, sums.to_attachment())
    return probe, held


def _scores(held: HeldOut) -> dict[str, dict[str, float | int | None]]:
    """What the probe reached on groups that it had not seen, by metric, with intervals and n."""
    return {name: score.to_dict() for name, score in score_table(held.table, held.predicted).items()}


def interval_of(probe: Probe) -> ConformalInterval | None:
    stored = probe.attachments.get(INTERVAL)
    return None if stored is None else ConformalInterval.from_attachment(stored)


def set_of(probe: Probe) -> ConformalSet | None:
    stored = probe.attachments.get(SET)
    return None if stored is None else ConformalSet.from_attachment(stored)


def applicability_of(probe: Probe) -> Applicability | None:
    stored = probe.attachments.get(APPLICABILITY)
    return None if stored is None else Applicability.from_attachment(stored)


def sum_error_of(probe: Probe) -> SumError | None:
    stored = probe.attachments.get(SUMS)
    return None if stored is None else SumError.from_attachment(stored)


def trust_of(probe: Probe) -> Trust:
    """What `apply_probe` draws trust layers with; layers whose calibration the probe lacks are left out."""
    interval, chosen, known = interval_of(probe), set_of(probe), applicability_of(probe)
    calibrated = interval or chosen
    return Trust(
        interval=interval,
        coverage=(calibrated.settings if calibrated else ConformalSettings()).confidence,
        promise=f"Kept: {calibrated.kept}." if calibrated else "",
        groups=calibrated.kept.groups if calibrated else 0,
        group=calibrated.kept.scheme if calibrated else "",
        sets=chosen,
        dissimilarity=known,
        threshold=known.threshold if known else np.nan,
    )

"""Predictions of samples by probes that saw nothing of their polygon, block or site: what trust is built on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..probes.estimators import ProbeRecipe
from ..probes.fitting import fit_probe
from ..probes.table import Floats, SampleTable
from ..progress import CancelToken, Progress
from ..validation.folds import FoldSettings, Scheme, blocks_of, make_scheme
from ..validation.samples import place_of

Ids = npt.NDArray[np.int64]

HONEST = ("site", "block", "polygon")
"""Schemes that hold groups out, in the order of preference."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Samples with predictions that come from other groups alone."""

    table: SampleTable
    """Of the samples that were held out once."""
    predicted: npt.NDArray[np.float64]
    """[sample]: class codes, or values."""
    probabilities: Floats | None
    """[sample, class] of the whole class table; None of a regression."""
    group: Ids
    """[sample] which samples were held out together: one polygon, block or site."""
    scheme: str
    """How: `site`, `block`, `polygon`, …"""

    @property
    def residual(self) -> npt.NDArray[np.float64]:
        """[sample] reference less prediction, of a regression."""
        return np.asarray(self.table.y, np.float64) - self.predicted

    @property
    def groups(self) -> int:
        return len(np.unique(self.group))

    def take(self, rows: Ids | npt.NDArray[np.bool_]) -> "HeldOut":
        shares = None if self.probabilities is None else self.probabilities[rows]
        return HeldOut(self.table.take(rows), self.predicted[rows], shares, self.group[rows], self.scheme)


def hold_out(
    table: SampleTable,
    recipe: ProbeRecipe,
    scheme: str | None = None,
    settings: FoldSettings | None = None,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> HeldOut:
    """Predict every sample with a probe fitted on other groups: by site, else block, else polygon.

    `ProbeError` where the samples have no groups (a random split would promise too much) or too few."""
    settings, cancel = settings or FoldSettings(), cancel or CancelToken()
    made = _scheme(table, scheme, settings)
    progress = progress or Progress("hold out", 0)
    progress.total = progress.total or len(made.folds)
    rows, values, shares = [], [], []
    for fold in made.folds:
        cancel.check()
        said = fit_probe(table.take(fold.train), recipe).predict_table(table.take(fold.test))
        rows.append(fold.test)
        values.append(said.values.astype(np.float64))
        shares.append(said.probabilities)
        progress.advance()
    found, first = np.unique(np.concatenate(rows), return_index=True)
    known = [part for part in shares if part is not None]
    return HeldOut(
        table.take(found),
        np.concatenate(values)[first],
        np.concatenate(known)[first] if known else None,
        groups_of(table, made.name, settings)[found],
        made.name,
    )


def groups_of(table: SampleTable, scheme: str, settings: FoldSettings | None = None) -> Ids:
    """[sample] the group that a scheme holds out as a whole."""
    settings = settings or FoldSettings()
    if scheme == "block":
        return blocks_of(table, settings)[0]
    key = {"site-year": "site"}.get(scheme, scheme)
    if key not in table.keys:
        raise ProbeError(
            "samples can't be held out in groups this way", value=scheme, remedy=", ".join(HONEST)
        )
    return np.asarray(np.unique(table.keys[key], return_inverse=True)[1].reshape(-1), np.int64)


def _scheme(table: SampleTable, name: str | None, settings: FoldSettings) -> Scheme:
    if name is not None:
        return make_scheme(table, name, settings)
    reasons = []
    for honest in HONEST:
        try:
            return make_scheme(table, honest, settings)
        except ProbeError as error:
            reasons.append(f"{honest}: {error.cause}")
    raise ProbeError(
        "no samples can be held out in groups, so that nothing can be promised for new places",
        value="; ".join(reasons),
        remedy="give sites, polygon ids or positions",
    )


def series_of(table: SampleTable) -> Ids:
    """[sample] the place whose samples make one time series."""
    places = place_of(table)
    if places is None:
        raise ProbeError("the samples have neither position nor site", remedy="series in time need one")
    return places

"""What a probe has to beat: climatology, vegetation indices, raw bands, weather alone, the commonest class.

They use the same samples, folds and estimators as the probe, so that only the features differ; nothing is tuned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..probes.estimators import EstimatorSpec, Standardiser
from ..probes.table import Floats, SampleTable
from .fits import Fit, Predictor, blocks_fit, features_fit, fit_on

Values = npt.NDArray[np.float64]
RAW = ("bands", "radar")
"""Blocks that hold what the sensors saw."""
DAYS_WIDE = 15.0  # standard deviation of the climatology's kernel: it follows a spring, not a week
PRIOR = 1.0  # the wider climatology counts as much as one sample of the site on that very day
YEAR_DAYS = 365.25
LARGEST_PCA = 32  # embeddings of many dates side by side have hundreds of dimensions, no size for a PCA


@dataclass(frozen=True)
class Baselines:
    """The baselines that the samples allow, by name, and why others are absent."""

    fits: Mapping[str, Fit]
    absent: Mapping[str, str] = field(default_factory=dict)


def make_baselines(table: SampleTable, seed: int = 0) -> Baselines:
    """All baselines for the task of the samples."""
    regression = table.response.task == "regression"
    made = _of_time(table) if regression else {"majority class": majority}
    made |= _of_indices(table, seed) if regression else {}
    made |= _of_blocks(table, seed)
    return Baselines(
        {name: fit for name, fit in made.items() if not isinstance(fit, str)},
        {name: fit for name, fit in made.items() if isinstance(fit, str)},
    )


def majority(train: SampleTable) -> Predictor:
    """The commonest class of the training samples, everywhere."""
    codes, counts = np.unique(train.y, return_counts=True)
    return lambda table: np.full(len(table), codes[counts.argmax()])


def climatology(train: SampleTable, keys: Sequence[str] = ()) -> Predictor:
    """The mean seasonal cycle: a Gaussian kernel over the day of the year, of all training samples or of those
    that share the keys. A wider cycle (of all; then of the first key; …) fills where a narrower one has few samples."""
    return lambda table: _cycle(train, table, list(keys))


def _cycle(train: SampleTable, table: SampleTable, keys: list[str]) -> Values:
    if not keys:
        return _kernel_mean(train, table, None, np.full(len(table), float(np.mean(train.y))), 1e-6)
    return _kernel_mean(train, table, keys[-1], _cycle(train, table, keys[:-1]), PRIOR)


def _kernel_mean(
    train: SampleTable, table: SampleTable, key: str | None, wider: Values, prior: float
) -> Values:
    """[sample] by day of the year; `wider` counts as `prior` samples."""
    learnt, asked = _day_of_year(train), _day_of_year(table)
    out = wider.copy()
    for value in [None] if key is None else np.unique(table.keys[key]):
        rows = np.flatnonzero(_same(table, key, value))
        mine = np.flatnonzero(_same(train, key, value))
        for start in range(0, len(rows) if len(mine) else 0, 2048):  # [2048, training samples] at a time
            part = rows[start : start + 2048]
            apart = np.abs(asked[part, None] - learnt[None, mine])
            apart = np.minimum(apart, YEAR_DAYS - apart)
            weight = np.exp(-0.5 * (apart / DAYS_WIDE) ** 2)
            out[part] = (weight @ train.y[mine] + prior * wider[part]) / (weight.sum(axis=1) + prior)
    return out


def _same(table: SampleTable, key: str | None, value: object) -> npt.NDArray[np.bool_]:
    return np.ones(len(table), bool) if key is None else table.keys[key] == value


def _day_of_year(table: SampleTable) -> Values:
    if table.day is None:
        raise ProbeError("a seasonal cycle needs samples with a date")
    days: Values = (table.day - table.day.astype("datetime64[Y]")).astype(np.float64)
    return days


def _of_time(table: SampleTable) -> dict[str, Fit | str]:
    if table.day is None:
        return {"mean seasonal cycle": "the samples have no date"}
    place = next((key for key in ("site", "polygon") if key in table.keys), None)
    made: dict[str, Fit | str] = {
        "mean seasonal cycle": partial(climatology, keys=(place,) if place else ()),
    }
    if "biome" in table.keys:
        keys = ("biome", place) if place else ("biome",)
        made["mean seasonal cycle of the biome"] = partial(climatology, keys=keys)
    return made


def _of_indices(table: SampleTable, seed: int) -> dict[str, Fit | str]:
    return {f"{name} regression": _of_index(table, name, seed) for name in ("NIRv", "kNDVI")}


def _of_index(table: SampleTable, index: str, seed: int) -> Fit | str:
    """Linear in one index, at one or several dates."""
    columns = [
        (block, k)
        for block, found in table.blocks.items()
        for k, name in enumerate(found.names)
        if name.lower().split(" ")[0] == index.lower()
    ]
    if not columns:
        return "the samples lack this index"
    return features_fit(EstimatorSpec("linear", {"regularisation": 1e-3}), partial(_columns, columns), seed)


def _columns(columns: Sequence[tuple[str, int]], table: SampleTable) -> Floats:
    return np.stack([table.block(block).values[:, k] for block, k in columns], axis=1)


def _of_blocks(table: SampleTable, seed: int) -> dict[str, Fit | str]:
    raw = tuple(name for name in RAW if name in table.blocks)
    linear, forest = EstimatorSpec("linear"), EstimatorSpec("forest")
    dims = table.blocks["embedding"].values.shape[1] if "embedding" in table.blocks else LARGEST_PCA
    wanted = {
        "raw bands (linear)": (raw, linear),
        "raw bands (forest)": (raw, forest),
        "bands + indices (linear)": ((*(raw or RAW), "indices"), linear),
        "bands + indices (forest)": ((*(raw or RAW), "indices"), forest),
        "weather only (forest)": (("weather",), forest),
    }
    made: dict[str, Fit | str] = {}
    for name, (blocks, estimator) in wanted.items():
        # "bands" stands in where nothing raw is there at all
        lacking = [block for block in blocks or ("bands",) if block not in table.blocks]
        made[name] = f"the samples have no {lacking[0]}" if lacking else blocks_fit(estimator, blocks, seed)
    made["PCA of bands (linear)"] = (
        partial(_fit_pca, raw, min(dims, LARGEST_PCA), seed) if raw else "the samples have no bands"
    )
    return made


def _fit_pca(blocks: Sequence[str], size: int, seed: int, train: SampleTable) -> Predictor:
    """As many principal components as the embedding has dimensions, 32 at most, then linear."""
    from sklearn.decomposition import PCA  # noqa: PLC0415 - heavy

    scale = Standardiser.fit(train.features(blocks))
    learnt = scale(train.features(blocks))
    pca = PCA(min(size, *learnt.shape), random_state=seed).fit(learnt)

    def features(table: SampleTable) -> Floats:
        reduced: Floats = pca.transform(scale(table.features(blocks))).astype(np.float32)
        return reduced

    return fit_on(EstimatorSpec("linear"), features, seed, train)

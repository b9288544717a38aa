"""The small models that a probe can be, by name, with their settings; all are used through one interface."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from ..errors import ProbeError
from ..response import Task
from .spec import FeatureSpec
from .table import Floats

Values = npt.NDArray[np.float64]
Arrays = Mapping[str, npt.NDArray[Any]]
PREDICT_ROWS = 65_536
"""Samples predicted at a time: their features and scores stay in the processor's cache or near it."""

# Number types are those of the settings: a whole number, a float, a switch.
DEFAULTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "linear": {"regularisation": 1.0, "balanced": False},
        "knn": {"neighbours": 7, "by_distance": True},
        "forest": {"trees": 48, "leaves": 256, "smallest_leaf": 2, "balanced": False},
        "boosting": {"rounds": 100, "leaves": 15, "smallest_leaf": 10, "rate": 0.1, "balanced": False},
        "mlp": {"width": 64, "layers": 1, "rounds": 200, "decay": 1e-3},
        "temporal": {"width": 32, "rounds": 60, "decay": 1e-2, "rate": 3e-3},
    }
)
NAMES = tuple(DEFAULTS)
_ALSO = {"logistic": "linear", "ridge": "linear", "k-nn": "knn", "random-forest": "forest"}


@dataclass(frozen=True)
class EstimatorSpec:
    """Which estimator, with which settings; what is not set keeps its default.

    `linear` logistic or ridge regression · `knn` · `forest` (random) · `boosting` (histogram gradient boosting)
    · `mlp` · `temporal` (attention over the slots of `window` or `season` features).
    Missing features (NaN): trees send them down a branch of their own; all others see the mean of the training
    samples there, except `temporal`, which leaves such slots out of its attention."""

    name: str = "linear"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _ALSO.get(self.name, self.name))
        if self.name not in DEFAULTS:
            raise ProbeError("there is no such estimator", value=self.name, remedy=", ".join(NAMES))
        known = DEFAULTS[self.name]
        for key, value in self.parameters.items():
            if key not in known:
                raise ProbeError(f"{self.name} has no such setting", value=key, remedy=", ".join(known))
            _check(key, value, type(known[key]))

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, the defaults included."""
        return {**DEFAULTS[self.name], **self.parameters}

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "parameters": self.settings}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(str(stored["name"]), dict(stored["parameters"]))


def _check(key: str, value: Any, kind: type) -> None:
    fits = isinstance(value, bool) if kind is bool else isinstance(value, int | float) and value > 0
    if not fits or (kind is int and int(value) != value):
        wanted = {bool: "true or false", int: "a whole number above 0", float: "a number above 0"}[kind]
        raise ProbeError(f"the setting {key} is not {wanted}", value=value, remedy=f"such as {key}=…")


@dataclass(frozen=True)
class ProbeRecipe:
    """Everything that decides a probe beside its samples."""

    spec: FeatureSpec = field(default_factory=FeatureSpec)
    estimator: EstimatorSpec = field(default_factory=EstimatorSpec)
    blocks: tuple[str, ...] = ("embedding",)
    """Blocks of the sample table that it sees, in this order."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.blocks:
            raise ProbeError("a probe needs features", remedy="name a block, such as embedding")
        if self.estimator.name == "temporal" and self.spec.kind not in ("window", "season"):
            raise ProbeError(
                "the temporal estimator needs a series of slots",
                value=self.spec.kind,
                remedy="use window or season features",
            )

    def to_dict(self) -> dict[str, Any]:
        return {
            "features": self.spec.to_dict(),
            "estimator": self.estimator.to_dict(),
            "blocks": list(self.blocks),
            "seed": self.seed,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            FeatureSpec.from_dict(stored["features"]),
            EstimatorSpec.from_dict(stored["estimator"]),
            tuple(stored["blocks"]),
            int(stored["seed"]),
        )


class Fitted(Protocol):
    """A fitted estimator; it keeps its weights as arrays, or as one scikit-learn object."""

    def scores(self, features: Floats) -> Floats:
        """[n, class] probabilities in the order of the codes that it was fitted on, or [n, 1] values."""
        ...

    @property
    def arrays(self) -> Arrays: ...

    @property
    def learner(self) -> Any:
        """The scikit-learn object, None where the arrays are all."""
        ...


@dataclass(frozen=True)
class Lesson:
    """What an estimator is fitted on."""

    features: Floats
    """[n, feature]; NaN = missing."""
    y: Values
    """[n]: 0 to classes - 1, or values."""
    task: Task
    classes: int
    """0 of a regression."""
    slots: int
    """Slots that the first features are made of, side by side (`temporal`)."""
    slot_features: int
    """Features per slot; what follows the slots is no series."""
    seed: int


def fit_estimator(spec: EstimatorSpec, lesson: Lesson) -> Fitted:
    """Fit; `ProbeError` where there are too few samples for this estimator."""
    _check_enough(spec, len(lesson.y))
    with one_blas_thread():
        fitted: Fitted = _module(spec.name).fit(spec, lesson)
    return fitted


def one_blas_thread() -> AbstractContextManager[Any]:
    """Matrices of probes are small: on a busy machine two threads that wait for each other took 100 times as
    long as one (25 s instead of 0.25 s for a logistic regression on 5,000 samples)."""
    limit: AbstractContextManager[Any] = threadpool_limits(1, user_api="blas")
    return limit


def restore_estimator(spec: EstimatorSpec, task: Task, arrays: Arrays, learner: Any) -> Fitted:
    """An estimator from what was saved of it; `ProbeError` where parts are missing or don't fit together."""
    return _module(spec.name).restore(spec, task, arrays, learner)  # type: ignore[no-any-return]


def _module(name: str) -> Any:
    # each loads only when used: torch and scikit-learn take seconds
    if name == "linear":
        from . import linear  # noqa: PLC0415

        return linear
    if name == "temporal":
        from . import temporal  # noqa: PLC0415

        return temporal
    from . import learners  # noqa: PLC0415

    return learners


def _check_enough(spec: EstimatorSpec, count: int) -> None:
    settings = spec.settings
    needed = {
        "knn": settings.get("neighbours", 0),
        "forest": 2 * settings.get("smallest_leaf", 0),
        "boosting": 2 * settings.get("smallest_leaf", 0),
        "mlp": 10,
        "temporal": 10,
    }.get(spec.name, 2)
    if count < needed:
        raise ProbeError(
            f"too few samples for {spec.name}",
            value=f"{count} samples",
            remedy=f"give at least {needed}, or use linear",
        )


@dataclass(frozen=True, eq=False)
class Standardiser:
    """Features with mean 0 and variance 1 over the training samples; a missing one becomes 0, the mean."""

    mean: Floats
    scale: Floats

    @classmethod
    def fit(cls, features: Floats) -> Self:
        seen = np.isfinite(features)
        count = np.maximum(seen.sum(axis=0), 1)
        mean = np.where(seen, features, 0).sum(axis=0, dtype=np.float64) / count
        spread = np.where(seen, features - mean, 0.0)
        scale = np.sqrt((spread**2).sum(axis=0) / count)
        return cls(mean.astype(np.float32), np.where(scale > 1e-12, scale, 1.0).astype(np.float32))

    def __call__(self, features: Floats) -> Floats:
        scaled = (features - self.mean) / self.scale
        scaled[~np.isfinite(scaled)] = 0
        return scaled

    @property
    def arrays(self) -> dict[str, Floats]:
        return {"mean": self.mean, "scale": self.scale}

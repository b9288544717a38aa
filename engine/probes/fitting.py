"""Fitting a probe: what its samples must be like, and what is kept of its training."""

import hashlib
import time
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..classes import NODATA
from ..errors import ProbeError
from ..response import Response
from .estimators import EstimatorSpec, Lesson, ProbeRecipe, fit_estimator
from .probe import Origin, Prediction, Probe, Training, names_in
from .table import Floats, SampleTable


def fit_probe(table: SampleTable, recipe: ProbeRecipe, *, origin: Origin | None = None) -> Probe:
    """Fit a probe on all samples of a table.

    `origin` names the embeddings behind the table; without it the probe can be applied to tables alone.
    `ProbeError` where the samples can't carry it: one class only, fewer samples than classes, a target that is
    no number, features that are missing or not finite, too few samples for the estimator."""
    names = names_in(table, recipe)
    features = np.ascontiguousarray(table.features(recipe.blocks), np.float32)
    _check_features(features, names)
    y = _check_response(table.y, table.response)
    codes = tuple(int(c) for c in np.unique(y)) if table.response.task == "classification" else ()
    if origin is not None:
        recipe = replace(recipe, spec=replace(recipe.spec, dims=origin.dims))
    target = np.searchsorted(codes, y) if codes else y
    started = time.perf_counter()
    slots, slot_features = _slots(table, recipe)
    lesson = Lesson(
        features,
        target.astype(np.float64),
        table.response.task,
        len(codes),
        slots,
        slot_features,
        recipe.seed,
    )
    estimator = fit_estimator(recipe.estimator, lesson)
    seconds = time.perf_counter() - started
    versions = _versions(recipe.estimator)
    training = Training(len(table), "")
    probe = Probe(recipe, table.response, codes, names, estimator, training, origin, versions=versions)
    return replace(probe, training=_training(table, features, names, probe.predict(features), seconds))


def _check_features(features: Floats, names: tuple[str, ...]) -> None:
    if not names or not len(features):
        raise ProbeError(
            "there are no samples or no features to fit on", value=features.shape, remedy="add labels"
        )
    bad = np.isinf(features)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ProbeError(
            "a feature is not finite",
            value=f"{features[row, column]} in {names[column]}, sample {row}",
            remedy="remove these samples; a gap is NaN",
        )
    nothing = np.isnan(features).all(axis=1)
    if nothing.any():
        raise ProbeError(
            "samples have no features at all", value=f"{nothing.sum()} samples", remedy="remove them"
        )


def _check_response(y: npt.NDArray[Any], response: Response) -> npt.NDArray[Any]:
    if y.dtype.kind not in "iuf":
        raise ProbeError(
            "the target is not numeric",
            value=y.flat[0] if y.size else y.dtype,
            remedy="map text to class codes, or choose another column",
        )
    bad = np.flatnonzero(~np.isfinite(y))
    if len(bad):
        raise ProbeError(
            "the target is not finite",
            value=f"{y[bad[0]]} in sample {bad[0]}, {len(bad)} in all",
            remedy="remove these samples",
        )
    if response.task == "regression":
        if len(y) < 2 or np.ptp(y) == 0:
            raise ProbeError(
                "the target doesn't vary", value=f"{len(y)} samples", remedy="give samples that differ"
            )
        return y
    return _check_classes(y, response)


def _check_classes(y: npt.NDArray[Any], response: Response) -> npt.NDArray[Any]:
    assert response.classes is not None
    found, counts = np.unique(y, return_counts=True)
    unknown = [code for code in found.tolist() if code not in response.classes.codes or code == NODATA]
    if unknown:
        raise ProbeError(
            "samples have a class code that the class table lacks",
            value=", ".join(f"{code:g}" for code in unknown),
            remedy=f"known: {', '.join(map(str, response.classes.codes))}",
        )
    if len(found) < 2:
        name = response.classes[int(found[0])].name
        raise ProbeError(
            "the samples are all of one class",
            value=f"{name}: {counts[0]}",
            remedy="add labels of another class",
        )
    if len(y) < len(response.classes):
        raise ProbeError(
            "there are fewer samples than classes",
            value=f"{len(y)} samples, {len(response.classes)} classes",
            remedy="add labels, or merge classes",
        )
    return y.astype(np.int64)


def _slots(table: SampleTable, recipe: ProbeRecipe) -> tuple[int, int]:
    """Slots and features per slot of the first block."""
    features = len(table.block(recipe.blocks[0]).names)
    slots = {"window": -(-recipe.spec.window_days // recipe.spec.step_days), "season": recipe.spec.parts}
    count = slots.get(recipe.spec.kind, 1)
    return count, features // count


def _training(
    table: SampleTable, features: Floats, names: tuple[str, ...], fitted: Prediction, seconds: float
) -> Training:
    per_class, per_site = {}, {}
    if table.response.classes is not None:
        per_class = {c.name: int((table.y == c.code).sum()) for c in table.response.classes}
    if "site" in table.keys:
        sites, counts = np.unique(table.keys["site"], return_counts=True)
        per_site = {str(site): int(n) for site, n in zip(sites, counts, strict=True)}
    days = table.day[~np.isnat(table.day)] if table.day is not None else np.array([], "datetime64[D]")
    first, last = (str(days.min()), str(days.max())) if len(days) else ("", "")
    return Training(
        samples=len(table),
        sha256=_hash(table, features, names),
        per_class=per_class,
        groups={name: len(np.unique(key)) for name, key in table.keys.items()},
        per_site=per_site,
        first_day=first,
        last_day=last,
        score=_training_score(table, fitted),
        seconds=round(seconds, 3),
    )


def _hash(table: SampleTable, features: Floats, names: tuple[str, ...]) -> str:
    digest = hashlib.sha256("\n".join(names).encode())
    digest.update(np.ascontiguousarray(table.y).astype("<f8").tobytes())
    digest.update(features.astype("<f4").tobytes())
    return digest.hexdigest()


def _training_score(table: SampleTable, fitted: Prediction) -> dict[str, float]:
    if table.response.task == "classification":
        return {"training overall accuracy": float((fitted.values == table.y).mean())}
    residual = table.y - fitted.values
    around = table.y - table.y.mean()
    return {
        "training R2": float(1 - (residual**2).sum() / (around**2).sum()),
        "training RMSE": float(np.sqrt((residual**2).mean())),
    }


def _versions(spec: EstimatorSpec) -> dict[str, str]:
    from importlib.metadata import version  # noqa: PLC0415 - reads files, and only here

    used = ("phenolens", "numpy", "torch" if spec.name == "temporal" else "scikit-learn")
    return {name: version(name) for name in used}

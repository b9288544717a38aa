"""Fitting projections: PCA, or UMAP on a sample and a small network that learns to stand for it.

UMAP (McInnes, Healy & Melville 2018) places the pixels of its sample alone; a pixel outside it would have to be
optimised against them, which is far too slow for maps. So a multi-layer perceptron learns the way from
embedding to place (a parametric stand-in, cf. Sainburg, McInnes & Gentner 2021), and its error is measured on
pixels that it never saw. A sample of UMAP's size is small for a network: it also learns from more pixels, placed
at the distance-weighted mean of their five nearest in the sample (which took a fifth to a third off the error).
"""

import logging
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, OutputError
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from .colour import Bools
from .projection import Fidelity, Projection, ProjectionSpec, kept_projection
from .projection_fidelity import fidelity, held_out
from .sampling import StoreSample, sample_store
from .whitening import Whitening

log = logging.getLogger(__name__)
Array = npt.NDArray[np.float32]
Layers = tuple[tuple[Array, ...], tuple[Array, ...]]
"""Weights [in, out] and biases of each layer."""

STAGES = 4
ROUNDS = 4
"""Of sampling, 16 dates each: a date that lies far from all sampled ones can't be placed (days of snow, floods)."""
TEACHERS = 5
MORE_SEED = 17
MARGIN = 0.04
"""Of the range, on either side of what a picture shows."""
WARM_PIXELS, WARM_EPOCHS = 4_200, 11
"""umap-learn compiles its approximate neighbour search from 4,096 points on."""


@dataclass(frozen=True)
class NetworkSettings:
    """The network that stands for a UMAP."""

    hidden: tuple[int, ...] = (128, 128, 128)
    epochs: int = 30
    batch: int = 256
    learning_rate: float = 1.5e-3
    decay: float = 1e-4
    more_pixels: int = 60_000
    """Beside the UMAP's sample, placed by its nearest pixels there: more of the ground between them."""


def frozen_projection(
    store: EmbeddingStore,
    spec: ProjectionSpec | None = None,
    *,
    refit: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Projection:
    """The projection of a store: the one kept in its folder, else fitted once and kept there.

    `InputError` where the kept one can't be used or no embedding is valid; `refit` replaces it."""
    spec = spec or ProjectionSpec()
    kept = None if refit else kept_projection(store, spec)
    if kept is not None:
        return kept
    projection = fit_projection(store, spec, progress=progress, cancel=cancel)
    if not store.complete:
        log.warning("the projection of an unfinished store is not kept: %s", store.path)
        return projection
    try:
        projection.save(store.path / spec.file, overwrite=refit)
    except OutputError as error:  # a read-only store can be projected all the same: the fit is deterministic
        log.warning("the projection can't be kept with the store: %s", error)
    return projection


def fit_projection(
    store: EmbeddingStore,
    spec: ProjectionSpec,
    *,
    network: NetworkSettings | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Projection:
    """Fit on a stratified sample over space and dates; the same seed gives the same projection.

    Polls `cancel` between the stages (sample, UMAP, network, fidelity) and each epoch of the network."""
    progress, cancel = progress or Progress("project", STAGES), cancel or CancelToken()
    progress.even = False  # UMAP takes most of it
    sample = _sample(store, spec, spec.pixels, spec.seed, cancel)
    whitening = Whitening.fit(sample.values)
    whitened = whitening(sample.values)
    _check_size(sample, spec)
    progress.advance()
    cancel.check()
    if spec.method == "pca":
        layers, held = _identity(whitening.dims, spec.components), _every(len(sample))
        places = whitened[:, : spec.components]
        measured = fidelity(whitened, {"pca": places}, held, spec.seed)
    else:
        places = _umap(whitened, spec)
        cancel.check()
        progress.advance()
        held, network = held_out(sample, spec.seed), network or NetworkSettings()
        more = _sample(store, spec, network.more_pixels, spec.seed + MORE_SEED, cancel)
        more = more.take(~held_out(more, spec.seed, np.unique(sample.dates)))
        learned = _with_more(whitened[~held], places[~held], whitening(more.values))
        layers = _distil(*learned, network, spec.seed, cancel)
        progress.advance()
        drawn = {"pca": whitened[:, : spec.components], "umap": places, "map": _through(layers, whitened)}
        measured = fidelity(whitened, drawn, held, spec.seed)
    progress.advance(STAGES - progress.done)
    return _frozen(spec, whitening, layers, places, measured, str(store.model["sha256"]))


def warm_up() -> None:
    """Let umap-learn compile what it needs (20 s or more, once per process): for a thread in the background."""
    noise = np.random.default_rng(0).normal(size=(WARM_PIXELS, 4)).astype(np.float32)
    _umap(noise, ProjectionSpec(pixels=WARM_PIXELS, neighbours=5), epochs=WARM_EPOCHS)


def _sample(
    store: EmbeddingStore, spec: ProjectionSpec, pixels: int, seed: int, cancel: CancelToken
) -> StoreSample:
    return sample_store(store, dims=spec.dims, pixels=pixels, seed=seed, rounds=ROUNDS, cancel=cancel)


def _with_more(seen: Array, places: Array, more: Array) -> tuple[Array, Array]:
    """What the network learns from: the sample and more pixels, each with its place."""
    from sklearn.neighbors import KNeighborsRegressor  # noqa: PLC0415 - 60 MB that a PCA does without

    teacher = KNeighborsRegressor(min(TEACHERS, len(seen)), weights="distance").fit(seen, places)
    placed = teacher.predict(more).astype(np.float32) if len(more) else places[:0]
    return np.concatenate([seen, more]), np.concatenate([places, placed])


def _check_size(sample: StoreSample, spec: ProjectionSpec) -> None:
    least = 100 if spec.method == "pca" else max(100, 2 * spec.neighbours)
    if len(sample) < least:
        raise InputError(
            "too few valid embeddings to fit a projection",
            value=len(sample),
            remedy=f"at least {least}: choose more dates, a larger area or fewer neighbours",
        )


def _umap(whitened: Array, spec: ProjectionSpec, epochs: int | None = None) -> Array:
    """[pixel, component], centred. One thread: only so is the result the same every time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # a part of umap-learn that wants TensorFlow
        import umap  # noqa: PLC0415 - seconds to import, needed here alone

        warnings.filterwarnings("ignore", category=UserWarning, module="umap|sklearn")
        reducer = umap.UMAP(
            n_components=spec.components,
            n_neighbors=spec.neighbours,
            min_dist=spec.min_dist,
            n_epochs=epochs,
            random_state=spec.seed,
            n_jobs=1,
        )
        places: Array = np.asarray(reducer.fit_transform(whitened), np.float32)
    centred: Array = places - places.mean(axis=0)
    return centred


def _distil(seen: Array, places: Array, settings: NetworkSettings, seed: int, cancel: CancelToken) -> Layers:
    """The network after the epoch that did best on a tenth of the pixels it was given."""
    from sklearn.neural_network import MLPRegressor  # noqa: PLC0415 - as above

    random = np.random.default_rng(seed)
    order = random.permutation(len(seen))
    checked, learned = order[: len(order) // 10], order[len(order) // 10 :]
    scale = float(places.std())
    network = MLPRegressor(
        hidden_layer_sizes=settings.hidden,
        batch_size=min(settings.batch, len(learned)),
        learning_rate_init=settings.learning_rate,
        alpha=settings.decay,
        random_state=seed,
    )
    best, layers = np.inf, _identity(seen.shape[1], places.shape[1])
    for epoch in range(settings.epochs):
        cancel.check()
        if epoch:  # from a third of the way the steps shrink, so that the last epochs settle
            share = min(1.0, 1.5 * (1 - epoch / settings.epochs))
            network._optimizer.learning_rate_init = settings.learning_rate * share
        network.partial_fit(seen[learned], places[learned] / scale)
        error = float(((network.predict(seen[checked]) * scale - places[checked]) ** 2).sum(axis=1).mean())
        if error < best:
            best, layers = error, _layers(network, scale)
    return layers


def _layers(network: Any, scale: float) -> Layers:
    weights = [np.array(w, np.float32) for w in network.coefs_]
    biases = [np.array(b, np.float32) for b in network.intercepts_]
    return (*weights[:-1], weights[-1] * np.float32(scale)), (*biases[:-1], biases[-1] * np.float32(scale))


def _identity(dims: int, components: int) -> Layers:
    return (np.eye(dims, components, dtype=np.float32),), (np.zeros(components, np.float32),)


def _every(count: int) -> Bools:
    return np.ones(count, bool)


def _through(layers: Layers, whitened: Array) -> Array:
    unnamed = Fidelity(0, 0, 0, 0, 0, {}, {})
    components = layers[0][-1].shape[1]
    return Projection(
        ProjectionSpec(components=components), *layers, np.zeros((components, 2)), unnamed, ""
    ).apply(whitened)


def _frozen(
    spec: ProjectionSpec, whitening: Whitening, layers: Layers, places: Array, measured: Fidelity, model: str
) -> Projection:
    """The whitening becomes part of the first layer, so that it costs nothing when applied."""
    weights, biases = layers
    first = (whitening.matrix.T.astype(np.float64) @ weights[0]).astype(np.float32)
    shift = (biases[0] - whitening.mean.astype(np.float64) @ first).astype(np.float32)
    low, high = np.percentile(places, (0.05, 99.95), axis=0)
    margin = MARGIN * np.maximum(high - low, 1e-6)
    limits = np.stack([low - margin, high + margin], axis=1)
    explained = whitening.explained if spec.method == "pca" else ()
    return Projection(
        spec, (first, *weights[1:]), (shift, *biases[1:]), limits, measured, model, explained[:3]
    )

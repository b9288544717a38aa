"""The two training stages of a dense model: each modality alone, then the fusion over frozen encoders."""

import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ..progress import Watch
from ..representation.config import DenseConfig
from ..representation.dense import EncodedFrames, ModalityDecoder, ModalityEncoder
from ..representation.fusion import DenseModel
from ..representation.temporal import FrameUse, encode_age
from .series import Series
from .windows import CONTEXT_WEIGHT, Crop, CropOptions, Truth, draw_crop

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StageOptions:
    """Length and pace of one training stage."""

    steps: int = 2000
    crops_a_step: int = 4
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-4
    warmup: int = 100
    check_every: int = 200
    seed: int = 0
    validation_crops: int = 40
    sample_crops: int = 200
    """Crops from which principal components and the spread of the embedding are taken."""
    average: float = 0.995
    """Decay of the exponential moving average of the weights, which is what is kept."""


@dataclass(frozen=True)
class TrainingData:
    """Series to learn from, with how often each is drawn, and series to choose the best step by."""

    train: Sequence[Series]
    weights: Sequence[float]
    validation: Sequence[Series]


Loss = Callable[[Any, Crop, Generator], tuple[Tensor, float, float] | None]
"""Parts being trained, crop, random numbers → loss, and the squared error at the centre of model and interpolation."""


def train_modality(
    model: DenseModel, name: str, data: TrainingData, options: StageOptions, folder: Path, watch: Watch
) -> None:
    """Stage 1: the encoder and decoder of one modality, alone."""
    parts = nn.ModuleDict({"encoder": model.encoder(name), "decoder": model.decoder(name)})

    def loss(parts: Any, crop: Crop, _: Generator) -> tuple[Tensor, float, float] | None:
        encoder, decoder = parts.encoder, parts.decoder
        if name not in crop.observations or not len(crop.observations[name].days):
            return None
        frames = encoder.encode_frames(crop.observations[name])
        use = FrameUse.within(frames.days, crop.targets, model.reach_days, blackout=crop.blackouts[name])
        latent, prior = encoder(frames, use, crop.targets)
        truth = _standardised(crop.truth[name], encoder)
        error = _reconstruction_error(decoder, latent, truth)
        at_centre = _centre_errors(decoder, latent, prior.values, truth)
        return error, *at_centre

    _run(parts, model.config, data, name, loss, options, folder / f"stage1-{name}", watch)


def train_fusion(
    model: DenseModel, data: TrainingData, options: StageOptions, folder: Path, watch: Watch
) -> None:
    """Stage 2: the fusion, encoders and decoders frozen; starts at the principal components of the latents."""
    for part in (model.encoders, model.decoders):
        part.requires_grad_(requires_grad=False)
    if not (folder / "stage2.state.pt").exists():
        start_at_components(model, data, options.seed, options.sample_crops)
    holder = nn.ModuleDict({"fusion": model.fusion})

    def loss(parts: Any, crop: Crop, rng: Generator) -> tuple[Tensor, float, float] | None:
        latents, ages, priors = _latents(model, crop)
        if not latents:
            return None
        embedding = parts.fusion(latents, ages)
        prefixes = model.config.prefixes
        chosen = {prefixes[int(torch.randint(len(prefixes) - 1, (), generator=rng))], prefixes[-1]}
        errors, hidden = [], (0.0, 0.0)
        for prefix in sorted(chosen):
            decoded = parts.fusion.decode(embedding, prefix)
            for name, raw in crop.truth.items():
                truth = _standardised(raw, model.encoder(name))
                # backscatter is mostly speckle: it must not drown what can be predicted
                share = 0.75 if name == "s2" else 0.25
                errors.append(share * _reconstruction_error(model.decoder(name), decoded[name], truth))
                if name == "s2" and prefix == prefixes[-1] and name in priors:
                    hidden = _centre_errors(model.decoder(name), decoded[name], priors[name], truth)
        return torch.stack(errors).sum() / len(chosen), *hidden

    _run(holder, model.config, data, None, loss, options, folder / "stage2", watch)
    standardise_embedding(model, data, options.seed, options.sample_crops)


@torch.no_grad()
def start_at_components(model: DenseModel, data: TrainingData, seed: int, crops: int = 200) -> None:
    """Set the fusion's linear path to the principal components of the latents (visible and hidden targets)."""
    samples: dict[str, list[Tensor]] = {name: [] for name in model.modalities}
    for crop in _crops(data.train, data.weights, model.config, CropOptions(), None, seed, crops):
        latents, ages, _ = _latents(model, crop)
        if set(latents) != set(samples):
            continue
        here = torch.stack([a.amin(-1) < 1.5 for a in ages.values()]).all(0)
        keep = here.flatten().nonzero()[:, 0][::16]
        for name, latent in latents.items():
            samples[name].append(latent.flatten(0, -2)[keep])
    joint = torch.cat([torch.cat(part) for part in samples.values()], dim=1)
    mean = joint.mean(0)
    _, _, axes = torch.linalg.svd(joint - mean, full_matrices=False)
    axes = axes[: model.dims]
    fusion: Any = model.fusion  # its parts are modules by name, which a checker takes for tensors
    at = 0
    fusion.bias.copy_(-axes @ mean)
    for name, part in samples.items():
        size = part[0].shape[1]
        columns = slice(at, at + size)
        fusion.linear[name].weight.copy_(axes[:, columns])
        fusion.back[name].weight.copy_(axes[:, columns].T)
        fusion.back[name].bias.copy_(mean[columns])
        at += size


@torch.no_grad()
def standardise_embedding(model: DenseModel, data: TrainingData, seed: int, crops: int = 200) -> None:
    """Scale every dimension of the embedding to unit spread over the training data; what is decoded stays the same.

    So that distances weigh the dimensions alike and one range fits all of them in 8 bits."""
    samples = []
    for crop in _crops(data.train, data.weights, model.config, CropOptions(), None, seed + 1, crops):
        latents, ages, _ = _latents(model, crop)
        if latents:
            samples.append(model.fusion(latents, ages).flatten(0, -2)[::16])
    spread = torch.cat(samples).std(0).clamp(min=1e-3)
    fusion: Any = model.fusion
    fusion.bias.div_(spread)
    for layer in (*fusion.linear.values(), fusion.refine[-1]):
        layer.weight.div_(spread[:, None])
    fusion.refine[-1].bias.div_(spread)
    for name in fusion.back:
        fusion.back[name].weight.mul_(spread)
        fusion.back_refine[name][0].weight[:, : model.dims].mul_(spread)


@torch.no_grad()
def _latents(model: DenseModel, crop: Crop) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
    """Frozen latents, encoded ages [target, y, x, …] and interpolations per modality of a crop."""
    latents, ages, priors = {}, {}, {}
    for name, seen in crop.observations.items():
        if not len(seen.days):
            continue
        frames: EncodedFrames = model.encoder(name).encode_frames(seen)
        use = FrameUse.within(frames.days, crop.targets, model.reach_days, blackout=crop.blackouts[name])
        latents[name], prior = model.encoder(name)(frames, use, crop.targets)
        ages[name] = encode_age(prior.age.movedim(1, -1))
        priors[name] = prior.values
    return latents, ages, priors


def _standardised(truth: Truth, encoder: ModalityEncoder) -> Truth:
    return Truth(encoder.standardise(truth.values), truth.validity, truth.offset)


def _reconstruction_error(decoder: ModalityDecoder, latent: Tensor, truth: Truth) -> Tensor:
    """Smooth mean absolute error, centre and context weighted, over what is valid; in standardised units."""
    total = latent.new_zeros(())
    for item, weight in ((0, 1.0), (1, CONTEXT_WEIGHT)):
        offset = truth.offset[:, item].view(-1, 1, 1, 3).expand(*latent.shape[:3], 3)
        decoded = decoder(latent, offset).movedim(-1, 1)
        valid = truth.validity[:, item]
        error = nn.functional.smooth_l1_loss(decoded, truth.values[:, item], beta=1.0, reduction="none")
        total = total + weight * (error * valid).sum() / valid.sum().clamp(min=1)
    return total


@torch.no_grad()
def _centre_errors(
    decoder: ModalityDecoder, latent: Tensor, prior: Tensor, truth: Truth
) -> tuple[float, float]:
    valid = truth.validity[:, 0]
    count = valid.sum().clamp(min=1)
    decoded = decoder.centre(latent).movedim(-1, 1)
    ours = ((decoded - truth.values[:, 0]).square() * valid).sum() / count
    theirs = ((prior - truth.values[:, 0]).square() * valid).sum() / count
    return float(ours), float(theirs)


def _crops(
    series: Sequence[Series],
    weights: Sequence[float],
    config: DenseConfig,
    options: CropOptions,
    aim: str | None,
    seed: int,
    count: int,
) -> Iterator[Crop]:
    """`count` crops, of series drawn by weight; draws that hit nothing are repeated."""
    rng = torch.Generator().manual_seed(seed)
    usable = [n for n, s in enumerate(series) if aim is None or aim in s.observations]
    chances = torch.tensor([float(weights[n]) for n in usable])
    done = 0
    while done < count:
        chosen = series[usable[int(torch.multinomial(chances, 1, generator=rng))]]
        crop = draw_crop(chosen, config, options, rng, aim)
        if crop is not None:
            done += 1
            yield crop


def _run(
    parts: nn.Module,
    config: DenseConfig,
    data: TrainingData,
    aim: str | None,
    loss: Loss,
    options: StageOptions,
    path: Path,
    watch: Watch,
) -> None:
    """Train `parts` in place; leaves the best averaged weights in them, a log and a state to resume from."""
    learned = [p for p in parts.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, options.learning_rate, weight_decay=options.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _pace(step, options))
    averaged = AveragedModel(parts, multi_avg_fn=get_ema_multi_avg_fn(options.average))  # type: ignore[no-untyped-call]
    validation = list(
        _crops(
            data.validation,
            [1.0] * len(data.validation),
            config,
            CropOptions(vary=False),
            aim,
            1,
            options.validation_crops,
        )
    )
    first, best = _resume(path, parts, averaged, optimiser, schedule)
    progress = watch.progress(f"training, {path.name}", options.steps)
    progress.skip(first)
    for step in range(first, options.steps):
        watch.cancel.check()
        optimiser.zero_grad()
        seed = options.seed * 1_000_003 + step  # a resumed run draws what an uninterrupted one would
        rng = torch.Generator().manual_seed(seed)
        for crop in _crops(data.train, data.weights, config, CropOptions(), aim, seed, options.crops_a_step):
            result = loss(parts, crop, rng)
            if result is not None:
                (result[0] / options.crops_a_step).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        schedule.step()
        averaged.update_parameters(parts)
        if (step + 1) % options.check_every == 0 or step + 1 == options.steps:
            score = _validate(averaged.module, loss, validation)
            if score["rmse_over_interpolation"] < best["rmse_over_interpolation"]:
                best = score | {"step": step + 1}
                torch.save(averaged.module.state_dict(), path.with_suffix(".best.pt"))
            _save(path, parts, averaged, optimiser, schedule, step + 1, best)
            with path.with_suffix(".log.jsonl").open("a") as lines:
                lines.write(json.dumps({"step": step + 1} | score) + "\n")
            log.info("%s step %d: %s", path.name, step + 1, score)
        progress.advance()
    parts.load_state_dict(torch.load(path.with_suffix(".best.pt"), weights_only=True))


def _pace(step: int, options: StageOptions) -> float:
    """Linear warm-up, then a half cosine down to 2 %."""
    if step < options.warmup:
        return (step + 1) / options.warmup
    done = (step - options.warmup) / max(1, options.steps - options.warmup)
    return 0.02 + 0.49 * (1 + math.cos(math.pi * min(1.0, done)))


@torch.no_grad()
def _validate(parts: nn.Module, loss: Loss, crops: Sequence[Crop]) -> dict[str, float]:
    """Mean loss, and root mean square error at the centre as a share of that of linear interpolation."""
    rng = torch.Generator().manual_seed(0)
    results = [r for crop in crops if (r := loss(parts, crop, rng)) is not None]
    losses, ours, theirs = (sum(float(r[k]) for r in results) for k in range(3))
    return {"loss": losses / len(results), "rmse_over_interpolation": math.sqrt(ours / max(theirs, 1e-12))}


def _save(
    path: Path,
    parts: nn.Module,
    averaged: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
    step: int,
    best: Mapping[str, float],
) -> None:
    state = {
        "parts": parts.state_dict(),
        "averaged": averaged.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict(),
        "step": step,
        "best": dict(best),
    }
    partial = path.with_suffix(".state.part")
    torch.save(state, partial)
    partial.replace(path.with_suffix(".state.pt"))


def _resume(
    path: Path,
    parts: nn.Module,
    averaged: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
) -> tuple[int, Mapping[str, float]]:
    stored = path.with_suffix(".state.pt")
    if not stored.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        return 0, {"rmse_over_interpolation": math.inf}
    state = torch.load(stored, weights_only=True)
    parts.load_state_dict(state["parts"])
    averaged.load_state_dict(state["averaged"])
    optimiser.load_state_dict(state["optimiser"])
    schedule.load_state_dict(state["schedule"])
    return int(state["step"]), state["best"]

"""A small attention model over the slots of a window: gaps are left out instead of filled in (torch)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import ProbeError
from ..response import Task
from .estimators import PREDICT_ROWS, Arrays, EstimatorSpec, Lesson, Standardiser
from .table import Floats

BATCH = 256
AVERAGED = 0.98
"""Decay of the running mean of the weights, which is what is kept: it steadies short trainings."""


class SlotAttention(nn.Module):
    """Each slot becomes a token; a learned query attends to those that are there, others join at the end."""

    def __init__(self, slots: int, slot_features: int, others: int, width: int, outputs: int) -> None:
        super().__init__()
        self.slots, self.slot_features = slots, slot_features
        self.embed = nn.Linear(slot_features, width)
        self.place = nn.Parameter(torch.zeros(slots, width))
        self.mix = nn.Conv1d(width, width, 3, padding=1)
        self.query = nn.Linear(width, 1)
        self.nothing = nn.Parameter(torch.zeros(width))
        self.head = nn.Sequential(
            nn.Linear(2 * width + others, width), nn.GELU(), nn.Dropout(0.1), nn.Linear(width, outputs)
        )

    def forward(self, features: Tensor, there: Tensor) -> Tensor:
        """[n, slot features… then others], [n, slot] → [n, output]"""
        series = features[:, : self.slots * self.slot_features]
        series = series.reshape(-1, self.slots, self.slot_features)
        seen = there[..., None].to(features.dtype)
        tokens = (F.gelu(self.embed(series)) + self.place) * seen  # [n, slot, width]
        tokens = tokens + F.gelu(self.mix(tokens.mT)).mT * seen  # neighbours in time
        # one token that is always there: the attention is defined where nothing was seen at all
        tokens = torch.cat([tokens, self.nothing.expand(len(tokens), 1, -1)], dim=1)
        open_slots = torch.cat([there, torch.ones_like(there[:, :1])], dim=1)
        weight = self.query(tokens)[..., 0].masked_fill(~open_slots, -torch.inf).softmax(dim=1)
        pooled = (tokens * weight[..., None]).sum(dim=1)
        latest = tokens[:, 0]  # slots come latest first
        out: Tensor = self.head(
            torch.cat([pooled, latest, features[:, self.slots * self.slot_features :]], dim=1)
        )
        return out


@dataclass(frozen=True, eq=False)
class Temporal:
    """A trained `SlotAttention` with the scaling of its inputs and, of a regression, its output."""

    model: SlotAttention
    task: Task
    standardise: Standardiser
    centre: float
    spread: float

    learner: Any = None

    def scores(self, features: Floats) -> Floats:
        out = []
        self.model.eval()
        with torch.inference_mode():
            for start in range(0, max(len(features), 1), PREDICT_ROWS):
                raw = self.model(
                    *_inputs(self.model, self.standardise, features[start : start + PREDICT_ROWS])
                )
                raw = raw.softmax(dim=1) if self.task == "classification" else raw * self.spread + self.centre
                out.append(raw.numpy())
        return np.concatenate(out)

    @property
    def arrays(self) -> Arrays:
        weights = {name: value.numpy() for name, value in self.model.state_dict().items()}
        sizes = np.array([self.model.slots, self.model.slot_features])
        return {
            **weights,
            **self.standardise.arrays,
            "response": np.array([self.centre, self.spread]),
            "sizes": sizes,
        }


def _inputs(model: SlotAttention, standardise: Standardiser, features: Floats) -> tuple[Tensor, Tensor]:
    """Standardised features and which slots are there: those with any feature."""
    series = features[:, : model.slots * model.slot_features]
    there = np.isfinite(series).reshape(len(features), model.slots, model.slot_features).any(axis=2)
    return torch.from_numpy(standardise(features)), torch.from_numpy(there)


def fit(spec: EstimatorSpec, lesson: Lesson) -> Temporal:
    """Train for a fixed number of rounds, without any sample held out; the same seed, the same weights."""
    settings = spec.settings
    count = lesson.features.shape[1]
    others = count - lesson.slots * lesson.slot_features
    classify = lesson.task == "classification"
    centre, spread = (0.0, 1.0) if classify else (float(lesson.y.mean()), float(lesson.y.std()) or 1.0)
    # the caller's random numbers are not ours to advance
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(lesson.seed)
        model = SlotAttention(
            lesson.slots, lesson.slot_features, others, settings["width"], lesson.classes if classify else 1
        )
        fitted = Temporal(model, lesson.task, Standardiser.fit(lesson.features), centre, spread)
        inputs = _inputs(model, fitted.standardise, lesson.features)
        y = torch.from_numpy(lesson.y.astype(np.int64) if classify else (lesson.y - centre) / spread)
        _train(model, inputs, y, settings, F.cross_entropy if classify else _squared)
    return fitted


@contextmanager
def _one_thread() -> Iterator[None]:
    """Batches are too small to be shared out: threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _squared(raw: Tensor, y: Tensor) -> Tensor:
    return F.mse_loss(raw[:, 0], y.to(raw.dtype))


def _train(
    model: SlotAttention, inputs: tuple[Tensor, Tensor], y: Tensor, settings: Mapping[str, Any], loss_of: Any
) -> None:
    """Adam with a falling rate; the model ends with the running mean of its weights."""
    steps = settings["rounds"] * -(-len(y) // BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings["rate"], weight_decay=settings["decay"])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    mean = torch.optim.swa_utils.AveragedModel(model, avg_fn=_averaged)
    model.train()
    for _ in range(settings["rounds"]):
        for rows in torch.split(torch.randperm(len(y)), BATCH):
            optimiser.zero_grad()
            loss_of(model(*(part[rows] for part in inputs)), y[rows]).backward()
            optimiser.step()
            schedule.step()
            mean.update_parameters(model)
    model.load_state_dict(mean.module.state_dict())
    model.eval()


def _averaged(mean: Tensor, latest: Tensor, _count: Tensor | int) -> Tensor:
    return mean + (1 - AVERAGED) * (latest - mean)


def restore(_spec: EstimatorSpec, task: Task, arrays: Arrays, _learner: Any) -> Temporal:
    slots, slot_features = (int(v) for v in arrays["sizes"])
    centre, spread = (float(v) for v in arrays["response"])
    weights = {
        name: torch.from_numpy(np.array(value))
        for name, value in arrays.items()
        if name not in ("mean", "scale", "response", "sizes")
    }
    width, outputs = weights["embed.weight"].shape[0], weights["head.3.weight"].shape[0]
    others = len(arrays["mean"]) - slots * slot_features
    model = SlotAttention(slots, slot_features, others, width, outputs)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ProbeError("the weights of a probe don't fit together", remedy=str(error)) from error
    return Temporal(model.eval(), task, Standardiser(arrays["mean"], arrays["scale"]), centre, spread)

"""The loop of the published model's training: deterministic by seed, resumable at any step."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from ..progress import CancelToken, Progress, ProgressEvent
from .paper_stages import PaperTraining

TRAINING_DRAWS, HELD_OUT_DRAWS = 0, 1


@dataclass
class TrainingState:
    """Everything beside weights and optimizer that a resumed training needs."""

    step: int = 0
    best: float | None = None
    """Lowest centre MAE so far."""
    since_best: int = 0
    """Evaluations since then."""
    since_slower: int = 0
    """Evaluations since then or since the learning rate last fell."""
    rate_scale: float = 1.0
    stopped: bool = False
    curve: list[dict[str, float]] = field(default_factory=list)
    """Per evaluation: step, training loss since the last one, centre MAE, learning rate."""
    losses: list[float] = field(default_factory=list)
    """Training losses since the last evaluation."""

    def note(self, centre_mae: float, settings: PaperTraining) -> bool:
        """Count an evaluation; whether it is the best so far."""
        better = self.best is None or centre_mae < self.best
        if better:
            self.best, self.since_best, self.since_slower = centre_mae, 0, 0
        else:
            self.since_best += 1
            self.since_slower += 1
        if self.since_slower > settings.plateau_patience:
            self.rate_scale *= settings.plateau_factor
            self.since_slower = 0
        self.stopped = self.since_best >= settings.stop_patience
        return better


class Stage(Protocol):
    """What is trained: batches, their loss, and their error at the target."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> nn.Module: ...

    def draw(self, count: int, rng: np.random.Generator, *, held_out: bool = False) -> Any: ...

    def loss(self, batch: Any) -> Tensor: ...

    def centre_errors(self, batch: Any) -> list[tuple[Tensor, Tensor]]:
        """Per sensor: sum of absolute errors at the targets, and number of values."""
        ...

    def train_mode(self) -> None: ...


class PaperTrainer:
    """Trains one stage; the model in `stage` holds the latest weights, `use_best` takes the best."""

    def __init__(self, stage: Stage, settings: PaperTraining) -> None:
        self.stage = stage
        self.settings = settings
        self.state = TrainingState()
        self._trained = {n: p for n, p in stage.model.named_parameters() if p.requires_grad}
        self._optimizer = torch.optim.AdamW(
            self._trained.values(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._frozen_sha256 = _sha256([p for p in stage.model.parameters() if not p.requires_grad])
        self._best = self._weights()
        self._held_out: list[Any] | None = None

    def run(
        self,
        steps: int | None = None,
        *,
        listener: Callable[[ProgressEvent], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> TrainingState:
        """Train `steps` further, or to the end of the settings, or until the early stop."""
        last = self.settings.steps if steps is None else min(self.settings.steps, self.state.step + steps)
        progress = Progress(self.stage.name, last, listener)
        progress.skip(self.state.step)
        while self.state.step < last and not self.state.stopped:
            if cancel is not None:
                cancel.check()
            self._take_step()
            if self.state.step % self.settings.evaluate_every == 0:
                self._evaluate()
            progress.advance()
        return self.state

    def use_best(self) -> None:
        """Put the weights of the best evaluation into the model."""
        self.stage.model.load_state_dict(self._best, strict=False)

    def save(self, path: Path) -> None:
        """Write weights, optimizer and state to one safetensors file, whole or not at all."""
        tensors = {f"model/{n}": t for n, t in self._weights().items()}
        tensors |= {f"best/{n}": t for n, t in self._best.items()}
        tensors |= {f"optimizer/{i}/{k}": t for i, k, t in self._optimizer_tensors()}
        metadata = {"state": json.dumps(asdict(self.state)), "identity": self._identity}
        # MODEL section 6: no pickles, so the optimizer's state goes tensor by tensor
        unfinished = path.with_suffix(path.suffix + ".part")
        safetensors.torch.save_file({n: t.contiguous() for n, t in tensors.items()}, unfinished, metadata)
        os.replace(unfinished, path)

    def resume(self, path: Path) -> None:
        """Go on from what `save` wrote; `CheckpointError` if it is of another stage or other settings."""
        try:
            with safetensors.safe_open(path, framework="pt") as stored:
                metadata = stored.metadata() or {}
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - no mapping
        except (OSError, safetensors.SafetensorError) as error:
            raise CheckpointError(
                "the training state can't be read", value=path, remedy=str(error)
            ) from error
        if metadata.get("identity") != self._identity:
            raise CheckpointError(
                "the training state is of another training",
                value=f"{path}: {metadata.get('identity')}",
                remedy=f"resume with the same stage and settings; here {self._identity}",
            )
        self.state = TrainingState(**json.loads(metadata["state"]))
        self.stage.model.load_state_dict(_under("model/", tensors), strict=False)
        self._best = _under("best/", tensors)
        self._load_optimizer(_under("optimizer/", tensors))

    @property
    def _identity(self) -> str:
        return json.dumps(
            {
                "stage": self.stage.name,
                "settings": asdict(self.settings),
                "trained": {name: list(p.shape) for name, p in self._trained.items()},
                "frozen": self._frozen_sha256,
            }
        )

    def _take_step(self) -> None:
        settings, step = self.settings, self.state.step
        rng = np.random.default_rng([settings.seed, TRAINING_DRAWS, step])
        batch = self.stage.draw(settings.batch, rng).to(self._device)
        for group in self._optimizer.param_groups:
            group["lr"] = settings.rate(step, self.state.rate_scale)
        self.stage.train_mode()
        # dropout follows from seed and step alone, so a resumed run repeats an unbroken one
        with torch.random.fork_rng(devices=[self._device] if self._device.type == "cuda" else []):
            torch.manual_seed(int(rng.integers(2**62)))
            loss = self.stage.loss(batch)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._trained.values(), settings.clip)
        self._optimizer.step()
        self.state.losses.append(float(loss.detach()))
        self.state.step += 1

    def _evaluate(self) -> None:
        error = self._centre_mae()
        if self.state.note(error, self.settings):
            self._best = self._weights()
        self.state.curve.append(
            {
                "step": self.state.step,
                "loss": sum(self.state.losses) / len(self.state.losses),
                "centre_mae": error,
                "learning_rate": self.settings.rate(self.state.step, self.state.rate_scale),
            }
        )
        self.state.losses = []

    def _centre_mae(self) -> float:
        """Over the held-out windows, model units; of two sensors the mean of both."""
        self.stage.model.eval()
        sums: list[Tensor] = []
        with torch.inference_mode():
            for batch in self._held_out_batches():
                pairs = self.stage.centre_errors(batch.to(self._device))
                sums.append(torch.stack([torch.stack([total, count.to(total)]) for total, count in pairs]))
        totals = torch.stack(sums).double().sum(0)  # [sensor, (error, count)]
        return float((totals[:, 0] / totals[:, 1]).mean())

    def _held_out_batches(self) -> list[Any]:
        if self._held_out is None:
            rng = np.random.default_rng([self.settings.seed, HELD_OUT_DRAWS])
            whole, rest = divmod(self.settings.held_out_windows, self.settings.batch)
            counts = [self.settings.batch] * whole + [rest] * (rest > 0)
            self._held_out = [self.stage.draw(n, rng, held_out=True) for n in counts]
        return self._held_out

    @property
    def _device(self) -> torch.device:
        return next(self.stage.model.parameters()).device

    def _weights(self) -> dict[str, Tensor]:
        """Copies of the trained tensors, each once, on the CPU (the frozen ones are not the training's)."""
        return {name: p.detach().cpu().clone() for name, p in self._trained.items()}

    def _optimizer_tensors(self) -> list[tuple[int, str, Tensor]]:
        state = self._optimizer.state_dict()["state"]
        return [(i, key, tensor) for i, entry in state.items() for key, tensor in entry.items()]

    def _load_optimizer(self, tensors: dict[str, Tensor]) -> None:
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            index, key = name.split("/")
            state.setdefault(int(index), {})[key] = tensor
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state, "param_groups": groups})


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def _sha256(tensors: Iterable[Tensor]) -> str:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()

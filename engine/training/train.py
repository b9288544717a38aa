"""Train a dense model from a recipe to a checkpoint: both stages, resumable at any point."""

import json
import logging
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from .. import __version__
from ..errors import InputError
from ..progress import Watch
from ..representation.checkpoint import save_checkpoint
from ..representation.config import DenseConfig
from ..representation.fusion import DenseModel
from .recipe import Recipe
from .stages import StageOptions, train_fusion, train_modality

log = logging.getLogger(__name__)


def train_recipe(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    seed: int = 0,
    stages: Sequence[str] = (),
    threads: int = 1,
    watch: Watch | None = None,
) -> Path | None:
    """Run the stages (`stage1-s1`, `stage1-s2`, `stage2`; default all) and write `out`/model.safetensors.

    Each stage resumes from its state in `out`; a finished one is only loaded. Returns the checkpoint's path, or None
    where stage 2 was not asked for. One thread is fastest for these small crops unless the machine is idle."""
    config = DenseConfig()
    every = [f"stage1-{e.modality.name}" for e in config.modalities] + ["stage2"]
    chosen = list(stages) or every
    for name in chosen:
        if name not in every:
            raise InputError("no such training stage", value=name, remedy=f"choose of {', '.join(every)}")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    model = DenseModel(config)
    series = recipe.data(data)
    out.mkdir(parents=True, exist_ok=True)
    watch = watch or Watch()
    started = time.monotonic()
    for entry in config.modalities:
        stage = f"stage1-{entry.modality.name}"
        if stage in chosen or "stage2" in chosen:
            options = StageOptions(**{"seed": seed, **recipe.stages.get(stage, {})})
            train_modality(model, entry.modality.name, series, options, out, watch)
    if "stage2" not in chosen:
        return None
    options = StageOptions(**{"seed": seed, **recipe.stages.get("stage2", {})})
    train_fusion(model, series, options, out, watch)
    path = out / "model.safetensors"
    save_checkpoint(model.eval(), path, training=_record(recipe, data, out, seed, time.monotonic() - started))
    return path


def _record(recipe: Recipe, data: Path, out: Path, seed: int, seconds: float) -> dict[str, Any]:
    curves = {
        path.name.split(".")[0]: [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted(out.glob("*.log.jsonl"))
    }
    return {
        "version": __version__,
        "commit": _commit(),
        "seed": seed,
        "hardware": f"{platform.machine()}, {torch.get_num_threads()} thread(s), torch {torch.__version__}",
        "seconds_in_last_run": round(seconds),
        "data": recipe.record(data),
        "simulated": vars(recipe.simulated),
        "stages": {name: dict(options) for name, options in recipe.stages.items()},
        "curves": curves,
    }


def _commit() -> str | None:
    """The commit of the source tree, where this runs from one."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None

"""Checkpoints: safetensors weights beside a JSON record that holds their hash."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import nn

from ..errors import CheckpointError, OutputError
from .config import DenseConfig
from .fusion import DenseModel
from .record import DEFAULT_MODEL, FORMAT, find_checkpoint, read_record

__all__ = ["DEFAULT_MODEL", "FORMAT", "Checkpoint", "find_checkpoint", "load_checkpoint", "save_checkpoint"]


@dataclass(frozen=True)
class Checkpoint:
    """A model with where it comes from."""

    model: Any
    """A `RepresentationModel` in evaluation mode."""
    name: str
    sha256: str
    """Hash of the weights file: the model's identity in stores and probes."""
    training: dict[str, Any] = field(default_factory=dict)
    """Data list with hashes, split, seed, commit, hardware, curves."""


def _families() -> dict[str, tuple[Any, Any]]:
    from .paper import PaperConfig, PaperModel  # noqa: PLC0415 - the larger family loads only when asked for

    return {"dense": (DenseConfig, DenseModel), "paper": (PaperConfig, PaperModel)}


def save_checkpoint(model: nn.Module, path: Path, *, training: dict[str, Any] | None = None) -> str:
    """Write `path` (.safetensors) and its record (.json); returns the weights' sha256.

    An existing checkpoint is never overwritten (`OutputError`)."""
    path = path.with_suffix(".safetensors")
    if path.exists():
        raise OutputError("the checkpoint exists", value=path, remedy="choose another name")
    weights = safetensors.torch.save({k: v.contiguous() for k, v in _unique_state(model).items()})
    sha256 = hashlib.sha256(weights).hexdigest()
    record = {
        "format": FORMAT,
        "family": model.family,
        "config": model.config.to_dict(),  # type: ignore[union-attr, operator]
        "sha256": sha256,
        "training": training or {},
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(weights)
        path.with_suffix(".json").write_text(json.dumps(record, indent=1))
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OutputError("the checkpoint can't be written", value=path, remedy=str(error)) from error
    return sha256


def load_checkpoint(name_or_path: str | Path = DEFAULT_MODEL) -> Checkpoint:
    """Load a shipped checkpoint by name or any by path; the hash must match, every tensor must fit."""
    path = find_checkpoint(name_or_path)
    record = read_record(path)
    weights = path.read_bytes()
    sha256 = hashlib.sha256(weights).hexdigest()
    if sha256 != record.get("sha256"):
        raise CheckpointError(
            "the checkpoint does not match its hash",
            value=f"{path}: {sha256[:12]}… instead of {str(record.get('sha256'))[:12]}…",
            remedy="copy both its files again; it was altered or cut short",
        )
    model = _build(record, path)
    try:
        tied = model.load_state_dict(safetensors.torch.load(weights), strict=False)
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise CheckpointError(
            "the weights don't fit their configuration", value=path, remedy=str(error)
        ) from error
    missing = set(tied.missing_keys) - set(_tied_names(model))
    if missing or tied.unexpected_keys:
        raise CheckpointError(
            "the weights don't fit their configuration",
            value=f"{path}: missing {sorted(missing)[:3]}, unknown {tied.unexpected_keys[:3]}",
            remedy="load it with the version that wrote it",
        )
    return Checkpoint(model.eval(), path.stem, sha256, record.get("training", {}))


def _build(record: dict[str, Any], path: Path) -> nn.Module:
    families = _families()
    if record["family"] not in families:
        raise CheckpointError(
            "the checkpoint is of an unknown model family",
            value=record["family"],
            remedy=f"known: {[*families]}",
        )
    config, model = families[record["family"]]
    try:
        built: nn.Module = model(config.from_dict(record["config"]))
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            "the checkpoint's configuration is incomplete", value=path, remedy=str(error)
        ) from error
    return built


def _unique_state(model: nn.Module) -> dict[str, Any]:
    tied = set(_tied_names(model))
    return {name: tensor for name, tensor in model.state_dict().items() if name not in tied}


def _tied_names(model: nn.Module) -> list[str]:
    """Names under which a tensor appears again after its first (safetensors stores a tensor once)."""
    seen: set[int] = set()
    again = []
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) in seen:
            again.append(name)
        seen.add(id(tensor))
    return again

"""Import of the published checkpoints: Lightning files, read as weights only and checked tensor by tensor."""

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from .paper import PaperModel
from .paper_autoencoder import PaperAutoencoder
from .paper_config import AutoencoderConfig, PaperConfig

NAMED = 5
"""Tensors that an error names before it counts the rest."""


@dataclass(frozen=True, eq=False)
class PublishedImport:
    """What came out of published files."""

    model: PaperModel
    config: PaperConfig
    sha256: dict[str, str]
    """Per file: `fusion`, and `s1`, `s2` where given."""
    encoder_drift: dict[str, float]
    """Per stage-1 file: the largest change of a tensor between stage 1 and fusion (0 if it was frozen)."""


def import_published(fusion: Path, s1: Path | None = None, s2: Path | None = None) -> PublishedImport:
    """The published model from its fusion file, which holds the encoders and decoders too.

    Stage-1 files are optional: they are checked as strictly, and tell how far the fusion moved them.
    Sizes follow from the tensors (6 or 7 slots). The published training attended over the batch, so the
    model does too, and warns. `CheckpointError` names tensors that are missing, unknown, misshaped or not
    tied as they must be."""
    tensors, sha256 = _read(fusion)
    config = PaperConfig(
        _sizes(tensors, "enc_s1.", sha256, fusion),
        _sizes(tensors, "enc_s2.", sha256, fusion),
        _shape(tensors, "bottleneck_reducer.0.weight", fusion)[0],
    )
    model = PaperModel(config)
    _load(model.fusion, tensors, fusion)
    hashes, drift = {"fusion": sha256}, {}
    for sensor, path in {"s1": s1, "s2": s2}.items():
        if path is not None:
            autoencoder = import_autoencoder(path)
            hashes[sensor] = autoencoder.config.imported_from or ""
            drift[sensor] = _drift(autoencoder, model.fusion, sensor, path)
    return PublishedImport(model.eval(), config, hashes, drift)


def import_autoencoder(path: Path) -> PaperAutoencoder:
    """One sensor's autoencoder from a published stage-1 file; errors as in `import_published`."""
    tensors, sha256 = _read(path)
    autoencoder = PaperAutoencoder(_sizes(tensors, "encoder.", sha256, path))
    _load(autoencoder, tensors, path)
    return autoencoder.eval()


def _read(path: Path) -> tuple[dict[str, Tensor], str]:
    """The tensors under `state_dict`, and the file's SHA-256."""
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            "the published checkpoint can't be read as weights only",
            value=path,
            remedy=f"a file that holds code is never run; give the original one ({_first_line(error)})",
        ) from error
    tensors = stored.get("state_dict") if isinstance(stored, Mapping) else None
    if not isinstance(tensors, Mapping) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise CheckpointError(
            "the file is no Lightning checkpoint",
            value=path,
            remedy="tensors are expected under the key 'state_dict'",
        )
    return dict(tensors), sha256


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _sizes(tensors: Mapping[str, Tensor], encoder: str, sha256: str, path: Path) -> AutoencoderConfig:
    """An autoencoder's sizes, read from its encoder's tensors."""
    return AutoencoderConfig(
        bands=_shape(tensors, f"{encoder}dim_reducer.conv0.0.weight", path, axes=4)[1],
        latent=_shape(tensors, f"{encoder}bottleneck_reducer.0.weight", path)[0],
        slots=_shape(tensors, f"{encoder}token_reducer.0.weight", path)[0],
        attention_over="batch",
        imported_from=sha256,
    )


def _shape(tensors: Mapping[str, Tensor], name: str, path: Path, axes: int = 2) -> tuple[int, ...]:
    if name not in tensors:
        raise _refused("lacks tensors", [name], path)
    if tensors[name].ndim != axes:
        raise _refused("has misshaped tensors", [f"{name} {tuple(tensors[name].shape)}"], path)
    return tuple(tensors[name].shape)


def _load(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy the tensors into a module; all of them, and nothing else."""
    expected = module.state_dict()
    if missing := [name for name in expected if name not in tensors]:
        raise _refused("lacks tensors", missing, path)
    if unknown := [name for name in tensors if name not in expected]:
        raise _refused("has unknown tensors", unknown, path)
    misshaped = [
        f"{name} {tuple(tensors[name].shape)} instead of {tuple(expected[name].shape)}"
        for name in expected
        if tensors[name].shape != expected[name].shape
    ]
    if misshaped:
        raise _refused("has misshaped tensors", misshaped, path)
    if bad := [name for name, tensor in tensors.items() if not tensor.isfinite().all()]:
        raise _refused("has tensors that aren't finite", bad, path)
    module.load_state_dict(tensors)
    _check_tied(module, tensors, path)


def _check_tied(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """A tied tensor is loaded under several names: if they differ, one of them isn't what was stored."""
    loaded = module.state_dict()
    if untied := [
        name for name, tensor in tensors.items() if not torch.equal(loaded[name], tensor.to(loaded[name]))
    ]:
        raise _refused("has tensors that differ from those that they must be tied to", untied, path)


def _refused(what: str, names: list[str], path: Path) -> CheckpointError:
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return CheckpointError(
        f"the published checkpoint {what}",
        value=f"{path}: {', '.join(names[:NAMED])}{rest}",
        remedy="give an unchanged file of the published model, each at its own place (fusion, s1, s2)",
    )


def _drift(autoencoder: PaperAutoencoder, fusion: nn.Module, sensor: str, path: Path) -> float:
    encoder = fusion.get_submodule(f"enc_{sensor}")
    before, after = autoencoder.encoder.state_dict(), encoder.state_dict()
    if other := [name for name in before if before[name].shape != after[name].shape]:
        raise _refused("doesn't fit the fusion file", other, path)
    return max(float((before[name] - after[name]).abs().max()) for name in before)

"""Where checkpoints are, and what they say of themselves: read without PyTorch."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from ..errors import CheckpointError

FORMAT = 1
DEFAULT_MODEL = "dense-s1s2-v1"


def shipped_models() -> tuple[str, ...]:
    """Names of the checkpoints that come with Phenolens."""
    return tuple(sorted(path.stem for path in _shipped().glob("*.safetensors")))


def _shipped() -> Path:
    return Path(str(resources.files("phenolens.resources") / "models"))


def find_checkpoint(name_or_path: str | Path) -> Path:
    """The weights file of a shipped model's name or of a path."""
    path = Path(name_or_path)
    if path.suffix == ".safetensors" or path.exists():
        if path.with_suffix(".safetensors").is_file():
            return path.with_suffix(".safetensors")
        raise CheckpointError("there is no such checkpoint", value=path, remedy="give a .safetensors file")
    shipped = _shipped()
    if (shipped / f"{path}.safetensors").is_file():
        return shipped / f"{path}.safetensors"
    names = ", ".join(shipped_models()) or "none"
    raise CheckpointError(
        "there is no such checkpoint",
        value=str(name_or_path),
        remedy=f"shipped models: {names}; or give a path",
    )


def read_record(path: Path) -> dict[str, Any]:
    """The record beside a weights file; `CheckpointError` where there is none of this format."""
    try:
        record: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(
            "the checkpoint's record can't be read",
            value=path.with_suffix(".json"),
            remedy=f"it belongs beside the weights ({error})",
        ) from error
    if record.get("format") != FORMAT:
        raise CheckpointError(
            "the checkpoint has another format",
            value=record.get("format"),
            remedy=f"format {FORMAT} is needed",
        )
    return record

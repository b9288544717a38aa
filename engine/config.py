"""Run configurations: a TOML file whose keys are the long flags of a command, and back."""

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .errors import InputError

COMMAND_KEY = "command"


def read_config(path: Path, command: str, flags: Iterable[str]) -> dict[str, Any]:
    """The values of a config file by flag name (`s2-scale`), checked against the command's `flags`.

    `InputError` where the file can't be read, is of another command or holds a key that is no flag."""
    content = load(path)
    written_by = content.pop(COMMAND_KEY, command)
    if written_by != command:
        raise InputError(
            "the config file is of another command",
            value=f"{path}: {written_by}",
            remedy=f"run phenolens {written_by} --config {path}",
        )
    _check_keys(content, sorted(flags), path)
    return content


def load(path: Path) -> dict[str, Any]:
    """The keys and values of a config file, unchecked; `InputError` where it can't be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InputError("the config file is no valid TOML", value=path, remedy=str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the config file can't be read", value=path, remedy=str(error)) from error


def _check_keys(content: Mapping[str, Any], flags: list[str], path: Path) -> None:
    for key in content:
        if key in flags:
            continue
        near = difflib.get_close_matches(key, flags, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(flags)}"
        raise InputError("the config file has an unknown key", value=f"{key} in {path}", remedy=remedy)


def config_beside(output: Path) -> Path:
    """Where the config of the run that made `output` lies: `area.zarr` → `area.run.toml`."""
    stem = output.stem if output.suffix in (".zarr", ".csv") else output.name
    return output.with_name(f"{stem}.run.toml")


def to_toml(command: str, values: Mapping[str, Any], note: str = "") -> str:
    """The TOML text of a command's flags; flags that are not set (None, empty) are left out."""
    lines = [f"# {note}"] if note else []
    lines.append(f"{COMMAND_KEY} = {_toml(command)}")
    lines += [f"{key} = {_toml(value)}" for key, value in values.items() if value not in (None, [], ())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Strings, booleans, numbers and lists are written alike in TOML and JSON."""
    if isinstance(value, Path):
        return json.dumps(str(value.absolute()), ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)

"""Run configurations: a TOML file whose keys are the long flags of a command, and back."""

import difflib
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .errors import InputError

COMMAND_KEY = "command"


def read_config(path: Path, command: str, flags: Iterable[str]) -> dict[str, Any]:
    """The values of a config file by flag name (`s2-scale`), checked against the command's `flags`.

    Of a folder that was moved with the config in it, paths are where its files lie now.
    `InputError` where the file can't be read, is of another command or holds a key that is no flag."""
    content = load_here(path)
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


def load_here(path: Path) -> dict[str, Any]:
    """As `load`; paths of files that were moved together with the config are where they lie now."""
    return _with_moved_paths(load(path), path.absolute())


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


def place_now(text: str, recorded: Path, now: Path) -> Path | None:
    """Where a file lies whose path was recorded when its neighbours lay in the folder `recorded`, which are in `now`.

    A relative `recorded` tells nothing: the longest end of the path that is there in `now` counts. None where the file
    isn't there either, or the folder is the same."""
    if recorded == now or not Path(text).is_absolute():
        return None
    if not recorded.is_absolute():
        parts = Path(text).parts[1:]
        places = (now.joinpath(*parts[start:]) for start in range(len(parts)))
        return next((place for place in places if place.exists()), None)
    try:
        place = Path(os.path.normpath(now / os.path.relpath(text, recorded)))
    except ValueError:  # on another drive of Windows
        return None
    return place if place.exists() else None


def _with_moved_paths(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """A config that lay beside its output, and lies elsewhere now."""
    out = content.get("out")
    if not isinstance(out, str) or "://" in out or config_beside(Path(out)).name != path.name:
        return content
    recorded, now = Path(out).parent, path.parent
    if recorded == now:
        return content
    found = {key: _moved(value, recorded, now) for key, value in content.items()}
    beside = now / Path(out).name
    if recorded.is_absolute() and (beside.exists() or not recorded.exists()):
        found["out"] = str(beside)
    return found


def _moved(value: Any, recorded: Path, now: Path) -> Any:
    """Paths that are gone, by where they are; anything else as it is."""
    if isinstance(value, list):
        return [_moved(one, recorded, now) for one in value]
    if not isinstance(value, str) or not Path(value).is_absolute() or Path(value).exists():
        return value
    return str(place_now(value, recorded, now) or value)


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

"""The acquisitions behind a store, as the config beside it records them: how they are found and read again."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..config import config_beside, load, place_now
from ..dates import parse_day, utc
from ..errors import InputError
from .choice import SourceChoice
from .options import ReadOptions, preset

_OF_A_SENSOR = {
    "scale": "scale",
    "offset": "offset",
    "unit": "unit",
    "nodata": "nodata",
    "bands": "band_names",
    "crs": "crs",
}
_OF_ALL = ("mask_dilation", "resampling", "strict")


def stated_options(stated: Mapping[str, Any], modality: str) -> ReadOptions:
    """How files of `s1` or `s2` are to be read, from the flags of a command by name (`s2_scale`, `strict`, …)."""
    prefix = f"{modality}_"
    mine = {key.removeprefix(prefix): value for key, value in stated.items() if key.startswith(prefix)}
    named = mine.get("as")
    changes = {option: mine.get(flag) for flag, option in _OF_A_SENSOR.items()}
    changes |= {"orbit_direction": mine.get("orbit"), **{name: stated.get(name) for name in _OF_ALL}}
    changes["time"] = utc(parse_day(str(mine["day"]))) if mine.get("day") else None
    changes["nodata"] = tuple(changes["nodata"] or ())
    changes["band_names"] = tuple(str(changes["band_names"]).split(",")) if changes["band_names"] else ()
    given = {name: value for name, value in changes.items() if value not in (None, ())}
    return (preset(str(named)) if named else ReadOptions()).but(**given)


def recorded_choice(store: Path, locate: Callable[[str], Path] = Path) -> SourceChoice:
    """The acquisitions that a store was made of; `locate` finds a file by its recorded path, or refuses it.

    Files that were moved together with the store are found in their new place.
    `InputError` where there is no config beside the store, or one that can't be read."""
    path = config_beside(store)
    if not path.exists():
        raise InputError(
            "the store's acquisitions are not known",
            value=path.name,
            remedy="give --s1, --s2 or --sample as well",
        )
    stated = {key.replace("-", "_"): value for key, value in load(path).items()}
    try:
        return _choice(stated, _following(stated.get("out"), path.absolute().parent, locate))
    except (TypeError, ValueError, AttributeError) as error:  # a value of another kind than the flag's
        raise InputError(
            "the config beside the store is damaged", value=path.name, remedy=str(error)
        ) from error


def _following(out: object, now: Path, locate: Callable[[str], Path]) -> Callable[[str], Path]:
    """`locate`, for a store that was recorded as `out` and lies in the folder `now`."""
    recorded = Path(str(out or "")).parent

    def found(text: str) -> Path:
        place = place_now(text, recorded, now)
        if place is None:
            return locate(text)
        if not Path(text).exists():
            return locate(str(place))
        try:
            return locate(text)
        except InputError:  # of a copy: the first files are there, but may not be read
            return locate(str(place))

    return found


def _choice(stated: Mapping[str, Any], locate: Callable[[str], Path]) -> SourceChoice:
    files = {name: [locate(str(file)) for file in stated.get(name) or ()] for name in ("s2", "s1")}
    options = {name: stated_options(stated, name) for name in files}
    return SourceChoice(stated.get("sample"), files, options, tuple(stated.get("leave_out") or ()))

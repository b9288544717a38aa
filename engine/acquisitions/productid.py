"""What a product or file name tells: time, platform, orbit, processing baseline."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_DATE = re.compile(
    r"(?<!\d)(20[1-9]\d)([-_]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
    r"(?:[T_ -]?([01]\d|2[0-3])[:-]?([0-5]\d)[:-]?([0-5]\d))?(?!\d)"
)
_PLATFORM = re.compile(r"(?<![A-Za-z0-9])(S[12][A-D])(?=[_\-. ]|$)")
_BASELINE = re.compile(r"_N(\d{2})(\d{2})_")
_RELATIVE_ORBIT = re.compile(r"_R(\d{3})_")
_ABSOLUTE_ORBIT = re.compile(r"(S1[AB])_.{2}_.{4}_.{4}_\d{8}T\d{6}_\d{8}T\d{6}_(\d{6})_")
_DIRECTION = re.compile(r"(?<![a-z])(asc|ascending|des|desc|descending)(?![a-z])", re.IGNORECASE)
_FIRST_ORBIT = {"S1A": 73, "S1B": 27}  # Sentinel-1 handbook: relative = (absolute − this) mod 175 + 1


@dataclass(frozen=True)
class Facts:
    """What a name tells; None where it doesn't."""

    time: datetime | None = None
    platform: str | None = None
    orbit_direction: str | None = None
    relative_orbit: int | None = None
    processing_baseline: str | None = None


def facts_of(name: str) -> Facts:
    """Facts in a product id or a file name; the first date counts (in product ids the sensing start)."""
    platform, baseline = _PLATFORM.search(name), _BASELINE.search(name)
    return Facts(
        time=time_of(name),
        platform=platform[1] if platform else None,
        orbit_direction=direction_of(name),
        relative_orbit=_relative_orbit(name),
        processing_baseline=f"{baseline[1]}.{baseline[2]}" if baseline else None,
    )


def time_of(text: str) -> datetime | None:
    """The first date or date and time in a text, taken as UTC."""
    for match in _DATE.finditer(text):
        year, _, month, day, *clock = match.groups()
        try:
            hour, minute, second = (int(v or 0) for v in clock)
            return datetime(int(year), int(month), int(day), hour, minute, second, tzinfo=UTC)
        except ValueError:  # 31 February: digits, but no date
            continue
    return None


def direction_of(text: str) -> str | None:
    """`ascending` or `descending`, from a word such as ASC or DESCENDING."""
    match = _DIRECTION.search(text.replace("_", " "))
    if match is None:
        return None
    return "ascending" if match[1].lower().startswith("asc") else "descending"


def _relative_orbit(name: str) -> int | None:
    if match := _RELATIVE_ORBIT.search(name):
        return int(match[1])
    if match := _ABSOLUTE_ORBIT.search(name):
        return (int(match[2]) - _FIRST_ORBIT[match[1]]) % 175 + 1
    return None

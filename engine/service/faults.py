"""What an error means over HTTP: one table, one shape, nothing in it that a stranger shouldn't read."""

import logging
import secrets
from typing import Any

from ..errors import EngineError

log = logging.getLogger(__name__)

LONGEST_VALUE = 500


class NotFound(EngineError):  # noqa: N818 - a state of things
    """No such job, store, probe, file or page."""

    code = "not-found"


class Conflict(EngineError):  # noqa: N818 - a state of things
    """The state of a thing doesn't allow it."""

    code = "conflict"


class TooLarge(EngineError):  # noqa: N818 - a state of things
    """More than the service takes in one request."""

    code = "too-large"


class TooSlow(EngineError):  # noqa: N818 - a state of things
    """A request that stops in the middle."""

    code = "timeout"


class Forbidden(EngineError):  # noqa: N818 - a state of things
    """Turned away: another host's name, or no token."""

    code = "forbidden"


STATUS = {
    "engine": 500,
    "internal": 500,
    "input": 400,
    "path": 400,
    "request": 422,
    "area": 422,
    "acquisition": 422,
    "band": 422,
    "crs": 422,
    "date": 422,
    "unit": 422,
    "target": 422,
    "checkpoint": 422,
    "labels": 422,
    "towers": 422,
    "probe": 422,
    "forbidden": 403,
    "not-found": 404,
    "method": 405,
    "timeout": 408,
    "conflict": 409,
    "busy": 409,
    "cancelled": 409,
    "too-large": 413,
    "resource": 503,
    "output": 507,
}
"""HTTP status by `EngineError.code`."""


def described(error: EngineError) -> dict[str, Any]:
    """An error as it is told to faces and kept with a job."""
    value = None if error.value is None else str(error.value)[:LONGEST_VALUE]
    return {"code": error.code, "cause": error.cause, "value": value, "remedy": error.remedy}


def unforeseen(error: BaseException) -> dict[str, Any]:
    """The same of an error that nobody foresaw: the traceback goes to the log, its reference to the user."""
    reference = secrets.token_hex(4)
    log.error("internal fault %s", reference, exc_info=error)
    fault = EngineError(
        f"internal fault ({type(error).__name__})",
        value=reference,
        remedy="look for this reference in the log, and report it",
    )
    return {**described(fault), "code": "internal"}

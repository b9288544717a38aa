"""What can go wrong between a face and the engine, as one tree; every error says cause, value and remedy.

ServiceError
├── NotRunning                no service of this workspace answers
├── ConnectionLost            it went away in the middle; the request may or may not have been done
├── Timeout                   it didn't answer in time
├── VersionMismatch           client and service speak different protocols
├── BadAnswer                 an answer that can't be used: garbage, cut off, too large, a redirect
├── Refused                   turned away: wrong token, or a discovery file that can't be trusted
└── EngineFault               what the engine itself reported, by its code
    ├── NotFound              no such job, store, probe or file
    ├── Conflict              the job's state doesn't allow it
    ├── TooLarge              more than the service takes in one request
    ├── InputError            what the user handed over can't be used
    │   ├── PathError         a path that leaves the workspace
    │   ├── AreaError · TargetError · CheckpointError · LabelError · TowerError · ProbeError
    │   └── AcquisitionError ─ BandError · CrsError · DateError · UnitError
    ├── OutputError           the result can't be written
    ├── ResourceError         the machine can't do it
    ├── Interrupted           a job was ended from outside and can be resumed
    └── Cancelled             the user asked to stop
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_VALUE_LETTERS = 500


class ServiceError(Exception):
    """An error for the user: `cause` in one sentence, the offending `value`, the `remedy`; `code` for programs."""

    code = "service"

    def __init__(self, cause: str, *, value: object = None, remedy: str = "", code: str = "") -> None:
        self.cause = cause
        self.value = value
        self.remedy = remedy
        self.code = code or type(self).code
        super().__init__(cause)

    def __str__(self) -> str:
        value = "" if self.value is None else f" [{str(self.value)[:_VALUE_LETTERS]}]"
        remedy = "" if not self.remedy else f" → {self.remedy}"
        return f"{self.cause}{value}{remedy}"


class NotRunning(ServiceError):
    code = "not-running"


class ConnectionLost(ServiceError):
    """The connection broke; `sent` tells whether the service may have seen the request."""

    code = "connection-lost"

    def __init__(self, cause: str, *, value: object = None, remedy: str = "", sent: bool = True) -> None:
        self.sent = sent
        super().__init__(cause, value=value, remedy=remedy)


class Timeout(ServiceError):
    code = "timeout"


class VersionMismatch(ServiceError):
    code = "version"


class BadAnswer(ServiceError):
    code = "answer"


class Refused(ServiceError):
    code = "refused"


class EngineFault(ServiceError):
    code = "engine"


class NotFound(EngineFault):
    code = "not-found"


class Conflict(EngineFault):
    code = "conflict"


class TooLarge(EngineFault):
    code = "too-large"


class InputError(EngineFault):
    code = "input"


class PathError(InputError):
    code = "path"


class AreaError(InputError):
    code = "area"


class AcquisitionError(InputError):
    code = "acquisition"


class BandError(AcquisitionError):
    code = "band"


class CrsError(AcquisitionError):
    code = "crs"


class DateError(AcquisitionError):
    code = "date"


class UnitError(AcquisitionError):
    code = "unit"


class TargetError(InputError):
    code = "target"


class CheckpointError(InputError):
    code = "checkpoint"


class LabelError(InputError):
    code = "labels"


class TowerError(InputError):
    code = "towers"


class ProbeError(InputError):
    code = "probe"


class OutputError(EngineFault):
    code = "output"


class ResourceError(EngineFault):
    code = "resource"


class Interrupted(EngineFault):
    code = "interrupted"


class Cancelled(EngineFault):
    code = "cancelled"


def _tree(root: type[ServiceError]) -> Iterator[type[ServiceError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


_BY_CODE: dict[str, type[ServiceError]] = {kind.code: kind for kind in _tree(EngineFault)}
_BY_CODE.update({"forbidden": Refused, "request": InputError, "busy": Conflict, "method": NotFound})
# what an answer means whose code this client doesn't know: a newer service may have more of them
_BY_STATUS: Mapping[int, type[ServiceError]] = {
    400: InputError,
    401: Refused,
    403: Refused,
    404: NotFound,
    405: NotFound,
    409: Conflict,
    413: TooLarge,
    422: InputError,
    503: ResourceError,
    507: OutputError,
}


def from_fault(fault: Mapping[str, Any], status: int = 500) -> ServiceError:
    """The error that a service's `{code, cause, value, remedy}` stands for; unknown codes by the HTTP status."""
    code = str(fault.get("code") or "")
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status, EngineFault)
    cause = str(fault.get("cause") or f"the service answered {status} without a reason")
    return kind(cause, value=fault.get("value"), remedy=str(fault.get("remedy") or ""), code=code)


def from_answer(status: int, body: bytes) -> ServiceError:
    """The error of an answer that isn't 2xx; a body that isn't the service's own is quoted shortly."""
    if 300 <= status < 400:
        return BadAnswer(f"the service answered with a redirect ({status}), which this client doesn't follow")
    try:
        fault = json.loads(body)["error"]
        return from_fault(dict(fault), status)
    except (ValueError, TypeError, KeyError, RecursionError):
        text = body[:_VALUE_LETTERS].decode("utf-8", "replace").strip()
        kind = _BY_STATUS.get(status, EngineFault)
        return kind(f"the service answered {status} without saying why", value=text or None)

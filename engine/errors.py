"""What can go wrong, as one tree; every error says the cause, the offending value and a way out.

EngineError
├── InputError                what the user handed over can't be used
│   ├── AreaError             area of interest: empty, absurd, outside, unreadable
│   ├── AcquisitionError      acquisitions: no dates, no overlap, unreadable file
│   │   ├── BandError         a band is missing or unknown
│   │   ├── CrsError          files that declare no CRS, or a stated one that can't be theirs
│   │   ├── DateError         files that carry no date
│   │   └── UnitError         values that can't be in the stated units, or units that nobody stated
│   ├── TargetError           target dates: none, outside the acquisitions
│   ├── CheckpointError       a model file: bad hash, wrong tensors, unknown family
│   ├── LabelError            labels: unreadable, without CRS, none inside, one class only
│   ├── TowerError            tower files: unknown format, no quality column, wrong units
│   └── ProbeError            a probe: too few samples or groups, another model's, a broken file
├── OutputError               the result can't be written: exists, read-only, disk full, another model's
├── ResourceError             the machine can't do it: no such device, not enough memory
└── Cancelled                 the user asked to stop
"""


class EngineError(Exception):
    """An error for the user: `cause` in one sentence, the offending `value`, and the `remedy`."""

    code = "engine"

    def __init__(self, cause: str, *, value: object = None, remedy: str = "") -> None:
        self.cause = cause
        self.value = value
        self.remedy = remedy
        super().__init__(cause)

    def __str__(self) -> str:
        value = "" if self.value is None else f" [{self.value}]"
        remedy = "" if not self.remedy else f" → {self.remedy}"
        return f"{self.cause}{value}{remedy}"


class InputError(EngineError):
    code = "input"


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


class OutputError(EngineError):
    code = "output"


class ResourceError(EngineError):
    code = "resource"


class Cancelled(EngineError):  # noqa: N818 - not a fault: the user's own wish
    code = "cancelled"

    def __init__(self, cause: str = "stopped on request", *, value: object = None, remedy: str = "") -> None:
        super().__init__(cause, value=value, remedy=remedy)

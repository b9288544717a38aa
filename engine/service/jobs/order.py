"""What passes between the service and a worker process: one JSON object per line.

To the worker, on its standard input: the order, then perhaps `{"cancel": true}`. The end of that input means that
the service is gone. From the worker: `{"progress": …}` as it goes, at the end `{"result": …}` or `{"error": …}`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

KINDS = "phenolens.engine.service.jobs.kinds.registry:KINDS"
"""Where the kinds of jobs are found, as `module:name`."""
CANCEL = b'{"cancel": true}\n'
LONGEST_LINE = 8 * 2**20


@dataclass(frozen=True)
class Order:
    """What a worker process is to do."""

    workspace: str
    folder: str
    """The job's own."""
    kind: str
    params: dict[str, Any]
    attempt: int = 1
    kinds: str = KINDS

    @property
    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Order":
        return cls(**json.loads(line))

    @property
    def log(self) -> Path:
        return Path(self.folder) / "log.txt"

"""A kind of job that counts, for tests of clients; as a program, a service that knows this kind alone.

python counting.py serve WORKSPACE
"""

import sys
import time
from pathlib import Path
from typing import Any

from phenolens.engine.errors import LabelError
from phenolens.engine.service.jobs.context import JobContext, Kind
from phenolens.engine.service.jobs.queue import QueueOptions
from phenolens.engine.service.schema import Asked
from phenolens.engine.service.serve import ServeOptions, serve


class CountParams(Asked):
    to: int = 3
    gate: str = ""
    """Wait after the first number until this file of the workspace is there."""
    fail: bool = False


def count(params: CountParams, context: JobContext) -> dict[str, Any]:
    progress = context.progress("numbers", params.to)
    for number in range(params.to):
        context.log.info("number %d of größter", number)
        progress.advance()
        while params.gate and not context.workspace.resolve(params.gate).exists():
            context.cancel.check()
            time.sleep(0.01)
    if params.fail:
        raise LabelError("the last number is missing", value=params.to, remedy="count again")
    return {"counted": params.to}


KINDS = {"count": Kind("count", "Count", CountParams, count, outputs=lambda params: ())}
FOLDER = str(Path(__file__).parent)
QUEUE = QueueOptions(cpu_slots=3, kinds="counting:KINDS", environment={"PYTHONPATH": FOLDER})

if __name__ == "__main__":
    sys.modules["counting"] = sys.modules["__main__"]
    serve(Path(sys.argv[2]), ServeOptions(queue=QUEUE), lambda _: None)

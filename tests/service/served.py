"""`phenolens serve` with the tests' own kinds of jobs. Usage: served.py FOLDER [IDLE_SECONDS] [--resume]."""

import sys
from pathlib import Path

from phenolens.engine.service.jobs.queue import QueueOptions
from phenolens.engine.service.serve import ServeOptions, serve

FOLDER = str(Path(__file__).parent)


def main() -> None:
    idle = [float(word) for word in sys.argv[2:] if not word.startswith("-")]
    queue = QueueOptions(
        cpu_slots=2, stop_s=5, kinds="service_kinds:KINDS", environment={"PYTHONPATH": FOLDER}
    )
    options = ServeOptions(idle_s=idle[0] if idle else None, resume="--resume" in sys.argv, queue=queue)
    serve(Path(sys.argv[1]), options, lambda discovery: print("ready", discovery.port, flush=True))


if __name__ == "__main__":
    main()

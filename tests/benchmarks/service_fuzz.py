"""A long fuzz run: Schemathesis against the service's own description, over loopback HTTP.

Usage: service_fuzz.py [--minutes 1] [--seed 0] [--examples 1000]
Two runs of so many minutes: requests as they come, of which those that break the description must be refused; then
half of them with names of a store, a probe, files and jobs that are there, so that they reach further. No answer may
be an internal fault, take over 10 s, or differ from the description. Jobs do nothing. Then so many examples each of
made-up polygons, windows, label files and damaged histories. Exit code 1 where anything was found."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

SERVICE_TESTS = Path(__file__).resolve().parent.parent / "service"
sys.path.insert(0, str(SERVICE_TESTS))

import fuzzed  # noqa: E402 - lies with the tests

LONGEST_S = 10
REFUSED = [400, 403, 404, 405, 406, 409, 413, 415, 422]
SERVE = """
import sys
from pathlib import Path
import fuzzed
from phenolens.engine.service.serve import ServeOptions, serve
serve(Path(sys.argv[1]), ServeOptions(queue=fuzzed.OPTIONS), lambda _: print("ready", flush=True))
"""


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SERVICE_TESTS), "PYTHONWARNINGS": "ignore", **more}


def fuzz(workspace: Path, minutes: float, seed: int, *, hooks: bool) -> int:
    """Exit code of one run, its output shown."""
    found = json.loads((workspace / ".phenolens" / "service.json").read_text())
    config = workspace.parent / "schemathesis.toml"
    config.write_text(f"[checks]\nnegative_data_rejection.expected-statuses = {REFUSED}\n")
    checks = [*fuzzed.CHECKS, *([] if hooks else ["negative_data_rejection"])]
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    command += [f"http://127.0.0.1:{found['port']}/v1/openapi.json"]
    command += ["-H", f"Authorization: Bearer {found['token']}", "--exclude-path-regex", fuzzed.EXCLUDED]
    command += ["-c", ",".join(checks), "--phases", "coverage,fuzzing", "--max-time", str(int(minutes * 60))]
    command += ["--continue-on-failure", "--suppress-health-check", "all", "--no-shrink", "--seed", str(seed)]
    command += ["--max-response-time", str(LONGEST_S), "--request-timeout", str(2 * LONGEST_S)]
    command += ["--warnings", "off", "--output-truncate", "true"]
    more = {"SCHEMATHESIS_HOOKS": "fuzz_hooks"} if hooks else {}
    return subprocess.run(command, env=environment(**more), cwd=workspace.parent, check=False).returncode


def inputs(examples: int) -> int:
    """Exit code of the tests of made-up input, at random."""
    tests = SERVICE_TESTS / "test_fuzz_inputs.py"
    command = [sys.executable, "-m", "pytest", "-q", "--timeout", "3600", "--show-capture", "no", str(tests)]
    more = {**os.environ, "PHENOLENS_FUZZ": str(examples)}
    return subprocess.run(command, env=more, cwd=SERVICE_TESTS.parent.parent, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--examples", type=int, default=1000)
    arguments = parser.parse_args()
    codes = [inputs(arguments.examples)]
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace"
        fuzzed.prepared(workspace)
        command = [sys.executable, "-c", SERVE, str(workspace)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as service:
            assert service.stdout is not None
            service.stdout.readline()
            before = psutil.Process(service.pid).memory_info().rss / 1e6
            for hooks in (False, True):
                codes.append(fuzz(workspace, arguments.minutes, arguments.seed, hooks=hooks))
            alive = service.poll() is None
            after = psutil.Process(service.pid).memory_info().rss / 1e6 if alive else 0.0
            service.terminate()
        faults = (workspace / ".phenolens" / "service.log").read_text().count("internal fault")
    names = ("made-up input", "requests as they come", "requests for what is there")
    told = [f"{name}: {'failed' if code else 'fine'}" for name, code in zip(names, codes, strict=True)]
    print("", *told, f"internal faults: {faults}", sep="\n")
    print(f"service {'lives' if alive else 'is gone'}, {before:.0f} MB before, {after:.0f} MB after")
    return 1 if any(codes) or faults or not alive else 0


if __name__ == "__main__":
    sys.exit(main())

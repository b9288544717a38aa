"""Fixtures that more than one folder of tests needs."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

PYTHON = "/usr/bin/python3"
"""The one that the packages of QGIS belong to, whichever comes first on PATH."""
LOOK = Path(__file__).parent / "qgis" / "look_with_qgis.py"
Looker = Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; tests that need it are skipped where it is absent."""
    folder = (Path(__file__).parents[1] / "../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip(f"the real data are not on this machine: {folder}")
    return folder


@pytest.fixture(scope="session")
def qgis_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables to run PyQGIS with; skips where QGIS is absent, unless PHENOLENS_REQUIRE names it."""
    home = str(tmp_path_factory.mktemp("qgis"))
    variables = {"QT_QPA_PLATFORM": "offscreen", "QGIS_CUSTOM_CONFIG_PATH": home, "XDG_RUNTIME_DIR": home}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GDAL", "PROJ", "VIRTUAL"))}
    environment = {**kept, **variables}
    try:
        asked = [PYTHON, "-c", "from qgis.core import Qgis; print(Qgis.QGIS_VERSION)"]
        done = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)
        missing = done.stderr.strip().splitlines()[-1] if done.returncode else ""
    except OSError as error:
        missing = str(error)
    if missing and "qgis" in os.environ.get("PHENOLENS_REQUIRE", ""):
        pytest.fail(f"PHENOLENS_REQUIRE asks for QGIS, and it isn't here: {missing}")
    if missing:
        pytest.skip(f"QGIS isn't here (apt-get install qgis python3-qgis): {missing}")
    return environment


@pytest.fixture(scope="session")
def qgis_look(qgis_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Looker:
    """What QGIS makes of rasters, its own Python looking at them in a process of its own; see `look_with_qgis.py`."""

    def run(requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        file = tmp_path_factory.mktemp("request") / "request.json"
        filled = [{"png": None, "places": [], "size": [200, 200], **request} for request in requests]
        file.write_text(json.dumps(filled, default=str))
        command = [PYTHON, str(LOOK), str(file)]
        done = subprocess.run(
            command, env=qgis_environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run

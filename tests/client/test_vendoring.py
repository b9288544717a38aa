"""The client as the QGIS plugin carries it: copied under another name, in another Python, beside PyQGIS."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import phenolens.engine.client
import pytest
from phenolens.engine.client.launch import start, stop

FOLDER = Path(phenolens.engine.client.__file__).parent
SOURCES = sorted(FOLDER.glob("*.py"))
SYSTEM_PYTHON = Path("/usr/bin/python3")

IN_QGIS = """
import json, sys
import qgis.core
before = set(sys.modules)
from plugin.carried import EngineClient, ServiceError
from plugin.carried.arrays import Raster
with EngineClient.of_workspace(sys.argv[1]) as client:
    job = client.jobs.submit("count", {"to": 2})
    states = []
    ended = client.jobs.wait(job.id, listener=lambda job: states.append(job.state), timeout_s=60)
    try:
        client.jobs.get("0" * 16)
    except ServiceError as error:
        refused = str(error)
    loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
    said = {"outcome": ended.outcome(), "last": states[-1], "refused": refused, "loaded": sorted(loaded)}
    print(json.dumps({**said, "qgis": qgis.core.Qgis.QGIS_VERSION, "version": client.hello().version}))
"""

ANYWHERE = """
from plugin.carried.results import Job
told = {"id": "a", "kind": "count", "state": "done", "progress": {"stage": "s", "done": 1, "total": 2}, "result": {}}
assert Job.from_json(told).progress.share == 0.5
"""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_module_is_python_3_9_and_imports_the_standard_library_alone(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    named = [alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module for node in imports if isinstance(node, ast.ImportFrom) and node.level == 0]
    assert {name.partition(".")[0] for name in named} <= sys.stdlib_module_names
    assert max((node.level for node in imports if isinstance(node, ast.ImportFrom)), default=0) <= 1
    assert "print(" not in path.read_text(encoding="utf-8")


def test_the_package_above_the_client_loads_the_standard_library_alone():
    seen = "import sys, phenolens.engine.client; print(*{name.partition('.')[0] for name in sys.modules})"
    out = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True).stdout
    loaded = set(out.split())
    assert "phenolens" in loaded
    assert not loaded & {
        "torch",
        "numpy",
        "fastapi",
        "pydantic",
        "httpx",
        "anyio",
        "rasterio",
        "zarr",
        "rich",
    }


@pytest.fixture
def carried(tmp_path) -> Path:
    """A plugin's folder with the client in it, under another name."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(FOLDER, tmp_path / "plugins" / "plugin" / "carried", ignore=ignored)
    return tmp_path / "plugins"


@pytest.mark.skipif(not SYSTEM_PYTHON.exists(), reason="no /usr/bin/python3")
def test_the_client_works_inside_qgis_python(carried, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(carried), "QT_QPA_PLATFORM": "offscreen"}
    environment["http_proxy"] = "http://[::1]:9"
    probe = [str(SYSTEM_PYTHON), "-c", "import qgis.core"]
    if subprocess.run(probe, check=False, capture_output=True, env=environment).returncode:
        pytest.skip("no PyQGIS in /usr/bin/python3")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    start(workspace, command=[sys.executable, str(Path(__file__).parent / "counting.py")])
    try:
        ran = subprocess.run(
            [str(SYSTEM_PYTHON), "-W", "error", "-c", IN_QGIS, str(workspace)],
            check=False,
            capture_output=True,
            text=True,
            env=environment,
            timeout=120,
        )
    finally:
        stop(workspace)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["outcome"] == {"counted": 2}
    assert told["last"] == "done"
    assert "no such job" in told["refused"]
    assert set(told["loaded"]) - {"plugin"} <= sys.stdlib_module_names


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13", "3.14"])
def test_other_pythons_read_answers_with_the_client(carried, version):
    python = shutil.which(f"python{version}") or ""
    if not python or subprocess.run([python, "--version"], check=False, capture_output=True).returncode:
        pytest.skip(f"no Python {version} here")
    environment = {**os.environ, "PYTHONPATH": str(carried)}
    subprocess.run([python, "-W", "error", "-c", ANYWHERE], env=environment, check=True)

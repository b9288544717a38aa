import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAPPED = PROJECT["tool"]["setuptools"]["package-dir"]


def _packages_in(folder: str) -> set[str]:
    paths = (ROOT / folder).rglob("__init__.py")
    return {"phenolens." + ".".join(path.parent.relative_to(ROOT).parts) for path in paths}


def test_the_wheel_lists_every_package_that_the_folders_hold():
    folders = set().union(*(_packages_in(folder) for folder in MAPPED.values()))
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == folders


def test_nobody_imports_the_folders_by_their_bare_names():
    bare = re.compile(r"^\s*(?:from|import) (?:engine|app|resources)\b", re.MULTILINE)
    sources = [path for folder in ("engine", "resources", "tests") for path in (ROOT / folder).rglob("*.py")]
    assert len(sources) > 30
    assert [str(path) for path in sources if bare.search(path.read_text())] == []


def test_nothing_outside_the_standard_top_level_was_added():
    allowed = {"engine", "app", "qgis_plugin", "resources", "tests", "README.md", "pyproject.toml", "LICENSE"}
    allowed |= {"CHANGELOG.md", "Makefile", "constraints.txt", ".ci", ".gitignore", ".pre-commit-config.yaml"}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    assert {Path(line).parts[0] for line in tracked.stdout.splitlines()} <= allowed


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy, so that the checkout stays as it is."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for folder in MAPPED.values():
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(out),
        ".",
    ]
    subprocess.run(build, cwd=copy, check=True, capture_output=True, timeout=120)
    return next(out.glob("phenolens-*.whl"))


def test_the_wheel_carries_code_resources_and_type_marker(wheel: Path):
    inside = set(zipfile.ZipFile(wheel).namelist())
    bundled = [p for p in (ROOT / "resources").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    shipped = [
        p for p in bundled if p.parts[len(ROOT.parts) + 1] in ("models", "samples", "help", "__init__.py")
    ]
    assert {f"phenolens/{p.relative_to(ROOT).as_posix()}" for p in shipped} <= inside
    assert "phenolens/engine/py.typed" in inside
    assert "phenolens/engine/__main__.py" in inside
    assert not [name for name in inside if name.startswith(("engine/", "tests/", "phenolens/__init__"))]


def test_the_wheel_works_outside_the_checkout(wheel: Path, tmp_path: Path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    where = "import phenolens.engine, phenolens.resources as r; print(phenolens.engine.__file__, r.__file__)"
    command = [sys.executable, "-c", where]
    found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert all(path.startswith(str(site)) for path in found.stdout.split())
    command = [sys.executable, "-m", "phenolens.engine", "doctor", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert findings["workspace"]["ok"]
    assert findings["model"]["ok"], findings["model"]
    assert done.returncode == 0

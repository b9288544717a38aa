"""A model, and a small store that `phenolens embed` made with it."""

import shutil
from pathlib import Path

import pytest
import torch
from phenolens.engine.__main__ import main
from phenolens.engine.representation.checkpoint import save_checkpoint
from phenolens.engine.representation.config import DenseConfig
from phenolens.engine.representation.fusion import DenseModel

from .forest_area import AREA, DATES


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights: commands are tested here, not skill."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "random.safetensors"
    save_checkpoint(DenseModel(DenseConfig()).eval(), path)
    return path


@pytest.fixture(scope="session")
def made(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small store of real data, as `embed` wrote it, with its config beside it."""
    path = tmp_path_factory.mktemp("store") / "area.zarr"
    assert main(["embed", *AREA, *DATES, "--model", str(model), "--out", str(path), "--json"]) == 0
    return path


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Path:
    """A copy of that store, to write beside."""
    shutil.copy(made.with_name("area.run.toml"), tmp_path)
    return Path(shutil.copytree(made, tmp_path / "area.zarr"))

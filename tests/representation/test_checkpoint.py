"""Checkpoints: what is written is what is read, and nothing else is."""

import json

import pytest
import torch
from phenolens.engine.errors import CheckpointError, OutputError
from phenolens.engine.representation.checkpoint import load_checkpoint, save_checkpoint
from phenolens.engine.representation.fusion import DenseModel


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    model = DenseModel().eval()
    save_checkpoint(model, tmp_path / "mine.safetensors", training={"seed": 0})
    return model, tmp_path / "mine.safetensors"


def test_a_checkpoint_comes_back_bit_for_bit_with_its_record(saved):
    model, path = saved
    loaded = load_checkpoint(path)
    assert loaded.name == "mine"
    assert loaded.training == {"seed": 0}
    assert loaded.model.config == model.config
    assert all(
        torch.equal(a, b)
        for a, b in zip(model.state_dict().values(), loaded.model.state_dict().values(), strict=True)
    )


def test_an_altered_weight_file_is_refused(saved):
    _, path = saved
    weights = bytearray(path.read_bytes())
    weights[-5] ^= 1
    path.write_bytes(bytes(weights))
    with pytest.raises(CheckpointError, match="does not match its hash"):
        load_checkpoint(path)


def test_an_existing_checkpoint_is_never_overwritten(saved):
    model, path = saved
    with pytest.raises(OutputError, match="exists"):
        save_checkpoint(model, path)


def test_a_configuration_of_other_sizes_is_refused(saved):
    _, path = saved
    record = json.loads(path.with_suffix(".json").read_text())
    record["config"]["head_width"] = 64
    path.with_suffix(".json").write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match="don't fit"):
        load_checkpoint(path)


def test_an_unknown_family_is_refused(saved):
    _, path = saved
    record = json.loads(path.with_suffix(".json").read_text()) | {"family": "cnn"}
    path.with_suffix(".json").write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match="unknown model family"):
        load_checkpoint(path)


def test_a_missing_checkpoint_names_the_shipped_ones(tmp_path):
    with pytest.raises(CheckpointError, match="no such checkpoint") as caught:
        load_checkpoint("nothing-like-it")
    assert "dense-s1s2-v1" in caught.value.remedy

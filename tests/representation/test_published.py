"""Import of published checkpoints, tried on synthetic Lightning files with the published names and shapes."""

import json
import pickle
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch
from phenolens.engine.errors import CheckpointError
from phenolens.engine.representation.checkpoint import load_checkpoint, save_checkpoint
from phenolens.engine.representation.paper import AttentionOverBatchWarning, PaperModel
from phenolens.engine.representation.paper_config import PaperConfig
from phenolens.engine.representation.published import PublishedImport, import_autoencoder, import_published
from torch import Tensor

PUBLISHED = json.loads((Path(__file__).parent / "published_state_dict_shapes.json").read_text())
SHARED = (
    ("positional_embedding_shared", "positional_embedding_shared"),
    ("transformer_enc", "transformer_dec"),
)

Tensors = dict[str, Tensor]


def tensors_of(module: str, slots_s2: int = 6) -> Tensors:
    tensors = dict(random_tensors(module))
    return tensors if slots_s2 == 6 else with_slots(tensors, slots_s2)


@lru_cache
def random_tensors(module: str) -> Tensors:
    """With the published names and shapes, tied as published; no module of ours is involved."""
    generator = torch.Generator().manual_seed(len(module))
    tensors = {n: 0.05 * torch.randn(s, generator=generator) for n, s in PUBLISHED[module].items()}
    for name in tensors:
        for here, source in (("dec_s1", "enc_s1"), ("dec_s2", "enc_s2"), ("decoder", "encoder")):
            for ours, theirs in SHARED:
                if name.startswith(f"{here}.{theirs}."):
                    twin = f"{source}.{ours}." + name.removeprefix(f"{here}.{theirs}.")
                    tensors[name] = tensors[twin].clone()
    top = "positional_embedding_shared.position_embeddings.weight"
    if top in tensors:
        tensors[top] = tensors["encoder." + top].clone()
    return tensors


def with_slots(tensors: Tensors, slots: int) -> Tensors:
    shapes = {
        "enc_s2.token_reducer.0.weight": (slots, 11),
        "enc_s2.token_reducer.0.bias": (slots,),
        "enc_s2.bottleneck_reducer.0.weight": (9, 16 * slots),
        "dec_s2.token_upsampler.0.weight": (11, slots),
        "dec_s2.bottleneck_expander.0.weight": (16 * slots, 9),
        "dec_s2.bottleneck_expander.0.bias": (16 * slots,),
    }
    return tensors | {n: torch.randn(s) for n, s in shapes.items()}


def lightning_file(path: Path, tensors: Tensors, **extra: Any) -> Path:
    stored = {
        "state_dict": tensors,
        "hyper_parameters": {"lr": 1e-4, "bands": ["VV", "VH"]},
        "pytorch-lightning_version": "2.4.0",
        "epoch": 12,
        "global_step": 50_000,
        "optimizer_states": [{"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-4}]}],
        "loops": {"fit_loop": {}},
    }
    torch.save(stored | extra, path)
    return path


def imported(*paths: Path) -> PublishedImport:
    with pytest.warns(AttentionOverBatchWarning):
        return import_published(*paths)


@pytest.mark.parametrize("slots", [6, 7])
def test_a_lightning_file_is_imported_tensor_for_tensor(tmp_path: Path, slots: int) -> None:
    tensors = tensors_of("fusion", slots)
    result = imported(lightning_file(tmp_path / "fusion.ckpt", tensors))
    assert isinstance(result.model, PaperModel)
    loaded = result.model.fusion.state_dict()
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[n], tensors[n]) for n in tensors)
    assert (result.config.s1.slots, result.config.s2.slots, result.config.embedding) == (7, slots, 7)


def test_the_import_records_its_origin_and_the_axis_of_attention(tmp_path: Path) -> None:
    result = imported(lightning_file(tmp_path / "fusion.ckpt", tensors_of("fusion")))
    config = PaperConfig.from_dict(json.loads(json.dumps(result.config.to_dict())))
    assert config.attention_over == "batch"
    assert config.s1.imported_from == config.s2.imported_from == result.sha256["fusion"]
    assert len(result.sha256["fusion"]) == 64


def test_an_imported_model_survives_our_own_checkpoint_and_warns_again(tmp_path: Path) -> None:
    result = imported(lightning_file(tmp_path / "fusion.ckpt", tensors_of("fusion")))
    save_checkpoint(result.model, tmp_path / "published")
    with pytest.warns(AttentionOverBatchWarning):
        model = load_checkpoint(tmp_path / "published.safetensors").model
    assert model.config == result.config


def test_stage_1_files_tell_how_far_the_fusion_moved_the_encoders(tmp_path: Path) -> None:
    fusion, s1 = tensors_of("fusion"), tensors_of("s1_autoencoder")
    for name in fusion:
        if name.startswith("enc_s1."):
            fusion[name] = s1["encoder." + name.removeprefix("enc_s1.")].clone()
    for enc, dec in SHARED:
        for name in [n for n in fusion if n.startswith("dec_s1." + dec)]:
            fusion[name] = fusion["enc_s1." + enc + name.removeprefix("dec_s1." + dec)].clone()
    fusion["enc_s1.encoder_linear.0.bias"] += 0.25
    result = imported(
        lightning_file(tmp_path / "fusion.ckpt", fusion), lightning_file(tmp_path / "s1.ckpt", s1)
    )
    assert result.encoder_drift == {"s1": pytest.approx(0.25)}
    assert result.sha256.keys() == {"fusion", "s1"}


@pytest.mark.parametrize("module", ["s1_autoencoder", "s2_autoencoder"])
def test_a_stage_1_file_becomes_an_autoencoder(tmp_path: Path, module: str) -> None:
    tensors = tensors_of(module)
    loaded = import_autoencoder(lightning_file(tmp_path / "stage1.ckpt", tensors)).state_dict()
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[n], tensors[n]) for n in tensors)


def without(name: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {n: t for n, t in tensors.items() if n != name}


def changed(name: str, tensor: Tensor) -> Callable[[Tensors], Tensors]:
    return lambda tensors: tensors | {name: tensor}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("decoder.upscaler.conv1.0.bias"), r"lacks tensors.*decoder\.upscaler\.conv1\.0\.bias"),
        (without("encoder.token_reducer.0.weight"), r"lacks tensors.*encoder\.token_reducer\.0\.weight"),
        (changed("encoder.surplus", torch.zeros(1)), r"unknown tensors.*encoder\.surplus"),
        (
            changed("encoder.encoder_linear.0.weight", torch.zeros(16, 255)),
            r"misshaped.*encoder_linear\.0\.weight \(16, 255\) instead of \(16, 256\)",
        ),
        (changed("encoder.token_reducer.0.weight", torch.zeros(7)), r"misshaped.*token_reducer"),
        (changed("encoder.token_reducer.0.weight", torch.zeros(12, 11)), "impossible sizes"),
        (
            changed("decoder.transformer_dec.layers.1.norm1.bias", torch.ones(256)),
            r"tied to.*layers\.1\.norm1\.bias",
        ),
        (
            changed("decoder.upscaler.upsample2.bias", torch.full((128,), torch.nan)),
            r"aren't finite.*upsample2\.bias",
        ),
    ],
)
def test_a_file_with_other_tensors_is_refused_by_their_names(
    tmp_path: Path, change: Callable[[Tensors], Tensors], message: str
) -> None:
    path = lightning_file(tmp_path / "stage1.ckpt", change(tensors_of("s1_autoencoder")))
    with pytest.raises(CheckpointError, match=message):
        import_autoencoder(path)


def test_a_fusion_file_that_lacks_a_tensor_is_refused(tmp_path: Path) -> None:
    tensors = without("norm_out.weight")(tensors_of("fusion"))
    with (
        pytest.warns(AttentionOverBatchWarning),
        pytest.raises(CheckpointError, match=r"lacks tensors.*norm_out\.weight"),
    ):
        import_published(lightning_file(tmp_path / "fusion.ckpt", tensors))


def test_a_fusion_file_with_swapped_sensors_is_refused(tmp_path: Path) -> None:
    swap = {"enc_s1.": "enc_s2.", "enc_s2.": "enc_s1."}
    tensors = {swap.get(n[:7], n[:7]) + n[7:]: t for n, t in tensors_of("fusion").items()}
    with pytest.raises(CheckpointError, match="two Sentinel-1 and ten Sentinel-2"):
        import_published(lightning_file(tmp_path / "fusion.ckpt", tensors))


class Payload:
    """Unpickled carelessly, it writes a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


def test_a_pickle_that_holds_code_is_refused_and_not_run(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    path = lightning_file(
        tmp_path / "evil.ckpt", tensors_of("s1_autoencoder"), hyper_parameters=Payload(touched)
    )
    with pytest.raises(CheckpointError, match="weights only"):
        import_autoencoder(path)
    assert not touched.exists()
    (tmp_path / "plain.ckpt").write_bytes(pickle.dumps(Payload(touched), protocol=2))
    with pytest.raises(CheckpointError, match="weights only"):
        import_autoencoder(tmp_path / "plain.ckpt")
    assert not touched.exists()


def test_a_truncated_or_absent_file_is_refused(tmp_path: Path) -> None:
    path = lightning_file(tmp_path / "cut.ckpt", tensors_of("s1_autoencoder"))
    path.write_bytes(path.read_bytes()[:5000])
    for bad in (path, tmp_path / "absent.ckpt"):
        with pytest.raises(CheckpointError, match=f"can't be read.*{bad.name}"):
            import_autoencoder(bad)


@pytest.mark.parametrize("stored", [torch.zeros(3), {"weights": {}}, {"state_dict": {"a": 1}}])
def test_a_file_without_a_state_dict_is_refused(tmp_path: Path, stored: object) -> None:
    torch.save(stored, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match="no Lightning checkpoint"):
        import_autoencoder(tmp_path / "other.ckpt")

"""The `paper` family: names, sizes, axes, independence of samples, and what its embeddings need."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from phenolens.engine.errors import AcquisitionError, CheckpointError, InputError
from phenolens.engine.representation.checkpoint import load_checkpoint, save_checkpoint
from phenolens.engine.representation.interface import Observations, RepresentationModel
from phenolens.engine.representation.paper import AttentionOverBatchWarning, PaperModel
from phenolens.engine.representation.paper_autoencoder import PaperAutoencoder
from phenolens.engine.representation.paper_config import (
    S1_AUTOENCODER,
    S2_AUTOENCODER,
    AutoencoderConfig,
    PaperConfig,
)
from phenolens.engine.representation.paper_fusion import PaperFusion
from torch import Tensor, nn

PUBLISHED = json.loads((Path(__file__).parent / "published_state_dict_shapes.json").read_text())
START = 18_000.4  # days since 1970, mid-morning


@pytest.fixture(scope="module")
def model() -> PaperModel:
    torch.manual_seed(1)
    return PaperModel().eval()


def observed(bands: int, frames: int, every: float, size: int = 16, first: float = START) -> Observations:
    generator = torch.Generator().manual_seed(frames)
    values = torch.rand(frames, bands, size, size, generator=generator)
    days = first + every * torch.arange(frames, dtype=torch.float64)
    return Observations(values, torch.ones_like(values, dtype=torch.bool), days, torch.zeros(frames))


def both(size: int = 16) -> dict[str, Observations]:
    return {"s1": observed(2, 13, every=6, size=size), "s2": observed(10, 12, every=5, size=size)}


def windows(count: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(7)
    s1, s2 = (torch.rand(count, 11, c, 15, 15, generator=generator) for c in (2, 10))
    gaps = torch.randint(0, 15, (2, count, 10), generator=generator)
    return s1, s2, gaps[0], gaps[1], torch.arange(count)


@pytest.mark.parametrize(
    ("module", "build"),
    [
        ("s1_autoencoder", lambda: PaperAutoencoder(S1_AUTOENCODER)),
        ("s2_autoencoder", lambda: PaperAutoencoder(S2_AUTOENCODER)),
        ("fusion", lambda: PaperFusion(PaperConfig())),
    ],
)
def test_tensor_names_and_shapes_are_the_published_ones(module: str, build: Callable[[], nn.Module]) -> None:
    assert {n: list(t.shape) for n, t in build().state_dict().items()} == PUBLISHED[module]


def test_the_published_model_has_7_752_249_parameters(model: PaperModel) -> None:
    assert sum(p.numel() for p in model.parameters()) == 7_752_249


def test_encoder_and_decoder_share_one_time_table_and_one_transformer() -> None:
    autoencoder = PaperAutoencoder(S1_AUTOENCODER)
    assert autoencoder.encoder.transformer_enc is autoencoder.decoder.transformer_dec
    assert autoencoder.encoder.positional_embedding_shared is autoencoder.decoder.positional_embedding_shared


def test_a_fusion_takes_over_the_weights_of_trained_autoencoders() -> None:
    s1, s2 = PaperAutoencoder(S1_AUTOENCODER), PaperAutoencoder(S2_AUTOENCODER)
    fusion = PaperFusion.from_autoencoders(s1, s2)
    ours, theirs = fusion.state_dict(), s2.state_dict()
    for half, name in (("enc_s2", "encoder"), ("dec_s2", "decoder")):
        below = [n.removeprefix(half) for n in ours if n.startswith(half)]
        assert all(torch.equal(ours[half + n], theirs[name + n]) for n in below)
    with torch.no_grad():
        s2.encoder.encoder_linear[0].weight.zero_()
    assert ours["enc_s2.encoder_linear.0.weight"].any(), "the fusion must own its weights"


def test_configurations_survive_json() -> None:
    config = PaperConfig(s2=AutoencoderConfig(bands=10, latent=9, slots=7))
    assert PaperConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_configuration_with_odd_keys_is_refused_by_name() -> None:
    with pytest.raises(CheckpointError, match="colour"):
        PaperConfig.from_dict({**PaperConfig().to_dict(), "colour": 1})
    with pytest.raises(CheckpointError, match="s1"):
        PaperConfig.from_dict({"s2": {}, "embedding": 7})


@pytest.mark.parametrize("slots", [0, 12])
def test_impossible_sizes_are_refused(slots: int) -> None:
    with pytest.raises(CheckpointError, match="impossible sizes"):
        AutoencoderConfig(bands=2, latent=2, slots=slots)


def test_autoencoders_of_swapped_sensors_are_refused() -> None:
    with pytest.raises(CheckpointError, match="two Sentinel-1 and ten Sentinel-2"):
        PaperConfig(s1=S2_AUTOENCODER, s2=S1_AUTOENCODER)


@pytest.mark.parametrize("axis", ["batch", "space"])
def test_attention_over_anything_but_time_is_refused(axis: str) -> None:
    with pytest.raises(CheckpointError, match=axis):
        AutoencoderConfig(bands=2, latent=2, slots=7, attention_over=axis)


def test_a_model_is_the_same_after_its_checkpoint(model: PaperModel, tmp_path: Path) -> None:
    save_checkpoint(model, tmp_path / "m")
    loaded = load_checkpoint(tmp_path / "m.safetensors").model
    assert loaded.config == model.config
    assert all(torch.equal(t, loaded.state_dict()[n]) for n, t in model.state_dict().items())


def test_embeddings_of_windows_do_not_depend_on_their_batch(model: PaperModel) -> None:
    batch = windows(3)
    together = model.encode_windows(*batch)
    alone = torch.cat([model.encode_windows(*(t[i : i + 1] for t in batch)) for i in range(3)])
    assert together.shape == (3, 7)
    assert float((together - alone).abs().max()) <= 1e-6
    assert float((together[0] - together[1]).abs().max()) > 1e-5, "different windows must differ"


def test_attention_over_the_batch_visibly_mixes_samples(model: PaperModel) -> None:
    published = {"attention_over": "batch", "imported_from": "0" * 64}
    sizes = PaperConfig().to_dict()
    config = PaperConfig.from_dict({**sizes, "s1": sizes["s1"] | published, "s2": sizes["s2"] | published})
    with pytest.warns(AttentionOverBatchWarning, match="over the batch"):
        faulty = PaperModel(config)
    faulty.load_state_dict(model.state_dict())
    batch = windows(2)
    together = faulty.encode_windows(*batch)[:1]
    alone = faulty.encode_windows(*(t[:1] for t in batch))
    assert float((together - alone).abs().max()) > 1e-5


def test_our_model_gives_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PaperModel()


@pytest.mark.parametrize(
    "shape", [(1, 2, 11, 15, 15), (11, 1, 2, 15, 15), (1, 11, 15, 15, 2), (11, 2, 15, 15)]
)
def test_windows_with_swapped_axes_are_refused(model: PaperModel, shape: tuple[int, ...]) -> None:
    _, s2, gaps, _, separation = windows(1)
    with pytest.raises(AcquisitionError, match=r"\[window, frame, band, y, x\]"):
        model.encode_windows(torch.rand(shape), s2, gaps, gaps, separation)


@pytest.mark.parametrize(
    ("gaps", "message"),
    [
        (torch.full((1, 11), 5), r"\[window, frame\]"),
        (torch.full((1, 10), 5.0), r"\[window, frame\]"),
        (torch.full((1, 10), -1), "out of order"),
        (torch.full((1, 10), 21), "too far apart"),
    ],
)
def test_day_gaps_that_the_time_table_lacks_are_refused(
    model: PaperModel, gaps: Tensor, message: str
) -> None:
    s1, s2, good, _, separation = windows(1)
    with pytest.raises(AcquisitionError, match=message):
        model.encode_windows(s1, s2, gaps, good, separation)


@pytest.mark.parametrize("separation", [torch.tensor([351]), torch.tensor([[3]]), torch.tensor([3.0])])
def test_sensors_too_far_apart_are_refused(model: PaperModel, separation: Tensor) -> None:
    s1, s2, gaps, _, _ = windows(1)
    with pytest.raises(AcquisitionError, match="sensors"):
        model.encode_windows(s1, s2, gaps, gaps, separation)


def test_a_tile_is_embedded_where_five_dates_lie_on_either_side(model: PaperModel) -> None:
    declared: RepresentationModel = model  # mypy checks the protocol here, the run checks the numbers
    observations = both()
    embeddings = declared.embed(observations, observations["s2"].days[[4, 5, 6, 7]])
    assert embeddings.values.shape == (4, 7, 2, 2)
    assert embeddings.validity.all((1, 2)).tolist() == [False, True, True, False]
    assert not embeddings.values[0].any()


def test_an_embedding_is_that_of_the_pixels_own_window(model: PaperModel) -> None:
    observations = both()
    s1, s2 = observations["s1"], observations["s2"]
    row, col, target = 1, 0, 6
    embedded = model.embed(observations, s2.days[[target]]).values[0, :, row, col]
    frames = list(range(1, 12))
    nearest = [min(range(13), key=lambda j: abs(float(s1.days[j] - s2.days[i]))) for i in frames]
    power = 10 ** ((s1.values.double() * 35 - 30) / 10)
    smooth = torch.stack([power[max(j - 1, 0) : j + 2].mean(0) for j in nearest])
    scaled = ((10 * torch.log10(smooth) + 30) / 35).float()
    patch = (slice(None), slice(None), slice(row, row + 15), slice(col, col + 15))
    dates_s1, dates_s2 = s1.days.floor().long()[nearest], s2.days.floor().long()[frames]
    by_hand = model.encode_windows(
        scaled[patch][None],
        s2.values[1:12][patch][None],
        dates_s1.diff()[None],
        dates_s2.diff()[None],
        (dates_s1 - dates_s2)[[5]].abs(),
    )
    torch.testing.assert_close(embedded, by_hand[0], atol=1e-6, rtol=1e-5)


def test_a_target_is_met_by_its_calendar_day_and_no_other(model: PaperModel) -> None:
    observations = both(size=15)
    midnight = observations["s2"].days[[5]].floor()
    embeddings = model.embed(observations, torch.cat([midnight, midnight + 1]))
    assert embeddings.validity.all((1, 2)).tolist() == [True, False]


def test_a_cloudy_pixel_takes_other_dates_than_its_neighbour(model: PaperModel) -> None:
    observations = both()
    observations["s2"].validity[5, :, 7, 7] = False  # only the first pixel inside the halo
    embeddings = model.embed(observations, observations["s2"].days[[5, 6]])
    # on date 6 that pixel still has five before; it sees date 0 instead of date 5
    assert embeddings.validity.tolist() == [[[False, True], [True, True]], [[True, True], [True, True]]]


def test_windows_of_200_days_are_not_embedded(model: PaperModel) -> None:
    short, long = observed(10, 11, every=19.9, size=15), observed(10, 11, every=20, size=15)
    s1 = observed(2, 34, every=6, size=15)
    targets = [s2.days[[5]] for s2 in (short, long)]
    valid = [
        bool(model.embed({"s1": s1, "s2": s2}, t).validity.any())
        for s2, t in zip((short, long), targets, strict=True)
    ]
    assert valid == [True, False]


def test_pixels_that_a_sensor_never_saw_are_not_embedded(model: PaperModel) -> None:
    observations = both()
    observations["s1"].validity[:, :, 7, 8] = False
    observations["s2"].validity[:, 3, :, :15] = False  # one band, everywhere in the first pixels' windows
    embeddings = model.embed(observations, observations["s2"].days[[6]])
    assert embeddings.validity.tolist() == [[[False, False], [False, True]]]


def test_acquisitions_out_of_reach_change_nothing(model: PaperModel) -> None:
    near = both(size=15)
    target = near["s2"].days[[6]]
    far = observed(2, 2, every=1, size=15, first=float(target) + model.reach_days + 0.1)
    s1 = near["s1"]
    longer = Observations(
        torch.cat([s1.values, far.values]),
        torch.cat([s1.validity, far.validity]),
        torch.cat([s1.days, far.days]),
        torch.cat([s1.orbit, far.orbit]),
    )
    ours, theirs = (model.embed({"s1": s, "s2": near["s2"]}, target).values for s in (s1, longer))
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("absent", ["s1", "s2"])
def test_an_absent_sensor_is_refused(model: PaperModel, absent: str) -> None:
    observations = both()
    del observations[absent]
    with pytest.raises(InputError, match=f"needs Sentinel-{absent[1]}.*dense"):
        model.embed(observations, torch.tensor([START], dtype=torch.float64))


def test_looking_only_at_the_past_is_refused(model: PaperModel) -> None:
    with pytest.raises(InputError, match="acquisitions after the target"):
        model.embed(both(), torch.tensor([START], dtype=torch.float64), past_only=True)


def test_embedding_leaves_each_parts_mode_as_it_was(model: PaperModel) -> None:
    model.fusion.fuser.train()
    try:
        first, second = (model.encode_windows(*windows(1)) for _ in range(2))
        assert torch.equal(first, second), "dropout must be off"
        assert model.fusion.fuser.training
        assert not model.fusion.enc_s1.training
    finally:
        model.eval()


def test_memory_grows_with_frames_and_targets(model: PaperModel) -> None:
    few, more = (model.bytes_per_pixel({"s1": n, "s2": n}, n) for n in (10, 100))
    assert 0 < few < more

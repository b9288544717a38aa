"""Training of the published model: sampling, frozen parts, determinism and resuming, on random cubes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from affine import Affine
from phenolens.engine.acquisitions.cube import Acquisition, Cube
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2, Modality
from phenolens.engine.errors import Cancelled, CheckpointError, InputError
from phenolens.engine.grid import Grid
from phenolens.engine.progress import CancelToken, ProgressEvent
from phenolens.engine.representation.paper_autoencoder import PaperAutoencoder
from phenolens.engine.representation.paper_config import S1_AUTOENCODER, S2_AUTOENCODER, AutoencoderConfig
from phenolens.engine.representation.paper_fusion import PaperFusion
from phenolens.engine.training.paper_sampling import Place, draw_pairs, draw_windows, place_of
from phenolens.engine.training.paper_stages import (
    FUSION,
    STAGE1,
    AutoencoderStage,
    FusionStage,
    PaperTraining,
)
from phenolens.engine.training.paper_trainer import PaperTrainer, TrainingState

TINY = PaperTraining(batch=1, steps=3, evaluate_every=2, held_out_windows=1, warmup_steps=2, seed=3)


def random_cube(modality: Modality, seed: int, frames: int = 30, every: float = 5.0, size: int = 17) -> Cube:
    rng = np.random.default_rng(seed)
    first = datetime(2022, 1, 1, 10, tzinfo=UTC)
    times = tuple(Acquisition(first + timedelta(days=every * i)) for i in range(frames))
    shape = (frames, len(modality.bands), size, size)
    values = rng.uniform(*modality.valid_range, shape).astype(np.float32)
    grid = Grid("EPSG:32631", Affine(10, 0, 0, 0, -10, 0), (size, size))
    return Cube(
        modality, grid, times, values, np.broadcast_to(rng.random((frames, 1, size, size)) < 0.9, shape)
    )


def a_place(seed: int) -> Place:
    return place_of([random_cube(SENTINEL1, seed, frames=25, every=6), random_cube(SENTINEL2, seed + 1)])


@pytest.fixture(scope="module")
def places() -> tuple[list[Place], list[Place]]:
    """Training and held-out places, random numbers in both."""
    return [a_place(1)], [a_place(11)]


def s1_stage(places: tuple[list[Place], list[Place]]) -> AutoencoderStage:
    torch.manual_seed(0)
    return AutoencoderStage("s1", PaperAutoencoder(S1_AUTOENCODER), *places)


def fusion_stage(places: tuple[list[Place], list[Place]], **options: bool) -> FusionStage:
    torch.manual_seed(0)
    s1, s2 = PaperAutoencoder(S1_AUTOENCODER), PaperAutoencoder(S2_AUTOENCODER)
    return FusionStage(PaperFusion.from_autoencoders(s1, s2), *places, **options)


def weights(stage: AutoencoderStage | FusionStage) -> dict[str, torch.Tensor]:
    return {n: t.clone() for n, t in stage.model.state_dict().items()}


def test_defaults_are_the_published_ones() -> None:
    assert (STAGE1.learning_rate, STAGE1.weight_decay, STAGE1.clip, STAGE1.batch) == (1e-4, 1.5e-4, 1, 16)
    assert (STAGE1.warmup_steps, STAGE1.plateau_factor, STAGE1.plateau_patience) == (35_000, 0.35, 5)
    assert (FUSION.warmup_steps, FUSION.plateau_factor, FUSION.plateau_patience) == (30_000, 0.3, 9)
    assert STAGE1.stop_patience == FUSION.stop_patience == 16


def test_the_learning_rate_warms_up_linearly_from_a_thousandth() -> None:
    rates = [STAGE1.rate(step, 1.0) for step in (0, 17_500, 35_000, 90_000)]
    assert rates == pytest.approx([1e-7, 1e-4 * (0.001 + 0.999 / 2), 1e-4, 1e-4])
    assert STAGE1.rate(50_000, 0.35) == pytest.approx(3.5e-5)


@pytest.mark.parametrize("bad", [{"batch": 0}, {"learning_rate": -1.0}, {"evaluate_every": 0}, {"seed": -1}])
def test_impossible_settings_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        PaperTraining(**bad)


def test_a_plateau_lowers_the_rate_and_a_long_one_stops() -> None:
    state = TrainingState()
    settings = PaperTraining(plateau_patience=2, plateau_factor=0.5, stop_patience=7)
    assert state.note(1.0, settings)
    scales = []
    for _ in range(7):
        assert not state.note(1.0, settings)
        scales.append(state.rate_scale)
    assert scales == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert state.stopped
    assert state.since_best == 7


def test_windows_are_11_sorted_frames_of_20_consecutive_ones_around_an_observed_target(
    places: tuple[list[Place], list[Place]],
) -> None:
    drawn = draw_windows(places[0], "s2", 40, np.random.default_rng(0))
    assert drawn.values.shape == (40, 11, 10, 15, 15)
    assert (drawn.gaps > 0).all()
    assert drawn.validity[:, 5, :, 7, 7].all()
    spans = drawn.dates[:, -1] - drawn.dates[:, 0]
    # 20 observed dates of one every five days, about 10 % of them lost: 95 days and a few more
    assert int(spans.max()) <= 130
    assert len(set(spans.tolist())) > 3
    assert len({tuple(g) for g in drawn.gaps.tolist()}) > 30


def test_windows_of_200_days_are_never_drawn() -> None:
    sparse = [place_of([random_cube(SENTINEL2, 5, frames=30, every=11)])]
    drawn = draw_windows(sparse, "s2", 20, np.random.default_rng(0))
    assert int((drawn.dates[:, -1] - drawn.dates[:, 0]).max()) < 200
    hopeless = [place_of([random_cube(SENTINEL2, 5, frames=30, every=25)])]
    with pytest.raises(InputError, match="no window of 11 acquisitions within 200 days"):
        draw_windows(hopeless, "s2", 1, np.random.default_rng(0))


def test_pairs_hold_the_nearest_backscatter_of_each_frame(places: tuple[list[Place], list[Place]]) -> None:
    pairs = draw_pairs(places[0], 10, np.random.default_rng(0))
    assert pairs.s1.values.shape == (10, 11, 2, 15, 15)
    assert int((pairs.s1.dates - pairs.s2.dates).abs().max()) <= 9
    assert torch.equal(pairs.separation, (pairs.s1.dates - pairs.s2.dates)[:, 5].abs())


def test_draws_follow_from_the_seed(places: tuple[list[Place], list[Place]]) -> None:
    first, again, other = (
        draw_windows(places[0], "s1", 3, np.random.default_rng(s)).dates for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_cubes_on_different_grids_or_too_small_are_refused() -> None:
    with pytest.raises(InputError, match="share one grid"):
        place_of([random_cube(SENTINEL1, 1), random_cube(SENTINEL2, 1, size=18)])
    with pytest.raises(InputError, match="15 × 15"):
        place_of([random_cube(SENTINEL1, 1, size=14)])


def test_a_place_in_both_splits_or_without_a_sensor_is_refused(
    places: tuple[list[Place], list[Place]],
) -> None:
    model = PaperAutoencoder(S1_AUTOENCODER)
    with pytest.raises(InputError, match="differ"):
        AutoencoderStage("s1", model, places[0], places[0])
    s2_only: list[Place] = [{"s2": places[0][0]["s2"]}]
    with pytest.raises(InputError, match="lacks s1"):
        AutoencoderStage("s1", model, s2_only, places[1])


def test_a_published_checkpoint_is_not_trained_on(places: tuple[list[Place], list[Place]]) -> None:
    config = AutoencoderConfig(bands=2, latent=2, slots=7, attention_over="batch", imported_from="0" * 64)
    with pytest.raises(CheckpointError, match="can't be trained on"):
        AutoencoderStage("s1", PaperAutoencoder(config), *places)


def test_stage_1_resumed_equals_stage_1_unbroken_bit_for_bit(
    places: tuple[list[Place], list[Place]], tmp_path: Path
) -> None:
    unbroken = PaperTrainer(s1_stage(places), TINY)
    start = weights(unbroken.stage)
    unbroken.run()
    broken = PaperTrainer(s1_stage(places), TINY)
    broken.run(2)
    broken.save(tmp_path / "state.safetensors")
    resumed = PaperTrainer(s1_stage(places), TINY)
    resumed.resume(tmp_path / "state.safetensors")
    resumed.run()
    assert resumed.state == unbroken.state
    assert [e["step"] for e in resumed.state.curve] == [2]
    assert len(resumed.state.losses) == 1
    ended, again = weights(unbroken.stage), weights(resumed.stage)
    assert all(torch.equal(ended[n], again[n]) for n in ended)
    assert any(not torch.equal(ended[n], start[n]) for n in ended), "it must have learned something"
    assert [p.name for p in tmp_path.iterdir()] == ["state.safetensors"]


def test_stage_1_of_sentinel_2_lowers_its_loss_on_one_batch(places: tuple[list[Place], list[Place]]) -> None:
    torch.manual_seed(0)
    stage = AutoencoderStage("s2", PaperAutoencoder(S2_AUTOENCODER), *places)
    batch = stage.draw(1, np.random.default_rng(0))
    optimizer = torch.optim.AdamW(stage.model.parameters(), lr=1e-3)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = stage.loss(batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_fusion_training_leaves_the_frozen_halves_as_they_were(
    places: tuple[list[Place], list[Place]],
) -> None:
    trainer = PaperTrainer(fusion_stage(places), PaperTraining(batch=1, warmup_steps=0, held_out_windows=1))
    before = weights(trainer.stage)
    trainer.run(2)
    after = weights(trainer.stage)
    same = {n for n in before if torch.equal(before[n], after[n])}
    assert {n for n in before if n.startswith(("enc_", "dec_"))} <= same
    moved = set(before) - same
    for part in (
        "proj_s1",
        "proj_s2",
        "type_embed",
        "pair_pos_emb",
        "fuser",
        "norm_out",
        "head_s1",
        "head_s2",
    ):
        assert any(n.startswith(part) for n in moved), part


def test_unfrozen_decoders_leave_what_they_share_with_the_encoders(
    places: tuple[list[Place], list[Place]],
) -> None:
    stage = fusion_stage(places, freeze_decoders=False)
    trained = {n for n, p in stage.model.named_parameters() if p.requires_grad}
    assert any(n.startswith("dec_s1.upscaler") for n in trained)
    assert not any("enc_" in n or "transformer" in n or "positional" in n for n in trained)
    stage.train_mode()
    assert not stage.model.dec_s1.transformer_dec.training
    assert stage.model.dec_s1.upscaler.training


def test_a_state_of_another_training_is_refused(
    places: tuple[list[Place], list[Place]], tmp_path: Path
) -> None:
    PaperTrainer(s1_stage(places), TINY).save(tmp_path / "s1")
    others = [
        PaperTrainer(s1_stage(places), STAGE1),
        PaperTrainer(fusion_stage(places), TINY),
    ]
    for other in others:
        with pytest.raises(CheckpointError, match="another training"):
            other.resume(tmp_path / "s1")
    (tmp_path / "broken").write_bytes((tmp_path / "s1").read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="can't be read"):
        others[0].resume(tmp_path / "broken")


def test_a_fusion_state_on_top_of_other_encoders_is_refused(
    places: tuple[list[Place], list[Place]], tmp_path: Path
) -> None:
    PaperTrainer(fusion_stage(places), TINY).save(tmp_path / "fusion")
    stage = fusion_stage(places)
    with torch.no_grad():
        stage.model.enc_s1.encoder_linear[0].bias += 1
    with pytest.raises(CheckpointError, match="another training"):
        PaperTrainer(stage, TINY).resume(tmp_path / "fusion")


def test_the_best_weights_can_be_taken_back(places: tuple[list[Place], list[Place]]) -> None:
    trainer = PaperTrainer(s1_stage(places), TINY)
    best = weights(trainer.stage)
    with torch.no_grad():
        trainer.stage.model.get_parameter("encoder.encoder_linear.0.bias").add_(1)
    trainer.use_best()
    assert all(torch.equal(t, best[n]) for n, t in weights(trainer.stage).items())


def test_training_stops_on_request_and_tells_where_it_stands(places: tuple[list[Place], list[Place]]) -> None:
    trainer, token, events = PaperTrainer(s1_stage(places), TINY), CancelToken(), []

    def listen(event: ProgressEvent) -> None:
        events.append(event)
        if event.done == 1:
            token.cancel()

    with pytest.raises(Cancelled):
        trainer.run(listener=listen, cancel=token)
    assert trainer.state.step == 1
    assert (events[-1].stage, events[-1].done, events[-1].total) == ("stage 1, s1", 1, 3)

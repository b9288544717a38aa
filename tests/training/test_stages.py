"""Two-stage training: what is hidden, what is frozen, what a stopped run comes back to."""

from datetime import date

import numpy as np
import pytest
import torch
from phenolens.engine.acquisitions.cube import Acquisition, Cube
from phenolens.engine.acquisitions.modality import SENTINEL2
from phenolens.engine.acquisitions.simulate import Landscape
from phenolens.engine.errors import Cancelled
from phenolens.engine.grid import Grid
from phenolens.engine.progress import CancelToken, Watch
from phenolens.engine.representation.config import HALO, DenseConfig
from phenolens.engine.representation.fusion import DenseModel
from phenolens.engine.training.masking import draw_blackouts
from phenolens.engine.training.series import Series, screen_residual_cloud
from phenolens.engine.training.stages import (
    StageOptions,
    TrainingData,
    _crops,
    _latents,
    standardise_embedding,
    start_at_components,
    train_fusion,
    train_modality,
)
from phenolens.engine.training.windows import CropOptions, draw_crop

GRID = Grid.from_bounds("EPSG:32631", (500_000, 5_000_000, 500_240, 5_000_240))
SHORT = StageOptions(steps=4, crops_a_step=1, check_every=2, warmup=1, validation_crops=2, sample_crops=8)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    """One simulated place of 24 × 24 px and 200 days."""
    landscape = Landscape(GRID, 5, date(2020, 3, 1), date(2020, 9, 15))
    cubes = {name: landscape.source(name).read(GRID.window) for name in ("s1", "s2")}
    series = Series.from_cubes("simulated", cubes, HALO)
    return TrainingData([series], [1.0], [series])


def fresh() -> DenseModel:
    torch.manual_seed(0)
    return DenseModel()


def weights(part: torch.nn.Module) -> list[torch.Tensor]:
    return [t.clone() for t in part.state_dict().values()]


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_stage_one_changes_its_own_modality_alone(data, tmp_path):
    model = fresh()
    s1, s2 = weights(model.encoders["s1"]), weights(model.encoders["s2"])
    train_modality(model, "s2", data, SHORT, tmp_path, Watch())
    assert same(weights(model.encoders["s1"]), s1)
    assert not same(weights(model.encoders["s2"]), s2)


def test_the_fusion_stage_leaves_encoders_and_decoders_bit_for_bit(data, tmp_path):
    model = fresh()
    before, fusion = weights(model.encoders) + weights(model.decoders), weights(model.fusion)
    train_fusion(model, data, SHORT, tmp_path, Watch())
    assert same(weights(model.encoders) + weights(model.decoders), before)
    assert not same(weights(model.fusion), fusion)


def test_a_cancelled_stage_resumes_to_the_same_weights(data, tmp_path):
    class CancelAt(CancelToken):
        checks = 0

        def check(self) -> None:
            self.checks += 1
            if self.checks == 4:
                self.cancel()
            super().check()

    unbroken = fresh()
    train_modality(unbroken, "s1", data, SHORT, tmp_path / "unbroken", Watch())
    with pytest.raises(Cancelled):
        train_modality(fresh(), "s1", data, SHORT, tmp_path / "broken", Watch(cancel=CancelAt()))
    resumed, told = fresh(), []
    train_modality(resumed, "s1", data, SHORT, tmp_path / "broken", Watch(told.append))
    assert same(weights(resumed), weights(unbroken))
    assert [(event.done, event.total) for event in told] == [(2, 4), (3, 4), (4, 4)]


def test_the_fusion_starts_at_the_principal_components_of_the_latents(data):
    model = fresh()
    start_at_components(model, data, seed=0, crops=12)
    crop = next(_crops(data.train, [1.0], model.config, CropOptions(vary=False), "s2", 3, 1))
    latents, ages, _ = _latents(model, crop)
    with torch.no_grad():
        embedding = model.fusion(latents, ages)
        errors = [
            sum(float((model.fusion.decode(embedding, k)[n] - latents[n]).square().sum()) for n in latents)
            for k in (7, 16, 32)
        ]
    total = sum(float(latent.var((0, 1, 2)).sum() * latent[..., 0].numel()) for latent in latents.values())
    assert 1e-4 * total < errors[0] < 0.2 * total
    # an untrained latent holds the twelve raw values and nothing else: sixteen components keep all of it
    assert max(errors[1:]) < 1e-6 * total


def test_standardising_changes_the_scale_and_nothing_that_is_decoded(data):
    model = fresh()
    start_at_components(model, data, seed=0, crops=12)
    crop = next(_crops(data.train, [1.0], model.config, CropOptions(vary=False), "s2", 3, 1))
    latents, ages, _ = _latents(model, crop)
    with torch.no_grad():
        before = model.fusion.decode(model.fusion(latents, ages), 16)
        standardise_embedding(model, data, seed=0, crops=12)
        embedding = model.fusion(latents, ages)
        after = model.fusion.decode(embedding, 16)
    assert all(torch.allclose(before[n], after[n], atol=1e-4) for n in before)
    assert embedding.std() < 3


def test_crops_hold_targets_inside_their_blackouts(data):
    rng = torch.Generator().manual_seed(0)
    crop = None
    while crop is None:
        crop = draw_crop(data.train[0], DenseConfig(), CropOptions(), rng, "s2")
    for gaps in crop.blackouts.values():
        empty = gaps[:, 0] > gaps[:, 1]
        inside = (gaps[:, 0] <= crop.targets) & (crop.targets <= gaps[:, 1])
        assert (empty | inside).all()
    assert crop.truth["s2"].values.shape == (16, 2, 10, 12, 12)
    assert (crop.truth["s2"].offset[:, 0] == 0).all()


def test_blackouts_are_drawn_in_the_stated_shares():
    rng = torch.Generator().manual_seed(0)
    gaps = draw_blackouts(torch.zeros(4000, dtype=torch.float64), rng, visible=0.3, absent=0.1)
    assert abs(float((gaps[:, 0] > gaps[:, 1]).float().mean()) - 0.3) < 0.03
    assert abs(float((gaps[:, 0] == -np.inf).float().mean()) - 0.1) < 0.03


def series_of(blue: list[float]) -> Cube:
    """A cube of one pixel whose blue follows the list, all else constant."""
    days = range(len(blue))
    acquisitions = tuple(Acquisition(time=np_day(100 + 5 * d)) for d in days)
    values = np.full((len(blue), 10, 1, 1), 0.2, dtype=np.float32)
    values[:, 0, 0, 0] = blue
    grid = Grid.from_bounds("EPSG:32631", (500_000, 5_000_000, 500_010, 5_000_010))
    return Cube(SENTINEL2, grid, acquisitions, values, np.ones_like(values, dtype=bool))


def np_day(day: int):
    from datetime import UTC, datetime, timedelta

    return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day)


def test_a_spike_of_blue_is_taken_for_missed_cloud_and_a_step_is_not():
    spike = screen_residual_cloud(series_of([0.04, 0.04, 0.12, 0.04, 0.04]))
    step = screen_residual_cloud(series_of([0.04, 0.04, 0.04, 0.10, 0.10]))
    assert spike[:, 0, 0, 0].tolist() == [True, True, False, True, True]
    assert step[:2, 0, 0, 0].all()
    assert step[4, 0, 0, 0]

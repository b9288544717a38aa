"""The properties that the dense family must have (design: one test each)."""

import dataclasses

import numpy as np
import pytest
import torch
from phenolens.engine.acquisitions.modality import SENTINEL2, Modality
from phenolens.engine.errors import CheckpointError, InputError
from phenolens.engine.representation.config import HALO, S1_DEFAULT, S2_DEFAULT, DenseConfig, ModalityConfig
from phenolens.engine.representation.fusion import DenseModel
from phenolens.engine.representation.interface import Observations
from phenolens.engine.representation.temporal import FAR, FrameUse, Neighbours, interpolate

SIZE = 20
DAYS = {"s2": np.arange(17_600.0, 17_700.0, 9.0), "s1": np.arange(17_603.0, 17_700.0, 6.0)}


def observe(modality: str, size: int = SIZE, clear: float = 0.6, seed: int = 0) -> Observations:
    """Random values with a random mask, halo included."""
    rng = torch.Generator().manual_seed(seed)
    days = torch.from_numpy(DAYS[modality])
    bands = {"s2": 10, "s1": 2}[modality]
    whole = size + 2 * HALO
    seen = torch.rand(len(days), 1, whole, whole, generator=rng) < clear
    validity = seen.expand(-1, bands, -1, -1).clone()
    values = torch.rand(len(days), bands, whole, whole, generator=rng) * validity
    orbit = torch.ones(len(days)) if modality == "s1" else torch.zeros(len(days))
    return Observations(values, validity, days, orbit)


@pytest.fixture(scope="module")
def model() -> DenseModel:
    """Random weights everywhere, also where training would start at zero."""
    torch.manual_seed(1)
    model = DenseModel().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model


@pytest.fixture(scope="module")
def both() -> dict[str, Observations]:
    return {"s1": observe("s1", clear=1.0, seed=3), "s2": observe("s2")}


def frames(seen: Observations, index: list[int]) -> Observations:
    return Observations(seen.values[index], seen.validity[index], seen.days[index], seen.orbit[index])


TARGETS = torch.tensor([17_610.0, 17_645.0, 17_654.5], dtype=torch.float64)


@pytest.mark.parametrize("tile", [5, 7, 20])
def test_tiles_with_their_halo_equal_the_whole_image(model, both, tile):
    whole = model.embed(both, TARGETS).values
    for row in range(0, SIZE, tile):
        for col in range(0, SIZE, tile):
            rows, cols = slice(row, min(row + tile, SIZE)), slice(col, min(col + tile, SIZE))
            haloed = slice(rows.start, rows.stop + 2 * HALO), slice(cols.start, cols.stop + 2 * HALO)
            part = model.embed({n: o.cut(*haloed) for n, o in both.items()}, TARGETS).values
            assert (part - whole[:, :, rows, cols]).abs().max() <= 1e-5


def test_an_embedding_does_not_depend_on_the_other_target_dates(model, both):
    together = model.embed(both, TARGETS).values
    alone = torch.cat([model.embed(both, TARGETS[k : k + 1]).values for k in range(len(TARGETS))])
    assert (together - alone).abs().max() <= 1e-5


def test_a_pixel_sees_15_by_15_pixels_and_no_more(model, both):
    base = model.embed(both, TARGETS).values[:, :, 10, 10]
    for distance, changes in ((7, True), (8, False)):
        values = both["s2"].values.clone()
        validity = both["s2"].validity.clone()
        values[:, :, 10 + HALO, 10 + HALO + distance] += 0.5
        validity[:, :, 10 + HALO, 10 + HALO + distance] = True
        moved = Observations(values, validity, both["s2"].days, both["s2"].orbit)
        after = model.embed(both | {"s2": moved}, TARGETS).values[:, :, 10, 10]
        assert bool((after - base).abs().max() > 1e-6) is changes


def test_values_that_are_not_valid_have_no_influence(model, both):
    s2 = both["s2"]
    poisoned = Observations(torch.where(s2.validity, s2.values, 77.0), s2.validity, s2.days, s2.orbit)
    expected, found = model.embed(both, TARGETS), model.embed(both | {"s2": poisoned}, TARGETS)
    assert torch.equal(expected.values, found.values)
    assert torch.isfinite(found.values).all()


@pytest.mark.parametrize("given", [("s1",), ("s2",)])
def test_either_sensor_may_be_absent(model, both, given):
    found = model.embed({name: both[name] for name in given}, TARGETS)
    assert found.validity.all()
    assert torch.isfinite(found.values).all()
    assert (found.values - model.embed(both, TARGETS).values).abs().max() > 1e-3


def test_a_sensor_without_any_valid_pixel_counts_as_absent(model, both):
    s1 = both["s1"]
    blind = Observations(s1.values, torch.zeros_like(s1.validity), s1.days, s1.orbit)
    alone = model.embed({"s2": both["s2"]}, TARGETS)
    assert (model.embed(both | {"s1": blind}, TARGETS).values - alone.values).abs().max() <= 1e-5


@pytest.mark.parametrize("kept", [("B02", "B03", "B04", "B8A", "B11", "B12"), ("B02", "B03", "B04", "B08")])
def test_any_subset_of_bands_is_embedded(model, both, kept):
    s2 = both["s2"]
    mask = torch.tensor([band in kept for band in SENTINEL2.bands]).view(1, -1, 1, 1)
    fewer = Observations(s2.values * mask, s2.validity & mask, s2.days, s2.orbit)
    found = model.embed({"s2": fewer}, TARGETS)
    assert found.validity.float().mean() > 0.99
    assert torch.isfinite(found.values).all()


@pytest.mark.parametrize("count", range(1, 12))
def test_one_to_eleven_frames_are_enough(model, both, count):
    few = frames(both["s2"], list(range(count)))
    found = model.embed({"s2": few}, TARGETS)
    assert torch.equal(
        found.validity, few.validity[:, :, HALO:-HALO, HALO:-HALO].any(1).any(0).expand(3, -1, -1)
    )
    assert torch.isfinite(found.values).all()


def test_no_frame_in_reach_gives_no_embedding(model, both):
    far = torch.tensor([17_900.0], dtype=torch.float64)
    found = model.embed(both, far)
    assert not found.validity.any()
    assert (found.values == 0).all()


def test_any_date_can_be_asked_for_and_dates_matter(model, both):
    found = model.embed(both, torch.tensor([17_640.25, 17_648.0], dtype=torch.float64)).values
    assert (found[0] - found[1]).abs().max() > 1e-3


def test_past_only_ignores_later_frames(model, both):
    target = torch.tensor([17_645.0], dtype=torch.float64)
    past = {n: frames(o, [int(k) for k in (o.days <= 17_645.0).nonzero()[:, 0]]) for n, o in both.items()}
    expected = model.embed(past, target, past_only=True).values
    assert (model.embed(both, target, past_only=True).values - expected).abs().max() <= 1e-5
    assert (model.embed(both, target).values - expected).abs().max() > 1e-3


def test_season_matters(model, both):
    shifted = {n: dataclasses.replace(o, days=o.days + 120) for n, o in both.items()}
    assert (model.embed(shifted, TARGETS + 120).values - model.embed(both, TARGETS).values).abs().max() > 1e-3


def test_orbit_direction_matters(model, both):
    s1 = both["s1"]
    descending = dataclasses.replace(s1, orbit=-s1.orbit)
    assert (
        model.embed(both | {"s1": descending}, TARGETS).values - model.embed(both, TARGETS).values
    ).abs().max() > 1e-4


def test_a_prefix_is_decoded_without_the_other_dimensions(model, both):
    embedding = model.embed(both, TARGETS).values
    for prefix in model.config.prefixes:
        changed = embedding.clone()
        changed[:, prefix:] += 3
        first, second = model.reconstruct(embedding, prefix), model.reconstruct(changed, prefix)
        assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_third_modality_is_one_more_entry_and_leaves_the_others_as_they_are(model, both):
    thermal = Modality("thermal", ("LST",), "K", (200.0, 340.0), 270.0, 50.0)
    entry = ModalityConfig(thermal, width=16, latent=4, mean=(0.4,), spread=(0.2,))
    extended = DenseModel(DenseConfig(modalities=(S1_DEFAULT, S2_DEFAULT, entry))).eval()
    extended.encoders["s2"].load_state_dict(model.encoders["s2"].state_dict())
    days = torch.from_numpy(DAYS["s2"])
    shape = (len(days), 1, SIZE + 2 * HALO, SIZE + 2 * HALO)
    seen = Observations(torch.rand(shape), torch.ones(shape, dtype=torch.bool), days, torch.zeros(len(days)))
    assert extended.embed(both | {"thermal": seen}, TARGETS).values.shape == (3, 32, SIZE, SIZE)
    assert extended.embed({"thermal": seen}, TARGETS).validity.all()
    use = FrameUse.within(both["s2"].days, TARGETS, 90.0)
    with torch.inference_mode():
        before, after = (
            m.encoder("s2")(m.encoder("s2").encode_frames(both["s2"]), use, TARGETS)[0]
            for m in (model, extended)
        )
    assert torch.equal(before, after)


def test_an_unknown_modality_is_refused(model, both):
    with pytest.raises(InputError, match="does not know this modality"):
        model.embed({"s3": both["s2"]}, TARGETS)


def test_a_wrong_axis_order_is_caught(model, both):
    s2 = both["s2"]
    swapped = Observations(s2.values.transpose(0, 1), s2.validity.transpose(0, 1), s2.days, s2.orbit)
    with pytest.raises(InputError, match=r"axes \[frame, band, y, x\]"):
        model.embed({"s2": swapped}, TARGETS)


def test_an_untrained_model_decodes_the_linear_interpolation():
    torch.manual_seed(0)
    fresh, s2 = DenseModel().eval(), observe("s2")
    encoder, decoder = fresh.encoder("s2"), fresh.decoder("s2")
    with torch.no_grad():
        encoded = encoder.encode_frames(s2)
        use = FrameUse.within(s2.days, TARGETS, 90.0)
        latent, prior = encoder(encoded, use, TARGETS)
        assert torch.allclose(decoder.centre(latent).movedim(-1, 1), prior.values, atol=1e-6)


def slow_interpolation(values, validity, days, target):
    """The same by NumPy, one pixel and band after another."""
    out = np.zeros(values.shape[1:])
    for index in np.ndindex(out.shape):
        seen = validity[(slice(None), *index)]
        if seen.any():
            out[index] = np.interp(target, days[seen], values[(slice(None), *index)][seen])
    return out


def test_interpolation_equals_numpys():
    s2 = observe("s2", size=3, clear=0.4)
    use = FrameUse.within(s2.days, TARGETS, 1e6)
    found = interpolate(s2.values, Neighbours.of(s2.validity), use, s2.days)
    for k, target in enumerate(TARGETS):
        expected = slow_interpolation(s2.values.numpy(), s2.validity.numpy(), s2.days.numpy(), float(target))
        np.testing.assert_allclose(found.values[k].numpy(), expected, atol=1e-5)
    assert (found.age[found.age < FAR] >= 0).all()


def test_a_blackout_hides_frames_just_as_if_they_were_not_there(model):
    s2 = observe("s2")
    target, gap = TARGETS[1:2], torch.tensor([[17_630.0, 17_660.0]], dtype=torch.float64)
    kept = [int(k) for k in ((s2.days < 17_630) | (s2.days > 17_660)).nonzero()[:, 0]]
    encoder = model.encoder("s2")
    with torch.no_grad():
        hidden, _ = encoder(
            encoder.encode_frames(s2), FrameUse.within(s2.days, target, 90.0, blackout=gap), target
        )
        fewer = frames(s2, kept)
        absent, _ = encoder(encoder.encode_frames(fewer), FrameUse.within(fewer.days, target, 90.0), target)
    assert (hidden - absent).abs().max() <= 1e-5


def test_prefixes_must_end_at_the_embedding_size():
    with pytest.raises(CheckpointError, match="largest prefix"):
        DenseConfig(dims=24)

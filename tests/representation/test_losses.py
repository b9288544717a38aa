"""The context-aware loss, term by term, against explicit loops."""

import math

import numpy as np
import pytest
import torch
from phenolens.engine.errors import InputError
from phenolens.engine.representation.losses import (
    FUSION_LOSSES,
    STAGE1_LOSSES,
    ContextLoss,
    centre_error,
    context_weights,
    spectral_angle,
    ssim,
    weighted_angle,
    weighted_mae,
)


def a_batch(bands: int = 3, share: float = 0.7) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    shape = (2, 11, bands, 15, 15)
    target = torch.rand(shape, generator=generator, dtype=torch.float64)
    reconstruction = target + 0.1 * torch.randn(shape, generator=generator, dtype=torch.float64)
    return reconstruction, target, torch.rand(shape, generator=generator) < share


def weights_by_hand(center_weight: float) -> np.ndarray:
    weights = np.empty((11, 15, 15))
    for frame in range(11):
        for row in range(15):
            for col in range(15):
                r = max(abs(row - 7), abs(col - 7))
                space = 1.0 if r == 0 else 0.01 * 0.1 ** (r - 1)
                weights[frame, row, col] = space * 0.1 ** abs(frame - 5)
    weights[5, 7, 7] = center_weight
    return weights / weights.sum()


@pytest.mark.parametrize("center_weight", [1.0, 1.5, 1.75])
def test_weights_fall_with_distance_in_space_and_time_and_sum_to_one(center_weight: float) -> None:
    weights = context_weights(center_weight)
    np.testing.assert_allclose(weights, weights_by_hand(center_weight), rtol=1e-12)
    assert float(weights.sum()) == pytest.approx(1, abs=1e-12)


def test_weighted_mae_is_the_weighted_mean_over_observed_values() -> None:
    reconstruction, target, validity = a_batch()
    weights, error, count = weights_by_hand(1.5), 0.0, 0.0
    for n, frame, band, row, col in np.argwhere(validity.numpy()):
        here = (n, frame, band, row, col)
        error += weights[frame, row, col] * abs(float(reconstruction[here] - target[here]))
        count += weights[frame, row, col]
    ours = weighted_mae(reconstruction, target, validity, context_weights(1.5))
    assert float(ours) == pytest.approx(error / count, rel=1e-10)


def test_weighted_angle_counts_pixels_observed_in_all_bands() -> None:
    reconstruction, target, validity = a_batch()
    weights, angle, count = weights_by_hand(1.0), 0.0, 0.0
    for n, frame, row, col in np.argwhere(validity.all(2).numpy()):
        a, b = (t[n, frame, :, row, col].numpy() for t in (reconstruction, target))
        cosine = a @ b / math.sqrt((a @ a) * (b @ b))
        angle += weights[frame, row, col] * math.acos(cosine)
        count += weights[frame, row, col]
    ours = weighted_angle(reconstruction, target, validity, context_weights())
    assert float(ours) == pytest.approx(angle / count, rel=1e-6)


def test_the_angle_between_equal_spectra_is_zero_with_a_finite_slope() -> None:
    spectrum = torch.rand(1, 1, 10, 1, 1, requires_grad=True)
    angle = spectral_angle(spectrum, spectrum.detach().clone()).sum()
    angle.backward()
    assert angle.item() < 1e-5
    assert spectrum.grad is not None
    assert spectrum.grad.isfinite().all()


def test_ssim_is_that_of_a_gaussian_window_at_every_position() -> None:
    reconstruction, target, validity = (t[:1, :2, :2] for t in a_batch())
    x, y = np.where(validity, reconstruction, target), target.numpy()
    offset = np.arange(7) - 3
    kernel = np.exp(-(offset[:, None] ** 2 + offset[None] ** 2) / (2 * 1.5**2))
    kernel /= kernel.sum()
    values = []
    for frame, band, row, col in np.ndindex(2, 2, 9, 9):
        a, b = (v[0, frame, band, row : row + 7, col : col + 7] for v in (x, y))
        mean_a, mean_b = (kernel * a).sum(), (kernel * b).sum()
        var_a, var_b = (kernel * (a - mean_a) ** 2).sum(), (kernel * (b - mean_b) ** 2).sum()
        shared = (kernel * (a - mean_a) * (b - mean_b)).sum()
        luminance = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
        values.append(luminance * (2 * shared + 9e-4) / (var_a + var_b + 9e-4))
    assert float(ssim(reconstruction, target, validity)) == pytest.approx(np.mean(values), rel=1e-9)


def test_a_perfect_reconstruction_costs_nothing() -> None:
    _, target, validity = a_batch(bands=10)
    for loss in (*STAGE1_LOSSES.values(), *FUSION_LOSSES.values()):
        assert float(loss(target, target, validity)) == pytest.approx(0, abs=1e-5)


def test_what_was_not_observed_costs_nothing() -> None:
    _, target, validity = a_batch(bands=10)
    wrong = torch.where(validity, target, 9.0)
    for loss in (STAGE1_LOSSES["s2"], FUSION_LOSSES["s1"]):
        assert float(loss(wrong, target, validity)) == pytest.approx(0, abs=1e-5)


def test_the_published_combination_of_stage_1_adds_its_three_terms() -> None:
    reconstruction, target, validity = a_batch()
    weights = context_weights()
    by_term = (
        0.33 * weighted_mae(reconstruction, target, validity, weights)
        + 0.02 * (1 - ssim(reconstruction, target, validity))
        + 0.65 * weighted_angle(reconstruction, target, validity, weights)
    )
    torch.testing.assert_close(STAGE1_LOSSES["s2"](reconstruction, target, validity), by_term)


def test_the_published_weights_of_the_terms() -> None:
    assert {"s1": ContextLoss(1, 0, 0, 1), "s2": ContextLoss(0.33, 0.02, 0.65, 1)} == STAGE1_LOSSES
    assert {"s1": ContextLoss(1, 0, 0, 1.5), "s2": ContextLoss(0.665, 0.02, 0.315, 1.75)} == FUSION_LOSSES


def test_a_batch_without_observations_costs_nothing_and_has_no_centre() -> None:
    reconstruction, target, validity = a_batch()
    nothing = torch.zeros_like(validity)
    assert float(STAGE1_LOSSES["s1"](reconstruction, target, nothing)) == 0
    total, count = centre_error(reconstruction, target, nothing)
    assert (float(total), int(count)) == (0, 0)


def test_the_centre_error_looks_at_the_target_alone() -> None:
    reconstruction, target, _ = a_batch()
    total, count = centre_error(reconstruction, target, torch.ones_like(target, dtype=torch.bool))
    by_hand = (reconstruction - target)[:, 5, :, 7, 7].abs()
    assert int(count) == 6
    torch.testing.assert_close(total, by_hand.sum())


@pytest.mark.parametrize("shares", [(-1, 0, 0, 1), (0, 0, 0, 1), (1, 0, 0, 0)])
def test_impossible_weights_are_refused(shares: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="impossible weights"):
        ContextLoss(*shares)

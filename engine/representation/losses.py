"""The context-aware reconstruction loss of the publication: the target counts most, its surroundings little.

All functions take windows [window, frame, band, y, x]: reconstruction and target float32 in model units,
validity bool.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError
from .paper_config import CENTRE_FRAME, FRAMES, HALO, PATCH

SSIM_WINDOW, SSIM_SIGMA = 7, 1.5
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2  # the constants of Wang et al. 2004 for values of range 1
TINY = 1e-12


@dataclass(frozen=True)
class ContextLoss:
    """λ_mae · weighted MAE + λ_ssim · (1 − SSIM) + λ_sam · weighted spectral angle."""

    mae: float
    ssim: float = 0.0
    sam: float = 0.0
    center_weight: float = 1.0

    def __post_init__(self) -> None:
        shares = (self.mae, self.ssim, self.sam)
        if min(shares) < 0 or sum(shares) == 0 or self.center_weight <= 0:
            raise InputError(
                "the loss has impossible weights",
                value=f"mae, ssim, sam {shares}, centre {self.center_weight}",
                remedy="give weights of at least 0, one above 0, and a centre weight above 0",
            )

    def __call__(self, reconstruction: Tensor, target: Tensor, validity: Tensor) -> Tensor:
        """The loss of a batch, a scalar."""
        weights = context_weights(self.center_weight).to(target)
        loss = self.mae * weighted_mae(reconstruction, target, validity, weights)
        if self.ssim:
            loss = loss + self.ssim * (1 - ssim(reconstruction, target, validity))
        if self.sam:
            loss = loss + self.sam * weighted_angle(reconstruction, target, validity, weights)
        return loss


STAGE1_LOSSES = {"s1": ContextLoss(1.0), "s2": ContextLoss(0.33, 0.02, 0.65)}
FUSION_LOSSES = {
    "s1": ContextLoss(1.0, center_weight=1.5),
    "s2": ContextLoss(0.665, 0.02, 0.315, center_weight=1.75),
}
"""Of each sensor; the fusion's loss is their mean."""


@lru_cache
def context_weights(center_weight: float = 1.0) -> Tensor:
    """Weights [11, 15, 15] that sum to 1: 1 at the centre pixel, elsewhere 0.01 · 0.1^(r − 1) at Chebyshev
    distance r, times 0.1 per frame from the centre frame; the target itself has `center_weight`."""
    steps = (torch.arange(PATCH) - HALO).abs()
    distance = torch.maximum(steps[:, None], steps[None, :]).double()
    space = torch.where(distance == 0, 1.0, 0.01 * 0.1 ** (distance - 1))
    time = 0.1 ** (torch.arange(FRAMES) - CENTRE_FRAME).abs().double()
    weights = time[:, None, None] * space
    weights[CENTRE_FRAME, HALO, HALO] = center_weight
    return weights / weights.sum()


def weighted_mae(reconstruction: Tensor, target: Tensor, validity: Tensor, weights: Tensor) -> Tensor:
    """Mean absolute error over a batch's observed values, weighted [frame, y, x]; 0 if there are none."""
    counted = validity * weights[:, None]
    return (counted * (reconstruction - target).abs()).sum() / counted.sum().clamp_min(TINY)


def weighted_angle(reconstruction: Tensor, target: Tensor, validity: Tensor, weights: Tensor) -> Tensor:
    """Mean spectral angle in radians over pixels that are observed in all bands, weighted [frame, y, x]."""
    counted = validity.all(2) * weights
    return (counted * spectral_angle(reconstruction, target)).sum() / counted.sum().clamp_min(TINY)


def spectral_angle(a: Tensor, b: Tensor) -> Tensor:
    """Angle in radians between spectra [window, frame, band, y, x] → [window, frame, y, x]."""
    # Kahan's half-angle form: arccos of a cosine loses small angles, and its slope is infinite at 0
    a, b = a / _length(a), b / _length(b)
    angle = 2 * torch.atan2(_length(a - b), _length(a + b))
    return angle.squeeze(2)


def _length(x: Tensor) -> Tensor:
    return (x.square().sum(2, keepdim=True) + TINY).sqrt()


def ssim(reconstruction: Tensor, target: Tensor, validity: Tensor) -> Tensor:
    """Mean structural similarity of all frames and bands (Wang et al. 2004, Gaussian 7 × 7, σ 1.5, range 1).

    What was not observed counts as reconstructed; pixels whose window would leave the image are left out."""
    x, y = torch.where(validity, reconstruction, target).flatten(0, 2), target.flatten(0, 2)
    mean_x, mean_y, square_x, square_y, product = (_blurred(v) for v in (x, y, x * x, y * y, x * y))
    variance = square_x - mean_x**2 + square_y - mean_y**2
    covariance = product - mean_x * mean_y
    structure = (2 * covariance + SSIM_C2) / (variance + SSIM_C2)
    luminance = (2 * mean_x * mean_y + SSIM_C1) / (mean_x**2 + mean_y**2 + SSIM_C1)
    return (luminance * structure).mean()


def _blurred(images: Tensor) -> Tensor:
    """[image, y, x] → [image, y - 6, x - 6]"""
    steps = torch.arange(SSIM_WINDOW).to(images) - SSIM_WINDOW // 2
    kernel = torch.exp(-(steps**2) / (2 * SSIM_SIGMA**2))
    kernel = kernel / kernel.sum()
    down = F.conv2d(images[:, None], kernel[None, None, :, None])
    return F.conv2d(down, kernel[None, None, None, :])[:, 0]


def centre_error(reconstruction: Tensor, target: Tensor, validity: Tensor) -> tuple[Tensor, Tensor]:
    """Sum of absolute errors at the target pixel and date, and the number of values observed there."""
    centre = (slice(None), CENTRE_FRAME, slice(None), HALO, HALO)
    observed = validity[centre]
    return ((reconstruction[centre] - target[centre]).abs() * observed).sum(), observed.sum()

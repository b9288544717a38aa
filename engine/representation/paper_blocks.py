"""Attention blocks of the published frame encoder and decoder.

Attribute names follow the tensor names of the published checkpoints, here and in the other `paper` modules.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ChannelAttention(nn.Module):
    """Weight per channel, from its largest and its mean value: [n, c, y, x] → [n, c, 1, 1] in 0-1."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        narrow = channels // reduction
        self.se = nn.Sequential(
            nn.Conv2d(channels, narrow, 1, bias=False), nn.ReLU(), nn.Conv2d(narrow, channels, 1, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        largest, mean = x.amax((2, 3), keepdim=True), x.mean((2, 3), keepdim=True)
        return torch.sigmoid(self.se(largest) + self.se(mean))


class SpatialAttention(nn.Module):
    """Weight per pixel, from the largest and the mean channel: [n, c, y, x] → [n, 1, y, x] in 0-1."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.conv(torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)))


class CBAM(nn.Module):
    """Convolutional block attention (Woo et al. 2018), channel then space, with a residual."""

    def __init__(self, channels: int, reduction: int, kernel: int) -> None:
        super().__init__()
        self.ca = ChannelAttention(channels, reduction)
        self.sa = SpatialAttention(kernel)

    def forward(self, x: Tensor) -> Tensor:
        attended: Tensor = x * self.ca(x)
        attended = attended * self.sa(attended)
        return attended + x


class MultiScale(nn.Module):
    """Convolutions of several kernel sizes side by side, joined by a 1×1 convolution, then CBAM."""

    def __init__(self, channels: int, out: int, kernels: Sequence[int] = (3, 7)) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, out, k, padding=k // 2), nn.LeakyReLU(0.1)) for k in kernels
        )
        self.fusion = nn.Sequential(nn.Conv2d(out * len(kernels), out, 1), nn.LeakyReLU(0.01))
        self.attention = CBAM(out, 8, 7)

    def forward(self, x: Tensor) -> Tensor:
        scales = torch.cat([conv(x) for conv in self.convs], 1)
        attended: Tensor = self.attention(self.fusion(scales))
        return attended


class ConvAttention(nn.Module):
    """A 3×3 convolution, then CBAM."""

    def __init__(self, channels: int, out: int, reduction: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(channels, out, 3, padding=1), nn.LeakyReLU(0.01))
        self.attention = CBAM(out, reduction, kernel)

    def forward(self, x: Tensor) -> Tensor:
        attended: Tensor = self.attention(self.conv(x))
        return attended

"""The published autoencoder of one sensor: 11 frames → latent → 11 frames."""

import math

import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import AcquisitionError
from .paper_config import FRAMES, LONGEST_DAYS, PATCH, AutoencoderConfig
from .paper_frames import TOKEN, FrameDecoder, FrameEncoder

NARROW = 16


class PositionTable(nn.Module):
    """A learned vector per whole number of days, divided by the root of its width."""

    def __init__(self, largest: int, width: int) -> None:
        super().__init__()
        self.position_embeddings = nn.Embedding(largest + 1, width)

    def forward(self, days: Tensor) -> Tensor:
        vectors: Tensor = self.position_embeddings(days)
        return vectors / math.sqrt(vectors.shape[-1])


def _temporal_transformer() -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(TOKEN, 8, dim_feedforward=8, dropout=0.25, batch_first=True)
    return nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)


class PaperEncoder(nn.Module):
    """Windows of one sensor → latents."""

    def __init__(
        self, config: AutoencoderConfig, positions: PositionTable, transformer: nn.TransformerEncoder
    ) -> None:
        super().__init__()
        self.config = config
        self.dim_reducer = FrameEncoder(config.bands)
        self.positional_embedding_shared = positions
        self.transformer_enc = transformer
        self.encoder_linear = nn.Sequential(nn.Linear(TOKEN, NARROW), nn.SELU())
        self.token_reducer = nn.Sequential(nn.Linear(FRAMES, config.slots), nn.SELU())
        self.bottleneck_reducer = nn.Sequential(
            nn.Linear(NARROW * config.slots, config.latent), nn.Softplus()
        )

    def forward(self, windows: Tensor, gaps: Tensor) -> Tensor:
        """Latents [window, latent] ≥ 0 of [window, 11, band, 15, 15] in model units, nothing missing.

        `gaps`: [window, 10] int64, whole days from each frame to the next."""
        check_windows(windows, gaps, self.config.bands)
        tokens = self.dim_reducer(windows.flatten(0, 1)).unflatten(0, windows.shape[:2])
        mixed = self._attend(tokens + self.positional_embedding_shared(positions_of(gaps)))
        narrow = self.encoder_linear(mixed)  # [window, 11, 16]
        slots = self.token_reducer(narrow.transpose(1, 2))  # [window, 16, slots]
        latent: Tensor = self.bottleneck_reducer(slots.flatten(1))
        return latent

    def _attend(self, tokens: Tensor) -> Tensor:
        if self.config.attention_over == "batch":  # the published fault: samples take the place of frames
            swapped: Tensor = self.transformer_enc(tokens.transpose(0, 1))
            return swapped.transpose(0, 1)
        mixed: Tensor = self.transformer_enc(tokens)
        return mixed


class PaperDecoder(nn.Module):
    """Latents of one sensor → windows."""

    def __init__(
        self, config: AutoencoderConfig, positions: PositionTable, transformer: nn.TransformerEncoder
    ) -> None:
        super().__init__()
        self.config = config
        self.upscaler = FrameDecoder(config.bands)
        self.positional_embedding_shared = positions
        self.transformer_dec = transformer
        self.decoder_linear = nn.Sequential(nn.Linear(NARROW, TOKEN), nn.SELU())
        self.token_upsampler = nn.Sequential(nn.Linear(config.slots, FRAMES), nn.SELU())
        self.bottleneck_expander = nn.Sequential(
            nn.Linear(config.latent, NARROW * config.slots), nn.Softplus()
        )

    def forward(self, latent: Tensor, gaps: Tensor) -> Tensor:
        """Windows [window, 11, band, 15, 15] in model units, of latents and the day gaps of their frames."""
        # slots before channels here, channels before slots in the encoder: so it was published
        slots = self.bottleneck_expander(latent).unflatten(1, (self.config.slots, NARROW))
        narrow = self.token_upsampler(slots.transpose(1, 2)).transpose(1, 2)  # [window, 11, 16]
        tokens = self.decoder_linear(narrow) + self.positional_embedding_shared(positions_of(gaps))
        frames = self.upscaler(self.transformer_dec(tokens).flatten(0, 1))
        windows: Tensor = frames.unflatten(0, (latent.shape[0], FRAMES))
        return windows


def tied_halves(config: AutoencoderConfig) -> tuple[PaperEncoder, PaperDecoder]:
    """An encoder and a decoder that share their time table and transformer."""
    positions, transformer = PositionTable(LONGEST_DAYS, TOKEN), _temporal_transformer()
    return PaperEncoder(config, positions, transformer), PaperDecoder(config, positions, transformer)


class PaperAutoencoder(nn.Module):
    """Stage 1 of the published model for one sensor."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = tied_halves(config)
        self.positional_embedding_shared = self.encoder.positional_embedding_shared

    def forward(self, windows: Tensor, gaps: Tensor) -> Tensor:
        """Reconstruct [window, 11, band, 15, 15] in model units; `gaps` [window, 10] int64 in days."""
        reconstruction: Tensor = self.decoder(self.encoder(windows, gaps), gaps)
        return reconstruction


def positions_of(gaps: Tensor) -> Tensor:
    """Days since the first frame, [window, 11], of the gaps between frames, [window, 10]."""
    return F.pad(gaps.cumsum(1), (1, 0))


def check_windows(windows: Tensor, gaps: Tensor, bands: int) -> None:
    """Raise `AcquisitionError` where axes are swapped or day gaps leave the time table."""
    if windows.ndim != 5 or windows.shape[1:] != (FRAMES, bands, PATCH, PATCH):
        raise AcquisitionError(
            "windows don't have the axes [window, frame, band, y, x]",
            value=f"shape {tuple(windows.shape)}",
            remedy=f"(windows, {FRAMES}, {bands}, {PATCH}, {PATCH}) is needed",
        )
    if gaps.shape != (len(windows), FRAMES - 1) or gaps.is_floating_point():
        raise AcquisitionError(
            "day gaps don't have the axes [window, frame]",
            value=f"shape {tuple(gaps.shape)}, {gaps.dtype}",
            remedy=f"whole days of shape ({len(windows)}, {FRAMES - 1}) are needed",
        )
    if len(gaps) and (int(gaps.min()) < 0 or int(gaps.sum(1).max()) > LONGEST_DAYS):
        raise AcquisitionError(
            "frames are out of order or too far apart",
            value=f"gaps of {int(gaps.min())} to {int(gaps.max())} days, {int(gaps.sum(1).max())} in all",
            remedy=f"give frames in order of time within {LONGEST_DAYS} days",
        )

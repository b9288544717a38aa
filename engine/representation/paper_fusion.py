"""Stage 2 of the published model: two latents → one embedding → two latents."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..errors import AcquisitionError
from .paper_autoencoder import PaperAutoencoder, PositionTable, tied_halves
from .paper_config import LARGEST_SEPARATION, PaperConfig

WIDTH = 128


def _fusion_transformer() -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        WIDTH, 4, dim_feedforward=256, dropout=0.1, batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


class PaperFusion(nn.Module):
    """Both sensors' encoders, the fusion that joins their latents, and both decoders."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.config = config
        self.enc_s1, self.dec_s1 = tied_halves(config.s1)
        self.enc_s2, self.dec_s2 = tied_halves(config.s2)
        self.proj_s1 = nn.Linear(config.s1.latent, WIDTH)
        self.proj_s2 = nn.Linear(config.s2.latent, WIDTH)
        self.type_embed = nn.Embedding(2, WIDTH)
        self.pair_pos_emb = PositionTable(LARGEST_SEPARATION, WIDTH)
        self.fuser = _fusion_transformer()
        self.norm_out = nn.LayerNorm(WIDTH)
        self.bottleneck_reducer = nn.Sequential(nn.Linear(WIDTH, config.embedding), nn.Softplus())
        # published checkpoints carry this layer, but the heads leave the embedding directly: it is idle
        self.bottleneck_expander = nn.Sequential(nn.Linear(config.embedding, WIDTH))
        self.bottleneck_expander.requires_grad_(False)
        self.head_s1 = nn.Linear(config.embedding, config.s1.latent)
        self.head_s2 = nn.Linear(config.embedding, config.s2.latent)

    @classmethod
    def from_autoencoders(
        cls, s1: PaperAutoencoder, s2: PaperAutoencoder, *, embedding: int = 7
    ) -> "PaperFusion":
        """A new fusion on top of copies of two trained autoencoders."""
        fusion = cls(PaperConfig(s1.config, s2.config, embedding))
        for sensor, autoencoder in {"s1": s1, "s2": s2}.items():
            fusion.get_submodule(f"enc_{sensor}").load_state_dict(autoencoder.encoder.state_dict())
            fusion.get_submodule(f"dec_{sensor}").load_state_dict(autoencoder.decoder.state_dict())
        return fusion

    def fuse(self, latent_s1: Tensor, latent_s2: Tensor, separation: Tensor) -> Tensor:
        """Embedding [window, 7] ≥ 0 of the latents; `separation` [window] int64: whole days, at most 350,
        between the sensors' centre frames."""
        check_separation(separation, len(latent_s1))
        tokens = torch.stack([self.proj_s1(latent_s1), self.proj_s2(latent_s2)], 1)
        position = torch.stack([torch.zeros_like(separation), separation], 1)
        tokens = tokens + self.type_embed.weight + self.pair_pos_emb(position)
        embedding: Tensor = self.bottleneck_reducer(self.norm_out(self.fuser(tokens).mean(1)))
        return embedding

    def encode(self, s1: Tensor, s2: Tensor, gaps: Mapping[str, Tensor], separation: Tensor) -> Tensor:
        """Embedding [window, 7] of windows [window, 11, band, 15, 15] and their day gaps per sensor."""
        return self.fuse(self.enc_s1(s1, gaps["s1"]), self.enc_s2(s2, gaps["s2"]), separation)

    def decode(self, embedding: Tensor, gaps: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Windows [window, 11, band, 15, 15] of both sensors, from the embedding alone."""
        return {
            "s1": self.dec_s1(self.head_s1(embedding), gaps["s1"]),
            "s2": self.dec_s2(self.head_s2(embedding), gaps["s2"]),
        }

    def forward(
        self, s1: Tensor, s2: Tensor, gaps: Mapping[str, Tensor], separation: Tensor
    ) -> dict[str, Tensor]:
        """Reconstruct both sensors' windows through the embedding."""
        return self.decode(self.encode(s1, s2, gaps, separation), gaps)


def check_separation(separation: Tensor, windows: int) -> None:
    """Raise `AcquisitionError` where the days between the sensors leave the position table."""
    if separation.shape != (windows,) or separation.is_floating_point():
        raise AcquisitionError(
            "days between the sensors don't have the axis [window]",
            value=f"shape {tuple(separation.shape)}, {separation.dtype}",
            remedy=f"whole days of shape ({windows},) are needed",
        )
    if windows and not 0 <= int(separation.min()) <= int(separation.max()) <= LARGEST_SEPARATION:
        raise AcquisitionError(
            "the sensors' centre frames are too far apart",
            value=f"{int(separation.min())} to {int(separation.max())} days",
            remedy=f"give acquisitions within {LARGEST_SEPARATION} days of each other",
        )

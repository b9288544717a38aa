"""The dense family, stage 2: frozen modality encoders joined into one embedding per pixel and date."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from ..acquisitions.modality import Modality
from ..errors import CheckpointError, InputError
from .config import HALO, DenseConfig
from .dense import EncodedFrames, ModalityDecoder, ModalityEncoder, floats_at_once
from .interface import Embeddings, Observations
from .temporal import FAR, FrameUse, encode_age, perceptron


class Fusion(nn.Module):
    """One token per modality (or a learned token for an absent one), summed, refined: the embedding.

    Each modality also enters linearly; started at the principal components of the latents, a prefix of the
    embedding keeps what a PCA of that size would."""

    def __init__(self, config: DenseConfig) -> None:
        super().__init__()
        self.prefixes = config.prefixes
        latents = {entry.modality.name: entry.latent for entry in config.modalities}
        width = config.head_width
        self.token = nn.ModuleDict({name: nn.Linear(size + 2, width) for name, size in latents.items()})
        self.absent = nn.ParameterDict({name: nn.Parameter(torch.zeros(width)) for name in latents})
        self.linear = nn.ModuleDict(
            {name: nn.Linear(size, config.dims, bias=False) for name, size in latents.items()}
        )
        self.bias = nn.Parameter(torch.zeros(config.dims))
        self.refine = perceptron(width, width, config.dims)
        self.back = nn.ModuleDict({name: nn.Linear(config.dims, size) for name, size in latents.items()})
        self.back_refine = nn.ModuleDict(
            {name: perceptron(config.dims + 1, width, size) for name, size in latents.items()}
        )

    def forward(self, latents: Mapping[str, Tensor], ages: Mapping[str, Tensor]) -> Tensor:
        """Embedding […, dim] from latents […, latent] and encoded ages […, 2] of the modalities at hand.

        A modality is absent for a pixel where both its ages say "none"."""
        total = torch.zeros_like(next(iter(self.absent.values())))
        linear: Tensor = self.bias
        for name, absent in self.absent.items():
            if name not in latents:
                total = total + absent
                continue
            here = (ages[name].amin(-1, keepdim=True) < 1.5).float()
            token = self.token[name](torch.cat([latents[name], ages[name]], dim=-1))
            total = total + token * here + absent * (1 - here)
            linear = linear + self.linear[name](latents[name]) * here
        fused: Tensor = linear + self.refine(total)
        return fused

    def decode(self, embedding: Tensor, prefix: int) -> dict[str, Tensor]:
        """Latents of all modalities from the first `prefix` dimensions of an embedding."""
        kept = torch.zeros_like(embedding)
        kept[..., :prefix] = embedding[..., :prefix]
        size = kept.new_full((*kept.shape[:-1], 1), prefix / kept.shape[-1])
        sized = torch.cat([kept, size], dim=-1)
        return {name: self.back[name](kept) + self.back_refine[name](sized) for name in self.back}


class DenseModel(nn.Module):
    """The default model: dense over a tile, any target date, any subset of modalities, bands and frames."""

    family = "dense"
    halo = HALO

    def __init__(self, config: DenseConfig | None = None) -> None:
        super().__init__()
        self.config = config or DenseConfig()
        entries = {entry.modality.name: entry for entry in self.config.modalities}
        heads, width = self.config.heads, self.config.head_width
        self.encoders = nn.ModuleDict({n: ModalityEncoder(e, heads, width) for n, e in entries.items()})
        self.decoders = nn.ModuleDict({n: ModalityDecoder(e, width) for n, e in entries.items()})
        self.fusion = Fusion(self.config)

    @property
    def modalities(self) -> dict[str, Modality]:
        return {entry.modality.name: entry.modality for entry in self.config.modalities}

    @property
    def dims(self) -> int:
        return self.config.dims

    @property
    def stored_dims(self) -> int:
        """Leading dimensions that a store keeps unless asked otherwise."""
        return self.config.stored_dims

    @property
    def reach_days(self) -> float:
        return self.config.reach_days

    def encoder(self, name: str) -> ModalityEncoder:
        return self._known(self.encoders, name)  # type: ignore[return-value]

    def decoder(self, name: str) -> ModalityDecoder:
        return self._known(self.decoders, name)  # type: ignore[return-value]

    def _known(self, parts: nn.ModuleDict, name: str) -> nn.Module:
        if name not in parts:
            raise InputError(
                "the model does not know this modality", value=name, remedy=f"it knows {', '.join(parts)}"
            )
        return parts[name]

    @torch.inference_mode()
    def embed(
        self, observations: Mapping[str, Observations], targets: Tensor, *, past_only: bool = False
    ) -> Embeddings:
        """See `RepresentationModel.embed`."""
        if not observations:
            raise InputError(
                "no modality was given", remedy=f"give at least one of {', '.join(self.encoders)}"
            )
        frames = {n: self.encoder(n).encode_frames(o) for n, o in observations.items() if len(o.days)}
        height, width = (s - 2 * HALO for s in next(iter(observations.values())).values.shape[2:])
        device = next(self.parameters()).device
        values = torch.zeros(len(targets), self.dims, height, width, device=device)
        validity = torch.zeros(len(targets), height, width, dtype=torch.bool, device=device)
        for rows, dates in self._chunks(height, width, len(targets)) if frames else ():
            part = {name: encoded.rows(rows) for name, encoded in frames.items()}
            # bfloat16 here would move real embeddings by 1.6 % of their norm; in the frame encoder alone it is less
            with torch.autocast(device.type, enabled=False):
                fused, observed = self._fuse(part, targets[dates], past_only)
            values[dates, :, rows] = fused.movedim(-1, 1)
            validity[dates, rows] = observed
        return Embeddings(values, validity)

    def _chunks(self, height: int, width: int, targets: int) -> Iterator[tuple[slice, slice]]:
        """Image rows and target dates to work on at once: intermediate results should stay in the cache."""
        budget = floats_at_once(self.fusion.bias.device)
        row_floats = width * 4 * self.config.head_width
        rows = max(1, min(height, budget // row_floats))
        dates = max(1, budget // (row_floats * rows))
        for row in range(0, height, rows):
            for date in range(0, targets, dates):
                yield slice(row, min(row + rows, height)), slice(date, min(date + dates, targets))

    def _fuse(
        self, frames: Mapping[str, EncodedFrames], targets: Tensor, past_only: bool
    ) -> tuple[Tensor, Tensor]:
        """Embedding [target, y, x, dim] (0 where nothing was observed) and validity [target, y, x]."""
        latents, ages = {}, {}
        for name, encoded in frames.items():
            use = FrameUse.within(encoded.days, targets, self.reach_days, past_only=past_only)
            latents[name], prior = self.encoder(name)(encoded, use, targets)
            ages[name] = prior.age.movedim(1, -1)
        observed = torch.stack([age.amin(-1) < FAR for age in ages.values()]).any(0)
        fused = self.fusion(latents, {n: encode_age(a) for n, a in ages.items()})
        return fused * observed[..., None], observed

    @torch.inference_mode()
    def reconstruct(self, embedding: Tensor, prefix: int | None = None) -> dict[str, Tensor]:
        """Bands in model units, per modality [target, band, y, x], from embeddings [target, dim, y, x]."""
        prefix = prefix or self.dims
        if not 1 <= prefix <= self.dims:
            raise CheckpointError("no such prefix of the embedding", value=prefix, remedy=f"1 to {self.dims}")
        latents = self.fusion.decode(embedding.movedim(1, -1), prefix)
        bands = {}
        for name, latent in latents.items():
            encoder = self.encoder(name)
            bands[name] = self.decoder(name).centre(latent).movedim(-1, 1) * encoder.spread + encoder.mean  # type: ignore[operator]
        return bands

    def bytes_per_pixel(self, frames: Mapping[str, int], targets: int) -> float:
        """See `RepresentationModel.bytes_per_pixel`."""
        return self.config.bytes_per_pixel(frames, targets)

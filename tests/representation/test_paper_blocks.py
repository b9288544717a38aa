"""Every block of the published model against a slow re-computation in NumPy from the named tensors."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from phenolens.engine.representation.paper_autoencoder import PaperAutoencoder
from phenolens.engine.representation.paper_blocks import CBAM, ConvAttention, MultiScale
from phenolens.engine.representation.paper_config import (
    S1_AUTOENCODER,
    S2_AUTOENCODER,
    AutoencoderConfig,
    PaperConfig,
)
from phenolens.engine.representation.paper_frames import FrameDecoder, FrameEncoder
from phenolens.engine.representation.paper_fusion import PaperFusion
from torch import nn

GAPS = (3, 0, 12, 5, 5, 1, 40, 2, 10, 7)


class Weights:
    """A module's tensors as float64, looked up below a prefix."""

    def __init__(self, module: nn.Module, prefix: str = "") -> None:
        self.tensors = {n: t.numpy() for n, t in module.state_dict().items()}
        self.prefix = prefix

    def __call__(self, name: str) -> np.ndarray:
        return self.tensors[self.prefix + name]

    def under(self, prefix: str) -> "Weights":
        below = object.__new__(Weights)
        below.tensors, below.prefix = self.tensors, self.prefix + prefix
        return below


def scrambled(module: nn.Module) -> nn.Module:
    """In float64 and evaluation mode, no parameter at a neutral start (zero bias, unit norm)."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.03 * torch.randn(parameter.shape, generator=generator))
    return module.double().eval()


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def silu(x: np.ndarray) -> np.ndarray:
    return x * sigmoid(x)


def leaky(slope: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.where(x > 0, x, slope * x)


def selu(x: np.ndarray) -> np.ndarray:
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(np.minimum(x, 0)) - 1))


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def conv(x: np.ndarray, w: Weights, stride: int = 1, pad: int | None = None, bias: bool = True) -> np.ndarray:
    """[c, y, x] by kernel taps."""
    kernel = w("weight")
    size = kernel.shape[2]
    pad = size // 2 if pad is None else pad
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    rows, cols = ((n - size) // stride + 1 for n in padded.shape[1:])
    out = np.zeros((len(kernel), rows, cols))
    for dy in range(size):
        for dx in range(size):
            seen = padded[:, dy : dy + stride * rows : stride, dx : dx + stride * cols : stride]
            out += np.einsum("oc,cyx->oyx", kernel[:, :, dy, dx], seen[:, :rows, :cols])
    return out + w("bias")[:, None, None] if bias else out


def transposed_conv(x: np.ndarray, w: Weights, crop: int, size: int) -> np.ndarray:
    """2 × 2, stride 2: each pixel paints a 2 × 2 block; `crop` pixels are cut at the top and left."""
    kernel = w("weight")
    painted = np.zeros((kernel.shape[1], 2 * x.shape[1], 2 * x.shape[2]))
    for row in range(x.shape[1]):
        for col in range(x.shape[2]):
            painted[:, 2 * row : 2 * row + 2, 2 * col : 2 * col + 2] += np.einsum(
                "c,coyx->oyx", x[:, row, col], kernel
            )
    return painted[:, crop : crop + size, crop : crop + size] + w("bias")[:, None, None]


def max_pool(x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    for row in range(x.shape[1]):
        for col in range(x.shape[2]):
            near = x[:, max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2]
            out[:, row, col] = near.max((1, 2))
    return out


def cbam(x: np.ndarray, w: Weights) -> np.ndarray:
    first, second = w("ca.se.0.weight")[:, :, 0, 0], w("ca.se.2.weight")[:, :, 0, 0]
    channel = sum(second @ np.maximum(first @ v, 0) for v in (x.max((1, 2)), x.mean((1, 2))))
    attended = x * sigmoid(channel)[:, None, None]
    space = conv(np.stack([attended.max(0), attended.mean(0)]), w.under("sa.conv."))
    return attended * sigmoid(space) + x


def multi_scale(x: np.ndarray, w: Weights) -> np.ndarray:
    scales = [leaky(0.1)(conv(x, w.under(f"convs.{i}.0."))) for i in range(2)]
    return cbam(leaky(0.01)(conv(np.concatenate(scales), w.under("fusion.0."))), w.under("attention."))


def conv_attention(x: np.ndarray, w: Weights) -> np.ndarray:
    return cbam(leaky(0.01)(conv(x, w.under("conv.0."))), w.under("attention."))


def encode_frame(x: np.ndarray, w: Weights) -> np.ndarray:
    x = silu(conv(x, w.under("conv0.0.")))
    x = max_pool(multi_scale(x, w.under("block1."))) + x
    x = silu(conv(x, w.under("conv1.0."), stride=2, pad=0))
    assert x.shape == (128, 7, 7)
    x = max_pool(conv_attention(x, w.under("block2."))) + x
    x = silu(conv(x, w.under("conv2.0."), stride=2, pad=1))
    assert x.shape == (64, 4, 4)
    return conv_attention(x, w.under("block3.")).reshape(-1)


def decode_frame(token: np.ndarray, w: Weights) -> np.ndarray:
    x = token.reshape(16, 4, 4)
    x = max_pool(conv_attention(x, w.under("block1."))) + x
    x = silu(transposed_conv(x, w.under("conv1.0."), crop=0, size=8))
    x = max_pool(conv_attention(x, w.under("block2."))) + x
    x = transposed_conv(x, w.under("upsample2."), crop=1, size=15)
    x = multi_scale(x, w.under("block3."))
    return conv(silu(conv(x, w.under("final_refinement.0."))), w.under("final_refinement.2."))


def linear(x: np.ndarray, w: Weights) -> np.ndarray:
    return x @ w("weight").T + w("bias")


def layer_norm(x: np.ndarray, w: Weights) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * w("weight") + w("bias")


def attention(x: np.ndarray, w: Weights, heads: int) -> np.ndarray:
    """Self-attention of [token, width] by an explicit softmax, head by head."""
    q, k, v = np.split(x @ w("in_proj_weight").T + w("in_proj_bias"), 3, axis=1)
    size = x.shape[1] // heads
    out = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        score = np.exp(q[:, part] @ k[:, part].T / np.sqrt(size))
        out.append(score / score.sum(1, keepdims=True) @ v[:, part])
    return linear(np.concatenate(out, 1), w.under("out_proj."))


def feed_forward(x: np.ndarray, w: Weights) -> np.ndarray:
    return linear(np.maximum(linear(x, w.under("linear1.")), 0), w.under("linear2."))


def post_norm_transformer(x: np.ndarray, w: Weights) -> np.ndarray:
    for i in range(3):
        layer = w.under(f"layers.{i}.")
        x = layer_norm(x + attention(x, layer.under("self_attn."), heads=8), layer.under("norm1."))
        x = layer_norm(x + feed_forward(x, layer), layer.under("norm2."))
    return x


def pre_norm_transformer(x: np.ndarray, w: Weights) -> np.ndarray:
    for i in range(2):
        layer = w.under(f"layers.{i}.")
        x = x + attention(layer_norm(x, layer.under("norm1.")), layer.under("self_attn."), heads=4)
        x = x + feed_forward(layer_norm(x, layer.under("norm2.")), layer)
    return x


def time_embedding(w: Weights) -> np.ndarray:
    day, rows = 0, [0]
    for gap in GAPS:
        day += gap
        rows.append(day)
    return w("positional_embedding_shared.position_embeddings.weight")[rows] / 16


def encode(window: np.ndarray, w: Weights) -> np.ndarray:
    tokens = np.stack([encode_frame(frame, w.under("dim_reducer.")) for frame in window])
    mixed = post_norm_transformer(tokens + time_embedding(w), w.under("transformer_enc."))
    narrow = selu(linear(mixed, w.under("encoder_linear.0.")))  # [11, 16]
    over_time = w.under("token_reducer.0.")
    slots = np.array([linear(narrow[:, channel], over_time) for channel in range(16)])  # [16, k]
    return softplus(linear(selu(slots).reshape(-1), w.under("bottleneck_reducer.0.")))


def decode(latent: np.ndarray, w: Weights, slots: int) -> np.ndarray:
    grid = softplus(linear(latent, w.under("bottleneck_expander.0."))).reshape(slots, 16)
    over_time = w.under("token_upsampler.0.")
    narrow = selu(np.array([linear(grid[:, channel], over_time) for channel in range(16)])).T  # [11, 16]
    tokens = selu(linear(narrow, w.under("decoder_linear.0."))) + time_embedding(w)
    mixed = post_norm_transformer(tokens, w.under("transformer_dec."))
    return np.stack([decode_frame(token, w.under("upscaler.")) for token in mixed])


def agree(ours: torch.Tensor, by_hand: np.ndarray) -> None:
    np.testing.assert_allclose(ours.detach().numpy(), by_hand, rtol=1e-9, atol=1e-10)


def test_cbam_is_attended_plus_input() -> None:
    block = scrambled(CBAM(16, 8, 7))
    x = torch.randn(2, 16, 9, 9, dtype=torch.float64)
    agree(block(x), np.stack([cbam(image, Weights(block)) for image in x.numpy()]))


def test_multi_scale_joins_its_kernels() -> None:
    block = scrambled(MultiScale(5, 16, (3, 7)))
    x = torch.randn(2, 5, 9, 9, dtype=torch.float64)
    agree(block(x), np.stack([multi_scale(image, Weights(block)) for image in x.numpy()]))


@pytest.mark.parametrize(("reduction", "kernel"), [(8, 7), (2, 3)])
def test_conv_attention_is_a_convolution_then_attention(reduction: int, kernel: int) -> None:
    block = scrambled(ConvAttention(6, 16, reduction, kernel))
    x = torch.randn(2, 6, 4, 4, dtype=torch.float64)
    agree(block(x), np.stack([conv_attention(image, Weights(block)) for image in x.numpy()]))


def test_a_frame_becomes_a_token_of_256_values() -> None:
    encoder = scrambled(FrameEncoder(2))
    frames = torch.rand(2, 2, 15, 15, dtype=torch.float64)
    agree(encoder(frames), np.stack([encode_frame(f, Weights(encoder)) for f in frames.numpy()]))


def test_a_token_becomes_a_frame_of_15_pixels() -> None:
    decoder = scrambled(FrameDecoder(10))
    tokens = torch.randn(2, 256, dtype=torch.float64)
    agree(decoder(tokens), np.stack([decode_frame(t, Weights(decoder)) for t in tokens.numpy()]))


@pytest.mark.parametrize("config", [S1_AUTOENCODER, AutoencoderConfig(bands=10, latent=9, slots=7)])
def test_the_encoder_condenses_time_per_channel_into_the_latent(config: AutoencoderConfig) -> None:
    encoder = scrambled(PaperAutoencoder(config)).encoder
    window = torch.rand(1, 11, config.bands, 15, 15, dtype=torch.float64)
    agree(encoder(window, torch.tensor([GAPS]))[0], encode(window[0].numpy(), Weights(encoder)))


def test_the_decoder_reconstructs_all_frames_from_the_latent() -> None:
    decoder = scrambled(PaperAutoencoder(S2_AUTOENCODER)).decoder
    latent = torch.rand(1, 9, dtype=torch.float64)
    agree(decoder(latent, torch.tensor([GAPS]))[0], decode(latent[0].numpy(), Weights(decoder), slots=6))


def test_the_autoencoder_is_its_encoder_then_its_decoder() -> None:
    model = PaperAutoencoder(S1_AUTOENCODER).eval()
    window, gaps = torch.rand(1, 11, 2, 15, 15), torch.tensor([GAPS])
    with torch.inference_mode():
        assert torch.equal(model(window, gaps), model.decoder(model.encoder(window, gaps), gaps))


def test_the_fusion_averages_two_tokens_told_apart_by_sensor_and_days() -> None:
    fusion = scrambled(PaperFusion(PaperConfig()))
    w, s1, s2 = Weights(fusion), np.array([0.3, 1.2]), np.linspace(0.1, 2, 9)
    days = w("pair_pos_emb.position_embeddings.weight")[[0, 17]] / np.sqrt(128)
    tokens = np.stack([linear(s1, w.under("proj_s1.")), linear(s2, w.under("proj_s2."))])
    fused = pre_norm_transformer(tokens + w("type_embed.weight") + days, w.under("fuser."))
    normed = layer_norm(fused.mean(0), w.under("norm_out."))
    by_hand = softplus(linear(normed, w.under("bottleneck_reducer.0.")))
    ours = fusion.fuse(torch.from_numpy(s1)[None], torch.from_numpy(s2)[None], torch.tensor([17]))
    agree(ours[0], by_hand)
    assert by_hand.shape == (7,)


def test_the_fusion_decodes_both_sensors_from_the_embedding_alone() -> None:
    fusion = PaperFusion(PaperConfig()).eval()
    embedding, gaps = torch.rand(1, 7), torch.tensor([GAPS])
    windows = fusion.decode(embedding, {"s1": gaps, "s2": gaps})
    for sensor, decoder in (("s1", fusion.dec_s1), ("s2", fusion.dec_s2)):
        latent = linear(embedding.numpy(), Weights(fusion, f"head_{sensor}."))
        torch.testing.assert_close(windows[sensor], decoder(torch.from_numpy(latent), gaps))

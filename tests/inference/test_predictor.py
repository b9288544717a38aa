import logging

import numpy as np
import pytest
import torch
from phenolens.engine.errors import ResourceError
from phenolens.engine.inference.device import Compute
from phenolens.engine.inference.predictor import Predictor
from phenolens.engine.representation.checkpoint import load_checkpoint

TARGETS = np.array([18_690.0, 18_700.0])


class Starved:
    """A model that has memory for a few pixels only."""

    def __init__(self, model, most_pixels, error):
        self.model, self.most_pixels, self.error = model, most_pixels, error
        self.sizes = []

    def __getattr__(self, name):
        return getattr(self.model, name)

    def embed(self, observations, targets, *, past_only=False):
        height, width = (s - 2 * self.halo for s in next(iter(observations.values())).values.shape[2:])
        self.sizes.append(height * width)
        if height * width > self.most_pixels:
            raise self.error
        return self.model.embed(observations, targets, past_only=past_only)


def read_all(sources, halo):
    return {name: source.read(source.grid.window.grown(halo)) for name, source in sources.items()}


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_out_of_memory_halves_the_part_and_gives_the_same_numbers(sources, checkpoint, caplog, error):
    cubes = read_all(sources, 3)
    whole, seen = Predictor(checkpoint.model, Compute("cpu")).embed(cubes, TARGETS)
    starved = Starved(checkpoint.model, 1_000, error)
    predictor = Predictor(starved, Compute("cpu"))
    with caplog.at_level(logging.WARNING):
        parts, seen_in_parts = predictor.embed(cubes, TARGETS)
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    np.testing.assert_array_equal(seen_in_parts, seen)
    assert "out of memory at 13500 pixels at once; going on with 6750" in caplog.text
    starved.sizes.clear()
    predictor.embed(cubes, TARGETS)
    assert max(starved.sizes) <= 1_000  # the next block is not tried whole again


def test_when_no_pixel_fits_the_error_says_so(sources, checkpoint):
    predictor = Predictor(Starved(checkpoint.model, 0, MemoryError()), Compute("cpu"))
    with pytest.raises(ResourceError, match="not even one pixel"):
        predictor.embed(read_all(sources, 3), TARGETS)


def test_other_failures_of_the_model_are_not_taken_for_memory(sources, checkpoint):
    predictor = Predictor(Starved(checkpoint.model, 0, RuntimeError("shapes differ")), Compute("cpu"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        predictor.embed(read_all(sources, 3), TARGETS)


def test_bfloat16_on_the_cpu_stays_close_to_float32(sources):
    model = load_checkpoint().model
    cubes = read_all(sources, model.halo)
    full, _ = Predictor(model, Compute("cpu")).embed(cubes, TARGETS)
    half, _ = Predictor(model, Compute("cpu", "bfloat16")).embed(cubes, TARGETS)
    assert 0 < np.linalg.norm(half - full) < 0.01 * np.linalg.norm(full)

"""Runs a model on one block of pixels, and in smaller parts where memory does not suffice."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..acquisitions.cube import Cube
from ..errors import ResourceError
from ..grid import Window
from ..representation.interface import Embeddings, Observations, RepresentationModel
from .device import Compute
from .reach import Days

log = logging.getLogger(__name__)


class Predictor:
    """A model on its device. Runs out of memory → halves the part that is computed at once, and goes on."""

    def __init__(self, model: RepresentationModel, compute: Compute, *, past_only: bool = False) -> None:
        self.device, self.dtype = compute.resolve()
        self.past_only = past_only
        self.model = model
        if isinstance(model, nn.Module):
            model.to(self.device)
            if self.device.type == "cuda":
                model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._embed: Any = torch.compile(model.embed, dynamic=True) if compute.compile else model.embed
        self._most_pixels: int | None = None
        """Pixels that fit at once, once that is known: the next block is not tried whole again."""

    def embed(
        self, cubes: Mapping[str, Cube], targets: Days
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Embeddings [target, dim, y, x] and validity [target, y, x] of the pixels inside the cubes' halo."""
        observed = {name: self._observations(cube) for name, cube in cubes.items()}
        rows, cols = next(iter(cubes.values())).grid.shape
        inner = Window(0, 0, rows - 2 * self.model.halo, cols - 2 * self.model.halo)
        days = torch.from_numpy(targets)
        while True:
            try:
                return self._in_parts(observed, days, inner)
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
            # outside the handler, so that the traceback no longer holds the tensors
            self._halve(inner)

    def _observations(self, cube: Cube) -> Observations:
        observations = Observations.from_cube(cube)
        if self.device.type != "cuda":
            return observations
        return Observations(*(t.pin_memory() for t in vars(observations).values()))

    def _halve(self, inner: Window) -> None:
        tried = max(w.height * w.width for w in _parts(inner, self._most_pixels))
        if tried == 1:
            raise ResourceError(
                "not even one pixel fits into memory",
                remedy="embed fewer target dates, or close other programs",
            )
        self._most_pixels = (tried + 1) // 2
        log.warning("out of memory at %d pixels at once; going on with %d", tried, self._most_pixels)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _in_parts(
        self, observed: Mapping[str, Observations], days: Tensor, inner: Window
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        values = np.zeros((len(days), self.model.dims, inner.height, inner.width), np.float32)
        validity = np.zeros((len(days), inner.height, inner.width), np.bool_)
        for part in _parts(inner, self._most_pixels):
            result = self._compute({n: self._crop(o, part) for n, o in observed.items()}, days)
            rows, cols = part.slices
            values[:, :, rows, cols] = result.values.float().cpu().numpy()
            validity[:, rows, cols] = result.validity.cpu().numpy()
        return values, validity

    def _crop(self, observed: Observations, part: Window) -> Observations:
        rows = slice(part.row, part.row + part.height + 2 * self.model.halo)
        cols = slice(part.col, part.col + part.width + 2 * self.model.halo)
        return observed.cut(rows, cols).to(self.device)

    def _compute(self, observed: Mapping[str, Observations], days: Tensor) -> Embeddings:
        half = self.dtype != torch.float32
        with torch.inference_mode(), torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=half):
            result: Embeddings = self._embed(observed, days.to(self.device), past_only=self.past_only)
        return result


def _parts(window: Window, most_pixels: int | None) -> Iterator[Window]:
    """The window in halves of halves, along its longer side, until a part has at most `most_pixels`."""
    if most_pixels is None or window.height * window.width <= most_pixels:
        yield window
        return
    row, col, height, width = window.row, window.col, window.height, window.width
    if height >= width:
        halves = (
            Window(row, col, height // 2, width),
            Window(row + height // 2, col, height - height // 2, width),
        )
    else:
        halves = (
            Window(row, col, height, width // 2),
            Window(row, col + width // 2, height, width - width // 2),
        )
    for half in halves:
        yield from _parts(half, most_pixels)


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return "can't allocate memory" in str(error) or "out of memory" in str(error)  # the CPU allocator's words

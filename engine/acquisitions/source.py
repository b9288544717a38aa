"""A lazy cube over scenes in files: reads, decodes, warps, masks and merges one window at a time."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from ..errors import AcquisitionError
from ..grid import Grid, Window
from .cube import Acquisition, Cube
from .modality import Modality
from .options import ReadOptions
from .report import SourceReport
from .scenes import Frame, MaskLayer, Raster
from .sentinel2 import scl_blocked
from .units import Encoding, Raw
from .warp import Mask, Values, block_mean, nearest, pixel_ratio, place, resample

log = logging.getLogger(__name__)

SCL_CLEAR = 4  # vegetation: any class that is never masked
BATCH_BYTES = 32 * 2**20  # of one band's frames that are warped at a time


@dataclass(frozen=True, eq=False)
class _Pick:
    """One layer and the frame of the read that it goes into."""

    frame: int
    index: int


class LocalSource:
    """Acquisitions in local files as a `CubeSource`; reads from several threads wait for each other."""

    def __init__(
        self,
        modality: Modality,
        grid: Grid,
        frames: Sequence[Frame],
        options: ReadOptions,
        report: SourceReport,
    ) -> None:
        self.modality = modality
        self.grid = grid
        self.acquisitions: tuple[Acquisition, ...] = tuple(f.acquisition for f in frames)
        self.report = report
        self.failures: dict[str, str] = {}
        """Files that could be opened and not read: file → why."""
        self._frames = tuple(frames)
        self._options = options
        self._one_at_a_time = Lock()  # GDAL's files are not to be shared between threads

    def read(self, window: Window, frames: Sequence[int] | None = None) -> Cube:
        """Values in the modality's unit and validity of a window; under `strict` a bad file raises."""
        with self._one_at_a_time:
            return self._read_cube(window, frames)

    def _read_cube(self, window: Window, frames: Sequence[int] | None) -> Cube:
        chosen = [self._frames[i] for i in (range(len(self._frames)) if frames is None else frames)]
        shape = (len(chosen), len(self.modality.bands), window.height, window.width)
        values, validity = np.zeros(shape, np.float32), np.zeros(shape, bool)
        for rank in range(max((len(f.scenes) for f in chosen), default=0)):
            blocked = self._blocked(chosen, rank, window)
            for b, band in enumerate(self.modality.bands):
                for picked, got, seen in self._band(chosen, rank, band, window):
                    for i, k in enumerate(picked):
                        fresh = seen[i] & ~blocked[k] & ~validity[k, b]
                        np.copyto(values[k, b], got[i], where=fresh)
                        validity[k, b] |= fresh
        acquisitions = tuple(f.acquisition for f in chosen)
        return Cube(self.modality, self.grid.crop(window), acquisitions, values, validity)

    def _band(
        self, frames: Sequence[Frame], rank: int, band: str, window: Window
    ) -> Iterator[tuple[list[int], Values, Mask]]:
        """(frames, values [k, y, x], validity) of one band in the scenes of one rank, raster by raster."""
        layers = [(k, f.scenes[rank].bands.get(band)) for k, f in enumerate(frames) if rank < len(f.scenes)]
        by_raster: dict[tuple[int, Encoding], tuple[Raster, list[_Pick]]] = {}
        for k, layer in layers:
            if layer is not None:
                _, picks = by_raster.setdefault((id(layer.raster), layer.encoding), (layer.raster, []))
                picks.append(_Pick(k, layer.index))
        for (_, encoding), (raster, picks) in by_raster.items():
            yield from self._warped(raster, encoding, picks, window)

    def _warped(
        self, raster: Raster, encoding: Encoding, picks: list[_Pick], window: Window
    ) -> Iterator[tuple[list[int], Values, Mask]]:
        factor = 1 if self._options.resampling == "nearest" else pixel_ratio(raster.grid, self.grid)
        placement = place(raster.grid.coarser(factor), self.grid, window)
        if placement is None:
            return
        size = max(placement.inside.size, placement.source.height * placement.source.width * factor**2) * 4
        step = max(1, BATCH_BYTES // size)
        for start in range(0, len(picks), step):
            batch = picks[start : start + step]
            decoded = self._decoded(raster, encoding, [p.index for p in batch], placement.source, factor)
            if decoded is not None:
                values, valid = resample(*decoded, placement, self._options.resampling)
                yield [p.frame for p in batch], values, valid

    def _decoded(
        self, raster: Raster, encoding: Encoding, indices: list[int], source: Window, factor: int
    ) -> tuple[Values, Mask] | None:
        fine = Window(source.row * factor, source.col * factor, source.height * factor, source.width * factor)
        got = self._read(raster, indices, fine)
        if got is None:
            return None
        raw, present = got
        values, valid = encoding.decode(raw)
        valid &= present
        values[~valid] = 0
        return block_mean(values, valid, factor) if factor > 1 else (values, valid)

    def _read(self, raster: Raster, indices: list[int], window: Window) -> tuple[Raw, Mask] | None:
        """Stored numbers of a window that may reach beyond the file, and where there are any, [k, y, x]."""
        height, width = raster.grid.shape
        top, left = max(window.row, 0), max(window.col, 0)
        bottom, right = min(window.row + window.height, height), min(window.col + window.width, width)
        inner = Window(top, left, bottom - top, right - left)
        got = self._attempt(raster, indices, inner)
        if got is None and len(indices) > 1:  # one bad date must not take the others with it
            return _stacked([self._read(raster, [index], window) for index in indices])
        if got is None:
            return None
        pad = [(0, 0), (top - window.row, window.row + window.height - bottom)]
        pad.append((left - window.col, window.col + window.width - right))
        return np.pad(got, pad), np.pad(np.ones(got.shape, bool), pad)

    def _attempt(self, raster: Raster, indices: list[int], window: Window) -> Raw | None:
        try:
            return raster.read(indices, window)
        except OSError as error:
            if len(indices) == 1:
                self._failed(raster.name, error)
            return None

    def _failed(self, name: str, error: OSError) -> None:
        why = " ".join(str(error).split())[:200]
        if self._options.strict:
            raise AcquisitionError(
                "a file can't be read", value=name, remedy=f"fetch it again ({why})"
            ) from error
        if name not in self.failures:
            log.warning("%s can't be read and is left out: %s", name, why)
        self.failures[name] = why

    def _blocked(self, frames: Sequence[Frame], rank: int, window: Window) -> Mask:
        """Where the masks of the scenes of one rank forbid, [frame, y, x]."""
        blocked = np.zeros((len(frames), window.height, window.width), bool)
        by_raster: dict[tuple[int, bool, bool], tuple[MaskLayer, list[_Pick]]] = {}
        for k, frame in enumerate(frames):
            for mask, own in _masks(frame, rank):
                _, picks = by_raster.setdefault((id(mask.raster), mask.is_scl, own), (mask, []))
                picks.append(_Pick(k, mask.index))
        for (_, _, own), (mask, picks) in by_raster.items():
            for pick, forbidden in self._mask(mask, picks, window, own=own):
                blocked[pick.frame] |= forbidden
        return blocked

    def _mask(
        self, mask: MaskLayer, picks: list[_Pick], window: Window, *, own: bool
    ) -> Iterator[tuple[_Pick, Mask]]:
        reach = self._options.mask_dilation
        grown = window.grown(reach)
        placement = place(mask.raster.grid, self.grid, grown)
        got = self._read(mask.raster, [p.index for p in picks], placement.source) if placement else None
        # beyond a scene's own classes is no data (class 0); another file's mask says nothing beyond its edge
        beyond = 0 if own or not mask.is_scl else SCL_CLEAR
        numbers = np.full((len(picks), grown.height, grown.width), beyond, np.uint8)
        if placement is not None and got is not None:
            known = nearest(got[1], placement) & placement.inside
            numbers = np.where(known, nearest(got[0], placement), beyond)
        for pick, layer in zip(picks, numbers, strict=True):
            soft, hard = self._forbidden(layer, mask.is_scl)
            yield (
                pick,
                (grow(soft, reach) | hard)[reach : reach + window.height, reach : reach + window.width],
            )

    def _forbidden(self, numbers: Raw, is_scl: bool) -> tuple[Mask, Mask]:
        if is_scl:
            return scl_blocked(numbers, self._options.scl_invalid)
        return numbers != 0, np.zeros(numbers.shape, bool)


def _masks(frame: Frame, rank: int) -> Iterator[tuple[MaskLayer, bool]]:
    """(mask, whether it is the scene's own) of the scene of one rank."""
    if rank < len(frame.scenes):
        yield from ((mask, True) for mask in frame.scenes[rank].masks)
        yield from ((mask, False) for mask in frame.borrowed_by(frame.scenes[rank]))


def _stacked(reads: list[tuple[Raw, Mask] | None]) -> tuple[Raw, Mask] | None:
    """Reads of single layers as one; those that failed have nothing present."""
    good = next((r for r in reads if r is not None), None)
    if good is None:
        return None
    blank = (np.zeros_like(good[0]), np.zeros_like(good[1]))
    raws, presents = zip(*(r or blank for r in reads), strict=True)
    return np.concatenate(raws), np.concatenate(presents)


def grow(mask: Mask, pixels: int) -> Mask:
    """A mask [y, x] dilated by a square of 2 × pixels + 1."""
    grown = mask.copy()
    for axis in (0, 1):
        line = grown.copy()
        for step in range(1, min(pixels, mask.shape[axis] - 1) + 1):
            ahead = np.roll(line, step, axis)
            behind = np.roll(line, -step, axis)
            edge: list[slice] = [slice(None), slice(None)]
            edge[axis] = slice(0, step)
            ahead[tuple(edge)] = False
            edge[axis] = slice(-step, None)
            behind[tuple(edge)] = False
            grown |= ahead | behind
    return grown

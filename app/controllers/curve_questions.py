"""What is asked of the engine for curves, in threads: series of embeddings and acquisitions, predictions of a probe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.readings import ProbeSeries, Series, Store

from ..curves import KINDS, Curve, Subject
from ..geography import Geography
from ..masks import Bits, inside
from ..probe_curves import note_of, predicted_curves
from .selections import Found, name_of_selection

MOST_SAMPLED, MOST_BANDS, MOST_CHUNKS, CHUNK = 400, 8, 16, 64
"""Pixels of a selection that its mean rests on, of acquisitions, out of so many parts of the store."""
MOST_LOOKED_AT = 20_000


@dataclass(frozen=True)
class Asked:
    """Curves of these, of one kind."""

    store: Store
    subjects: tuple[Subject, ...]
    selected: Found | None
    kind: str
    parts: tuple[str, ...]
    probe: str = ""
    """How the engine is asked for the one of `parts`."""
    fits: int = 0
    """How many probes had been fitted: another one may have the same name."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The curves of some subjects."""

    kind: str = ""
    subjects: tuple[Subject, ...] = ()
    curves: tuple[Curve, ...] = ()
    note: str = ""
    """What a person should know of them."""


def subjects_of(asked: Asked, colour: str) -> list[Subject]:
    """The places, and a sample of what is selected."""
    if asked.selected is None:
        return list(asked.subjects)
    most = MOST_BANDS if KINDS[asked.kind].bands else MOST_SAMPLED
    pixels = sample(asked.selected.bits, most, MOST_CHUNKS)
    return [*asked.subjects, Subject(name_of_selection(), colour, pixels, sampled=True)]


def sample(bits: Bits, most: int, most_chunks: int) -> tuple[tuple[int, int], ...]:
    """(row, column) of at most so many selected pixels, evenly, out of at most so many parts of the store.

    The engine reads parts of 64 × 64 pixels: far more pixels of a few of them take less time than fewer of many."""
    flat = np.flatnonzero(bits)
    flat = flat[_evenly(len(flat), MOST_LOOKED_AT)]
    rows, columns = np.divmod(flat, bits.shape[1])
    part_of = rows // CHUNK * bits.shape[1] + columns // CHUNK
    parts = np.unique(part_of)
    if len(parts) > most_chunks:
        there = np.isin(part_of, parts[_evenly(len(parts), most_chunks)])
        rows, columns = rows[there], columns[there]
    chosen = _evenly(len(rows), most)
    return tuple(zip(rows[chosen].tolist(), columns[chosen].tolist(), strict=True))


def _evenly(count: int, most: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(np.int64))


def dims_of(asked: Asked, subject: Subject, bands: bool) -> int:
    """Of a single place all of them, so that the choice of others asks nothing; of many pixels what is shown."""
    if bands or asked.kind == "support":
        return 1
    return max(int(part) for part in asked.parts) if subject.sampled else asked.store.dims


def predicted(asked: Asked, subjects: Sequence[Subject], found: Sequence[ProbeSeries]) -> Answer:
    """What a probe said of each subject, as curves."""
    curves: list[Curve] = []
    for subject, told in zip(subjects, found, strict=True):
        curves += predicted_curves(subject, told, asked.parts[0])
    single = sorted(found, key=lambda told: len(told.pixels))
    note = note_of(single[0], asked.parts[0], len(single[-1].pixels) > 1) if single else ""
    return Answer(asked.kind, tuple(subjects), tuple(curves), note)


def ask_probe(client: EngineClient, store: Store, probe: str, subject: Subject) -> ProbeSeries:
    if subject.pixels:
        return client.probes.series(store.store, probe, pixels=subject.pixels)
    return client.probes.series(store.store, probe, polygon=_polygon(store, subject))


def in_pixels(store: Store, subject: Subject) -> Subject:
    """A polygon as a sample of its pixels: the engine sums up embeddings of polygons, but no support."""
    if not subject.corners:
        return subject
    return replace(
        subject, pixels=sample(inside(subject.corners, store.grid.shape), MOST_SAMPLED, MOST_CHUNKS)
    )


def ask_series(client: EngineClient, store: Store, subject: Subject, dims: int, bands: bool) -> Series:
    if subject.pixels:
        return client.views.series(store.store, pixels=subject.pixels, dims=dims, bands=bands)
    return client.views.series(store.store, polygon=_polygon(store, subject), dims=dims, bands=bands)


def _polygon(store: Store, subject: Subject) -> Mapping[str, object]:
    geography = Geography(store.grid)
    ring = [geography.xy(*corner) for corner in (*subject.corners, subject.corners[0])]
    return {"type": "Polygon", "coordinates": [ring], "crs": "grid"}

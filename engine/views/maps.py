"""Layers of an embedding store and of acquisitions: what is drawn, in which colours, where it comes from."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ..acquisitions.cube import Acquisition, CubeSource
from ..errors import InputError, OutputError
from ..export.provenance import provenance_of
from ..grid import Window
from ..output import write_json
from ..store import NO_FRAME, EmbeddingStore, Glass
from .colour import Bools, Bytes, Floats, FrozenColours, painted, stratified_sample
from .composite import Composite, compose
from .layer import Layer, Palette

log = logging.getLogger(__name__)

COLOURS_FILE = "colours.json"
LONGEST_WAIT = 30
"""Days to the nearest clear frame at which the palette of the support layer ends."""
SENSORS = {"s1": "Sentinel-1", "s2": "Sentinel-2"}


def frozen_colours(store: EmbeddingStore) -> FrozenColours:
    """The colours of a store: those kept in its folder, else fitted once and kept there.

    `InputError` where the kept ones are unreadable or of another size, or no embedding is valid."""
    path = store.path / COLOURS_FILE
    if path.exists():
        try:
            colours = FrozenColours.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                "the store's colours can't be read", value=path, remedy="delete this file to fit them again"
            ) from error
        if colours.dims == store.dims:
            return colours
        raise InputError("the store's colours are of another model", value=path, remedy="delete this file")
    colours = FrozenColours.fit(stratified_sample(_reader(store), store.grid, len(store.times)))
    _keep(colours, store)
    return colours


def _keep(colours: FrozenColours, store: EmbeddingStore) -> None:
    if not store.complete:
        log.warning("colours of an unfinished store are not kept: %s", store.path)
        return
    try:
        write_json(store.path / COLOURS_FILE, colours.to_dict())
    except OutputError as error:  # a read-only store can be looked at all the same: the fit is deterministic
        log.warning("colours can't be kept with the store: %s", error)


def _reader(store: EmbeddingStore) -> Any:
    def read(date: int, window: Window) -> tuple[Floats, Bools]:
        drawn = store.read_map(date, window, support=False)
        return drawn.embedding, drawn.validity

    return read


def pca_layer(store: EmbeddingStore, colours: FrozenColours, date: int) -> Layer:
    """The first three principal components of one date as red, green and blue."""

    glass = Glass(3, "uint8", colours.pca_levels, colours.pca_weight)

    def render(window: Window) -> Bytes:
        return painted(*store.read_through(date, glass, window))

    shares = [f"component {n + 1} ({share:.0%} of variance)" for n, share in enumerate(colours.explained)]
    channels = (*shares, *("not used",) * (3 - len(shares)))
    tags = {**provenance(store, date), "PHENOLENS_COLOURS": colours.digest}
    return Layer(f"Embedding, PCA-RGB, {_day(store, date)}", store.grid, render, channels, tags=tags)


def dimension_layer(
    store: EmbeddingStore, colours: FrozenColours, date: int, dim: int, palette: str = "cividis"
) -> Layer:
    """One dimension (from 0) of one date over its frozen range; `InputError` where there is no such one."""
    if not 0 <= dim < store.dims:
        raise InputError("the store has no such dimension", value=dim + 1, remedy=f"choose 1 to {store.dims}")

    glass = Glass(1, "uint8", lambda values: colours.dimension_levels(values, dim))

    def render(window: Window) -> Bytes:
        index, validity = store.read_through(date, glass, window, dims=dim + 1)
        return index * validity

    low, high = (float(v) for v in colours.ranges[dim])
    title = f"Embedding, dimension {dim + 1}, {_day(store, date)}"
    shades = Palette.named(palette, low, high)
    return Layer(title, store.grid, render, (f"dimension {dim + 1}",), shades, provenance(store, date))


def support_layer(store: EmbeddingStore, date: int, modality: str = "s2", palette: str = "cividis") -> Layer:
    """Days from one date to the nearest clear frame of a modality."""
    name = f"nearest_days_{modality}"
    if modality not in store.modalities:
        raise InputError("the store has no such sensor", value=modality, remedy=", ".join(store.modalities))

    def render(window: Window) -> Bytes:
        days = store.read_map(date, window, dims=1).support[name]
        level = 1 + np.round(np.minimum(days, LONGEST_WAIT) * (254 / LONGEST_WAIT))
        return np.where(days == NO_FRAME, 0, level)[None].astype(np.uint8)

    title = f"Days to the nearest clear {SENSORS.get(modality, modality)} frame, {_day(store, date)}"
    shades = Palette.named(palette, 0, LONGEST_WAIT, "d")
    return Layer(title, store.grid, render, (name,), shades, provenance(store, date))


def support_legend(palette: str = "cividis") -> list[tuple[str, str]]:
    """(colour, meaning) of some days in the palette of the support layer."""
    shades = Palette.named(palette, 0, LONGEST_WAIT)
    days = (0, 5, 10, 20, LONGEST_WAIT)
    colours = [shades.colours[1 + round(day * 254 / LONGEST_WAIT)][:3] for day in days]
    labels = [f"{day} days" for day in days[:-1]] + [f"{LONGEST_WAIT} or more"]
    return [(f"#{bytes(colour).hex()}", label) for colour, label in zip(colours, labels, strict=True)]


def composite_layer(source: CubeSource, composite: Composite, frame: int) -> Layer:
    """One acquisition in a fixed composite."""
    acquisition = source.acquisitions[frame]

    def render(window: Window) -> Bytes:
        return compose(source.read(window, [frame]), composite)

    channels = tuple(
        f"{channel} {low:g} to {high:g} {source.modality.unit}"
        for channel, (low, high) in zip(composite.channels, composite.limits, strict=True)
    )
    title = f"{composite.title}, {acquisition.time:%Y-%m-%d}"
    return Layer(title, source.grid, render, channels, tags=acquisition_tags(acquisition))


def acquisition_tags(acquisition: Acquisition) -> Mapping[str, str]:
    """What a picture of an acquisition should say of where it comes from."""
    tags = {
        "PHENOLENS_TIME": acquisition.time.isoformat(),
        "PHENOLENS_SCENES": ", ".join(acquisition.sources),
        "PHENOLENS_ORBIT": acquisition.orbit_direction or "",
    }
    return {name: value for name, value in tags.items() if value}


def provenance(store: EmbeddingStore, date: int) -> Mapping[str, str]:
    """What a picture of a store should say of where it comes from."""
    return provenance_of(store, [date]).tags


def times_of(store: EmbeddingStore) -> list[datetime]:
    """Target dates of a store, UTC."""
    return [datetime.fromtimestamp(int(s), UTC) for s in store.times.astype(np.int64)]


def _day(store: EmbeddingStore, date: int) -> str:
    return f"{times_of(store)[date]:%Y-%m-%d}"

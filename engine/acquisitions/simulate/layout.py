"""Where things lie: blocks of straight-edged fields between lanes, woods, a river, lakes and towns.

All is a function of absolute coordinates (pixels of 10 m), so that any window sees the same landscape."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from .climate import Climate
from .noise import (
    Field,
    Floats,
    Ints,
    fractal_noise,
    hashed,
    normal,
    smooth_noise,
    smooth_noise_at,
    stream,
    uniform,
)
from .surfaces import INDEX

BLOCK_PX = 58.0  # distance of lanes
TOWN_CELL_PX = 400.0
Index = npt.NDArray[np.int64]
_FOREST, _GRASS, _ARABLE = 0, 1, 2
_TOWN_LOTS = ("garden", "tile roof", "concrete", "hedge", "metal roof")
_TOWN_SHARES = (0.36, 0.33, 0.13, 0.13, 0.05)


@dataclass(frozen=True, eq=False)
class Points:
    """Coordinates of a rectangle of sample points, ascending, in pixels."""

    y: Floats
    x: Floats


@dataclass(frozen=True, eq=False)
class Layout:
    """Parcel and surface at every sample point, [y, x]."""

    parcels: Ints
    surfaces: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Properties of the Voronoi cells whose seeds lie in a rectangle of lattice cells, [row, col]."""

    key: Ints
    seed_y: Field
    seed_x: Field
    """Position of the seed inside its lattice cell, in pixels."""
    cosine: Field
    sine: Field
    width: Field
    length: Field
    kind: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Of every sample point: its block, the next one, and how far the border between both is."""

    block: Index
    """Flat index into `Blocks`, as is `other`."""
    other: Index
    down: Field
    """Position relative to the block's seed, pixels; `right` likewise."""
    right: Field
    border_px: Field


def lay_out(seed: int, climate: Climate, points: Points) -> Layout:
    """Parcels and surfaces at the sample points."""
    blocks, rows, cols = _blocks_around(seed, climate, points)
    near = _nearest(blocks, rows, cols, points)
    parcels, surfaces = _fields(seed, climate, blocks, near)
    _lanes(blocks, near, parcels, surfaces)
    _towns(seed, climate, points, parcels, surfaces)
    _waters(seed, points, parcels, surfaces)
    return Layout(parcels, surfaces)


def _blocks_around(seed: int, climate: Climate, points: Points) -> tuple[Blocks, Index, Index]:
    rows = np.floor(points.y / BLOCK_PX).astype(np.int64)
    cols = np.floor(points.x / BLOCK_PX).astype(np.int64)
    lattice_rows = np.arange(rows[0] - 1, rows[-1] + 2)[:, None]
    lattice_cols = np.arange(cols[0] - 1, cols[-1] + 2)[None, :]
    key = hashed(stream(seed, "block"), lattice_rows, lattice_cols)
    seed_y = BLOCK_PX * (0.15 + 0.7 * uniform(key, 1))
    seed_x = BLOCK_PX * (0.15 + 0.7 * uniform(key, 2))
    y, x = lattice_rows * BLOCK_PX + seed_y, lattice_cols * BLOCK_PX + seed_x
    # fields of one valley run alike: the angle follows a smooth field, with a few odd ones
    angle = 1.1 * smooth_noise_at(stream(seed, "angle"), y, x, 240)
    angle += np.where(uniform(key, 3) < 0.3, np.pi / 2, 0)
    kind = _block_kind(seed, climate, key, y, x)
    size = climate.field_px * np.exp(0.35 * normal(key, 4)) * np.where(kind == _FOREST, 2.0, 1.0)
    stretch = 1.6 + 1.6 * uniform(key, 5)
    blocks = Blocks(
        key=key.ravel(),
        seed_y=_flat(seed_y),
        seed_x=_flat(seed_x),
        cosine=_flat(np.cos(angle)),
        sine=_flat(np.sin(angle)),
        width=_flat(size),
        length=_flat(size * stretch),
        kind=kind.ravel(),
    )
    return blocks, rows - rows[0], cols - cols[0]


def _flat(values: Floats) -> Field:
    return values.astype(np.float32).ravel()


def _block_kind(seed: int, climate: Climate, key: Ints, y: Floats, x: Floats) -> npt.NDArray[np.uint8]:
    def level(purpose: str, scale: float) -> Floats:
        return 0.85 * smooth_noise_at(stream(seed, purpose), y, x, scale) + 0.53 * normal(key, len(purpose))

    forest = level("forest", 210) > ndtri(1 - climate.forest)
    rest = max(1 - climate.forest, 1e-6)
    grass = level("grassland", 150) > ndtri(1 - min(climate.grassland / rest, 1))
    return np.where(forest, _FOREST, np.where(grass, _GRASS, _ARABLE)).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class _Lattice:
    """Where the sample points lie in the lattice of blocks; steps of 0 to 2 lead to the nine cells around."""

    rows: Index
    cols: Index
    in_y: Field
    in_x: Field
    """Position inside the cell, pixels."""
    width: int

    def index(self, step_row: int, step_col: int) -> Index:
        return (self.rows + step_row)[:, None] * self.width + (self.cols + step_col)[None, :]

    def offset(self, blocks: Blocks, index: Index) -> tuple[Field, Field]:
        """Pixels down and right from the seeds of the blocks at `index` [y, x]."""
        down_cells = (index // self.width - self.rows[:, None] - 1).astype(np.float32)
        right_cells = (index % self.width - self.cols[None, :] - 1).astype(np.float32)
        down = self.in_y[:, None] - blocks.seed_y[index] - down_cells * np.float32(BLOCK_PX)
        return down, self.in_x[None, :] - blocks.seed_x[index] - right_cells * np.float32(BLOCK_PX)


def _nearest(blocks: Blocks, rows: Index, cols: Index, points: Points) -> Neighbours:
    """Nearest and second nearest seed of every point, from the nine lattice cells around it."""
    in_y, in_x = np.mod(points.y, BLOCK_PX).astype(np.float32), np.mod(points.x, BLOCK_PX).astype(np.float32)
    lattice = _Lattice(rows, cols, in_y, in_x, int(cols[-1]) + 3)
    first = np.full((len(rows), len(cols)), np.inf, dtype=np.float32)
    second, block = first.copy(), np.zeros(first.shape, dtype=np.int64)
    other = block.copy()
    for step in range(9):
        index = lattice.index(step // 3, step % 3)
        down, right = lattice.offset(blocks, index)
        distance = down * down + right * right
        nearer, next_nearer = distance < first, distance < second
        other = np.where(nearer, block, np.where(next_nearer, index, other))
        second = np.where(nearer, first, np.where(next_nearer, distance, second))
        block, first = np.where(nearer, index, block), np.where(nearer, distance, first)
    down, right = lattice.offset(blocks, block)
    other_down, other_right = lattice.offset(blocks, other)
    apart = np.sqrt((down - other_down) ** 2 + (right - other_right) ** 2)
    return Neighbours(block, other, down, right, (second - first) / (2 * apart))


def _strip(key: Ints | npt.ArrayLike, along: Field, size: Field) -> tuple[Index, Field]:
    """The strip of uneven width in which `along` falls, and the distance to its lower edge (pixels)."""
    steps = along / size
    strip = np.floor(steps).astype(np.int64)
    past = (steps - strip) - 0.55 * uniform(key, strip).astype(np.float32)
    return strip - (past < 0), np.abs(past) * size


def _fields(
    seed: int, climate: Climate, blocks: Blocks, near: Neighbours
) -> tuple[Ints, npt.NDArray[np.uint8]]:
    block, key = near.block, blocks.key[near.block]
    across = blocks.cosine[block] * near.right + blocks.sine[block] * near.down
    along = blocks.cosine[block] * near.down - blocks.sine[block] * near.right
    strip, edge_px = _strip(key, across, blocks.width[block])
    strip_key = hashed(key, strip)
    part, _ = _strip(strip_key, along, blocks.length[block])
    parcels = hashed(strip_key, part) >> np.uint64(1)  # one bit less: ids fit int64
    surfaces = _cover(seed, climate, parcels, blocks.kind[block])
    hedge = (edge_px < 0.45) & (uniform(strip_key, 7) < 0.1) & (blocks.kind[block] != _FOREST)
    parcels[hedge], surfaces[hedge] = strip_key[hedge] >> np.uint64(1), INDEX["hedge"]
    return parcels, surfaces


def _cover(seed: int, climate: Climate, parcels: Ints, kind: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    draw = uniform(stream(seed, "cover"), parcels)
    crops = np.cumsum(climate.crops) / np.sum(climate.crops)
    arable = np.searchsorted(crops[:-1], draw)  # the four crops are the first four surfaces
    grass = np.where(draw < 0.6, INDEX["meadow"], np.where(draw < 0.88, INDEX["pasture"], INDEX["maize"]))
    forest = np.where(draw < climate.conifer, INDEX["conifer"], INDEX["deciduous"])
    return np.where(kind == _FOREST, forest, np.where(kind == _GRASS, grass, arable)).astype(np.uint8)


def _lanes(blocks: Blocks, near: Neighbours, parcels: Ints, surfaces: npt.NDArray[np.uint8]) -> None:
    """Roads, tracks and hedges along the borders of blocks, in place."""
    pair = hashed(blocks.key[near.block] ^ blocks.key[near.other])
    draw = uniform(pair)
    wood = (blocks.kind[near.block] == _FOREST) & (blocks.kind[near.other] == _FOREST)
    for name, half_width_px, lower, upper in (
        ("hedge", 0.6, 0.55, 0.72),
        ("track", 0.3, 0.28, 0.55),
        ("road", 0.45, 0.0, 0.28),
    ):
        here = (near.border_px < half_width_px) & (draw >= lower) & (draw < upper)
        here &= ~wood | (name != "hedge")
        parcels[here], surfaces[here] = pair[here] >> np.uint64(1), INDEX[name]


def _towns(
    seed: int, climate: Climate, points: Points, parcels: Ints, surfaces: npt.NDArray[np.uint8]
) -> None:
    """Streets and lots around the towns' centres, in place."""
    key = stream(seed, "town")
    rows, cols = np.floor(points.y / TOWN_CELL_PX), np.floor(points.x / TOWN_CELL_PX)
    for row in np.unique(rows):
        for col in np.unique(cols):
            town = hashed(key, int(row), int(col))
            if uniform(town, 0)[0] >= climate.towns:
                continue
            part = np.flatnonzero(rows == row), np.flatnonzero(cols == col)
            span = slice(part[0][0], part[0][-1] + 1), slice(part[1][0], part[1][-1] + 1)
            _town(
                town, Points(points.y[span[0]], points.x[span[1]]), (row, col), parcels[span], surfaces[span]
            )


def _town(
    town: Ints, points: Points, cell: tuple[float, float], parcels: Ints, surfaces: npt.NDArray[np.uint8]
) -> None:
    centre = [(c + 0.3 + 0.4 * uniform(town, k)[0]) * TOWN_CELL_PX for c, k in zip(cell, (1, 2), strict=True)]
    radius = 16 + 62 * uniform(town, 3)[0] ** 2  # small enough that a town stays in its cell
    down, right = (points.y - centre[0])[:, None], (points.x - centre[1])[None, :]
    if np.abs(down).min() > 1.6 * radius or np.abs(right).min() > 1.6 * radius:
        return
    ragged = 0.28 * smooth_noise(int(town[0] >> np.uint64(2)), points.y, points.x, 22)
    inside = np.sqrt(down**2 + right**2) / radius + ragged < 1
    angle = np.pi * uniform(town, 4)[0]
    u, v = np.cos(angle) * right + np.sin(angle) * down, np.cos(angle) * down - np.sin(angle) * right
    street = inside & ((np.mod(u, 9) < 0.8) | (np.mod(v, 15) < 0.8))
    lot = hashed(town, np.floor(u / 3).astype(np.int64), np.floor(v / 2.5).astype(np.int64)) >> np.uint64(1)
    kinds = np.array([INDEX[name] for name in _TOWN_LOTS], dtype=np.uint8)
    built = kinds[np.searchsorted(np.cumsum(_TOWN_SHARES)[:-1], uniform(lot))]
    parcels[inside], surfaces[inside] = lot[inside], built[inside]
    parcels[street], surfaces[street] = town[0] >> np.uint64(1), INDEX["road"]


def _waters(seed: int, points: Points, parcels: Ints, surfaces: npt.NDArray[np.uint8]) -> None:
    """A river along a level line of smooth noise with its green banks, and a few lakes, in place."""
    valley = smooth_noise(stream(seed, "valley"), points.y, points.x, 430)
    meander = fractal_noise(stream(seed, "meander"), points.y, points.x, 60, octaves=2, roughness=0.5)
    valley += np.float32(0.05) * meander
    bank = np.abs(valley)
    lake = smooth_noise(stream(seed, "lake"), points.y, points.x, 75)
    water = (bank < 0.011) | (lake > 2.75)
    trees = ~water & ((bank < 0.026) | (lake > 2.68))
    for here, name in ((trees, "hedge"), (water, "water")):
        parcels[here] = hashed(stream(seed, name))[0] >> np.uint64(1)
        surfaces[here] = INDEX[name]

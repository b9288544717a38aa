"""What a probe is fitted on and judged with: one row per sample, from a store, from towers or from any table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..response import Response

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64] | npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Block:
    """Features of one origin: the embedding, raw bands, indices, weather."""

    names: tuple[str, ...]
    values: Floats
    """[sample, feature]; NaN = missing."""

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise InputError("features and their names differ in number", value=self.values.shape)


@dataclass(frozen=True, eq=False)
class SampleTable:
    """Samples with their response, features by origin, and everything that validation has to know of them."""

    response: Response
    y: npt.NDArray[np.int64] | npt.NDArray[np.float64]
    """[sample]: class codes, or values in the response's unit."""
    blocks: Mapping[str, Block]
    """By origin: `embedding`, `bands`, `indices`, `weather`, …; a probe names those that it uses."""
    keys: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    """[sample] each, what samples share: `polygon`, `site`, `year`, `biome`, …; integers or text."""
    position: npt.NDArray[np.float64] | None = None
    """[sample, 2] x and y in metres of `crs`."""
    crs: str = ""
    span: npt.NDArray[np.datetime64] | None = None
    """[sample, 2] first and last day (datetime64[D]) that the features of a sample rest on."""
    day: npt.NDArray[np.datetime64] | None = None
    """[sample] day (datetime64[D]) that the response belongs to."""

    def __post_init__(self) -> None:
        rows = len(self.y)
        parts: dict[str, Any] = {**{n: b.values for n, b in self.blocks.items()}, **self.keys}
        parts |= {"position": self.position, "span": self.span, "day": self.day}
        for name, part in parts.items():
            if part is not None and len(part) != rows:
                raise InputError(
                    "a column has another length than the response", value=f"{name}: {len(part)}, {rows}"
                )

    def __len__(self) -> int:
        return len(self.y)

    def features(self, blocks: Sequence[str] = ("embedding",)) -> Floats:
        """[sample, feature] of some blocks side by side; `InputError` where one is absent."""
        return np.concatenate([self.block(name).values for name in blocks], axis=1)

    def feature_names(self, blocks: Sequence[str] = ("embedding",)) -> tuple[str, ...]:
        return tuple(name for block in blocks for name in self.block(block).names)

    def block(self, name: str) -> Block:
        if name not in self.blocks:
            raise InputError("the samples lack these features", value=name, remedy=", ".join(self.blocks))
        return self.blocks[name]

    def take(self, rows: Rows) -> "SampleTable":
        """The table of some samples, by index or mask."""

        def cut(column: Any) -> Any:
            return None if column is None else column[rows]

        return replace(
            self,
            y=self.y[rows],
            blocks={name: Block(b.names, b.values[rows]) for name, b in self.blocks.items()},
            keys={name: key[rows] for name, key in self.keys.items()},
            position=cut(self.position),
            span=cut(self.span),
            day=cut(self.day),
        )

    @cached_property
    def year(self) -> npt.NDArray[np.int64] | None:
        """[sample] calendar year of `day`."""
        return None if self.day is None else self.day.astype("datetime64[Y]").astype(np.int64) + 1970

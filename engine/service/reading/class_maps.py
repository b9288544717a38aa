"""Class maps as populations to be sampled, and the samples that were drawn of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import RasterioError

from ...area.classmap import ClassMap, open_class_map
from ...area.sample import KIND, population
from ..faults import TooLarge
from ..workspace import Workspace
from .kept import Kept

MOST_COUNTED = 400_000_000
"""Pixels of a map that are counted while somebody waits: some seconds."""
LARGEST_DESIGN = 64 * 2**20
MOST_KEPT, MOST_LISTED = 32, 1_000


@dataclass(frozen=True, eq=False)
class Strata:
    """What a sample is drawn from."""

    map: ClassMap
    strata: ClassMap
    """The map itself unless another one was named."""
    pixels: Mapping[int, int]
    """By stratum."""


class ClassMaps:
    """Maps that were counted lately; may be asked from several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._maps: Kept[ClassMap] = Kept(MOST_KEPT)
        self._strata: Kept[Strata] = Kept(MOST_KEPT)

    def strata(self, map_file: str, strata_file: str | None) -> Strata:
        """Pixels of each stratum; `InputError` for what is no class map, `TooLarge` for what takes long to count."""
        first = self._workspace.source(map_file)
        other = self._workspace.source(strata_file) if strata_file else None
        key = (_key(first), other and _key(other))
        return self._strata.get(key, lambda: self._counted(first, other))

    def samples(self) -> list[dict[str, Any]]:
        """The designs of samples in the workspace, newest first."""
        found = [self._design(name) for name in self._workspace.files("*.design.json")[:MOST_LISTED]]
        return sorted((one for one in found if one is not None), key=lambda one: -float(one["modified"]))

    def _counted(self, first: Path, other: Path | None) -> Strata:
        class_map = self._opened(first)
        strata = self._opened(other) if other else None
        return Strata(class_map, strata or class_map, population(class_map, strata)[0])

    def _opened(self, path: Path) -> ClassMap:
        def counted() -> ClassMap:
            _check_size(path)
            return open_class_map(path)

        return self._maps.get(_key(path), counted)

    def _design(self, name: str) -> dict[str, Any] | None:
        """None for what isn't ours, or is gone by now."""
        path = self._workspace.root / name
        stem = name.removesuffix(".design.json")
        try:
            found = path.stat()
            if found.st_size > LARGEST_DESIGN:
                return None
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["kind"] != KIND:
                return None
            about = {"map": str(stored["map"]), "units": len(stored["units"])}
            names = [str(one["name"]) for one in stored["classes"]]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        files = {end: f"{stem}.{end}" for end in ("csv", "gpkg")}
        there = {
            end: file if (self._workspace.root / file).is_file() else None for end, file in files.items()
        }
        return {
            "design": name,
            **about,
            "classes": names,
            "form": there["csv"],
            "points": there["gpkg"],
            "modified": found.st_mtime,
        }


def _key(path: Path) -> tuple[str, int, int]:
    found = path.stat()
    return str(path), found.st_mtime_ns, found.st_size


def _check_size(path: Path) -> None:
    try:
        with rasterio.open(path) as source:
            pixels = source.width * source.height
    except RasterioError:
        return  # whoever opens it says more
    if pixels > MOST_COUNTED:
        raise TooLarge(
            "the map is too large to be counted at once",
            value=f"{pixels:,} pixels",
            remedy="plan its sample with the command phenolens area plan",
        )

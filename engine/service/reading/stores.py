"""The stores of a workspace, opened once and again only where their metadata changed."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...export.provenance import provenance_of
from ...store import EmbeddingStore
from ...views.maps import times_of
from ..faults import NotFound
from ..workspace import Workspace, is_store
from .kept import Kept

MOST_OPEN = 16


@dataclass(frozen=True, eq=False)
class OpenStore:
    """A store as it was when its metadata were read."""

    name: str
    """Workspace-relative path."""
    store: EmbeddingStore
    key: tuple[str, int, int]
    """Changes with the store's metadata: what is derived from the store is kept under it."""

    @cached_property
    def simulated(self) -> bool:
        """Whether no satellite observed what the store shows."""
        return provenance_of(self.store, [0]).simulated

    def titled(self, title: str) -> str:
        return f"{title} (simulated data)" if self.simulated else title


class Stores:
    """Opens stores by their workspace-relative names."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._open: Kept[OpenStore] = Kept(MOST_OPEN)

    def open(self, name: str) -> OpenStore:
        """`PathError` outside the workspace, `NotFound` where there is no store, `InputError` for a damaged one."""
        path = self.workspace.resolve(name)
        if not is_store(path):
            raise NotFound("there is no such store", value=name, remedy="see /v1/stores")
        key = _key(path)
        return self._open.get(
            key, lambda: OpenStore(self.workspace.relative(path), EmbeddingStore(path), key)
        )

    def names(self) -> list[str]:
        return self.workspace.stores()

    def described(self, name: str) -> dict[str, Any]:
        """What a face has to know of a store before it asks for anything of it."""
        opened = self.open(name)
        store = opened.store
        grid, attributes = store.grid, store.attributes
        return {
            "store": opened.name,
            "title": str(attributes.get("title", "")),
            "complete": store.complete,
            "simulated": opened.simulated,
            "dims": store.dims,
            "dtype": store.dtype,
            "grid": {**grid.to_dict(), "bounds": grid.bounds, "lonlat_bounds": grid.lonlat_bounds},
            "times": [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times_of(store)],
            "modalities": list(store.modalities),
            "model": {key: store.model.get(key) for key in ("name", "sha256", "family")},
            "scenes": {name: [str(s["time"]) for s in scenes] for name, scenes in store.scenes.items()},
            "attribution": str(attributes.get("attribution", "")),
            "licence": str(attributes.get("licence", "")),
        }


def _key(path: Path) -> tuple[str, int, int]:
    try:
        found = (path / "zarr.json").stat()
    except OSError as error:
        raise InputError("the store can't be read", value=path.name, remedy=str(error.strerror)) from error
    return str(path), found.st_mtime_ns, found.st_ino

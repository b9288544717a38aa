"""Where a map of an embedding store comes from: short as tags of the file, in full for its STAC item."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ..store import EmbeddingStore

DAY_S = 86_400


@dataclass(frozen=True)
class Provenance:
    """The store, its model and scenes, and the dates that a map rests on."""

    tags: Mapping[str, str]
    record: Mapping[str, Any]
    start: datetime
    """First date that the map rests on, UTC."""
    end: datetime
    simulated: bool
    """No satellite observed what the map shows."""


def provenance_of(store: EmbeddingStore, dates: Sequence[int]) -> Provenance:
    """Of a map made from some target dates (indices) of a store; the scenes are those within the model's reach."""
    seconds = sorted(int(store.times[date].astype(np.int64)) for date in dates)
    start, end = (datetime.fromtimestamp(s, UTC) for s in (seconds[0], seconds[-1]))
    model, scenes = store.model, scenes_behind(store, seconds)
    attribution = str(store.attributes.get("attribution", ""))
    tags = {
        "PHENOLENS_STORE": store.path.name,
        "PHENOLENS_TIME": start.isoformat() if start == end else f"{start.isoformat()}/{end.isoformat()}",
        "PHENOLENS_MODEL": str(model["name"]),
        "PHENOLENS_MODEL_SHA256": str(model["sha256"]),
        "PHENOLENS_SCENES": ", ".join(f"{len(found)} × {name}" for name, found in scenes.items()),
        "PHENOLENS_ATTRIBUTION": attribution,
    }
    record = {
        "store": store.path.name,
        "dates": [datetime.fromtimestamp(s, UTC).isoformat() for s in seconds],
        "model": {key: model.get(key) for key in ("name", "sha256", "family")},
        "scenes": scenes,
        "run": json.loads(store.attributes.get("run", "{}")),
        "attribution": attribution,
        "licence": str(store.attributes.get("licence", "")),
        "embedded_with": str(store.attributes.get("software", "")),
    }
    return Provenance(tags, record, start, end, attribution.startswith("Simulated"))


def scenes_behind(store: EmbeddingStore, seconds: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """Acquisitions within the model's reach of some times (seconds since 1970), by modality.

    All of the store, where the model doesn't state its reach."""
    reach = store.model.get("config", {}).get("reach_days")
    times = np.array(seconds)

    def near(scene: Mapping[str, Any]) -> bool:
        there = datetime.fromisoformat(str(scene["time"])).timestamp()
        return reach is None or bool(np.abs(times - there).min() <= float(reach) * DAY_S)

    return {
        name: [{k: v for k, v in scene.items() if v is not None} for scene in scenes if near(scene)]
        for name, scenes in store.scenes.items()
    }

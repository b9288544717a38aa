"""What a store says of its making: model, scenes, settings, credit."""

from collections.abc import Mapping
from importlib import metadata
from typing import Any

import torch

from ..acquisitions.cube import Acquisition, CubeSource
from ..representation.checkpoint import Checkpoint

SIMULATED = "simulated/"
"""How the source names of simulated acquisitions begin."""


def record_of(
    checkpoint: Checkpoint, sources: Mapping[str, CubeSource], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Provenance for `StoreSpec.record`: from the arguments alone, so that a resumed run has the same."""
    config: Any = getattr(checkpoint.model, "config", None)
    return {
        "title": "Sentinel-1/2 embeddings per pixel and date",
        "model": {
            "name": checkpoint.name,
            "sha256": checkpoint.sha256,
            "family": checkpoint.model.family,
            "config": config.to_dict() if hasattr(config, "to_dict") else {},
        },
        "scenes": {name: [_scene(a) for a in source.acquisitions] for name, source in sources.items()},
        "run": dict(settings),
        "attribution": settings.get("attribution") or _attribution(sources),
        "licence": settings.get("licence", ""),
        "software": f"phenolens {metadata.version('phenolens')}, torch {torch.__version__}",
    }


def _attribution(sources: Mapping[str, CubeSource]) -> str:
    acquisitions = [a for source in sources.values() for a in source.acquisitions]
    if any(name.startswith(SIMULATED) for a in acquisitions for name in a.sources):
        return "Simulated data, no satellite observed them"
    years = sorted({a.time.year for a in acquisitions})
    period = f"{years[0]}" if len(years) == 1 else f"{years[0]}-{years[-1]}"
    return f"Contains modified Copernicus Sentinel data {period}"


def _scene(acquisition: Acquisition) -> dict[str, Any]:
    return {
        "time": acquisition.time.isoformat(),
        "platform": acquisition.platform,
        "orbit_direction": acquisition.orbit_direction,
        "relative_orbit": acquisition.relative_orbit,
        "processing_baseline": acquisition.processing_baseline,
        "sources": list(acquisition.sources),
    }

"""All kinds of jobs that this engine knows, by name."""

from collections.abc import Mapping

from ..context import Kind
from .embed import EMBED

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (EMBED,)}

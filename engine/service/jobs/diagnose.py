"""The one piece of work that is no job: what `phenolens doctor` finds, asked for by /v1/diagnostics."""

from collections.abc import Mapping
from typing import Any

from ..schema import Asked
from .context import JobContext, Kind


class NoParams(Asked):
    """Nothing to ask for."""


def _run(_params: NoParams, context: JobContext) -> dict[str, Any]:
    from ...doctor import diagnose  # noqa: PLC0415 - loads PyTorch

    return diagnose(context.workspace.root).to_dict()


KINDS: Mapping[str, Kind] = {
    "diagnose": Kind("diagnose", "Diagnose", NoParams, _run, outputs=lambda _params: ())
}

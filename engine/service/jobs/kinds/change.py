"""`change`: what changed between two periods, or when series broke."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from ...schema import Dims, Number, Seed
from ..context import JobContext, Kind
from .params import StoreAsked, check_output, made, outputs

_DAY = r"\d{4}-\d{2}-\d{2}"
Period = Annotated[str, StringConstraints(pattern=rf"^{_DAY}(\.\.{_DAY})?$")]
"""A day, or `2019-06-01..2019-08-31`."""


class ChangeParams(StoreAsked):
    """Map change between two periods, or without them the largest break of each pixel beside its seasons."""

    before: Period | None = None
    after: Period | None = None
    parts: Annotated[int, Field(ge=1, le=366)] = 12
    least_confidence: Number = 3.0
    dims: Dims | None = None
    seed: Seed = 0


def run(params: ChangeParams, context: JobContext) -> dict[str, Any]:
    """The files."""
    from ....tasks.change import ChangeChoice, map_change

    stem = check_output(context.workspace, params.out)
    choice = ChangeChoice(
        params.before, params.after, params.parts, params.least_confidence, params.dims, params.seed
    )
    store, overwrite = params.opened(context.workspace), context.replaces(stem, params.overwrite)
    files = map_change(store, choice, stem, overwrite=overwrite, watch=context.watch)
    return {"files": made(context, files)}


CHANGE = Kind("change", "Find change", ChangeParams, run, outputs=outputs)

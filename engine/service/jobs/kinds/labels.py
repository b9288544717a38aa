"""`labels`: what a file of labels holds, for a face to show and change."""

from pathlib import Path
from typing import Any

from pydantic import Field

from ....labels.suffixes import is_raster
from ...schema import Asked, WorkspacePath
from ..context import JobContext, Kind
from .params import check_output, plain
from .probe_fit import LabelsAsked


class LabelsParams(Asked):
    """Read labels onto the grid of a store; with neither a class nor a value column, tell the columns alone.

    A class raster has no columns: its labels are read at once, or its variables told where it has several."""

    store: WorkspacePath
    labels: LabelsAsked
    out: WorkspacePath = Field(pattern=r"\.geojson$")
    """A GeoJSON with the geometries in x and y of the store's grid."""
    overwrite: bool = False


def run(params: LabelsParams, context: JobContext) -> dict[str, Any]:
    """The columns; or the account of what was read and dropped, the response, and the file of labels."""
    from ....labels.raster import variables_of
    from ....store import EmbeddingStore
    from ....tasks.labels import import_labels, peek

    workspace, asked = context.workspace, params.labels
    file = workspace.source(asked.file)
    if is_raster(file) and asked.variable is None and len(names := variables_of(file)) > 1:
        return {"variables": names}
    if not (is_raster(file) or asked.class_column or asked.value_column):
        told: dict[str, Any] = plain(peek(file, asked.layer))
        return told
    out = check_output(workspace, params.out, ".geojson")
    store = EmbeddingStore(workspace.existing(params.store))
    found = import_labels(
        file, asked.reading(workspace), store, out, overwrite=context.replaces(out, params.overwrite)
    )
    return {"file": workspace.relative(out), **plain(found)}


def outputs(params: LabelsParams) -> tuple[str, ...]:
    """Nothing where only the columns are told."""
    asked = params.labels
    writes = is_raster(Path(asked.file)) or asked.class_column or asked.value_column
    return (str(params.out),) if writes else ()


LABELS = Kind("labels", "Read labels", LabelsParams, run, outputs=outputs)

"""`serve`: the engine as a local service for one workspace."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .flags import RunFlags, flattened
from .terminal import Run

if TYPE_CHECKING:
    from ..service.discovery import Discovery


@flattened
def serve(
    ctx: typer.Context,
    flags: RunFlags,
    workspace: Annotated[Path, typer.Argument(help="Folder with stores, probes and results.")] = Path(),
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Folder outside it that jobs may read from; remembered. Repeatable."),
    ] = None,
    port: Annotated[
        int, typer.Option(help="Port on 127.0.0.1; any free one otherwise.", min=0, max=65535)
    ] = 0,
    idle: Annotated[
        float | None, typer.Option(help="End after so many minutes without a request or a job.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with jobs that were interrupted.")] = False,
) -> None:
    """Serve a workspace on this machine to the app, QGIS and scripts, until Ctrl-C.

    Where and how it is reached lies in WORKSPACE/.phenolens/service.json, for this user alone."""
    from ..service.serve import ServeOptions
    from ..service.serve import serve as run_service
    from ..service.workspace import Workspace

    run: Run = ctx.obj
    if idle is not None and not idle > 0:
        raise InputError("the idle time must be above 0", value=idle, remedy="give minutes, such as 30")
    opened = Workspace(workspace)
    for folder in data or ():
        opened.add_data_folder(folder)

    def ready(discovery: "Discovery") -> None:
        url = f"http://127.0.0.1:{discovery.port}"
        values = {"url": url, "pid": discovery.pid, "workspace": discovery.workspace}
        run.result(values, f"serving {discovery.workspace} at {url}; Ctrl-C ends it")

    options = ServeOptions(port=port, idle_s=None if idle is None else idle * 60, resume=resume)
    run_service(workspace, options, ready)

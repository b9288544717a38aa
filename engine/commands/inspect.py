"""`doctor`: is the installation whole, and what do these files hold."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .flags import RunFlags, flattened
from .sources import AreaFlags, SourceFlags
from .terminal import Run


@flattened
def doctor(
    ctx: typer.Context,
    flags: RunFlags,
    sources: SourceFlags,
    area: AreaFlags,
    workspace: Annotated[Path, typer.Option(help="Folder that results are to go to.")] = Path(),
) -> None:
    """Check this installation and machine; with --s1 or --s2, also say what these files hold."""
    run: Run = ctx.obj
    from ..doctor import diagnose

    diagnosis = diagnose(workspace)
    reports = _described(sources, area)
    text = "\n\n".join([str(diagnosis), *(f"{name}\n{report}" for name, report in reports.items())])
    found = {name: _as_values(report) for name, report in reports.items()}
    run.result({**diagnosis.to_dict(), **({"data": found} if found else {})}, text)
    if not diagnosis.ok:
        raise typer.Exit(2)


def _described(flags: SourceFlags, area: AreaFlags) -> dict[str, Any]:
    if not (flags.s1 or flags.s2):
        return {}
    from ..acquisitions.local import describe_local
    from ..acquisitions.modality import MODALITIES

    grid = area.grid()
    paths = {"s2": flags.s2, "s1": flags.s1}
    return {
        name: describe_local(given, MODALITIES[name], grid=grid, options=flags.options(name))
        for name, given in paths.items()
        if given
    }


def _as_values(report: Any) -> dict[str, Any]:
    plain = {name: value for name, value in vars(report).items() if name not in ("grid", "acquisitions")}
    times = [acquisition.time.isoformat() for acquisition in report.acquisitions]
    return {**plain, "grid": report.grid.to_dict(), "times": times}

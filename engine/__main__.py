"""The command line: `phenolens embed`, `series`, `view`, `train`, `evaluate`, `doctor`, `demo`, `app`.

Exit codes: 0 done, 1 an internal fault, 2 something the user can put right, 130 stopped on request.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from . import __version__
from .commands.app import app as desktop
from .commands.area import area
from .commands.change import change
from .commands.cluster import cluster
from .commands.demo import demo
from .commands.embed import embed
from .commands.export import export
from .commands.inspect import doctor
from .commands.labels import labels
from .commands.learn import evaluate, train
from .commands.probe import probe
from .commands.project import project
from .commands.series import series
from .commands.serve import serve
from .commands.similar import similar
from .commands.terminal import Run, logging_to, stopping_on_interrupt
from .commands.towers import towers
from .commands.view import view

app = typer.Typer(
    name="phenolens",
    no_args_is_help=True,
    add_completion=False,
    help="Per-date Sentinel-1/2 embeddings of your own area, at 10 m, computed on this machine.",
)
for command in (
    embed,
    series,
    view,
    project,
    cluster,
    similar,
    change,
    labels,
    towers,
    export,
    train,
    evaluate,
    serve,
    doctor,
    demo,
    desktop,
):
    app.command()(command)
app.add_typer(area, name="area")
app.add_typer(probe, name="probe")


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"phenolens {__version__}\n")
        raise typer.Exit


@app.callback()
def phenolens(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Per-date Sentinel-1/2 embeddings of your own area, at 10 m, computed on this machine."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    run = Run()
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with stopping_on_interrupt(run), logging_to(run):
            typer.main.get_command(app).main(given, prog_name="phenolens", obj=run)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except Exception as error:  # noqa: BLE001 - the outermost place: everything becomes a message and an exit code
        return run.failed(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Groups of flags that several commands share, and how a command takes a group as one argument."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from .. import __version__
from ..config import config_beside, read_config, to_toml
from ..output import write_text
from .terminal import Run

OURS = ("config", "json", "verbose", "overwrite", "plan", "dask")
"""Flags that say how to run, not what: a replay gives its own."""


def flattened(command: Callable[..., None]) -> Callable[..., None]:
    """The command as typer sees it: a parameter that is a dataclass of flags is replaced by these flags."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if hasattr(hint, "__dataclass_fields__")}
    parameters = [
        p for name in inspect.signature(command).parameters for p in _parameters(command, name, hints)
    ]

    def run(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{f.name: given.pop(f.name) for f in fields(group)})
        command(**given)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _parameters(command: Callable[..., None], name: str, hints: dict[str, Any]) -> list[inspect.Parameter]:
    group = hints[name]
    if not hasattr(group, "__dataclass_fields__"):
        default = inspect.signature(command).parameters[name].default
        return [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=group)]
    kinds = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            f.name, inspect.Parameter.KEYWORD_ONLY, default=_default(f), annotation=kinds[f.name]
        )
        for f in fields(group)
    ]


def _default(field: Any) -> Any:
    if callable(field.default_factory):
        return field.default_factory()
    return inspect.Parameter.empty if field.default is MISSING else field.default


def _take_config(ctx: typer.Context, path: Path | None) -> Path | None:
    """Values of the file become the defaults of the flags, so that flags win."""
    if path is not None and not ctx.resilient_parsing:
        names = {_flag(p.name or ""): p.name or "" for p in ctx.command.params}
        content = read_config(path, _command(ctx), set(names) - set(OURS[:3]) - {"help"})
        ctx.default_map = {
            **(ctx.default_map or {}),
            **{names[flag]: value for flag, value in content.items()},
        }
    return path


def _command(ctx: typer.Context) -> str:
    """`embed`, or of a group `area plan`."""
    return ctx.command_path.partition(" ")[2]


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _take_json(ctx: typer.Context, value: bool) -> bool:
    _run(ctx).as_json = value
    return value


def _take_verbose(ctx: typer.Context, value: bool) -> bool:
    _run(ctx).verbose = value
    return value


def _run(ctx: typer.Context) -> Run:
    run: Run = ctx.ensure_object(Run)
    return run


_PANEL = "How to run"


@dataclass(frozen=True)
class RunFlags:
    """Flags of every command."""

    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            help="Show tracebacks of errors.",
            is_eager=True,
            callback=_take_verbose,
            rich_help_panel=_PANEL,
        ),
    ] = False
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON object on stdout.",
            is_eager=True,
            callback=_take_json,
            rich_help_panel=_PANEL,
        ),
    ] = False
    config: Annotated[
        Path | None,
        typer.Option(
            help="TOML file with long flags as keys; flags given here win.",
            is_eager=True,
            callback=_take_config,
            rich_help_panel=_PANEL,
        ),
    ] = None


def keep_config(ctx: typer.Context, output: Path, **effective: object) -> Path:
    """Write the flags beside `output`, as a config file that replays this run.

    `effective` are values that stood in for flags that were not given: another version may choose others."""
    path = config_beside(output)
    given = {**ctx.params, **effective}
    values = {_flag(name): value for name, value in given.items() if name not in OURS}
    replay = f"phenolens {__version__}; replay: phenolens {_command(ctx)} --config {path.name} --overwrite"
    write_text(path, to_toml(_command(ctx), values, replay), overwrite=True)
    return path

"""`train` and `evaluate`: make a model from a recipe, and judge one on places that it has not seen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from ..output import check_free
from .flags import RunFlags, flattened, keep_config
from .terminal import Bar, Run

if TYPE_CHECKING:
    from ..training.recipe import Recipe

_DATA = typer.Option(help="Folder that the recipe's paths are below.")


@flattened
def train(
    ctx: typer.Context,
    flags: RunFlags,
    recipe: Annotated[Path, typer.Argument(help="Recipe: places, splits, simulations, stages (TOML).")],
    data: Annotated[Path, _DATA],
    out: Annotated[Path, typer.Option(help="Folder for states, logs and the model; resumed from.")],
    seed: Annotated[int, typer.Option(help="Of everything that is drawn at random.", min=0)] = 0,
    stage: Annotated[
        list[str] | None, typer.Option(help="stage1-s1, stage1-s2, stage2; all otherwise. Repeatable.")
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads of the CPU.", min=1)] = 1,
) -> None:
    """Train a model from a recipe: an encoder per sensor, then their fusion.

    Run again after a stop, and it goes on where it was."""
    run: Run = ctx.obj
    from ..training.train import train_recipe

    _check_folder(data)
    run.verbose_log()
    read = _recipe(recipe)
    with Bar(run) as bar:
        path = train_recipe(
            read, data, out, seed=seed, stages=stage or (), threads=threads, watch=run.watch(bar)
        )
    config = keep_config(ctx, out / "train")
    said = f"the model is {path}" if path else f"the states of {', '.join(stage or ())} are in {out}"
    run.result(
        {"model": None if path is None else str(path), "folder": str(out), "config": str(config)}, said
    )


@flattened
def evaluate(
    ctx: typer.Context,
    flags: RunFlags,
    data: Annotated[Path, _DATA],
    out: Annotated[Path, typer.Option(help="Folder for evaluation.json, .md and figures.")] = Path(
        "evaluation"
    ),
    model: Annotated[str | None, typer.Option(help="A shipped model's name or a .safetensors file.")] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(help="Recipe whose test places are used; that of the shipped model otherwise."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Draws of what is hidden.", min=1)] = 3,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier evaluation.")] = False,
) -> None:
    """Judge a model on places that it has not seen: gaps (E1), bottleneck (E2), stability (E6)."""
    run: Run = ctx.obj
    from ..representation.checkpoint import DEFAULT_MODEL, load_checkpoint
    from ..training.evaluate import evaluate as judge

    _check_folder(data)
    check_free(out / "evaluation.json", overwrite=overwrite)
    run.verbose_log()
    chosen = model or DEFAULT_MODEL
    done = judge(load_checkpoint(chosen), _recipe(recipe or shipped_recipe()), data, out, seeds=seeds)
    config = keep_config(ctx, out / "evaluation", model=chosen)
    values = {"folder": str(out), "config": str(config), "evaluations": [each.to_dict() for each in done]}
    run.result(values, (out / "evaluation.md").read_text(encoding="utf-8"))


def shipped_recipe() -> Path:
    """The recipe of the shipped model."""
    from importlib import resources

    from ..representation.checkpoint import DEFAULT_MODEL

    return Path(str(resources.files("phenolens.resources") / "models" / f"{DEFAULT_MODEL}.recipe.toml"))


def _recipe(path: Path) -> "Recipe":
    from ..training.recipe import Recipe

    return Recipe.read(path)


def _check_folder(data: Path) -> None:
    if not data.is_dir():
        raise InputError(
            "there is no such data folder", value=data, remedy="give the folder that the recipe is below"
        )

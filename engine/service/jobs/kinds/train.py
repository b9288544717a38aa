"""`train`: make a model from a recipe."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ...schema import Asked, Seed, WorkspacePath
from ..context import JobContext, Kind
from .params import SourcePath, check_output, outputs


class TrainParams(Asked):
    """Train a model: an encoder per sensor, then their fusion; goes on where an earlier run stopped."""

    recipe: SourcePath
    """Places, splits, simulations, stages (TOML)."""
    data: SourcePath
    """Folder that the recipe's paths are below."""
    out: WorkspacePath
    """Folder for states, logs and the model."""
    stages: Annotated[list[Literal["stage1-s1", "stage1-s2", "stage2"]], Field(max_length=3)] = Field(
        default_factory=list
    )
    """All when empty."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    seed: Seed = 0


def run(params: TrainParams, context: JobContext) -> dict[str, Any]:
    """The model, or the folder of the states where stage 2 was not asked for."""
    from ....errors import InputError
    from ....training.recipe import Recipe
    from ....training.train import train_recipe

    workspace = context.workspace
    out, data = check_output(workspace, params.out), workspace.source(params.data)
    if not data.is_dir():
        remedy = "give the folder that the recipe is below"
        raise InputError("there is no such data folder", value=params.data, remedy=remedy)
    recipe = Recipe.read(workspace.source(params.recipe))
    path = train_recipe(
        recipe,
        data,
        out,
        seed=params.seed,
        stages=params.stages,
        threads=params.threads,
        watch=context.watch,
    )
    return {"model": None if path is None else workspace.relative(path), "folder": params.out}


TRAIN = Kind("train", "Train a model", TrainParams, run, outputs=outputs, gpu=True)

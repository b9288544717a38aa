"""What a run would take, told without PyTorch: by the model's record alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from ..acquisitions.cube import CubeSource
from ..acquisitions.modality import Modality
from ..acquisitions.screening import ScreenedSource, screened
from ..errors import CheckpointError, InputError
from ..grid import Grid
from ..outline import Outline
from ..representation.config import HALO, DenseConfig
from ..representation.record import DEFAULT_MODEL, find_checkpoint, read_record
from ..store_layout import StoreDtype, StoreSpec
from .plan import Estimate, Workload, make_plan
from .reach import Days
from .targets import acquisition_days, check_targets


@dataclass(frozen=True)
class Recorded:
    """A dense model as its record describes it."""

    config: DenseConfig
    halo: int = HALO

    @property
    def modalities(self) -> Mapping[str, Modality]:
        return {entry.modality.name: entry.modality for entry in self.config.modalities}

    @property
    def reach_days(self) -> float:
        return self.config.reach_days

    def bytes_per_pixel(self, frames: Mapping[str, int], targets: int) -> float:
        return self.config.bytes_per_pixel(frames, targets)


def recorded_model(name_or_path: str | None = None) -> Recorded:
    """`CheckpointError` where there is no such model, or it is of another family than the dense one."""
    path = find_checkpoint(name_or_path or DEFAULT_MODEL)
    record = read_record(path)
    if record.get("family") != DenseConfig.family:
        raise CheckpointError(
            "what this model takes can't be told beforehand",
            value=record.get("family"),
            remedy="phenolens embed --plan tells it",
        )
    try:
        return Recorded(DenseConfig.from_dict(record["config"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            "the checkpoint's configuration is incomplete", value=path, remedy=str(error)
        ) from error


@dataclass(frozen=True)
class Wish:
    """What of a run decides what it takes."""

    dims: int | None = None
    """None: the model's own choice."""
    dtype: str = "float16"
    past_only: bool = False
    screen: bool = True
    memory_bytes: int | None = None
    outline: Outline | None = None


def estimated(
    model: Recorded, sources: Mapping[str, CubeSource], grid: Grid, targets: Days, wish: Wish | None = None
) -> Estimate:
    """As `prepare_run(...).estimate`; raises `TargetError`, `ResourceError`, `InputError`."""
    wish = wish or Wish()
    dims = wish.dims or model.config.stored_dims
    if not 1 <= dims <= model.config.dims:
        raise InputError(
            "the model has no such number of dimensions", value=dims, remedy=f"1 to {model.config.dims}"
        )
    if wish.outline:
        wish.outline.check_on(grid)
    targets = check_targets(targets, sources, model.reach_days)
    dtype = cast(StoreDtype, wish.dtype)  # checked by StoreSpec
    spec = StoreSpec(grid, tuple(targets.tolist()), dims, tuple(sources), dtype)
    taken_out = tuple(
        name
        for name, source in sources.items()
        if wish.screen and isinstance(screened(source), ScreenedSource)
    )
    days = {name: acquisition_days(source) for name, source in sources.items()}
    workload = Workload(spec, days, wish.past_only, taken_out, wish.outline)
    return make_plan(model, workload, wish.memory_bytes).estimate(workload, model)

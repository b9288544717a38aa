"""What several kinds are asked with: acquisitions, the area, dates of a store; and how these become the engine's."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ....dates import parse_day
from ....errors import AreaError, InputError
from ...schema import Asked, Day, Number, Text, WorkspacePath
from ...workspace import Workspace

if TYPE_CHECKING:
    from ....acquisitions.choice import Gathered
    from ....acquisitions.options import ReadOptions
    from ....grid import Grid

SourcePath = WorkspacePath
"""Relative to the workspace, or absolute in one of its data folders; checked by `Workspace.source`."""


class FilesAsked(Asked):
    """Files of one sensor, and what they don't say themselves."""

    paths: Annotated[list[SourcePath], Field(min_length=1, max_length=1000)]
    stored_as: Literal["s2-dn", "s2-dn-1000", "s1-dn", "s1-db", "s1-linear"] | None = None
    scale: Number | None = None
    offset: Number | None = None
    unit: Literal["reflectance", "dB", "linear", "dn"] | None = None
    nodata: Annotated[list[Number], Field(default_factory=list, max_length=8)]
    band_names: Annotated[list[Text], Field(default_factory=list, max_length=64)]
    orbit_direction: Literal["ascending", "descending"] | None = None
    mask_dilation: Annotated[int, Field(ge=0, le=64)] = 2
    resampling: Literal["bilinear", "cubic", "nearest"] = "bilinear"
    strict: bool = False

    def options(self) -> "ReadOptions":
        from ....acquisitions.options import ReadOptions, preset

        given = self.model_dump(exclude={"paths", "stored_as"}, exclude_none=True)
        stated = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items() if v != []}
        return (preset(self.stored_as) if self.stored_as else ReadOptions()).but(**stated)

    def found(self, workspace: Workspace) -> list[Path]:
        return [workspace.source(path) for path in self.paths]


class SourcesAsked(Asked):
    """Acquisitions: a bundled sample, or files of one or both sensors."""

    sample: Text | None = None
    s2: FilesAsked | None = None
    s1: FilesAsked | None = None

    def gather(self, workspace: Workspace, grid: "Grid | None" = None) -> "Gathered":
        """Open them, on `grid` where one is given."""
        from ....acquisitions.choice import SourceChoice

        asked = {name: files for name, files in (("s1", self.s1), ("s2", self.s2)) if files}
        paths = {name: files.found(workspace) for name, files in asked.items()}
        options = {name: files.options() for name, files in asked.items()}
        return SourceChoice(self.sample, paths, options).open(grid)

    def check(self, workspace: Workspace) -> None:
        """`InputError` where one of the files can't be meant; none is opened."""
        for files in (self.s1, self.s2):
            if files is not None:
                files.found(workspace)


class AreaAsked(Asked):
    """Which area: degrees, or polygons of a file; its grid has 10 m."""

    bounds: Annotated[list[Number], Field(min_length=4, max_length=4)] | None = None
    """West, south, east, north in degrees."""
    file: SourcePath | None = None
    """GeoPackage, GeoJSON or Shapefile."""
    crs: Text | None = None

    def grid(self, workspace: Workspace) -> "Grid":
        from ....grid import AreaOfInterest

        if (self.bounds is None) == (self.file is None):
            raise AreaError("an area is bounds or a file", remedy="give one of them")
        if self.file is not None:
            return AreaOfInterest.from_file(workspace.source(self.file)).grid(self.crs)
        assert self.bounds is not None
        west, south, east, north = self.bounds
        return AreaOfInterest.from_bounds(west, south, east, north).grid(self.crs)


Days = Annotated[list[Day] | Literal["all"], Field(max_length=10_000)]
"""Days of a store, or all of them."""


def day(text: str | None) -> date | None:
    return None if text is None else parse_day(text)


def check_output(workspace: Workspace, out: str, suffix: str = "") -> Path:
    """The path of an output; `InputError` where it can't be one, or has another suffix."""
    path = workspace.resolve(out)
    if suffix and path.suffix != suffix:
        raise InputError(f"the output isn't called *{suffix}", value=out, remedy=f"call it {out}{suffix}")
    if path == workspace.root:
        raise InputError("the output is the workspace itself", value=out, remedy="give it a name")
    return path


def plain(values: Any) -> Any:
    """The same in what JSON has."""
    if isinstance(values, dict):
        return {str(key): plain(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [plain(value) for value in values]
    return values if values is None or isinstance(values, (bool, int, float, str)) else str(values)

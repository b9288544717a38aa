"""What several kinds are asked with: acquisitions, the area, dates of a store; and how these become the engine's."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ....dates import parse_day
from ....errors import AreaError, InputError
from ...schema import Asked, Day, Number, Text, WorkspacePath
from ...workspace import Workspace
from ..context import JobContext

if TYPE_CHECKING:
    from ....acquisitions.choice import SourceChoice
    from ....grid import AreaOfInterest, Grid
    from ....store import EmbeddingStore

SourcePath = WorkspacePath
"""Relative to the workspace, or absolute in one of its data folders; checked by `Workspace.source`."""


LeftOut = Annotated[str, Field(pattern=r"^s[12]:\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?$")]


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
    day: Day | None = None
    """Of those that carry no date."""
    crs: Annotated[str, Field(min_length=1, max_length=10_000)] | None = None
    """Of those that declare none."""

    def found(self, workspace: Workspace) -> list[Path]:
        """The files; `PathError` where one is neither in the workspace nor in a data folder."""
        return [workspace.source(path) for path in self.paths]

    def flags(self, sensor: str, workspace: Workspace) -> dict[str, Any]:
        """The same as flags of the command line, by name."""
        stated = {
            "as": self.stored_as,
            "scale": self.scale,
            "offset": self.offset,
            "unit": self.unit if sensor == "s1" else None,
            "nodata": self.nodata,
            "bands": ",".join(self.band_names) or None,
            "orbit": self.orbit_direction if sensor == "s1" else None,
            "day": self.day,
            "crs": self.crs,
        }
        return {sensor: self.found(workspace), **{f"{sensor}_{name}": v for name, v in stated.items()}}


class SourcesAsked(Asked):
    """Acquisitions: a bundled sample, or files of one or both sensors."""

    sample: Text | None = None
    s2: FilesAsked | None = None
    s1: FilesAsked | None = None
    mask_dilation: Annotated[int, Field(ge=0, le=64)] = 2
    """Pixels by which cloud and shadow masks grow."""
    resampling: Literal["bilinear", "cubic", "nearest"] = "bilinear"
    strict: bool = False
    """Stop at the first unreadable file instead of skipping it."""
    leave_out: Annotated[list[LeftOut], Field(default_factory=list, max_length=10_000)]
    """Acquisitions not to use: `s2:2020-05-01`, or with the time where a day has several."""

    def flags(self, workspace: Workspace) -> dict[str, Any]:
        """The same as flags of the command line, by name; `PathError` for a file that may not be read."""
        files = {name: files for name, files in (("s2", self.s2), ("s1", self.s1)) if files}
        of_all = {"mask_dilation": self.mask_dilation, "resampling": self.resampling, "strict": self.strict}
        stated: dict[str, Any] = {"sample": self.sample, **of_all, "leave_out": list(self.leave_out)}
        for name, asked in files.items():
            stated |= asked.flags(name, workspace)
        return stated

    def choice(self, workspace: Workspace) -> "SourceChoice":
        from ....acquisitions.choice import SourceChoice
        from ....acquisitions.recorded import stated_options

        stated = self.flags(workspace)
        files: dict[str, list[Path]] = {name: stated[name] for name in ("s2", "s1") if name in stated}
        options = {name: stated_options(stated, name) for name in files}
        return SourceChoice(self.sample, files, options, tuple(self.leave_out))


Corner = Annotated[list[Number], Field(min_length=2, max_length=2)]
"""Longitude and latitude."""


Hole = Annotated[list[Corner], Field(min_length=3, max_length=10_000)]


class AreaAsked(Asked):
    """Which area: degrees, a polygon, or polygons of a file; its grid has 10 m."""

    bounds: Annotated[list[Number], Field(min_length=4, max_length=4)] | None = None
    """West, south, east, north in degrees."""
    file: SourcePath | None = None
    """GeoPackage, GeoJSON or Shapefile: pixels belong to its polygons where their centre lies inside."""
    polygon: Annotated[list[Corner], Field(min_length=3, max_length=10_000)] | None = None
    """Corners in degrees, in the same way."""
    holes: Annotated[list[Hole], Field(max_length=1_000)] = Field(default_factory=list)
    """Of the polygon: corners of what doesn't belong to it."""
    crs: Text | None = None

    def flags(self, workspace: Workspace) -> dict[str, Any]:
        """The same as flags of the command line, by name."""
        bounds = None if self.bounds is None else ",".join(map(repr, self.bounds))
        rings = [] if self.polygon is None else [self.polygon, *self.holes]
        corners = "; ".join(", ".join(f"{lon!r} {lat!r}" for lon, lat in ring) for ring in rings)
        return {
            "bounds": bounds,
            "area": self.polygons(workspace),
            "polygon": corners or None,
            "crs": self.crs,
        }

    def polygons(self, workspace: Workspace) -> Path | None:
        return None if self.file is None else workspace.source(self.file)

    def grid(self, workspace: Workspace) -> "Grid":
        return self.wanted(workspace).grid(self.crs)

    def wanted(self, workspace: Workspace) -> "AreaOfInterest":
        from ....grid import AreaOfInterest

        if sum(one is not None for one in (self.bounds, self.file, self.polygon)) != 1:
            raise AreaError("an area is bounds, a file or a polygon", remedy="give one of them")
        if self.holes and self.polygon is None:
            raise AreaError("only a polygon has holes", remedy="give the polygon with them")
        if self.file is not None:
            return AreaOfInterest.from_file(workspace.source(self.file))
        if self.polygon is not None:
            return AreaOfInterest.from_corners(self.polygon, holes=self.holes)
        assert self.bounds is not None
        west, south, east, north = self.bounds
        return AreaOfInterest.from_bounds(west, south, east, north)

    def shape(self, workspace: Workspace) -> "AreaOfInterest | None":
        """The polygons; None of bounds: all of their grid is wanted."""
        return None if self.bounds is not None else self.wanted(workspace)


Days = Annotated[list[Day] | Literal["all"], Field(max_length=10_000)]
"""Days of a store, or all of them."""


class StoreAsked(Asked):
    """Of a job that makes files from a store."""

    store: WorkspacePath
    out: WorkspacePath
    """Beginning of the file names; what they show and a suffix are added."""
    overwrite: bool = False

    def opened(self, workspace: Workspace) -> "EmbeddingStore":
        from ....store import EmbeddingStore

        return EmbeddingStore(workspace.existing(self.store))


def outputs(params: Any) -> tuple[str, ...]:
    """What a job with an `out` writes."""
    return (str(params.out),)


def day(text: str | None) -> date | None:
    return None if text is None else parse_day(text)


def listed(days: list[str] | str) -> list[str]:
    """`all` and days as tasks take them."""
    return [days] if isinstance(days, str) else days


def check_output(workspace: Workspace, out: str, suffix: str = "") -> Path:
    """The path of an output; `InputError` where it can't be one, or has another suffix."""
    path = workspace.resolve(out)
    if path == workspace.root:
        raise InputError("the output is the workspace itself", value=out, remedy="give it a name")
    if suffix and path.suffix != suffix:
        raise InputError(f"the output isn't called *{suffix}", value=out, remedy=f"call it {out}{suffix}")
    return path


def locate(workspace: Workspace) -> Callable[[str], Path]:
    """Finds files by the paths recorded with a store, absolute ones of the workspace among them."""

    def found(text: str) -> Path:
        path = Path(text)
        inside = path.is_absolute() and path.is_relative_to(workspace.root)
        return workspace.source(str(path.relative_to(workspace.root)) if inside else text)

    return found


def made(context: JobContext, files: Iterable[Path]) -> list[str]:
    """The files of a result, relative to the workspace."""
    return [context.workspace.relative(path) for path in files]


def plain(values: Any) -> Any:
    """The same in what JSON has; what is no number (NaN) is null."""
    if isinstance(values, Mapping):
        return {str(key): plain(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [plain(value) for value in values]
    if hasattr(values, "item") and not hasattr(values, "__len__"):
        values = values.item()  # a scalar of NumPy
    if isinstance(values, float) and not math.isfinite(values):
        return None
    return values if values is None or isinstance(values, (bool, int, float, str)) else str(values)

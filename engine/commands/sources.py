"""Flags that say where acquisitions come from and which area is meant, and what they add up to."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import AreaError, InputError

if TYPE_CHECKING:
    from ..acquisitions.choice import Gathered, SourceChoice
    from ..acquisitions.options import ReadOptions
    from ..grid import AreaOfInterest, Grid
    from ..outline import Outline

_DATA, _AREA = "Acquisitions", "Area"


def _data(help_text: str) -> Any:
    return typer.Option(help=help_text, rich_help_panel=_DATA)


@dataclass(frozen=True)
class SourceFlags:
    """Where acquisitions come from, and what their files don't say themselves."""

    sample: Annotated[str | None, _data("A bundled sample: romania, landscape.")] = None
    s2: Annotated[
        list[Path], _data("Sentinel-2 L2A: NetCDF, Zarr, GeoTIFF, SAFE or a folder. Repeatable.")
    ] = field(default_factory=list)
    s1: Annotated[list[Path], _data("Sentinel-1: NetCDF, Zarr, GeoTIFF or a folder. Repeatable.")] = field(
        default_factory=list
    )
    s2_as: Annotated[str | None, _data("How S2 numbers are stored: s2-dn, s2-dn-1000.")] = None
    s1_as: Annotated[str | None, _data("How S1 numbers are stored: s1-dn, s1-db, s1-linear.")] = None
    s2_scale: Annotated[float | None, _data("Reflectance = stored × scale + offset.")] = None
    s2_offset: Annotated[float | None, _data("Reflectance = stored × scale + offset.")] = None
    s2_nodata: Annotated[list[float], _data("Stored value that means nothing was seen. Repeatable.")] = field(
        default_factory=list
    )
    s2_bands: Annotated[str | None, _data("Bands of unnamed S2 files in order, such as B02,B03,B04,B08.")] = (
        None
    )
    s2_day: Annotated[str | None, _data("Day of S2 files that carry no date, such as 2018-07-04.")] = None
    s2_crs: Annotated[str | None, _data("CRS of S2 files that declare none, such as EPSG:32631.")] = None
    s1_unit: Annotated[str | None, _data("Unit of S1 numbers: dB, linear, dn.")] = None
    s1_scale: Annotated[float | None, _data("Value = stored × scale + offset, in the unit.")] = None
    s1_offset: Annotated[float | None, _data("Value = stored × scale + offset, in the unit.")] = None
    s1_nodata: Annotated[list[float], _data("Stored value that means nothing was seen. Repeatable.")] = field(
        default_factory=list
    )
    s1_bands: Annotated[str | None, _data("Bands of unnamed S1 files in order, such as VV,VH.")] = None
    s1_orbit: Annotated[str | None, _data("Orbit of S1 files that don't say it: ascending, descending.")] = (
        None
    )
    s1_day: Annotated[str | None, _data("Day of S1 files that carry no date, such as 2018-07-04.")] = None
    s1_crs: Annotated[str | None, _data("CRS of S1 files that declare none, such as EPSG:32631.")] = None
    mask_dilation: Annotated[int, _data("Pixels by which cloud and shadow masks grow.")] = 2
    resampling: Annotated[str, _data("Of values onto the grid: bilinear, cubic, nearest.")] = "bilinear"
    leave_out: Annotated[
        list[str], _data("An acquisition not to use: s2:2020-05-01, or with its time. Repeatable.")
    ] = field(default_factory=list)
    strict: Annotated[bool, _data("Stop at the first unreadable file instead of skipping it.")] = False

    @property
    def given(self) -> bool:
        return bool(self.sample or self.s1 or self.s2)

    def options(self, modality: str) -> "ReadOptions":
        """How files of `s1` or `s2` are to be read."""
        from ..acquisitions.recorded import stated_options

        return stated_options(vars(self), modality)

    @property
    def choice(self) -> "SourceChoice":
        from ..acquisitions.choice import SourceChoice

        files = {"s1": self.s1, "s2": self.s2}
        options = {name: self.options(name) for name in files if files[name]}
        return SourceChoice(self.sample, files, options, tuple(self.leave_out))


@dataclass(frozen=True)
class AreaFlags:
    """Which area is meant; without any of them, the extent of the data."""

    bounds: Annotated[
        str | None, typer.Option(help="West,south,east,north in degrees.", rich_help_panel=_AREA)
    ] = None
    area: Annotated[
        Path | None,
        typer.Option(
            help="Polygons: GeoPackage, GeoJSON or Shapefile, any CRS. Pixels belong where their centre lies inside.",
            rich_help_panel=_AREA,
        ),
    ] = None
    polygon: Annotated[
        str | None,
        typer.Option(
            help='Corners of a polygon in degrees: "lon lat, lon lat, …"; those of its holes behind semicolons.',
            rich_help_panel=_AREA,
        ),
    ] = None
    crs: Annotated[
        str | None,
        typer.Option(
            help="Projected CRS of the grid; otherwise the UTM zone of the area.", rich_help_panel=_AREA
        ),
    ] = None

    def grid(self) -> "Grid | None":
        """The 10 m grid of the area, None where no area was given."""
        wanted = self._wanted()
        return wanted.grid(self.crs) if wanted else None

    def outline(self, grid: "Grid") -> "Outline | None":
        """The polygons on a grid; None where bounds or nothing were given: all of the grid."""
        from ..outline import Outline

        wanted = None if self.bounds else self._wanted()
        return Outline.of(wanted, grid.crs) if wanted else None

    def notes(self) -> tuple[str, ...]:
        """What the person should know about the polygons."""
        wanted = self._wanted()
        if wanted is None or not wanted.mended:
            return ()
        return (
            f"polygons of the area that cross themselves: {wanted.mended}. What they enclose is taken, but for parts "
            "that they go around twice",
        )

    def _wanted(self) -> "AreaOfInterest | None":
        from ..grid import AreaOfInterest

        given = {"--bounds": self.bounds, "--area": self.area, "--polygon": self.polygon}
        named = [name for name, value in given.items() if value]
        if len(named) > 1:
            raise AreaError("several areas were given", value=" and ".join(named), remedy="give one of them")
        if self.area:
            return AreaOfInterest.from_file(self.area)
        if self.polygon:
            edge, *holes = (_corners(ring) for ring in self.polygon.split(";"))
            return AreaOfInterest.from_corners(edge, holes=holes)
        return AreaOfInterest.from_bounds(*_four_numbers(self.bounds)) if self.bounds else None


def _four_numbers(text: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise AreaError(
            "the bounds are not four numbers",
            value=text,
            remedy="give --bounds=west,south,east,north in degrees",
        ) from error
    return west, south, east, north


def _corners(text: str) -> list[tuple[float, float]]:
    try:
        pairs = [tuple(float(part) for part in corner.split()) for corner in text.split(",")]
        return [(lon, lat) for lon, lat in pairs]
    except ValueError as error:
        raise AreaError(
            "these are no corners of a polygon",
            value=text,
            remedy='give --polygon "lon lat, lon lat, lon lat" in degrees',
        ) from error


def gather(flags: SourceFlags, area: AreaFlags | None = None, *, grid: "Grid | None" = None) -> "Gathered":
    """Open what the flags name on `grid`, else on the grid of the area, else on the data's own.

    `InputError` where nothing is named, or a sample and files at once."""
    found = flags.choice.open(grid or (area.grid() if area and flags.given else None))
    if area is None:
        return found
    return replace(found, outline=area.outline(found.grid), notes=(*found.notes, *area.notes()))


def recorded_sources(store: Path) -> SourceFlags:
    """The flags that a store's acquisitions were read with, from the config that lies beside it."""
    from ..config import config_beside, load_here

    path = config_beside(store)
    if not path.exists():
        raise InputError(
            "the store's acquisitions are not known", value=path, remedy="give --s1, --s2 or --sample as well"
        )
    stored = {key.replace("-", "_"): value for key, value in load_here(path).items()}
    known: dict[str, Any] = {f.name: stored[f.name] for f in fields(SourceFlags) if f.name in stored}
    for name in known.keys() & {"s1", "s2"}:
        known[name] = [Path(path) for path in known[name]]
    return SourceFlags(**known)

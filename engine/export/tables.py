"""Tables on the disk: CSV for programs and spreadsheets, GeoPackage where rows have a place."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, OutputError
from ..output import whole_file

if TYPE_CHECKING:
    import pandas as pd


def write_table(frame: "pd.DataFrame", path: Path, *, overwrite: bool = False) -> Path:
    """Write a table as `.csv` (geometries as WKT) or, of a GeoDataFrame with a CRS, as `.gpkg`.

    `InputError` for other suffixes and for a GeoPackage without places; `OutputError` where the file exists or
    the disk refuses; then nothing is left behind."""
    if path.suffix not in (".csv", ".gpkg"):
        raise InputError("a table is written as .csv or .gpkg", value=path)
    if path.suffix == ".csv":
        with whole_file(path, overwrite=overwrite) as partial:
            frame.to_csv(partial, index=False, encoding="utf-8")
        return path
    if getattr(frame, "crs", None) is None:
        raise InputError("a GeoPackage needs geometries with a CRS", value=path, remedy="write .csv")
    from pyogrio.errors import DataSourceError  # noqa: PLC0415 - heavy

    with whole_file(path, overwrite=overwrite) as partial:
        try:
            frame.to_file(partial, driver="GPKG", layer=path.stem)
        except (DataSourceError, RuntimeError) as error:
            raise OutputError(
                "the table can't be written", value=path, remedy=f"check the disk ({error})"
            ) from error
    return path

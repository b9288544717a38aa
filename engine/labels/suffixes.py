"""Which label files are class rasters, by their names alone: asked before anything heavy is loaded."""

from pathlib import Path

NETCDF = (".nc", ".nc4", ".h5", ".cdf")
GEOTIFF = (".tif", ".tiff", ".vrt", ".jp2")


def is_raster(path: Path) -> bool:
    """Whether a file is read by `read_label_raster` rather than by `read_labels`."""
    return path.suffix.lower() in NETCDF + GEOTIFF

import subprocess
import sys
from pathlib import Path

import h5netcdf
import numpy as np
import pytest
import rasterio
import xarray
from affine import Affine
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import Cancelled, InputError, OutputError
from phenolens.engine.export.netcdf import Stack, write_stack
from phenolens.engine.export.product import ProductBand
from phenolens.engine.grid import Grid, Window
from phenolens.engine.progress import CancelToken, Progress
from pyproj import CRS

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (70, 110))
TIMES = np.array(["2020-06-01T10:50:00", "2020-06-11T10:50:00", "2020-07-01T10:50:00"], "datetime64[s]")
GPP = ProductBand("GPP", "gC m-2 d-1", description="gross primary production")
LOW = ProductBand("GPP, low end", "gC m-2 d-1", "int16", -32768, 0.002, 1.0)
COVER = ProductBand.of_classes("land cover", ClassTable.of_names(["bare soil", "forest"]))


def _values(time: int, window: Window) -> np.ndarray:
    rows, cols = np.mgrid[window.slices]
    return np.where((rows + cols) % 7 == 0, np.nan, rows / 10 + time)


def _render(time: int, window: Window) -> list[np.ndarray]:
    values = _values(time, window)
    return [GPP.encode(values), LOW.encode(values - 1), COVER.encode(1 + (values > 3), np.isfinite(values))]


STACK = Stack("GPP, a test", GRID, TIMES, (GPP, LOW, COVER), _render, {"PHENOLENS_MODEL": "dense-1"})


@pytest.mark.parametrize("threads", [0, 2])
def test_xarray_reads_values_units_times_places_and_the_crs(tmp_path, threads):
    path = write_stack(STACK, tmp_path / "gpp.nc", side=32, threads=threads)
    with xarray.open_dataset(path, engine="h5netcdf", decode_coords="all") as found:
        assert (found.time.values.astype("datetime64[s]") == TIMES).all()
        np.testing.assert_array_equal(found.x, GRID.x)
        np.testing.assert_array_equal(found.y, GRID.y)
        assert CRS.from_cf(found.spatial_ref.attrs).to_epsg() == 32631
        for time in range(3):
            expected = _values(time, GRID.window)
            np.testing.assert_allclose(found.GPP[time], expected, rtol=1e-6)
            np.testing.assert_allclose(found.GPP_low_end[time], expected - 1, atol=0.0011)
        assert found.GPP.attrs["units"] == "gC m-2 d-1"
        assert found.land_cover.attrs["flag_meanings"] == "bare_soil forest"
        assert found.attrs["PHENOLENS_MODEL"] == "dense-1"


def test_the_file_lies_where_it_should_for_gdal_too(tmp_path):
    path = write_stack(STACK, tmp_path / "gpp.nc")
    with rasterio.Env() as environment:
        if "netCDF" not in environment.drivers():
            pytest.skip("this GDAL reads no NetCDF")
    with rasterio.open(f"NETCDF:{path}:GPP") as raster:
        assert (raster.count, raster.transform, raster.crs.to_epsg()) == (3, GRID.transform, 32631)
        np.testing.assert_allclose(raster.read(2), _values(1, GRID.window), rtol=1e-6)


def test_an_existing_file_is_kept_and_cancelling_leaves_nothing(tmp_path):
    (tmp_path / "kept.nc").write_text("precious")
    with pytest.raises(OutputError, match="exists"):
        write_stack(STACK, tmp_path / "kept.nc")
    token = CancelToken()
    progress = Progress("write", 0, listener=lambda event: token.cancel())
    with pytest.raises(Cancelled):
        write_stack(STACK, tmp_path / "stopped.nc", progress=progress, cancel=token, side=32)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.nc"]


def test_times_that_do_not_ascend_and_names_that_clash_are_refused():
    with pytest.raises(InputError, match="ascending"):
        Stack("t", GRID, TIMES[::-1], (GPP,), _render)
    with pytest.raises(InputError, match="names of their own"):
        Stack("t", GRID, TIMES, (GPP, GPP), _render)


LIMITED = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:]
from phenolens.engine.errors import OutputError
from phenolens.engine.export.netcdf import write_stack
from test_netcdf import STACK
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write_stack(STACK, Path("full") / "gpp.nc")
except OutputError as error:
    print(error.code)
"""


def test_a_disk_that_fills_up_is_an_output_error_and_leaves_nothing(tmp_path):
    command = [sys.executable, "-c", LIMITED, str(Path(__file__).parent)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "output", done.stderr
    assert list((tmp_path / "full").iterdir()) == []


def test_nothing_but_netcdf_4_without_extensions_is_used(tmp_path):
    with h5netcdf.File(
        write_stack(STACK, tmp_path / "gpp.nc"), "r"
    ) as found:  # h5netcdf refuses what is not valid
        assert set(found.variables) == {"time", "y", "x", "spatial_ref", "GPP", "GPP_low_end", "land_cover"}

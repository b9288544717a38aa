import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from phenolens.engine.errors import Cancelled, OutputError
from phenolens.engine.grid import Grid, Window
from phenolens.engine.progress import CancelToken, Progress
from phenolens.engine.views.layer import Layer, Palette
from phenolens.engine.views.raster import write_cog, write_png
from rasterio.enums import ColorInterp
from rio_cogeo.cogeo import cog_validate

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (1100, 700))


def _picture(window: Window) -> np.ndarray:
    rows, cols = np.mgrid[window.slices]
    valid = (rows + cols) % 97 != 0
    return (
        np.stack([rows % 256, cols % 256, (rows + cols) % 256, 255 * np.ones_like(rows)]).astype("u1") * valid
    )


def _indices(window: Window) -> np.ndarray:
    return (np.mgrid[window.slices][0] // 5 % 256).astype("u1")[None]


PICTURE = Layer("a test", GRID, _picture, ("first", "second", "third"), tags={"MODEL": "dense-1"})
INDICES = Layer("one", GRID, _indices, ("dimension 3",), palette=Palette.named("cividis", -2.0, 3.08))


def test_a_picture_becomes_a_valid_cog_with_crs_names_alpha_and_provenance(tmp_path):
    path = write_cog(PICTURE, tmp_path / "picture.tif")
    assert cog_validate(path, quiet=True)[:2] == (True, [])
    with rasterio.open(path) as raster:
        assert raster.crs.to_epsg() == 32631
        assert raster.transform == GRID.transform
        assert raster.descriptions == ("first", "second", "third", "valid")
        assert raster.colorinterp[3] == ColorInterp.alpha
        assert raster.overviews(1) == [2, 4]
        assert raster.tags()["MODEL"] == "dense-1"
        assert raster.tags()["TIFFTAG_IMAGEDESCRIPTION"] == "a test"
        assert (raster.read() == _picture(GRID.window)).all()


def test_a_palette_layer_keeps_its_colours_nodata_and_the_values_behind_the_indices(tmp_path):
    path = write_cog(INDICES, tmp_path / "dimension.tif")
    assert cog_validate(path, quiet=True)[0]
    with rasterio.open(path) as raster:
        assert raster.colorinterp == (ColorInterp.palette,)
        assert raster.nodata == 0
        assert raster.colormap(1)[255] == INDICES.palette.colours[255]
        assert raster.descriptions == ("dimension 3",)
        assert raster.offsets[0] + 1 * raster.scales[0] == pytest.approx(-2.0)
        assert raster.offsets[0] + 255 * raster.scales[0] == pytest.approx(3.08)
        assert (raster.read() == _indices(GRID.window)).all()
        halved = raster.read(1, out_shape=(550, 350))
        assert np.isin(halved, _indices(GRID.window)).all()


def test_a_png_shows_the_same_pixels_and_its_world_file_places_them(tmp_path):
    path = write_png(PICTURE, tmp_path / "picture.png", world_file=True)
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.Env(GDAL_PAM_ENABLED="NO"):
        unplaced = rasterio.open(write_png(PICTURE, tmp_path / "bare.png"))
    with unplaced, rasterio.open(path) as png:
        assert (png.read() == _picture(GRID.window)).all()
        assert png.transform == GRID.transform
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bare.png", "picture.pgw", "picture.png"]


def test_a_large_picture_is_reduced_evenly(tmp_path):
    path = write_png(INDICES, tmp_path / "small.png", longest=300, world_file=True)
    with rasterio.open(path) as png:
        assert png.shape == (275, 175)
        assert png.transform == Affine(40, 0, 500_000, 0, -40, 5_600_000)
        assert (png.read() == INDICES.colours(GRID.window)[:, ::4, ::4]).all()


def test_an_existing_file_is_kept_unless_overwriting_is_asked_for(tmp_path):
    path = tmp_path / "kept.tif"
    path.write_text("precious")
    with pytest.raises(OutputError, match="exists"):
        write_cog(PICTURE, path)
    assert path.read_text() == "precious"
    write_cog(PICTURE, path, overwrite=True)
    assert cog_validate(path, quiet=True)[0]


def test_cancelling_leaves_nothing_behind(tmp_path):
    token = CancelToken()
    progress = Progress("draw", 0, listener=lambda event: token.cancel())
    with pytest.raises(Cancelled):
        write_cog(PICTURE, tmp_path / "stopped.tif", progress=progress, cancel=token)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_said_with_its_name(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught:
        write_png(PICTURE, tmp_path / "file" / "picture.png")
    assert "file" in str(caught.value.value)


LIMITED = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from phenolens.engine.errors import OutputError
from phenolens.engine.views import raster
from test_raster import PICTURE
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
try:
    getattr(raster, sys.argv[1])(PICTURE, Path("full") / "picture.tif")
except OutputError as error:
    print(error.code)
"""


@pytest.mark.parametrize("writer", ["write_cog", "write_png"])
def test_a_disk_that_fills_up_is_an_output_error_and_leaves_nothing(tmp_path, writer):
    command = [sys.executable, "-c", LIMITED, writer, str(Path(__file__).parent)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "output"
    assert list((tmp_path / "full").iterdir()) == []

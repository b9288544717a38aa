from dataclasses import replace
from pathlib import Path

import matplotlib.image
import pytest
import rasterio
import torch
from phenolens.engine.acquisitions.local import open_local
from phenolens.engine.acquisitions.options import ReadOptions
from phenolens.engine.acquisitions.samples import Sample, open_sample
from phenolens.engine.demo import forest, landscape, run_demo
from phenolens.engine.errors import OutputError
from phenolens.engine.grid import Window
from phenolens.engine.probes.files import load_probe
from phenolens.engine.representation.checkpoint import save_checkpoint
from phenolens.engine.representation.config import DenseConfig
from phenolens.engine.representation.fusion import DenseModel


def _small_forest(name: str) -> Sample:
    """A corner of the sample: the demo's path, not its pictures, is tested."""
    sample = open_sample(name)
    source = sample.sources["s2"]
    grid = sample.grid.crop(Window(40, 60, 20, 20))
    paths = sorted(Path(path) for path in source.report.paths)
    part = open_local(paths, source.modality, grid=grid, options=ReadOptions.sentinel2_dn())
    return replace(sample, grid=grid, sources={"s2": part})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    out = tmp_path_factory.mktemp("demo")
    save_checkpoint(DenseModel(DenseConfig()).eval(), out / "random.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forest, "open_sample", _small_forest)
        patch.setattr(landscape, "PART", Window(100, 64, 24, 24))
        run_demo(out / "demo", model=out / "random.safetensors")
        with pytest.raises(OutputError, match="exists"):
            run_demo(out / "demo", model=out / "random.safetensors")
    return out / "demo"


def test_the_demo_writes_a_page_that_says_what_is_real_and_what_is_simulated(folder: Path):
    page = (folder / "index.html").read_text()
    assert '<span class="badge real">' in page
    assert '<span class="badge simulated">' in page
    assert page.count("<figure") == (4 + 4 + 3 + 1) + (3 + 3 + 3 + 3 + 1) + (2 + 2)
    assert "Copernicus Sentinel data" in page


def test_every_picture_of_the_demo_has_a_geotiff_on_the_ground(folder: Path):
    maps = sorted(folder.glob("*/maps/*.png"))
    assert len(maps) > 15
    for path in maps:
        with rasterio.open(path.with_suffix(".tif")) as raster:
            assert raster.crs is not None
            assert raster.shape == matplotlib.image.imread(path).shape[:2]


def test_the_demo_judges_two_probes_and_exports_their_maps(folder: Path):
    place = folder / "landscape"
    page = (folder / "index.html").read_text()
    for name, layer in (("land-cover", "class"), ("gpp", "value")):
        assert "simulated" in (place / f"{name}-report.md").read_text()
        assert load_probe(place / f"{name}.probe").response.name.startswith("simulated")
        (path,) = (place / "probe-maps").glob(f"{name}-{layer}-*.tif")
        assert path.with_suffix(".qml").exists()
        assert f"landscape/{name}-report.html" in page


def test_the_demo_keeps_series_of_two_pixels_of_each_place(folder: Path):
    for place in ("romania", "landscape"):
        header, *rows = (folder / place / "series.csv").read_text().splitlines()
        assert header.startswith("point,x,y,lon,lat,date,quality")
        assert len({row.split(",")[0] for row in rows}) == 2

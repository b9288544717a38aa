"""Our resampling against GDAL's, and its rules beside nodata."""

import numpy as np
import numpy.typing as npt
import pytest
from affine import Affine
from phenolens.engine.acquisitions.warp import (
    RasterGrid,
    block_mean,
    parse_crs,
    pixel_ratio,
    place,
    resample,
    same_crs,
)
from phenolens.engine.grid import Grid, Window
from rasterio.warp import Resampling, reproject

FILE = RasterGrid("EPSG:32631", Affine(20, 0, 500_000, 0, -20, 5_600_000), (60, 70))
GRIDS = {
    "finer and off by half a pixel": Grid("EPSG:32631", Affine(10, 0, 500_205, 0, -10, 5_599_795), (50, 60)),
    "another zone": Grid("EPSG:32632", Affine(10, 0, 75_300, 0, -10, 5_616_900), (50, 60)),
}


def scene() -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(3)
    return rng.uniform(0, 1, (1, *FILE.shape)).astype(np.float32)


def read(
    values: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_], grid: Grid, window: Window, method: str
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    placement = place(FILE, grid, window)
    assert placement is not None
    pad = 80  # the file's surroundings, as the source pads them
    rows, cols = placement.source.row + pad, placement.source.col + pad
    box = (
        slice(None),
        slice(rows, rows + placement.source.height),
        slice(cols, cols + placement.source.width),
    )
    padding = ((0, 0), (pad, pad), (pad, pad))
    padded, present = np.pad(np.where(valid, values, 0), padding), np.pad(valid, padding)
    return resample(padded[box].astype(np.float32), present[box], placement, method)


@pytest.mark.parametrize("method", ["nearest", "bilinear", "cubic"])
@pytest.mark.parametrize("name", GRIDS)
def test_values_are_those_of_gdal(name: str, method: str) -> None:
    grid, values = GRIDS[name], scene()
    got, seen = read(values, np.ones(values.shape, bool), grid, grid.window, method)
    assert seen.mean() > 0.5
    expected = np.full(grid.shape, np.nan, np.float32)
    reproject(
        values[0],
        expected,
        src_transform=FILE.transform,
        src_crs=FILE.crs,
        dst_transform=grid.transform,
        dst_crs=grid.crs,
        resampling=Resampling[method],
        dst_nodata=np.nan,
        tolerance=0,
    )
    both = seen[0] & np.isfinite(expected)
    both[[0, -1]] = both[:, [0, -1]] = False
    assert both.mean() > 0.5
    if method == "nearest":  # a centre on the edge of two pixels may fall to either
        assert (got[0][both] == expected[both]).mean() > 0.99
    else:
        np.testing.assert_allclose(got[0][both], expected[both], atol=2e-4)


def test_nodata_never_bleeds_into_values() -> None:
    grid = GRIDS["finer and off by half a pixel"]
    values = np.full((1, *FILE.shape), 0.3, np.float32)
    valid = np.random.default_rng(1).uniform(size=values.shape) > 0.3
    values[~valid] = -9999
    for method in ("bilinear", "cubic", "nearest"):
        got, seen = read(values, valid, grid, grid.window, method)
        assert 0.5 < seen.mean() < 0.9
        np.testing.assert_allclose(got[seen], 0.3, atol=1e-6)


@pytest.mark.parametrize("method", ["bilinear", "cubic"])
@pytest.mark.parametrize("name", GRIDS)
def test_a_pixel_is_the_same_to_the_last_bit_in_any_window(name: str, method: str) -> None:
    grid, values = GRIDS[name], scene()
    valid = np.random.default_rng(2).uniform(size=values.shape) > 0.1
    whole, seen = read(values, valid, grid, grid.window, method)
    for window in grid.tiles(17):
        part, part_seen = read(values, valid, grid, window, method)
        np.testing.assert_array_equal(part, whole[:, *window.slices])
        np.testing.assert_array_equal(part_seen, seen[:, *window.slices])


def test_aligned_pixels_are_copied_untouched() -> None:
    grid = Grid("EPSG:32631", Affine(20, 0, 500_100, 0, -20, 5_599_900), (20, 20))
    values = scene()
    for method in ("bilinear", "cubic", "nearest"):
        got, _ = read(values, np.ones(values.shape, bool), grid, grid.window, method)
        np.testing.assert_array_equal(got, values[:, 5:25, 5:25])


def test_a_south_up_file_reads_as_a_north_up_one() -> None:
    grid = GRIDS["finer and off by half a pixel"]
    upside_down = RasterGrid(FILE.crs, Affine(20, 0, 500_000, 0, 20, 5_600_000 - 60 * 20), FILE.shape)
    up, down = place(FILE, grid, grid.window), place(upside_down, grid, grid.window)
    assert up is not None
    assert down is not None
    np.testing.assert_allclose(up.rows + up.source.row, 60 - (down.rows + down.source.row))
    assert upside_down.bounds == FILE.bounds


def test_a_window_beside_the_file_has_no_place() -> None:
    grid = GRIDS["another zone"]
    assert place(FILE, grid, Window(5_000, 0, 10, 10)) is None


def test_finer_pixels_are_averaged_before_they_are_interpolated() -> None:
    fine = RasterGrid("EPSG:32631", Affine(2.5, 0, 500_000, 0, -2.5, 5_600_000), (400, 400))
    grid = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (100, 100))
    assert pixel_ratio(fine, grid) == 4
    assert pixel_ratio(FILE, grid) == 1
    values = np.arange(64, dtype=np.float32).reshape(1, 8, 8)
    valid = np.ones(values.shape, bool)
    valid[0, :4, :3] = False  # a quarter of the first block is left
    mean, seen = block_mean(np.where(valid, values, 0).astype(np.float32), valid, 4)
    np.testing.assert_array_equal(seen[0], [[False, True], [True, True]])
    assert mean[0, 1, 1] == values[0, 4:, 4:].mean()


def test_crs_are_told_by_their_codes() -> None:
    assert parse_crs("+init=epsg:32631") == parse_crs("32631") == parse_crs("epsg:32631") == "EPSG:32631"
    assert parse_crs("no such thing") is None
    assert same_crs("EPSG:32631", "+proj=utm +zone=31 +datum=WGS84 +type=crs")
    assert not same_crs("EPSG:32631", "EPSG:32632")

"""Class rasters and the simulated truth become labels; a store says where cloud hid them."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from phenolens.engine.acquisitions.samples import open_sample
from phenolens.engine.errors import LabelError, OutputError
from phenolens.engine.grid import Grid
from phenolens.engine.labels.clearness import look_at_store
from phenolens.engine.labels.pixels import label_pixels
from phenolens.engine.labels.raster import patches, read_label_raster
from phenolens.engine.labels.simulated import simulated_gpp_labels, simulated_land_cover_labels
from phenolens.engine.labels.write import write_labels
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

GRID = Grid("EPSG:32632", Affine(10, 0, 500_000, 0, -10, 5_000_200), (4, 6))
RECORD = {"model": {"sha256": "a" * 64}, "scenes": {"s1": [], "s2": []}}
CODES = np.array([[1, 1, 0, 2, 2, 2], [1, 0, 0, 2, 2, 2], [0, 0, 1, 0, 0, 0], [1, 1, 1, 0, 2, 2]], np.uint8)


@pytest.fixture
def raster(tmp_path):
    def write(codes=CODES, crs="EPSG:32632", transform=GRID.transform, nodata=None, colours=None):
        path = tmp_path / "classes.tif"
        about = {"count": 1, "height": codes.shape[0], "width": codes.shape[1], "dtype": codes.dtype}
        with rasterio.open(
            path, "w", driver="GTiff", crs=crs, transform=transform, nodata=nodata, **about
        ) as file:
            file.write(codes, 1)
            if colours:
                file.write_colormap(1, colours)
        return path

    return write


def test_touching_pixels_of_a_class_are_one_group(raster):
    pixels = read_label_raster(raster())
    assert pixels.grid == GRID
    assert [(c.code, c.pixels, c.groups) for c in pixels.report.classes] == [(1, 7, 2), (2, 8, 2)]
    assert (CODES[pixels.rows, pixels.cols] == pixels.y).all()
    assert pixels.report.dropped == {"nodata": 9}


def test_nodata_of_the_file_is_no_class(raster):
    pixels = read_label_raster(raster(nodata=2))
    assert set(pixels.y) == {1}
    assert any("one class" in note for note in pixels.report.notes)


def test_a_raster_comes_onto_another_grid_by_nearest_neighbour(raster):
    fine = Grid("EPSG:32632", Affine(5, 0, 500_000, 0, -5, 5_000_200), (8, 12))
    pixels = read_label_raster(raster(), grid=fine)
    assert (CODES.repeat(2, 0).repeat(2, 1)[pixels.rows, pixels.cols] == pixels.y).all()
    assert len(pixels) == 4 * 15


def test_a_raster_that_is_stored_from_south_to_north_is_turned(raster):
    upward = GRID.transform * Affine.translation(0, 4) * Affine.scale(1, -1)
    pixels = read_label_raster(raster(CODES[::-1].copy(), transform=upward))
    assert pixels.grid == GRID
    assert (CODES[pixels.rows, pixels.cols] == pixels.y).all()


def test_of_a_large_raster_what_lies_around_the_grid_is_the_same_as_of_all(raster):
    codes = np.random.default_rng(1).integers(0, 9, (300, 400), np.uint8)
    wide = raster(codes, transform=GRID.transform * Affine.translation(-150, -200))
    for east, south in ((3, -3), (33, -47), (-1497, 1987), (2473, -963)):
        grid = Grid("EPSG:32632", Affine(20, 0, 500_000 + east, 0, -20, 5_000_200 + south), (4, 6))
        pixels = read_label_raster(wide, grid=grid)
        found = np.zeros(grid.shape, np.int64)
        found[pixels.rows, pixels.cols] = pixels.y
        with rasterio.open(wide) as file:
            x, y = np.meshgrid(grid.x, grid.y)
            at = file.sample(np.column_stack([x.ravel(), y.ravel()]))
            there = np.array([code[0] for code in at]).reshape(grid.shape)
        np.testing.assert_array_equal(found, there)


def test_patches_of_a_raster_are_polygons_that_label_the_same_pixels(raster):
    pixels = read_label_raster(raster())
    again = label_pixels(patches(pixels), GRID)
    key = lambda one: sorted(zip(one.rows, one.cols, one.y, one.group, strict=True))  # noqa: E731
    assert key(again) == key(pixels)


def test_classes_of_a_raster_are_drawn_in_its_own_colours_unless_some_are_alike(raster):
    def drawn(colours):
        return [one.colour for one in read_label_raster(raster(colours=colours)).response.classes]

    plain = drawn(None)
    assert drawn({1: (0, 100, 0), 2: (255, 187, 34)}) == ["#006400", "#ffbb22"]
    assert drawn({1: (0, 100, 0), 2: (0, 100, 0)}) == plain


def test_a_raster_without_crs_elsewhere_or_of_fractions_is_refused(raster, tmp_path):
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), pytest.raises(LabelError, match="no CRS"):
        read_label_raster(raster(crs=None, transform=None))
    far = Grid("EPSG:32632", Affine(10, 0, 900_000, 0, -10, 5_000_200), (4, 6))
    with pytest.raises(LabelError, match="no pixel of the raster labels the area"):
        read_label_raster(raster(), grid=far)
    with pytest.raises(LabelError, match="no class codes"):
        read_label_raster(raster(CODES / np.float32(3)))
    (tmp_path / "broken.tif").write_bytes(b"II*\0 no raster")
    with pytest.raises(LabelError, match="can't be read"):
        read_label_raster(tmp_path / "broken.tif")


def test_real_field_labels_of_flanders_keep_their_polygons(shared_data):
    path = next((shared_data / "flanders_s1s2/00002806639B424A").glob("OUTPUT*.nc"))
    with pytest.raises(LabelError, match="several label layers"):
        read_label_raster(path)
    pixels = read_label_raster(path, variable="CT")
    assert pixels.grid.crs == "EPSG:32631"
    assert pixels.grid.shape == (64, 64)
    assert {c.name: (c.pixels, c.groups) for c in pixels.report.classes}["1200"] == (1249, 4)
    assert pixels.response.classes.codes == (1, 2, 3, 4, 5)


def test_simulated_labels_are_the_truth_of_drawn_parcels():
    truth = open_sample("landscape").truth
    pixels = simulated_land_cover_labels(truth, parcels_per_class=5, pixels_per_parcel=8, seed=3)
    cover = truth.land_cover(truth.grid.window)
    assert (cover[pixels.rows, pixels.cols] == pixels.y).all()
    assert all(c.groups <= 5 and c.pixels <= 40 for c in pixels.report.classes)
    assert len(pixels.report.classes) == 9
    assert "simulated" in pixels.response.name
    again = simulated_land_cover_labels(truth, parcels_per_class=5, pixels_per_parcel=8, seed=3)
    np.testing.assert_array_equal(pixels.rows, again.rows)


def test_simulated_gpp_labels_are_the_truth_of_their_day():
    truth = open_sample("landscape").truth
    days = np.array(["2020-03-01", "2020-07-01"], "datetime64[D]")
    pixels = simulated_gpp_labels(truth, days, parcels=6, pixels_per_parcel=2)
    summer = pixels.take(pixels.start == days[1])
    gpp = truth.gpp(truth.grid.window, days[1:].astype(np.int64))[0]
    np.testing.assert_allclose(summer.y, gpp[summer.rows, summer.cols])
    assert summer.y.mean() > pixels.take(pixels.start == days[0]).y.mean()


@pytest.fixture
def store(tmp_path):
    """Two dates; the left half is invalid on the first, and the upper row has no clear look on both."""
    days = (18_400.5, 18_500.5)  # 2020-05-18 and 2020-08-26
    spec = StoreSpec(grid=GRID, days=days, dims=2, modalities=("s1", "s2"), record=RECORD)
    valid = np.ones((2, 4, 6), bool)
    valid[0, :, :3] = False
    near = np.full((2, 4, 6), 3, np.uint8)
    near[:, 0] = 255
    layers = dict.fromkeys(spec.layers, near)
    stored = spec.encode(np.ones((2, 2, 4, 6), np.float32), valid)
    writer = StoreWriter.create(tmp_path / "area.zarr", spec)
    writer.write(TileKey(GRID.window, slice(0, 2)), TileData(stored, {"validity": valid} | layers))
    writer.finish()
    return EmbeddingStore(tmp_path / "area.zarr")


def _labels(raster, first, last):
    return read_label_raster(raster(), period=(np.datetime64(first), np.datetime64(last)))


def test_labels_under_cloud_are_counted_at_their_own_dates(raster, store):
    cloud = look_at_store(_labels(raster, "2020-05-01", "2020-05-31"), store).report.cloud
    assert list(cloud.values()) == [7, 3]  # the left half is invalid; of the rest, three lie in the upper row
    both = look_at_store(_labels(raster, "2020-05-01", "2020-08-31"), store).report.cloud
    assert list(both.values()) == [0, 5]


def test_a_label_between_two_dates_takes_the_nearer(raster, store):
    near = look_at_store(_labels(raster, "2020-06-01", "2020-06-01"), store).report.cloud
    assert next(iter(near.values())) == 7


def test_labels_that_are_all_under_cloud_are_refused(raster, store):
    pixels = _labels(raster, "2020-05-01", "2020-05-31")
    with pytest.raises(LabelError, match="no label has a valid embedding"):
        look_at_store(pixels.take(pixels.cols < 3), store)


def test_labels_of_another_grid_are_refused(raster, store):
    east = GRID.transform * Affine.translation(1, 0)
    with pytest.raises(LabelError, match="another grid"):
        look_at_store(read_label_raster(raster(transform=east)), store)


def test_written_labels_are_not_replaced_unasked(raster, tmp_path):
    pixels = read_label_raster(raster())
    write_labels(pixels, tmp_path / "labels.gpkg")
    before = (tmp_path / "labels.gpkg").read_bytes()
    with pytest.raises(OutputError, match="exists"):
        write_labels(pixels, tmp_path / "labels.gpkg")
    assert (tmp_path / "labels.gpkg").read_bytes() == before

"""What is seen of a store, over both transports alike, held against the library's own reading."""

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from matplotlib.image import imread
from phenolens.engine.client.arrays import Array
from phenolens.engine.client.errors import AreaError, InputError, NotFound, PathError, TargetError, TooLarge
from phenolens.engine.client.look import Look
from phenolens.engine.progress import Watch
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.tasks.change import ChangeChoice, map_change

STORE = "area/known.zarr"
DAY = "2020-03-01"  # the fifth date


@pytest.fixture(scope="module")
def store(known_store) -> EmbeddingStore:
    return EmbeddingStore(known_store)


def _numpy(array: Array) -> np.ndarray:
    return np.frombuffer(array.data, array.dtype).reshape(array.shape)


def _png_size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_stores_are_listed_and_described(client, store):
    assert client.views.stores() == (STORE,)
    told = client.views.store(STORE)
    assert (told.store, told.dims, told.complete) == (STORE, store.dims, True)
    assert told.grid.shape == store.grid.shape
    assert told.grid.bounds == pytest.approx(store.grid.bounds)
    assert len(told.times) == len(store.times)
    assert told.times[4].startswith(DAY)
    assert told.modalities == ("s1", "s2")


def test_a_map_is_a_picture_of_the_window_that_was_asked_for(client):
    assert _png_size(client.views.map_png(STORE, Look(date=DAY))) == (64, 48)
    assert _png_size(client.views.map_png(STORE, Look(date=DAY), window=(8, 0, 16, 32), step=4)) == (8, 4)
    first, second = (client.views.map_png(STORE, Look("dim", DAY, dim=dim)) for dim in (1, 2))
    assert first != second


@pytest.mark.parametrize(("window", "step"), [(None, 1), ((7, 5, 20, 30), 1), ((0, 0, 48, 64), 2)])
def test_raw_maps_hold_what_the_store_holds(client, store, window, step):
    raster = client.views.map_raw(STORE, Look("embedding", DAY, dim=3), window=window, step=step)
    row, column, height, width = window or (0, 0, 48, 64)
    wanted = store.read_map(4, dims=3)
    inside = np.s_[row : row + height : step, column : column + width : step]
    valid = wanted.validity[inside]
    assert np.array_equal(_numpy(raster)[:, valid], wanted.embedding[:, *inside][:, valid].astype(np.float16))
    assert np.isnan(_numpy(raster)[:, ~valid]).all()
    assert raster.grid.crs == store.grid.crs
    assert raster.grid.shape == raster.shape[1:]
    assert raster.is_nodata(float("nan"))


def test_tiles_are_pictures_and_transparent_outside(client, store):
    west, south, east, north = store.grid.lonlat_bounds
    zoom = 14
    x = int(((west + east) / 2 + 180) / 360 * 2**zoom)
    latitude = np.radians((south + north) / 2)
    y = int((1 - np.arcsinh(np.tan(latitude)) / np.pi) / 2 * 2**zoom)
    here, elsewhere = (client.views.tile(STORE, zoom, column, y, Look(date=DAY)) for column in (x, x + 50))
    assert _png_size(here) == _png_size(elsewhere) == (256, 256)
    alpha = [imread(BytesIO(png))[..., 3] for png in (here, elsewhere)]
    assert alpha[0].any()
    assert not alpha[1].any()


def test_series_of_pixels_hold_what_the_store_holds(client, store):
    pixels = [(0, 0), (20, 50)]
    series = client.views.series(STORE, pixels=pixels, dims=4)
    wanted = store.read_series_many(pixels, 4)
    assert series.pixels == tuple(pixels)
    found, valid = _numpy(series.embedding), wanted.validity
    assert np.array_equal(found[valid], wanted.embedding[valid])
    assert [str(time) + "Z" for time in wanted.times.astype("datetime64[s]")] == list(series.times)
    quality = _numpy(series.quality)
    assert quality.shape == found.shape[:2] == series.support["nearest_days_s2"].shape
    assert {series.qualities[code] for code in quality.ravel()} <= {"clear", "gap-filled", "no-data"}


@pytest.fixture(scope="module")
def written(client, store, tmp_path_factory) -> str:
    """A map of change in the workspace of the service, as the job writes it."""
    watch, choice = Watch(), ChangeChoice("2020-01-01", "2020-05-30")
    stem = Path(client.hello().workspace) / "area" / "known"
    map_change(store, choice, stem, overwrite=True, watch=watch)
    return "area/known-change-magnitude.tif"


@pytest.mark.parametrize(("window", "step"), [(None, 1), ((7, 5, 20, 30), 1), ((3, 0, 45, 64), 4)])
def test_a_map_that_a_job_wrote_is_drawn_in_its_own_colours(client, written, window, step):
    look = Look(f"map:{written}")
    raster = client.views.map_raw(STORE, look, window=window, step=step)
    with rasterio.open(Path(client.hello().workspace) / written) as file:
        stored, scale, offset, colours = file.read(1), file.scales[0], file.offsets[0], file.colormap(1)
    row, column, height, width = window or (0, 0, 48, 64)
    stored = stored[row : row + height : step, column : column + width : step]
    expected = np.where(stored, offset + scale * stored, np.nan)
    np.testing.assert_allclose(_numpy(raster)[0], expected, rtol=1e-5)
    assert raster.unit == "%"
    legend = client.views.legend(STORE, look)
    assert legend.title.startswith("Change between 2020-01-01 and 2020-05-30")
    assert (legend.scale.low, legend.scale.high) == pytest.approx((0, 100))
    assert legend.scale.colours[0] == f"#{bytes(colours[1][:3]).hex()}"
    assert written in [one.raster for one in client.files.exports(STORE)]
    picture = (imread(BytesIO(client.views.map_png(STORE, look, window=window, step=step))) * 255).round()
    assert np.array_equal(picture[..., 3] > 0, stored > 0)
    assert tuple(picture[0, 0]) == tuple(colours[int(stored[0, 0])])


def test_maps_that_cannot_be_drawn_are_refused(client, written, store):
    folder = Path(client.hello().workspace)
    with rasterio.open(folder / written) as file:
        profile, data = {**file.profile, "driver": "GTiff"}, file.read()
    with rasterio.open(folder / "plain.tif", "w", **profile) as plain:
        plain.write(data)
    shifted = {**profile, "transform": profile["transform"] * Affine.translation(1, 0)}
    with rasterio.open(folder / "shifted.tif", "w", **shifted) as other:
        other.write(data)
    (folder / "broken.tif").write_bytes(b"no map")
    for name, cause in (
        ("plain.tif", "no colours of its own"),
        ("shifted.tif", "on another grid"),
        ("broken.tif", "can't be read"),
        ("absent.tif", "no such file"),
    ):
        with pytest.raises(InputError, match=cause):
            client.views.map_raw(STORE, Look(f"map:{name}"))
    with pytest.raises(PathError):
        client.views.map_raw(STORE, Look("map:../secret.tif"))


def test_a_place_in_degrees_is_the_pixel_beneath_it(client, store):
    west, south, east, north = store.grid.lonlat_bounds
    series = client.views.series(STORE, lonlat=[((west + east) / 2, (south + north) / 2)], dims=1)
    (pixel,) = series.pixels
    assert abs(pixel[0] - 24) <= 1
    assert abs(pixel[1] - 32) <= 1


def test_a_polygon_has_one_series_of_all_its_pixels(client, store):
    left, bottom, _, _ = store.grid.bounds
    ring = [
        [left, bottom],
        [left + 100, bottom],
        [left + 100, bottom + 50],
        [left, bottom + 50],
        [left, bottom],
    ]
    polygon = {"type": "Polygon", "coordinates": [ring], "crs": "grid"}
    series = client.views.series(STORE, polygon=polygon, dims=2)
    assert series.inside == len(series.pixels) == 50
    read = store.read_series_many(list(series.pixels), 2)
    wanted = np.where(read.validity[..., None], read.embedding, np.nan)
    assert np.allclose(_numpy(series.mean), np.nanmean(wanted, axis=0), atol=1e-5)
    assert _numpy(series.percentiles).shape == (3, len(series.times), 2)


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda views: views.store("absent.zarr"), NotFound),
        (lambda views: views.store("../absent.zarr"), PathError),
        (lambda views: views.store("/etc"), PathError),
        (lambda views: views.map_png(STORE, Look("no such layer", DAY)), InputError),
        (lambda views: views.map_png(STORE, Look(date="1999-01-01")), TargetError),
        (lambda views: views.map_png(STORE, Look("dim", DAY, dim=99)), InputError),
        (lambda views: views.map_png(STORE, Look(date=DAY), step=0), InputError),
        (
            lambda views: views.map_png(STORE, Look(date=DAY), window=(0, 0, 9999, 9999)),
            (AreaError, TooLarge),
        ),
        (lambda views: views.map_raw(STORE, Look(date=DAY), window=(-1, 0, 5, 5)), InputError),
        (lambda views: views.tile(STORE, 1, 5, 5, Look(date=DAY)), InputError),
        (lambda views: views.series(STORE, pixels=[(0, 99_999)]), InputError),
        (lambda views: views.series(STORE), InputError),
        (lambda views: views.series(STORE, polygon={"type": "Point", "coordinates": [0, 0]}), InputError),
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_remedy(client, ask, kind):
    with pytest.raises(kind) as error:
        ask(client.views)
    assert error.value.remedy

"""Simulated scenes: seasons, production, clouds and backscatter as Sentinel-1 and -2 would see them."""

from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pytest
from affine import Affine
from phenolens.engine.acquisitions.simulate import LAND_COVER, Climate, Landscape
from phenolens.engine.acquisitions.simulate.radar import LOOKS, speckle
from phenolens.engine.grid import Grid, Window

PLACE = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 5_100_000), (256, 256))
CODE = {c.name: c.code for c in LAND_COVER}
RED, NEAR_INFRARED = 2, 6
VV, VH = 0, 1


@pytest.fixture(scope="module")
def ndvi(landscape: Landscape) -> dict[int, npt.NDArray[np.float32]]:
    """True NDVI of the middle of each month, [y, x]."""
    days = [_day(month, 15) for month in range(1, 13)]
    seen = landscape.reflectance(PLACE.window, days)
    red, near_infrared = seen[:, RED], seen[:, NEAR_INFRARED]
    return dict(enumerate((near_infrared - red) / (near_infrared + red), start=1))


def _day(month: int, day: int, year: int = 2021) -> int:
    return (date(year, month, day) - date(1970, 1, 1)).days


def test_every_class_occurs_and_nodata_never(land_cover: npt.NDArray[np.uint8]) -> None:
    shares = np.bincount(land_cover.ravel(), minlength=10) / land_cover.size
    assert shares[0] == 0
    assert (shares[1:] > 0.01).all()


def test_a_parcel_has_one_class_and_straight_inner_parts(
    landscape: Landscape, land_cover: npt.NDArray[np.uint8]
) -> None:
    parcels = landscape.parcels(PLACE.window)
    ids, first = np.unique(parcels, return_index=True)
    assert len(ids) > 100
    np.testing.assert_array_equal(
        land_cover.ravel()[first][np.searchsorted(ids, parcels)].ravel(), land_cover.ravel()
    )


def test_winter_cereal_is_greenest_in_spring_and_ripe_by_august(
    ndvi: dict[int, npt.NDArray[np.float32]], land_cover: npt.NDArray[np.uint8]
) -> None:
    cereal = {month: np.median(image[land_cover == CODE["winter cereal"]]) for month, image in ndvi.items()}
    assert max(cereal, key=lambda month: cereal[month]) in {4, 5, 6}
    assert cereal[5] > 0.75
    assert cereal[8] < 0.4


def test_maize_is_bare_in_april_and_green_in_august(
    ndvi: dict[int, npt.NDArray[np.float32]], land_cover: npt.NDArray[np.uint8]
) -> None:
    maize = land_cover == CODE["maize"]
    assert np.median(ndvi[4][maize]) < 0.35
    assert np.median(ndvi[8][maize]) > 0.7


def test_conifers_stay_green_and_deciduous_trees_do_not(
    ndvi: dict[int, npt.NDArray[np.float32]], land_cover: npt.NDArray[np.uint8]
) -> None:
    def swing(name: str) -> float:
        months = [np.median(image[land_cover == CODE[name]]) for image in ndvi.values()]
        return float(max(months) - min(months))

    assert swing("conifer forest") < 0.12
    assert swing("deciduous forest") > 0.22


def test_water_is_dark_in_the_near_infrared(landscape: Landscape, land_cover: npt.NDArray[np.uint8]) -> None:
    seen = landscape.reflectance(PLACE.window, [_day(7, 15)])[0, NEAR_INFRARED]
    assert np.quantile(seen[land_cover == CODE["water"]], 0.25) < 0.05
    assert np.median(seen[land_cover == CODE["grassland"]]) > 0.25


def test_mowing_shows_in_some_meadows(landscape: Landscape, land_cover: npt.NDArray[np.uint8]) -> None:
    days = np.arange(_day(5, 1), _day(9, 1), 7)
    seen = landscape.reflectance(PLACE.window, days)
    ndvi = (seen[:, NEAR_INFRARED] - seen[:, RED]) / (seen[:, NEAR_INFRARED] + seen[:, RED])
    drops = -np.diff(ndvi[:, land_cover == CODE["grassland"]], axis=0).min(axis=0)
    assert 0.2 < (drops > 0.06).mean() < 1


def test_seasons_turn_round_below_the_equator(landscape: Landscape) -> None:
    south = replace(landscape, climate=replace(landscape.climate, latitude=-46))
    window = Window(0, 0, 64, 64)
    january, july = south.gpp(window, [_day(1, 15), _day(7, 15)]).mean(axis=(1, 2))
    assert january > 3 * july


def test_gpp_is_that_of_temperate_vegetation(landscape: Landscape, land_cover: npt.NDArray[np.uint8]) -> None:
    window = Window(0, 0, 128, 128)
    temperate = replace(landscape, climate=Climate())
    daily = temperate.gpp(window)
    assert daily.shape == (365, 128, 128)
    assert daily.min() >= 0
    assert daily.max() < 35
    annual = daily.sum(axis=0)
    part = land_cover[:128, :128]
    for name in ("winter cereal", "maize", "rapeseed", "grassland", "deciduous forest", "conifer forest"):
        assert 700 < np.median(annual[part == CODE[name]]) < 2000, name
    assert np.quantile(annual[part == CODE["water"]], 0.25) < 50
    deciduous = daily[:, part == CODE["deciduous forest"]].mean(axis=1)
    assert deciduous[150:240].mean() > 10 * deciduous[:45].mean()


def test_clear_observations_agree_with_the_truth(landscape: Landscape) -> None:
    source, window = landscape.source("s2", true_mask=True), Window(0, 0, 64, 64)
    seen = source.read(window)
    days = [int(d) for d in seen.days]
    difference = np.abs(seen.values - landscape.reflectance(window, days))[seen.validity]
    assert np.median(difference) < 0.008
    assert np.quantile(difference, 0.99) < 0.06


def test_most_dates_are_overcast_or_clear_and_half_the_sky_is_cloud(landscape: Landscape) -> None:
    cover = landscape.weather.cloud_cover
    assert 0.4 < cover.mean() < 0.7
    assert (cover > 0.9).mean() > 0.15
    assert (cover < 0.1).mean() > 0.1
    clear = landscape.source("s2", true_mask=True).read(Window(0, 0, 32, 32)).validity[:, 0]
    shares = clear.mean(axis=(1, 2))
    assert 0.15 < (shares > 0.95).mean() < 0.6
    assert (shares < 0.05).mean() > 0.3


def test_the_mask_misses_some_cloud_but_rarely_calls_clear_ground_cloudy(landscape: Landscape) -> None:
    windows = [Window(row, col, 32, 32) for row in (0, 224) for col in (0, 224)]
    called, true = (
        np.stack([landscape.source("s2", true_mask=m).read(w).validity[:, 0] for w in windows])
        for m in (False, True)
    )
    missed = (called & ~true).sum() / called.sum()
    assert 0.02 < missed < 0.25
    assert (~called & true).sum() / true.sum() < 0.1


def test_clouds_are_bright_and_shadows_dark(landscape: Landscape) -> None:
    wide = Window(0, 0, 256, 256)
    source = landscape.source("s2")
    cover = landscape.weather.cloud_cover
    broken = [
        i for i, a in enumerate(source.acquisitions) if 0.3 < cover[a.time.timetuple().tm_yday - 1] < 0.75
    ]
    cube = source.read(wide, broken)
    truth = landscape.reflectance(wide, [int(d) for d in cube.days])
    hidden = ~cube.validity[:, NEAR_INFRARED]
    change = (cube.values - truth)[:, NEAR_INFRARED][hidden]
    assert (change > 0.2).mean() > 0.3
    assert (change < -0.05).mean() > 0.03


def test_speckle_has_the_stated_number_of_looks() -> None:
    drawn = speckle(5, 100, Window(-40, 1000, 400, 400))
    looks = drawn.mean(axis=(1, 2)) ** 2 / drawn.var(axis=(1, 2))
    np.testing.assert_allclose(looks, LOOKS, rtol=0.06)
    np.testing.assert_allclose(drawn.mean(axis=(1, 2)), 1, atol=0.01)


def test_backscatter_of_a_stand_scatters_like_speckle(
    landscape: Landscape, land_cover: npt.NDArray[np.uint8]
) -> None:
    values = landscape.source("s1").read(PLACE.window, [20]).values[0]
    parcels = landscape.parcels(PLACE.window)
    ids, sizes = np.unique(parcels[land_cover == CODE["conifer forest"]], return_counts=True)
    stand = 10 ** (values[:, parcels == ids[np.argmax(sizes)]] / 10)
    looks = stand.mean(axis=1) ** 2 / stand.var(axis=1)
    assert (looks > 0.5 * LOOKS).all()  # texture and edges take some away
    assert (looks < 1.2 * LOOKS).all()


def test_cross_polarised_backscatter_rises_with_leaf_area(
    landscape: Landscape, land_cover: npt.NDArray[np.uint8]
) -> None:
    source = landscape.source("s1")
    months = [a.time.month for a in source.acquisitions]
    maize = land_cover == CODE["maize"]

    def level(month: int) -> float:
        frames = [i for i, m in enumerate(months) if m == month]
        return float(source.read(PLACE.window, frames).values[:, VH][:, maize].mean())

    assert level(8) > level(4) + 1.5


def test_rain_wets_all_bare_fields_together(landscape: Landscape, land_cover: npt.NDArray[np.uint8]) -> None:
    source = landscape.source("s1")
    spring = [i for i, a in enumerate(source.acquisitions) if a.time.month in {2, 3, 4}]
    cube = source.read(PLACE.window, spring)
    moisture = landscape.weather.surface_moisture[[int(d) - _day(1, 1) for d in cube.days]]
    bare = cube.values[:, VV][:, land_cover == CODE["maize"]].mean(axis=1)
    assert np.ptp(moisture) > 0.2
    assert np.corrcoef(moisture, bare)[0, 1] > 0.7


def test_water_is_dark_and_towns_bright_to_the_radar(
    landscape: Landscape, land_cover: npt.NDArray[np.uint8]
) -> None:
    vv = landscape.source("s1").read(PLACE.window, list(range(10))).values[:, VV].mean(axis=0)
    water, town, field = (np.median(vv[land_cover == CODE[n]]) for n in ("water", "built-up", "grassland"))
    assert water < field - 4
    assert town > field


def test_values_stay_within_what_sensors_report(landscape: Landscape) -> None:
    window = Window(0, 0, 64, 64)
    reflectance = landscape.source("s2").read(window).values
    backscatter = landscape.source("s1").read(window).values
    assert reflectance.min() > 0
    assert reflectance.max() < 1.2
    assert backscatter.min() > -40
    assert backscatter.max() < 10


def test_random_climates_are_all_simulated() -> None:
    shares = set()
    for seed in range(6):
        random = Landscape(PLACE, seed, date(2022, 3, 1), date(2022, 9, 30), Climate.random(seed))
        for modality in ("s1", "s2"):
            assert np.isfinite(random.source(modality).read(Window(0, 0, 24, 24), [0, 10]).values).all()
        shares.add(float((random.land_cover(PLACE.window) == CODE["deciduous forest"]).mean()))
    assert len(shares) == 6

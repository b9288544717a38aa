import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray
from affine import Affine
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import Cancelled, OutputError, ProbeError
from phenolens.engine.grid import Grid, Window
from phenolens.engine.mapping import series as pixel_series
from phenolens.engine.mapping import total
from phenolens.engine.mapping.apply import ApplyOptions, apply_probe
from phenolens.engine.mapping.maker import MapMaker, notes_on
from phenolens.engine.mapping.outputs import map_layers, names_of_maps
from phenolens.engine.mapping.series import predict_series
from phenolens.engine.mapping.stack import apply_stack
from phenolens.engine.mapping.total import Summing, apply_sum
from phenolens.engine.probes.estimators import EstimatorSpec, ProbeRecipe
from phenolens.engine.probes.features import feature_map
from phenolens.engine.probes.fitting import fit_probe
from phenolens.engine.probes.probe import Origin, Probe, embedding_names
from phenolens.engine.probes.slots import Period, names_of
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.progress import CancelToken, Progress
from phenolens.engine.response import Response
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.store_layout import NO_FRAME, StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey
from phenolens.engine.trust.applicability import fit_applicability
from phenolens.engine.trust.calibration import APPLICABILITY, INTERVAL, SET, SUMS, Trust, trust_of
from phenolens.engine.trust.conformal import ConformalInterval, ConformalSet, ConformalSettings, Kept
from phenolens.engine.trust.sums import SumError, day_weights

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (150, 200))
FIRST = 18_262  # 2020-01-01
DAYS = tuple(float(FIRST + 30 * i) for i in range(6))
DIMS = 5
CLASSES = ClassTable.of_names(["cereal", "forest", "water"])
COVER = Response("land cover", "classification", classes=CLASSES)
GPP = Response("GPP", "regression", "gC m-2 d-1")
RECORD = {
    "model": {"name": "dense-test", "sha256": "ab" * 32, "family": "dense", "config": {"reach_days": 20}},
    "scenes": {
        name: [
            {"time": f"2020-0{m}-05T10:00:00+00:00", "platform": name, "sources": [f"{name}-{m}"]}
            for m in range(1, 7)
        ]
        for name in ("s1", "s2")
    },
    "attribution": "Simulated data, no satellite observed them",
}
DAY = "2020-03-01"


def _land(rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    return 1 + (rows // 40 + cols // 50) % 3


def _embeddings() -> tuple[np.ndarray, np.ndarray]:
    """[time, dim, y, x] that tell the classes apart, and [time, y, x] validity with a hole that never closes."""
    random = np.random.default_rng(0)
    rows, cols = np.mgrid[GRID.window.slices]
    centres = random.normal(0, 2, (4, DIMS))
    values = centres[_land(rows, cols)].transpose(2, 0, 1) + random.normal(
        0, 0.5, (len(DAYS), DIMS, *GRID.shape)
    )
    validity = np.ones((len(DAYS), *GRID.shape), bool)
    validity[:, 20:40, 30:60] = False
    validity[2, :10] = False
    return values.astype(np.float32), validity


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> EmbeddingStore:
    path = tmp_path_factory.mktemp("store") / "area.zarr"
    spec = StoreSpec(GRID, DAYS, DIMS, ("s1", "s2"), record=RECORD)
    values, validity = _embeddings()
    days = np.where(validity, np.arange(len(DAYS))[:, None, None], NO_FRAME).astype(np.uint8)
    layers = {"validity": validity, **dict.fromkeys(spec.layers, days)}
    writer = StoreWriter.create(path, spec)
    writer.write(TileKey(GRID.window, slice(0, len(DAYS))), TileData(spec.encode(values, validity), layers))
    writer.finish()
    return EmbeddingStore(path)


def _probe(store: EmbeddingStore, response: Response, spec: FeatureSpec, estimator: str = "linear") -> Probe:
    when = DAY if spec.kind in ("date", "window") else "2020-01-01/2020-06-30"
    features, valid = feature_map(store, GRID.window, spec, when)
    rows, cols = (axis[::29] for axis in np.nonzero(valid))
    land = _land(rows, cols)
    y = (
        land
        if response.task == "classification"
        else land * 2.0 + np.nan_to_num(features[0, rows, cols]) / 10
    )
    origin = Origin.of(store)
    names = names_of(spec, embedding_names(store.dims))
    table = SampleTable(
        response, y, {"embedding": Block(names, features[:, rows, cols].T)}, {"site": rows // 40}
    )
    return fit_probe(table, ProbeRecipe(spec, EstimatorSpec(estimator)), origin=origin)


@pytest.fixture(scope="module")
def cover(store) -> Probe:
    return _probe(store, COVER, FeatureSpec())


@pytest.fixture(scope="module")
def gpp(store) -> Probe:
    return _probe(store, GPP, FeatureSpec())


def _read(path: Path) -> np.ndarray:
    with rasterio.open(path) as raster:
        return raster.read()


def test_a_class_map_holds_what_the_probe_predicts_and_nodata_where_nothing_is_valid(store, cover, tmp_path):
    (applied,) = apply_probe(cover, store, DAY, tmp_path / "map")
    codes = _read(tmp_path / "map-class-2020-03-01.tif")[0]
    features, valid = feature_map(store, GRID.window, FeatureSpec(), DAY)
    expected = np.zeros(GRID.shape, int)
    expected[valid] = cover.predict(features[:, valid].T).values
    assert (codes == expected).all()
    assert (codes[20:40, 30:60] == 0).all()
    rows, cols = np.mgrid[GRID.window.slices]
    assert (codes == _land(rows, cols))[valid].mean() > 0.95
    assert set(applied.files) == {"class", "probability", "confidence", "support"}


def test_probabilities_are_shares_by_class_and_the_confidence_is_the_largest(store, cover, tmp_path):
    apply_probe(cover, store, DAY, tmp_path / "map")
    with rasterio.open(tmp_path / "map-probability-2020-03-01.tif") as raster:
        assert raster.descriptions == CLASSES.names
        assert raster.scales == (0.004,) * 3
        shares = raster.read().astype(float) * raster.scales[0]
        seen = raster.read(1) != raster.nodata
    confidence = _read(tmp_path / "map-confidence-2020-03-01.tif")[0] * 0.004
    codes = _read(tmp_path / "map-class-2020-03-01.tif")[0]
    assert (seen == (codes > 0)).all()
    np.testing.assert_allclose(shares.sum(axis=0)[seen], 1, atol=0.0061)
    np.testing.assert_allclose(shares.max(axis=0)[seen], confidence[seen])
    assert (shares.argmax(axis=0) + 1 == codes)[seen].mean() > 0.999  # but for ties of the stored steps


def test_clear_looks_stand_beside_the_map(store, cover, tmp_path):
    options = ApplyOptions(layers=("support",))
    apply_probe(cover, store, DAY, tmp_path / "map", options=options)
    with rasterio.open(tmp_path / "map-support-2020-03-01.tif") as raster:
        assert raster.descriptions[0] == "days to the nearest clear Sentinel-2 frame"
        assert raster.units[0] == "d"
        days = raster.read(1)
    assert days[100, 100] == 2  # of the third date
    assert (days[20:40, 30:60] == NO_FRAME).all()
    assert [p.name for p in tmp_path.glob("*.tif")] == ["map-support-2020-03-01.tif"]


def test_every_date_gets_a_map_and_colours_that_mean_the_same(store, gpp, tmp_path):
    applied = apply_probe(gpp, store, "all", tmp_path / "gpp", options=ApplyOptions(layers=("value",)))
    assert [str(one.when) for one in applied] == [str(np.datetime64(int(day), "D")) for day in DAYS]
    styles = {path.read_text().split("<rasterrenderer")[1].split(">")[0] for path in tmp_path.glob("*.qml")}
    assert len(styles) == 1
    with rasterio.open(tmp_path / "gpp-value-2020-03-01.tif") as raster:
        assert (raster.dtypes, raster.units, raster.descriptions) == (("float32",), ("gC m-2 d-1",), ("GPP",))
        assert np.isnan(raster.read(1)[20:40, 30:60]).all()
        assert "2 sites" not in raster.tags()["PHENOLENS_NOTE"]
        assert "4 sites" in raster.tags()["PHENOLENS_NOTE"]


@pytest.mark.parametrize(
    ("spec", "when", "label"),
    [
        (FeatureSpec("period"), "2020-01-01/2020-06-30", "2020-01-01_2020-06-30"),
        (FeatureSpec("season", parts=2), "2020-01-01/2020-06-30", "2020-01-01_2020-06-30"),
        (FeatureSpec("window", step_days=30), DAY, DAY),
    ],
)
def test_features_of_several_dates_make_maps_too(store, tmp_path, spec, when, label):
    probe = _probe(store, COVER, spec)
    apply_probe(probe, store, when, tmp_path / "map")
    rows, cols = np.mgrid[GRID.window.slices]
    codes = _read(tmp_path / f"map-class-{label}.tif")[0]
    assert (codes == _land(rows, cols))[codes > 0].mean() > 0.95
    assert (codes[20:40, 30:60] == 0).all()


@pytest.mark.parametrize(
    "spec", [FeatureSpec(), FeatureSpec("window", step_days=30), FeatureSpec("season", parts=2)]
)
def test_series_of_pixels_say_what_the_maps_of_their_days_say(store, spec, monkeypatch):
    probe, quantity = (_probe(store, response, spec) for response in (COVER, GPP))
    pixels = [(0, 0), (5, 80), (25, 40), (130, 170)]
    rows, cols = np.array(pixels).T
    read = store.read_series_many(pixels)
    monkeypatch.setattr(
        pixel_series, "MOST_FEATURES", 2 * len(pixels) * len(probe.feature_names)
    )  # two dates at once
    said, value = predict_series(probe, read, Trust()), predict_series(quantity, read, Trust())
    for number, day in enumerate(DAYS):
        period = Period.of(str(np.datetime64(int(day), "D")))
        judged = MapMaker(probe, store, Trust(), ["class"]).judge(GRID.window, period)
        codes, sure = np.zeros(GRID.shape, int), np.full(GRID.shape, np.nan)
        codes[judged.valid] = judged.prediction.values
        sure[judged.valid] = judged.prediction.probabilities.max(axis=1)
        assert (said.values[:, number] == codes[rows, cols]).all()
        np.testing.assert_allclose(said.confidence[:, number], sure[rows, cols], atol=1e-5)
        judged = MapMaker(quantity, store, Trust(), ["value"]).judge(GRID.window, period)
        values = np.full(GRID.shape, np.nan)
        values[judged.valid] = judged.prediction.values
        np.testing.assert_allclose(value.values[:, number], values[rows, cols], atol=1e-4)
    assert (said.values[2] == 0).all()  # the hole that never closes
    assert np.isnan(value.values[2]).all()
    assert value.low is None


def test_series_of_a_quantity_carry_its_interval_and_whole_periods_are_refused(store, gpp):
    read = store.read_series_many([(5, 80), (25, 40)])
    trust = Trust(interval=lambda values: (values - 1, values + 2))
    said = predict_series(gpp, read, trust)
    np.testing.assert_allclose(
        said.high - said.values, np.where(np.isfinite(said.values), 2, np.nan), atol=1e-5
    )
    np.testing.assert_allclose(
        said.values - said.low, np.where(np.isfinite(said.values), 1, np.nan), atol=1e-5
    )
    assert said.confidence is None
    with pytest.raises(ProbeError, match="period as a whole"):
        predict_series(_probe(store, GPP, FeatureSpec("period")), read, Trust())


def test_trust_layers_show_intervals_sets_and_where_the_probe_is_at_home(store, cover, gpp, tmp_path):
    trust = Trust(
        interval=lambda values: (values - 1, values + 2),
        sets=lambda probabilities: probabilities > 0.2,
        dissimilarity=lambda features: np.abs(features[:, 0]),
        threshold=2.0,
    )
    apply_probe(gpp, store, DAY, tmp_path / "gpp", trust=trust)
    value, (width, low, high) = (_read(tmp_path / f"gpp-{n}-{DAY}.tif") for n in ("value", "interval"))
    seen = np.isfinite(value[0])
    np.testing.assert_allclose((width[seen], (high - low)[seen]), 3, atol=1e-5)
    np.testing.assert_allclose(low[seen], value[0][seen] - 1, atol=1e-5)
    index, area = (
        _read(tmp_path / f"gpp-dissimilarity-{DAY}.tif")[0],
        _read(tmp_path / f"gpp-applicability-{DAY}.tif"),
    )
    assert (area[0] == np.select([~seen, index > 2], [0, 2], 1)).all()
    assert {1, 2} <= set(np.unique(area))
    apply_probe(cover, store, DAY, tmp_path / "cover", trust=trust)
    assert set(np.unique(_read(tmp_path / f"cover-set-size-{DAY}.tif"))) <= {0, 1, 2, 3, 255}


def test_the_files_say_probe_model_scenes_within_reach_and_that_the_data_are_simulated(
    store, cover, tmp_path
):
    options = ApplyOptions(layers=("class",), config={"when": DAY})
    apply_probe(cover, store, DAY, tmp_path / "map", options=options)
    found = json.loads((tmp_path / f"map-class-{DAY}.json").read_text())["properties"]
    assert found["title"] == "land cover, 2020-03-01 (simulated data)"
    assert found["phenolens:model"] == {"name": "dense-test", "sha256": "ab" * 32, "family": "dense"}
    assert [s["sources"] for s in found["phenolens:scenes"]["s2"]] == [["s2-3"]]
    assert found["phenolens:probe"]["training_sha256"] == cover.training.sha256
    assert found["phenolens:probe"]["recipe"]["estimator"]["name"] == "linear"
    assert found["phenolens:config"] == {"when": DAY}
    assert datetime.fromisoformat(found["datetime"]) == datetime(2020, 3, 1, tzinfo=UTC)


def _named(probe):
    """The maps that its file says it can make, those of sums last."""
    named = names_of_maps(probe.response.task, probe.recipe.spec.kind, probe.attachments)
    return sorted(named, key=lambda name: name.startswith("sum"))


def _made(probe):
    return [layer.name for layer in map_layers(probe.response, trust_of(probe), ("s2",))]


def test_what_is_attached_to_a_probe_judges_its_maps(store, gpp, cover, tmp_path):
    features, valid = feature_map(store, GRID.window, FeatureSpec(), DAY)
    rows = features[:, valid].T[::40]
    known = fit_applicability(rows, np.arange(len(rows)) % 5).to_attachment()
    kept = Kept(0.9, 0.8, 0.85, 5, 100, "polygon")
    interval = ConformalInterval(ConformalSettings(), np.array([0.0, 9.0]), np.array([1.0, 2.0]), kept)
    judged = gpp.attach(APPLICABILITY, known).attach(INTERVAL, interval.to_attachment())
    assert _named(judged) == [*_made(judged), "sum"]
    assert _named(judged.attach(SUMS, ERROR.to_attachment()))[-1] == "sum-interval"
    (applied,) = apply_probe(judged, store, DAY, tmp_path / "gpp")
    assert set(applied.files) == {"value", "interval", "applicability", "dissimilarity", "support"}
    with rasterio.open(applied.files["interval"].raster) as raster:
        assert raster.descriptions[1:] == (
            "GPP, low end of the 90% interval",
            "GPP, high end of the 90% interval",
        )
        assert raster.descriptions[0] == "GPP, width of the 90% interval, from 5 polygons"
        assert "held-out groups (polygon, n = 100)" in raster.tags(2)["LONG_NAME"]
        width, _, high = raster.read()
    value = _read(applied.files["value"].raster)[0]
    seen = np.isfinite(value)
    np.testing.assert_allclose(high[seen], (value + interval.half(value))[seen], rtol=1e-5)
    np.testing.assert_allclose(width[seen], 2 * interval.half(value)[seen], rtol=1e-4)
    area = _read(applied.files["applicability"].raster)[0]
    assert (area[seen] == 1).mean() > 0.9
    sets = ConformalSet(ConformalSettings(), np.full(3, 0.3), kept)
    judged = cover.attach(SET, sets.to_attachment())
    assert _named(judged) == _made(judged)
    (applied,) = apply_probe(judged, store, DAY, tmp_path / "cover")
    sizes = _read(applied.files["set-size"].raster)[0]
    assert (sizes[seen] == 1).mean() > 0.9


def test_all_dates_become_one_netcdf_with_their_intervals(store, gpp, tmp_path):
    trust = Trust(interval=lambda values: (values - 1, values + 2))
    path = apply_stack(gpp, store, "all", tmp_path / "gpp.nc", trust=trust)
    apply_probe(gpp, store, DAY, tmp_path / "gpp", options=ApplyOptions(layers=("value",)))
    with xarray.open_dataset(path, engine="h5netcdf") as found:
        assert (found.time.values.astype("datetime64[s]") == store.times).all()
        assert found.GPP.attrs["units"] == "gC m-2 d-1"
        np.testing.assert_array_equal(found.GPP[2], _read(tmp_path / f"gpp-value-{DAY}.tif")[0])
        low = found["GPP_low_end_of_the_90_interval"]
        np.testing.assert_allclose(low, found.GPP - 1, atol=1e-5)
        assert found.attrs["title"] == "GPP, 2020-01-01 to 2020-05-30 (simulated data)"
        assert json.loads(found.attrs["phenolens_record"])["probe"]["samples"] == gpp.training.samples


def test_a_stack_of_periods_is_refused(store, tmp_path):
    season = _probe(store, GPP, FeatureSpec("season", parts=2))
    with pytest.raises(ProbeError, match="made of days"):
        apply_stack(season, store, ["2020-01-01/2020-06-30"], tmp_path / "gpp.nc")
    assert list(tmp_path.iterdir()) == []


ERROR = SumError(
    persistent=0.04,
    seasonal=0.0,
    lasting=0.3,
    scale_days=16.0,
    single=0.2,
    spacing=10.0,
    confidence=0.9,
    factor=1.7,
    basis="a test",
    groups=12,
    series=12,
)
SPAN = "2020-01-01/2020-05-30"


def test_a_sum_over_the_season_has_the_interval_of_a_sum(store, gpp, tmp_path):
    written = apply_sum(gpp, store, SPAN, tmp_path / "gpp", error=ERROR)
    stack = apply_stack(gpp, store, "all", tmp_path / "gpp.nc", options=ApplyOptions(layers=("value",)))
    with xarray.open_dataset(stack, engine="h5netcdf") as found:
        daily = found.GPP.values
    days = store.times.astype("datetime64[D]")
    weights = day_weights(days, days[0], days[-1])
    assert weights.sum() == 151
    with rasterio.open(written["sum"].raster) as raster:
        assert (raster.units, raster.descriptions) == (("gC m-2",), ("GPP, sum",))
        summed = raster.read(1)
    width, _, high = _read(written["sum-interval"].raster)
    with rasterio.open(written["sum-interval"].raster) as raster:
        assert raster.descriptions[0].endswith(f"of the sum, from {ERROR.groups} held-out groups")
    np.testing.assert_allclose(summed[60:], np.tensordot(weights, daily, 1)[60:], rtol=1e-5)
    np.testing.assert_allclose(high[60:] - summed[60:], ERROR.margin(days, weights), rtol=1e-3)
    np.testing.assert_allclose(width[60:], 2 * ERROR.margin(days, weights), rtol=1e-5)
    assert np.isnan(summed[20:40, 30:60]).all()
    assert np.isnan(summed[5, 100])  # one date is not valid there: 60 days are too long a gap to bridge
    assert (tmp_path / "gpp-sum-2020-01-01_2020-05-30.tif").exists()


def test_pixels_that_lack_a_date_have_a_wider_interval(store, gpp):
    days = store.times.astype("datetime64[D]")
    maker = MapMaker(gpp, store, Trust(), ("value",))
    summing = Summing(maker, Period(days[0], days[-1]), range(len(days)), ERROR)
    there = np.ones((len(days), 1, 2), bool)
    there[1, 0, 1] = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(total, "day_weights", partial(day_weights, longest_gap=70))
        margins = summing._margins(there, np.ones((1, 2), bool))
    assert margins[0, 1] > margins[0, 0] > 0


def test_only_a_quantity_of_days_has_a_sum_and_dates_must_not_be_far_apart(store, gpp, cover, tmp_path):
    with pytest.raises(ProbeError, match="day by day"):
        apply_sum(cover, store, SPAN, tmp_path / "map")
    with pytest.raises(ProbeError, match="too long a gap"):
        apply_sum(gpp, store, "2020-01-01/2020-12-31", tmp_path / "map")
    written = apply_sum(gpp, store, SPAN, tmp_path / "map")
    assert list(written) == ["sum"]  # nothing is known of its error


def test_a_window_is_predicted_once_for_all_its_maps(store, cover, tmp_path, monkeypatch):
    calls: list[Window] = []
    real = MapMaker.judge
    monkeypatch.setattr(MapMaker, "side", lambda self, periods: 64)
    monkeypatch.setattr(MapMaker, "judge", lambda self, w, period: calls.append(w) or real(self, w, period))
    apply_probe(cover, store, DAY, tmp_path / "map")
    assert sorted(map(str, calls)) == sorted(map(str, GRID.tiles(64)))


def test_windows_shrink_as_features_grow(store, cover):
    year = [Period.of("2020-01-01/2020-12-31")]
    many = _probe(store, COVER, FeatureSpec("period", statistics=("mean", "std", "p10", "p50", "p90")))
    assert MapMaker(cover, store, Trust()).side([Period.of(DAY)]) == 512
    assert MapMaker(many, store, Trust()).side(year) < 512


def test_a_probe_of_another_model_is_refused_with_the_reason(store, cover, tmp_path):
    foreign = replace(cover, origin=replace(cover.origin, sha256="cd" * 32))
    with pytest.raises(ProbeError, match="another model"):
        apply_probe(foreign, store, DAY, tmp_path / "map")
    assert list(tmp_path.iterdir()) == []


def test_maps_of_a_probe_that_was_fitted_elsewhere_say_so_first(store, cover, gpp):
    for probe in (cover, gpp):
        assert not any("not known" in note for note in notes_on(probe, store))
        foreign = replace(probe, origin=replace(probe.origin, store="elsewhere.zarr"))
        assert notes_on(foreign, store)[0].startswith(f"Fitted on elsewhere.zarr, not on {store.path.name}")
        assert len(notes_on(foreign, store)) == len(notes_on(probe, store)) + 1


def test_the_file_of_a_probe_says_which_maps_it_can_make(store, cover, gpp, tmp_path):
    assert _named(cover) == _made(cover)
    assert _named(gpp) == [*_made(gpp), *apply_sum(gpp, store, SPAN, tmp_path / "gpp")]


def test_dates_without_an_embedding_and_maps_that_cannot_be_made_are_refused(store, cover, tmp_path):
    with pytest.raises(ProbeError, match="no target date"):
        apply_probe(cover, store, "2021-03-01", tmp_path / "map")
    with pytest.raises(ProbeError, match="no such map"):
        apply_probe(cover, store, DAY, tmp_path / "map", options=ApplyOptions(layers=("interval",)))
    with pytest.raises(ProbeError, match="every date"):
        apply_probe(_probe(store, COVER, FeatureSpec("period")), store, "all", tmp_path / "map")
    assert [layer.name for layer in map_layers(COVER, Trust(), ("s2",), ("class",))] == ["class"]


def test_an_existing_file_of_a_later_date_stops_the_work_before_it_starts(store, gpp, tmp_path):
    last = tmp_path / f"gpp-value-{np.datetime64(int(DAYS[-1]), 'D')}.tif"
    last.write_text("precious")
    with pytest.raises(OutputError, match="exists"):
        apply_probe(gpp, store, "all", tmp_path / "gpp", options=ApplyOptions(layers=("value",)))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


def test_cancelling_leaves_no_partial_files(store, cover, tmp_path):
    token = CancelToken()
    progress = Progress("apply", 0, listener=lambda event: token.cancel())
    with pytest.raises(Cancelled):
        apply_probe(cover, store, DAY, tmp_path / "map", progress=progress, cancel=token)
    assert list(tmp_path.iterdir()) == []

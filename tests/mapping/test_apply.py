"""Maps that a probe makes: what is in them, beside them and in their files, and what is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio
from phenolens.engine.errors import Cancelled, OutputError, ProbeError
from phenolens.engine.grid import Window
from phenolens.engine.mapping.apply import ApplyOptions, apply_probe
from phenolens.engine.mapping.maker import MapMaker, notes_on
from phenolens.engine.mapping.outputs import map_layers
from phenolens.engine.probes.features import feature_map
from phenolens.engine.probes.slots import Period
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.progress import CancelToken, Progress
from phenolens.engine.store_layout import NO_FRAME
from phenolens.engine.trust.calibration import Trust

from .known import CLASSES, COVER, DAY, DAYS, GRID, fitted, land_at, read_map


def test_a_class_map_holds_what_the_probe_predicts_and_nodata_where_nothing_is_valid(store, cover, tmp_path):
    (applied,) = apply_probe(cover, store, DAY, tmp_path / "map")
    codes = read_map(tmp_path / "map-class-2020-03-01.tif")[0]
    features, valid = feature_map(store, GRID.window, FeatureSpec(), DAY)
    expected = np.zeros(GRID.shape, int)
    expected[valid] = cover.predict(features[:, valid].T).values
    assert (codes == expected).all()
    assert (codes[20:40, 30:60] == 0).all()
    rows, cols = np.mgrid[GRID.window.slices]
    assert (codes == land_at(rows, cols))[valid].mean() > 0.95
    assert set(applied.files) == {"class", "probability", "confidence", "support"}


def test_probabilities_are_shares_by_class_and_the_confidence_is_the_largest(store, cover, tmp_path):
    apply_probe(cover, store, DAY, tmp_path / "map")
    with rasterio.open(tmp_path / "map-probability-2020-03-01.tif") as raster:
        assert raster.descriptions == CLASSES.names
        assert raster.scales == (0.004,) * 3
        shares = raster.read().astype(float) * raster.scales[0]
        seen = raster.read(1) != raster.nodata
    confidence = read_map(tmp_path / "map-confidence-2020-03-01.tif")[0] * 0.004
    codes = read_map(tmp_path / "map-class-2020-03-01.tif")[0]
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
    probe = fitted(store, COVER, spec)
    apply_probe(probe, store, when, tmp_path / "map")
    rows, cols = np.mgrid[GRID.window.slices]
    codes = read_map(tmp_path / f"map-class-{label}.tif")[0]
    assert (codes == land_at(rows, cols))[codes > 0].mean() > 0.95
    assert (codes[20:40, 30:60] == 0).all()


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


def test_a_window_is_predicted_once_for_all_its_maps(store, cover, tmp_path, monkeypatch):
    calls: list[Window] = []
    real = MapMaker.judge
    monkeypatch.setattr(MapMaker, "side", lambda self, periods: 64)
    monkeypatch.setattr(MapMaker, "judge", lambda self, w, period: calls.append(w) or real(self, w, period))
    apply_probe(cover, store, DAY, tmp_path / "map")
    assert sorted(map(str, calls)) == sorted(map(str, GRID.tiles(64)))


def test_windows_shrink_as_features_grow(store, cover):
    year = [Period.of("2020-01-01/2020-12-31")]
    many = fitted(store, COVER, FeatureSpec("period", statistics=("mean", "std", "p10", "p50", "p90")))
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


def test_dates_without_an_embedding_and_maps_that_cannot_be_made_are_refused(store, cover, tmp_path):
    with pytest.raises(ProbeError, match="no target date"):
        apply_probe(cover, store, "2021-03-01", tmp_path / "map")
    with pytest.raises(ProbeError, match="no such map"):
        apply_probe(cover, store, DAY, tmp_path / "map", options=ApplyOptions(layers=("interval",)))
    with pytest.raises(ProbeError, match="every date"):
        apply_probe(fitted(store, COVER, FeatureSpec("period")), store, "all", tmp_path / "map")
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

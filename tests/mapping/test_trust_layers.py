"""Maps beside a map: how sure it is, where the probe is at home, and which maps a probe can make."""

import numpy as np
import rasterio
from phenolens.engine.mapping.apply import apply_probe
from phenolens.engine.mapping.outputs import map_layers, names_of_maps
from phenolens.engine.mapping.total import apply_sum
from phenolens.engine.probes.features import feature_map
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.trust.applicability import fit_applicability
from phenolens.engine.trust.calibration import APPLICABILITY, INTERVAL, SET, SUMS, Trust, trust_of
from phenolens.engine.trust.conformal import ConformalInterval, ConformalSet, ConformalSettings, Kept

from .known import DAY, ERROR, GRID, SPAN, read_map


def test_trust_layers_show_intervals_sets_and_where_the_probe_is_at_home(store, cover, gpp, tmp_path):
    trust = Trust(
        interval=lambda values: (values - 1, values + 2),
        sets=lambda probabilities: probabilities > 0.2,
        dissimilarity=lambda features: np.abs(features[:, 0]),
        threshold=2.0,
    )
    apply_probe(gpp, store, DAY, tmp_path / "gpp", trust=trust)
    value, (width, low, high) = (read_map(tmp_path / f"gpp-{n}-{DAY}.tif") for n in ("value", "interval"))
    seen = np.isfinite(value[0])
    np.testing.assert_allclose((width[seen], (high - low)[seen]), 3, atol=1e-5)
    np.testing.assert_allclose(low[seen], value[0][seen] - 1, atol=1e-5)
    index, area = (
        read_map(tmp_path / f"gpp-dissimilarity-{DAY}.tif")[0],
        read_map(tmp_path / f"gpp-applicability-{DAY}.tif"),
    )
    assert (area[0] == np.select([~seen, index > 2], [0, 2], 1)).all()
    assert {1, 2} <= set(np.unique(area))
    apply_probe(cover, store, DAY, tmp_path / "cover", trust=trust)
    assert set(np.unique(read_map(tmp_path / f"cover-set-size-{DAY}.tif"))) <= {0, 1, 2, 3, 255}


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
    value = read_map(applied.files["value"].raster)[0]
    seen = np.isfinite(value)
    np.testing.assert_allclose(high[seen], (value + interval.half(value))[seen], rtol=1e-5)
    np.testing.assert_allclose(width[seen], 2 * interval.half(value)[seen], rtol=1e-4)
    area = read_map(applied.files["applicability"].raster)[0]
    assert (area[seen] == 1).mean() > 0.9
    sets = ConformalSet(ConformalSettings(), np.full(3, 0.3), kept)
    judged = cover.attach(SET, sets.to_attachment())
    assert _named(judged) == _made(judged)
    (applied,) = apply_probe(judged, store, DAY, tmp_path / "cover")
    sizes = read_map(applied.files["set-size"].raster)[0]
    assert (sizes[seen] == 1).mean() > 0.9


def test_the_file_of_a_probe_says_which_maps_it_can_make(store, cover, gpp, tmp_path):
    assert _named(cover) == _made(cover)
    assert _named(gpp) == [*_made(gpp), *apply_sum(gpp, store, SPAN, tmp_path / "gpp")]

"""Projections, searches and probe previews of a store whose three strips are known, over both transports alike."""

import base64
from dataclasses import replace

import numpy as np
import pytest
from phenolens.engine.client.arrays import Array
from phenolens.engine.client.errors import (
    AreaError,
    BadAnswer,
    InputError,
    NotFound,
    ProbeError,
    TargetError,
    TooLarge,
)
from phenolens.engine.client.look import Look
from phenolens.engine.client.probes import Label, LandClass, MapWanted, Predicted
from phenolens.engine.client.projections import Classes, Scope, Seeds
from phenolens.engine.client.readings import Selection
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.views.projection import ProjectionSpec
from phenolens.engine.views.projection_fit import fit_projection

STORE = "area/known.zarr"
DAY = "2020-03-01"
PCA = Scope("pca", dates=(DAY,))
STRIPS = (slice(0, 22), slice(22, 44), slice(44, 64))
CROPS = Predicted(
    "crop",
    "classification",
    classes=tuple(LandClass(code, f"crop {code}", f"#0000{code}0") for code in (1, 2, 3)),
)
LABELS = [Label(code, ((5, strip.start + 5), (30, strip.start + 9))) for code, strip in enumerate(STRIPS, 1)]


@pytest.fixture(scope="module")
def valid(known_store) -> np.ndarray:
    return EmbeddingStore(known_store).read_map(4, dims=1).validity


def _numpy(array: Array) -> np.ndarray:
    return np.frombuffer(array.data, array.dtype).reshape(array.shape)


def _around(extent, share=1.0):
    left, right, bottom, top = extent
    right = left + share * (right - left)
    margin = 10 * (top - bottom)
    return [
        (left - margin, bottom - margin),
        (right, bottom - margin),
        (right, top + margin),
        (left - margin, top + margin),
    ]


def test_a_density_counts_every_valid_pixel(client, valid):
    density = client.projections.density(STORE, PCA, colour="season", bins=32)
    counts = _numpy(density.count)
    assert counts.shape == (32, 32)
    assert counts.sum() == density.pixels - density.outside
    assert density.pixels == valid.sum()
    assert len(density.axes) == 2
    assert np.array_equal(np.isnan(_numpy(density.value)), counts == 0)


def test_a_lasso_around_everything_selects_what_is_valid_and_a_smaller_one_less(client, valid):
    extent = client.projections.density(STORE, PCA, bins=32).extent
    wide = (extent[0], extent[1] + 99 * (extent[1] - extent[0]), *extent[2:])
    everything = client.projections.lasso(STORE, _around(wide), PCA)
    assert everything.dates == (4,)
    assert everything.shape == valid.shape
    mask = np.frombuffer(everything.mask(4), np.uint8).reshape(valid.shape)
    assert np.array_equal(mask, valid)
    some = client.projections.lasso(STORE, _around(extent, 0.4), PCA)
    assert 0 < some.selected[0] < everything.selected[0]
    assert sum(some.mask(4)) == some.selected[0]


def test_a_lasso_is_refused_in_another_umap_than_it_was_drawn_in(client, known_store):
    store, umap = EmbeddingStore(known_store), ProjectionSpec("umap", neighbours=12, min_dist=0.2)
    pca = fit_projection(store, ProjectionSpec("pca"))
    copies = list(known_store.parent.parent.glob(f"*/{STORE}"))  # of each transport

    def keep(shift: float) -> None:
        """A stand-in, as fitting a UMAP takes half a minute."""
        for copy in copies:
            moved = replace(pca, spec=umap, biases=(pca.biases[0] + np.float32(shift),))
            moved.save(copy / umap.file, overwrite=True)

    try:
        keep(0)
        drawn = client.projections.density(STORE, bins=32)
        assert (drawn.neighbours, drawn.min_dist) == (12, 0.2)
        corners = _around(drawn.extent, 0.5)
        first = client.projections.lasso(STORE, corners, fit=drawn.fit)
        keep(1)
        with pytest.raises(InputError, match="replaced since") as caught:
            client.projections.lasso(STORE, corners, fit=drawn.fit)
        assert "draw it again" in caught.value.remedy
        assert client.projections.lasso(STORE, corners).bits != first.bits
        keep(0)
        assert client.projections.lasso(STORE, corners, fit=drawn.fit).bits == first.bits
    finally:
        for copy in copies:
            (copy / umap.file).unlink(missing_ok=True)
    assert client.projections.density(STORE, PCA).fit is None


@pytest.mark.parametrize("step", [1, 3])
def test_a_density_of_a_selection_counts_its_pixels_alone(client, valid, step):
    left = np.zeros(valid.shape, bool)
    left[:, STRIPS[0]] = True
    scope, expected = replace(PCA, step=step), (valid & left)[::step, ::step].sum()
    everything = client.projections.density(STORE, scope, bins=32)
    bits = np.packbits(left).tobytes()
    for dates in (None, (4,)):
        some = client.projections.density(STORE, scope, bins=32, selected=bits, selected_dates=dates)
        assert some.pixels == expected
        assert (_numpy(some.count) <= _numpy(everything.count)).all()
    other = client.projections.density(STORE, scope, bins=32, selected=bits, selected_dates=(3,))
    assert other.pixels == 0


def test_a_density_is_coloured_by_the_commonest_class_of_each_bin(client, valid):
    codes = np.zeros(valid.shape, np.uint8)
    for code, strip in enumerate(STRIPS, 1):
        codes[:, strip] = code
    by = Classes(codes=codes.tobytes())
    density = client.projections.density(STORE, PCA, colour="class", classes=by, bins=32)
    value = _numpy(density.value)
    assert set(np.unique(value[np.isfinite(value)])) == {1, 2, 3}  # the strips differ
    assert np.isnan(value[_numpy(density.count) == 0]).all()
    assert density.classes is None
    for code, strip in enumerate(STRIPS, 1):  # a bin of one strip alone has its class
        some = np.zeros(valid.shape, bool)
        some[:, strip] = True
        alone = client.projections.density(STORE, PCA, bins=32, selected=np.packbits(some).tobytes())
        theirs = (_numpy(alone.count) == _numpy(density.count)) & (_numpy(density.count) > 0)
        assert theirs.any()
        assert (value[theirs] == code).all()
    thinned = client.projections.density(STORE, replace(PCA, step=3), colour="class", classes=by, bins=32)
    assert thinned.pixels == valid[::3, ::3].sum()


def test_a_density_is_coloured_by_clusters_and_says_what_they_are(client):
    scope = replace(PCA, dates=("2020-01-01", DAY))
    by = Classes("cluster", clusters=3)
    density = client.projections.density(STORE, scope, colour="class", classes=by, bins=32)
    value = _numpy(density.value)
    assert [one.code for one in density.classes] == [1, 2, 3]
    assert density.classes[0].colour.startswith("#")
    assert set(np.unique(value[np.isfinite(value)])) <= {1, 2, 3}
    assert len(np.unique(value[np.isfinite(value)])) > 1


def test_other_axes_show_another_component(client):
    scope = replace(PCA, components=3, axes=(1, 3))
    density = client.projections.density(STORE, scope, bins=32)
    assert density.axes[1].startswith("component 3")
    first = client.projections.density(STORE, PCA, bins=32)
    np.testing.assert_allclose(density.extent[:2], first.extent[:2], rtol=1e-4)


def test_pixels_lie_where_a_lasso_around_them_finds_them(client, valid):
    pixels = [(3, 4), (40, 50), (45, 8)]
    found = client.projections.positions(STORE, pixels, PCA)
    points = _numpy(found.points)
    assert points.shape == (3, 1, 2)
    assert found.dates == (4,)
    for (row, col), ((x, y),) in zip(pixels, points, strict=True):
        if not valid[row, col]:
            assert np.isnan([x, y]).all()
            continue
        near = [(x - 1e-3, y - 1e-3), (x + 1e-3, y - 1e-3), (x + 1e-3, y + 1e-3), (x - 1e-3, y + 1e-3)]
        near = [tuple(map(float, corner)) for corner in near]
        assert client.projections.lasso(STORE, near, PCA).contains(4, row, col)
    assert valid[tuple(zip(*pixels, strict=True))].any()


def test_positions_of_some_dates_are_those_among_all(client):
    every = client.projections.positions(STORE, [(3, 4), (9, 60)], replace(PCA, dates=None))
    days = ("2020-01-01", DAY)
    some = client.projections.positions(STORE, [(3, 4), (9, 60)], replace(PCA, dates=days))
    assert len(some.dates) == 2
    # products of matrices of other shapes are rounded otherwise on some processors
    np.testing.assert_allclose(
        _numpy(some.points), _numpy(every.points)[:, list(some.dates)], rtol=0, atol=1e-6
    )
    turned = client.projections.positions(STORE, [(3, 4), (9, 60)], replace(PCA, axes=(2, 1)))
    np.testing.assert_allclose(
        _numpy(turned.points)[..., ::-1], _numpy(some.points)[:, 1:], rtol=0, atol=1e-6
    )


def test_a_selection_that_does_not_fit_the_store_is_refused(client, valid):
    bits = np.packbits(valid).tobytes()
    for wrong, dates in ((bits[:-1], None), (bits, (3, 4)), (bits, (999,))):
        with pytest.raises((InputError, AreaError, TargetError)):
            client.projections.density(STORE, PCA, selected=wrong, selected_dates=dates)


def test_every_way_of_asking_a_selection_says_the_same():
    random = np.random.default_rng(1)
    picked = random.random((2, 5, 7)) < 0.5
    bits = np.packbits(picked.reshape(2, -1), axis=1).tobytes()
    selected = picked.sum(axis=(1, 2)).tolist()
    told = {"shape": [5, 7], "dates": [3, 9], "selected": selected, "bits": base64.b64encode(bits).decode()}
    found = Selection.from_json(told)
    for place, date in enumerate((3, 9)):
        assert np.array_equal(np.frombuffer(found.mask(date), np.uint8).reshape(5, 7), picked[place])
        assert [[found.contains(date, row, col) for col in range(7)] for row in range(5)] == picked[
            place
        ].tolist()
    assert not any(found.mask(4))
    assert not found.contains(4, 0, 0)
    assert not any(found.contains(3, row, col) for row, col in ((-1, 0), (0, -1), (5, 0), (0, 7)))
    for change in ({"bits": told["bits"][:-4]}, {"bits": "?"}, {"selected": [1]}, {"shape": [50, 7]}):
        with pytest.raises(BadAnswer):
            Selection.from_json({**told, **change})


def test_a_search_draws_pixels_like_its_seed_above_others(client, valid):
    search = client.projections.similarity(STORE, Seeds(pixels=((5, 5),)), date=DAY)
    assert (search.like, search.unlike) == (1, 0)
    raster = client.views.map_raw(STORE, search.look(DAY))
    values = np.where(valid, _numpy(raster)[0], np.nan)
    alike, other = (np.nanmedian(values[:, strip]) for strip in STRIPS[:2])
    assert alike > other
    assert client.views.map_png(STORE, search.look(DAY)).startswith(b"\x89PNG")
    against = client.projections.similarity(
        STORE, Seeds(((5, 5),)), Seeds(((6, 51), (9, 52), (10, 53))), date=DAY, dims=4
    )
    assert (against.like, against.unlike) == (1, 3)


def test_a_probe_preview_finds_the_strips_and_can_be_drawn_later(client, valid):
    preview = client.probes.preview(STORE, CROPS, LABELS, DAY, map=MapWanted(output="class"))
    assert preview.samples == preview.pixels == 6
    raster = preview.map.raster()
    for code, strip in enumerate(STRIPS, 1):
        inside = _numpy(raster)[0][:, strip][valid[:, strip]]
        assert (inside == code).mean() > 0.9
    later = client.views.map_raw(STORE, preview.look(DAY, "class"))
    assert np.array_equal(_numpy(later)[0][valid], _numpy(raster)[0][valid])
    assert later.grid.shape == raster.grid.shape == (48, 64)


def test_a_quantity_is_previewed_with_its_unit_and_a_recipe(client):
    labels = [replace(label, value=label.value * 1.5) for label in LABELS] * 2
    preview = client.probes.preview(
        STORE,
        Predicted("yield", "regression", "t ha-1"),
        labels,
        DAY,
        recipe={"features": {"dims": 4}, "estimator": "knn", "settings": {"neighbours": 1}},
        map=MapWanted(window=(0, 0, 8, 16), step=2),
    )
    raster = preview.map.raster()
    assert raster.shape[1:] == (4, 8)
    assert raster.unit == "t ha-1"


def test_a_probe_tells_pixels_on_every_date_as_its_maps_do(client, valid):
    preview = client.probes.preview(STORE, CROPS, LABELS, DAY)
    pixels = [(8, 5), (8, 51)]
    told = client.probes.series(STORE, preview.id, pixels=pixels)
    codes, sure = _numpy(told.values), _numpy(told.confidence)
    assert told.pixels == tuple(pixels)
    assert codes.shape == sure.shape == _numpy(told.quality).shape == (2, len(told.times))
    assert told.response["task"] == "classification"
    assert told.low is None
    for number in (0, 4, len(told.times) - 1):
        day = told.times[number][:10]
        drawn = _numpy(client.views.map_raw(STORE, preview.look(day, "class")))[0]
        assert codes[:, number].tolist() == [drawn[pixel] for pixel in pixels]
    assert ((codes == 0) == np.isnan(sure)).all()
    ring = [[0, 0], [40, 0], [40, 40], [0, 40], [0, 0]]
    left, bottom, *_ = client.views.store(STORE).grid.bounds
    square = [[left + x, bottom + y] for x, y in ring]
    inside = client.probes.series(
        STORE, preview.id, polygon={"type": "Polygon", "coordinates": [square], "crs": "grid"}
    )
    assert len(inside.pixels) == 16
    with pytest.raises(NotFound, match="no such preview"):
        client.probes.series(STORE, "0" * 16, pixels=pixels)
    with pytest.raises(InputError, match="no pixel was named"):
        client.probes.series(STORE, preview.id)


def test_probes_are_listed_and_a_broken_one_says_so(client):
    from pathlib import Path

    broken = Path(client.hello().workspace) / "broken.probe"
    broken.write_bytes(b"no probe")
    try:
        (listed,) = client.probes.listed()
    finally:
        broken.unlink()
    assert listed.probe == "broken.probe"
    assert listed.problem
    assert not listed.preview


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda c: c.projections.density(STORE, Scope("umap")), NotFound),
        (lambda c: c.projections.density(STORE, Scope("magic")), InputError),
        (lambda c: c.projections.density("absent.zarr", PCA), NotFound),
        (lambda c: c.projections.density(STORE, replace(PCA, axes=(1, 3))), InputError),
        (lambda c: c.projections.density(STORE, replace(PCA, window=(0, 0, 99, 99))), (AreaError, TooLarge)),
        (lambda c: c.projections.lasso(STORE, [(0, 0), (1, 1)], PCA), InputError),
        (lambda c: c.projections.density(STORE, PCA, colour="class", classes=Classes("pca")), InputError),
        (lambda c: c.projections.density(STORE, PCA, colour="class", classes=Classes("probe:no")), NotFound),
        (
            lambda c: c.projections.density(STORE, PCA, colour="class", classes=Classes(codes=b"\1")),
            InputError,
        ),
        (lambda c: c.projections.positions(STORE, [], PCA), InputError),
        (lambda c: c.projections.positions(STORE, [(0, 99)], PCA), AreaError),
        (lambda c: c.projections.positions(STORE, [(0, 0)], Scope("umap")), NotFound),
        (lambda c: c.projections.similarity(STORE, Seeds()), InputError),
        (lambda c: c.projections.similarity(STORE, Seeds(((0, 999),))), InputError),
        (lambda c: c.views.map_png(STORE, Look("similarity:0", DAY)), (NotFound, InputError)),
        (lambda c: c.views.map_png(STORE, Look("probe:0", DAY)), (NotFound, InputError)),
        (lambda c: c.probes.preview(STORE, CROPS, LABELS[:1], DAY), (ProbeError, InputError)),
        (lambda c: c.probes.preview(STORE, CROPS, LABELS, "someday!!!"), InputError),
        (lambda c: c.probes.preview(STORE, CROPS, LABELS, DAY, recipe={"estimator": "oracle"}), InputError),
    ],
)
def test_what_cannot_be_computed_is_refused_with_a_remedy(client, ask, kind):
    with pytest.raises(kind) as error:
        ask(client)
    assert error.value.remedy

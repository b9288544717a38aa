import numpy as np
import pytest
from affine import Affine
from phenolens.engine.errors import InputError
from phenolens.engine.grid import Grid, Window
from phenolens.engine.views.colour import FrozenColours, stratified_sample

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (60, 90))


def _sample(seed: int = 0, dims: int = 7) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.normal(size=(4000, dims)) * np.linspace(3, 0.2, dims) + 5).astype(np.float32)


def _as_map(sample: np.ndarray, rows: int) -> np.ndarray:
    return np.ascontiguousarray(sample.T.reshape(sample.shape[1], rows, -1))


def test_components_are_the_principal_axes_with_a_positive_largest_weight():
    sample = _sample()
    colours = FrozenColours.fit(sample)
    _, singular, axes = np.linalg.svd(sample.astype(np.float64) - sample.mean(axis=0), full_matrices=False)
    assert np.abs((colours.components * axes[:3]).sum(axis=1)) == pytest.approx(1, abs=1e-6)
    assert (colours.components.max(axis=1) >= -colours.components.min(axis=1)).all()
    assert colours.explained == pytest.approx(tuple(singular[:3] ** 2 / (singular**2).sum()), abs=1e-6)


def test_a_mirrored_solver_result_would_not_mirror_colours():
    sample = _sample()
    again = FrozenColours.fit(np.ascontiguousarray(sample[::-1]))
    assert np.allclose(FrozenColours.fit(sample).components, again.components, atol=1e-6)


def test_the_same_embedding_has_the_same_colour_on_every_date():
    colours = FrozenColours.fit(_sample())
    bright, dark = _as_map(_sample(1), 40), _as_map(_sample(2) * 0.2, 40)
    dark[:, 3, 4] = bright[:, 3, 4]
    whole = np.ones(bright.shape[1:], bool)
    assert (colours.pca_rgb(bright, whole)[:, 3, 4] == colours.pca_rgb(dark, whole)[:, 3, 4]).all()


def test_pixels_without_an_embedding_are_transparent():
    colours = FrozenColours.fit(_sample())
    values, validity = _as_map(_sample(), 40), np.ones((40, 100), bool)
    validity[5:9] = False
    values[:, ~validity] = np.nan
    picture = colours.pca_rgb(values, validity)
    assert (picture[3] == np.where(validity, 255, 0)).all()
    assert not picture[:, 5:9].any()
    assert (colours.dimension(values, validity, 2)[0, 5:9] == 0).all()
    assert colours.dimension(values, validity, 2)[0, :5].min() >= 1


def test_the_stretch_spans_the_robust_range_of_the_sample():
    sample = _sample()
    picture = FrozenColours.fit(sample).pca_rgb(_as_map(sample, 40), np.ones((40, 100), bool))[:3]
    assert picture.min() == 0
    assert picture.max() == 255
    assert 0.02 < (picture == 0).mean() + (picture == 255).mean() < 0.06


def test_colours_survive_the_round_trip_through_json_values():
    colours = FrozenColours.fit(_sample())
    restored = FrozenColours.from_dict(colours.to_dict())
    assert restored.digest == colours.digest
    assert restored.dims == 7


def test_one_dimension_makes_a_grey_basis_rather_than_a_fault():
    colours = FrozenColours.fit(_sample(dims=1))
    picture = colours.pca_rgb(_as_map(_sample(dims=1), 40), np.ones((40, 100), bool))
    assert picture.shape == (4, 40, 100)


def test_too_few_valid_embeddings_are_refused_with_a_remedy():
    with pytest.raises(InputError, match="too few valid embeddings") as caught:
        FrozenColours.fit(np.zeros((1, 7), np.float32))
    assert caught.value.remedy


def test_the_sample_draws_from_every_part_of_the_area_and_every_date():
    def read(date: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        rows, cols = np.mgrid[window.slices]
        return np.stack([rows, cols, np.full_like(rows, date)]).astype(np.float32), rows >= 0

    sample = stratified_sample(read, GRID, dates=5, pixels=3000)
    assert len(sample) == pytest.approx(3000, rel=0.05)
    cells = set(zip(sample[:, 0] // 15, sample[:, 1] // 15, sample[:, 2], strict=True))
    assert len(cells) == 4 * 6 * 5
    assert (sample == stratified_sample(read, GRID, dates=5, pixels=3000)).all()


def test_the_sample_leaves_out_what_is_not_valid():
    def read(date: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        cols = np.mgrid[window.slices][1]
        valid = (cols < 45) & (date != 1)
        return np.where(valid, 1.0, np.nan)[None].astype(np.float32), valid

    sample = stratified_sample(read, GRID, dates=3, pixels=500)
    assert len(sample) > 100
    assert np.isfinite(sample).all()

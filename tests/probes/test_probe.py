import json
import zipfile
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pytest
import skops.io
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import OutputError, ProbeError
from phenolens.engine.probes.estimators import NAMES, EstimatorSpec, ProbeRecipe
from phenolens.engine.probes.features import feature_map, sample_table
from phenolens.engine.probes.files import load_probe, probe_sha256, save_probe
from phenolens.engine.probes.fitting import fit_probe
from phenolens.engine.probes.probe import Attachment, Origin, check_probe_fits
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.response import Response
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

CLASSES = ClassTable.of_names(["forest", "field", "water", "town"])
LAND = Response("land cover", "classification", classes=CLASSES)
GPP = Response("GPP", "regression", "gC m-2 d-1")
WINDOW = FeatureSpec("window", window_days=20, step_days=10)
ORIGIN = Origin("dense", "a" * 64, 4)
QUICK = {"forest": {"trees": 5}, "boosting": {"rounds": 5}, "mlp": {"rounds": 20}, "temporal": {"rounds": 3}}


def table(count=120, response=LAND, seed=0, codes=(1, 2, 4)):
    """Samples with a window of 2 × 4 features; of four classes one has no samples."""
    random = np.random.default_rng(seed)
    y = np.array(codes)[random.integers(0, len(codes), count)]
    features = (random.normal(size=(count, 8)) + y[:, None]).astype(np.float32)
    names = tuple(f"lag{lag:03d}_e{dim:02d}" for lag in (0, 10) for dim in (1, 2, 3, 4))
    return SampleTable(
        response,
        y if response.task == "classification" else features[:, 0].astype(float) + y,
        {"embedding": Block(names, features)},
        {"site": np.array(["a", "b"])[np.arange(count) % 2], "polygon": np.arange(count) // 4},
        day=np.datetime64("2020-05-01") + np.arange(count),
    )


def recipe(name="linear", **changes):
    return ProbeRecipe(WINDOW, EstimatorSpec(name, QUICK.get(name, {})), **changes)


@pytest.mark.parametrize("response", [LAND, GPP], ids=lambda r: r.task)
@pytest.mark.parametrize("name", NAMES)
def test_a_saved_probe_predicts_the_same_and_knows_where_it_comes_from(tmp_path, name, response):
    probe = fit_probe(table(response=response), recipe(name, seed=7), origin=ORIGIN)
    again = load_probe(save_probe(probe, tmp_path / "a"))
    features = table(seed=1).features()
    before, after = probe.predict(features), again.predict(features)
    np.testing.assert_array_equal(before.values, after.values)
    if response.task == "classification":
        np.testing.assert_array_equal(before.probabilities, after.probabilities)
    for part in ("response", "codes", "feature_names", "training", "origin", "versions"):
        assert getattr(probe, part) == getattr(again, part)
    assert again.recipe.to_dict() == probe.recipe.to_dict()
    assert probe_sha256(again) == probe_sha256(probe)


def test_class_codes_pass_through_the_class_table():
    probe = fit_probe(table(), recipe())
    prediction = probe.predict(table(seed=1).features())
    assert set(prediction.values.tolist()) == {1, 2, 4}
    assert prediction.probabilities.shape == (120, 4)
    assert (prediction.probabilities[:, 2] == 0).all()  # water has no samples
    codes = np.array(CLASSES.codes)[prediction.probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(codes, prediction.values)


def test_a_probe_states_what_it_was_fitted_on():
    training = fit_probe(table(), recipe()).training
    assert training.samples == 120
    assert sum(training.per_class.values()) == 120
    assert training.per_class["water"] == 0
    assert training.per_site == {"a": 60, "b": 60}
    assert training.groups == {"site": 2, "polygon": 30}
    assert (training.first_day, training.last_day) == ("2020-05-01", "2020-08-28")
    assert list(training.score) == ["training overall accuracy"]
    assert list(fit_probe(table(response=GPP), recipe()).training.score) == ["training R2", "training RMSE"]


def test_the_training_hash_changes_with_the_samples_alone():
    def sha(samples, **changes):
        return fit_probe(samples, recipe(**changes)).training.sha256

    changed = table()
    changed.y[0] = 1 if changed.y[0] != 1 else 2
    assert sha(table()) == sha(table(), seed=5)
    assert len({sha(table()), sha(changed), sha(table(seed=1))}) == 3


def swapped(samples, **columns):
    return replace(samples, **columns)


BAD = {
    "one class only": (swapped(table(), y=np.full(120, 2)), "all of one class.*field: 120"),
    "fewer samples than classes": (table().take(np.arange(3)), "fewer samples than classes.*3 samples, 4"),
    "text": (swapped(table(), y=np.full(120, "oak")), "not numeric.*oak"),
    "objects": (swapped(table(), y=np.full(120, None)), "not numeric"),
    "NaN class": (swapped(table(), y=np.where(np.arange(120) == 5, np.nan, 1.0)), "not finite.*sample 5"),
    "code 0": (swapped(table(), y=np.arange(120) % 2), "class table lacks.*0"),
    "unknown code": (swapped(table(), y=np.arange(120) % 2 + 8), "class table lacks.*8, 9"),
    "half a code": (swapped(table(), y=np.arange(120) % 2 + 1.5), "class table lacks.*1.5"),
    "NaN target": (
        swapped(table(response=GPP), y=np.where(np.arange(120) == 7, np.nan, 1.0)),
        "not finite.*sample 7",
    ),
    "inf target": (
        swapped(table(response=GPP), y=np.where(np.arange(120) == 7, np.inf, 1.0)),
        "not finite.*inf",
    ),
    "constant target": (swapped(table(response=GPP), y=np.full(120, 3.0)), "doesn't vary"),
    "no samples": (table().take(np.arange(0)), "no samples"),
}


@pytest.mark.parametrize("what", BAD)
def test_samples_that_carry_no_probe_are_refused_with_value_and_remedy(what):
    samples, message = BAD[what]
    with pytest.raises(ProbeError, match=message) as raised:
        fit_probe(samples, recipe())
    assert raised.value.remedy


def test_infinite_and_absent_features_are_refused():
    samples = table()
    samples.block("embedding").values[3, 1] = np.inf
    with pytest.raises(ProbeError, match="inf in lag000_e02, sample 3"):
        fit_probe(samples, recipe())
    samples.block("embedding").values[3] = np.nan
    with pytest.raises(ProbeError, match=r"no features at all.*1 samples"):
        fit_probe(samples, recipe())
    with pytest.raises(ProbeError, match=r"bands.*there are embedding"):
        fit_probe(table(), recipe(blocks=("embedding", "bands")))


def test_other_features_than_those_fitted_on_are_refused():
    probe = fit_probe(table(), recipe())
    with pytest.raises(ProbeError, match=r"other features.*\(5, 7\)"):
        probe.predict(np.zeros((5, 7), np.float32))
    renamed = replace(table(), blocks={"embedding": Block(tuple("abcdefgh"), table().features())})
    with pytest.raises(ProbeError, match=r"other features.*a, b"):
        probe.predict_table(renamed)


def test_attachments_and_scores_are_saved_with_the_probe(tmp_path):
    probe = fit_probe(table(), recipe()).with_scores({"random": {"OA": np.float64(0.5), "kappa": np.nan}})
    calibration = Attachment({"level": 0.9}, {"scores": np.arange(5.0), "groups": np.array([1, 2])})
    again = load_probe(save_probe(probe.attach("conformal", calibration), tmp_path / "a.probe"))
    assert again.scores == {"random": {"OA": 0.5, "kappa": None}}
    assert again.attachments["conformal"].settings == {"level": 0.9}
    np.testing.assert_array_equal(again.attachments["conformal"].arrays["groups"], [1, 2])
    with pytest.raises(ProbeError, match="can't be kept"):
        save_probe(probe.with_scores({"when": date(2020, 1, 1)}), tmp_path / "b.probe")
    assert not (tmp_path / "b.probe").exists()


def test_an_existing_probe_is_not_overwritten_unasked(tmp_path):
    probe = fit_probe(table(), recipe())
    path = save_probe(probe, tmp_path / "a.probe")
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists"):
        save_probe(probe, path)
    save_probe(probe, path, overwrite=True)
    assert path.read_bytes() == before  # and the same probe is the same file


def rewritten(path, **changed):
    """The file with some parts replaced (bytes), or removed (None), the zip itself being whole."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts |= {name.replace("__", "."): content for name, content in changed.items()}
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            if content is not None:
                packed.writestr(name, content)
    return path


def with_record(path, change):
    with zipfile.ZipFile(path) as packed:
        record = json.loads(packed.read("probe.json"))
    change(record)
    return rewritten(path, probe__json=json.dumps(record).encode())


@pytest.fixture
def forest_file(tmp_path):
    return save_probe(fit_probe(table(), recipe("forest"), origin=ORIGIN), tmp_path / "forest.probe")


def test_files_that_are_cut_short_at_any_place_are_refused(forest_file):
    content = forest_file.read_bytes()
    for share in (0, 0.01, 0.5, 0.99):
        forest_file.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(ProbeError, match="damaged"):
            load_probe(forest_file)


def test_a_flipped_byte_anywhere_is_noticed_or_harmless(forest_file):
    content, probe = forest_file.read_bytes(), load_probe(forest_file)
    for place in np.random.default_rng(0).integers(0, len(content), 60):
        broken = bytearray(content)
        broken[place] ^= 0xFF
        forest_file.write_bytes(broken)
        try:
            found = load_probe(forest_file)
        except ProbeError:
            continue
        assert probe_sha256(found) == probe_sha256(probe)  # such as the date of an entry


def test_altered_missing_and_foreign_parts_are_refused(forest_file, tmp_path):
    content = forest_file.read_bytes()

    def refused(message, **changed):
        forest_file.write_bytes(content)
        with pytest.raises(ProbeError, match=message):
            load_probe(rewritten(forest_file, **changed))

    refused("altered or cut short.*estimator.skops", estimator__skops=b"PK else")
    refused("altered or cut short.*estimator.safetensors", estimator__safetensors=None)
    refused("no probe", probe__json=None)
    refused("can't be read", probe__json=b"{")
    refused("can't be read", probe__json=b"[]")
    with pytest.raises(ProbeError, match="no such probe"):
        load_probe(tmp_path / "absent.probe")


def test_another_format_and_records_that_do_not_fit_are_refused(forest_file):
    content = forest_file.read_bytes()

    def refused(message, change):
        forest_file.write_bytes(content)
        with pytest.raises(ProbeError, match=message):
            load_probe(with_record(forest_file, change))

    refused("another format.*99", lambda r: r.update(format=99))
    refused("can't be read", lambda r: r.pop("recipe"))
    refused("classes don't fit", lambda r: r.update(codes=[1, 2]))
    refused("can't be read", lambda r: r.update(feature_names=["a"]))
    refused("no such estimator", lambda r: r["recipe"]["estimator"].update(name="oracle", parameters={}))
    refused("not trusted", lambda r: r["recipe"]["estimator"].update(name="knn", parameters={}))


def smuggled(path, content):
    """A probe file whose estimator is someone else's skops file, with hashes that agree."""
    import hashlib

    rewritten(path, estimator__skops=content)
    return with_record(
        path, lambda r: r["parts"].update({"estimator.skops": hashlib.sha256(content).hexdigest()})
    )


@dataclass
class Stranger:
    note: str = "of no type that skops knows"


def test_types_that_are_not_listed_are_never_restored(forest_file):
    call = make_pipeline(FunctionTransformer(print), LogisticRegression())
    for strange in (Stranger(), {"in": [Stranger()]}, make_pipeline(FunctionTransformer(Stranger), call)):
        with pytest.raises(ProbeError, match="not trusted"):
            load_probe(smuggled(forest_file, skops.io.dumps(strange)))


def test_the_identity_of_a_probe_is_that_of_its_samples_and_recipe():
    def sha(samples, name="forest", **changes):
        return probe_sha256(fit_probe(samples, recipe(name, **changes)))

    plain = fit_probe(table(), recipe("forest"))
    assert sha(table()) == probe_sha256(plain)
    changed = [plain.with_scores({"OA": 0.5}), plain.attach("a", Attachment({}, {"b": np.arange(3)}))]
    others = [sha(table(seed=1)), sha(table(), seed=1), sha(table(), "knn"), *map(probe_sha256, changed)]
    assert len({probe_sha256(plain), *others}) == 6


def test_trusted_types_in_the_wrong_place_are_refused(forest_file):
    with pytest.raises(ProbeError, match=r"another estimator.*LogisticRegression"):
        load_probe(smuggled(forest_file, skops.io.dumps(LogisticRegression())))
    with pytest.raises(ProbeError, match="can't be read"):
        load_probe(smuggled(forest_file, b"no zip at all"))


def test_a_tree_that_points_beyond_itself_is_refused(forest_file):
    learner = fit_probe(table(), recipe("forest")).estimator.learner
    learner.estimators_[2].tree_.children_left[0] = 10_000
    with pytest.raises(ProbeError, match="tree of the probe is broken"):
        load_probe(smuggled(forest_file, skops.io.dumps(learner)))


def test_a_probe_makes_the_same_map_as_predictions_of_its_samples(noise_store, labelled):
    pixels, spec = labelled.dated("2020-01-08"), FeatureSpec("date", dims=4)
    samples = sample_table(noise_store, pixels, spec)
    probe = fit_probe(samples, ProbeRecipe(spec), origin=Origin.of(noise_store, 4))
    check_probe_fits(probe, noise_store)
    values, valid = feature_map(noise_store, noise_store.grid.window, probe.recipe.spec, "2020-01-08")
    drawn = np.zeros(valid.shape, int)
    drawn[valid] = probe.predict(values[:, valid].T).values
    cols = ((samples.position[:, 0] - 600_000) // 10).astype(int)
    rows = ((5_600_800 - samples.position[:, 1]) // 10).astype(int)
    np.testing.assert_array_equal(drawn[rows, cols], probe.predict_table(samples).values)


def test_dimensions_are_fixed_when_a_probe_is_fitted(noise_store, labelled):
    samples = sample_table(noise_store, labelled.dated("2020-01-08"), FeatureSpec())
    probe = fit_probe(samples, ProbeRecipe(), origin=Origin.of(noise_store))
    assert probe.recipe.spec.dims == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"origin": None}, "of no embedding store"),
        (
            {"origin": Origin("other", "b" * 64, 5)},
            "another model's embeddings.*noise aaaa.* instead of other bbbb",
        ),
        ({"origin": Origin("noise", "a" * 64, 16)}, "fewer dimensions.*5 instead of 16.*--dims 16"),
        (
            {"origin": Origin("noise", "a" * 64, 5, past_only=True)},
            "other dates.*past only: False instead of True",
        ),
        ({"recipe": ProbeRecipe(FeatureSpec("season"))}, "not fitted on season features"),
        ({"recipe": ProbeRecipe(blocks=("embedding", "bands"))}, "aren't given here.*bands.*acquisitions"),
    ],
)
def test_a_store_that_a_probe_does_not_fit_is_refused_with_the_reason(noise_store, labelled, change, message):
    samples = sample_table(noise_store, labelled.dated("2020-01-08"), FeatureSpec())
    probe = fit_probe(samples, ProbeRecipe(), origin=Origin.of(noise_store))
    check_probe_fits(probe, noise_store)
    with pytest.raises(ProbeError, match=message):
        check_probe_fits(replace(probe, **change), noise_store)

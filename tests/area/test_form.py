"""From the sample to the form, from the filled form to the report, also through the command line."""

import json
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from phenolens.engine.__main__ import main
from phenolens.engine.area.classmap import open_class_map
from phenolens.engine.area.estimate import estimate
from phenolens.engine.area.form import FormFiles, read_form, write_form
from phenolens.engine.area.report import AreaReport, as_markdown, report_of, write_report
from phenolens.engine.area.sample import AreaSample, draw_sample, read_sample
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import InputError, OutputError
from phenolens.engine.export.files import write_product
from phenolens.engine.export.product import Product, ProductBand
from phenolens.engine.grid import Grid


@pytest.fixture
def sample(class_map_path: Path) -> AreaSample:
    return draw_sample(open_class_map(class_map_path), {1: 60, 2: 50, 3: 20}, seed=4)


@pytest.fixture
def files(sample: AreaSample, tmp_path: Path) -> FormFiles:
    return write_form(sample, tmp_path / "cover-sample")


def fill(files: FormFiles, answers: list[str], **dialect: str) -> pd.DataFrame:
    frame = pd.read_csv(files.form, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    frame["reference"] = answers
    frame.to_csv(files.form, index=False, **dialect)
    return frame


def test_form_and_geopackage_place_the_units_and_hide_their_strata(
    sample: AreaSample, files: FormFiles
) -> None:
    frame = pd.read_csv(files.form, encoding="utf-8-sig")
    assert list(frame) == ["id", "lon", "lat", "x", "y", "reference", "confidence", "note"]
    assert frame["reference"].isna().all()
    points = geopandas.read_file(files.geopackage, layer="units")
    pixels = geopandas.read_file(files.geopackage, layer="pixels")
    assert points.crs == pixels.crs == "EPSG:32631"
    assert pixels.geometry.area.tolist() == [100.0] * 130
    assert points.geometry.within(pixels.geometry).all()
    back = points.to_crs("EPSG:4326").geometry
    np.testing.assert_allclose(frame["lon"], back.x, atol=1e-6)
    np.testing.assert_allclose(frame["lat"], back.y, atol=1e-6)
    rows, cols = sample.rows, sample.cols
    np.testing.assert_allclose(frame["x"], 500_000 + 10 * (cols + 0.5))
    np.testing.assert_allclose(frame["y"], 5_600_000 - 10 * (rows + 0.5))


def test_the_form_of_another_sample_of_the_map_is_refused(
    sample: AreaSample, files: FormFiles, class_map_path: Path, tmp_path: Path
) -> None:
    other = draw_sample(open_class_map(class_map_path), {1: 60, 2: 50, 3: 20}, seed=5)
    theirs = write_form(other, tmp_path / "theirs")
    for form in (files, theirs):
        fill(form, ["1"] * 130)
    assert read_form(files.form, sample).empty == 0
    with pytest.raises(InputError, match="lie elsewhere"):
        read_form(theirs.form, sample)
    with pytest.raises(InputError, match="lie elsewhere"):
        read_form(files.form, other)


def test_lines_of_separators_that_a_spreadsheet_leaves_are_no_units(
    sample: AreaSample, files: FormFiles
) -> None:
    fill(files, ["2"] * 130, sep=";", encoding="utf-8-sig")
    with files.form.open("a", encoding="utf-8") as form:
        form.write(";;;;;;;\n;;;;;;;\n")
    assert read_form(files.form, sample).answered == {1: 60, 2: 50, 3: 20}


def test_strata_are_shown_only_on_request(sample: AreaSample, tmp_path: Path) -> None:
    files = write_form(sample, tmp_path / "open", show=True)
    frame = pd.read_csv(files.form, encoding="utf-8-sig")
    assert set(frame["map_class"]) == {"wheat", "maize", "forêt"}


def test_the_design_survives_its_file(sample: AreaSample, files: FormFiles) -> None:
    kept = read_sample(files.design)
    assert kept.to_dict() == sample.to_dict()
    assert (kept.grid, kept.classes, kept.pixels) == (sample.grid, sample.classes, sample.pixels)


def test_nothing_is_overwritten_and_nothing_half_written(sample: AreaSample, files: FormFiles) -> None:
    fill(files, ["1"] * 130)
    files.design.unlink()
    with pytest.raises(OutputError, match="exists"):
        write_form(sample, files.form.with_suffix(""))
    assert not files.design.exists()
    assert (pd.read_csv(files.form)["reference"] == 1).all()


@pytest.mark.parametrize("sep", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_references_are_read_as_codes_or_names_from_any_spreadsheet(
    sample: AreaSample, files: FormFiles, sep: str, encoding: str
) -> None:
    written = ["1", "1.0", "Wheat", " forêt ", "3", "3,0" if sep != "," else "3.0", "MAIZE", "2"]
    fill(files, [written[number % 8] for number in range(130)], sep=sep, encoding=encoding)
    filled = read_form(files.form, sample)
    expected = [[1, 1, 1, 3, 3, 3, 2, 2][number % 8] for number in range(130)]
    np.testing.assert_array_equal(filled.reference, expected)
    np.testing.assert_array_equal(filled.shown, sample.shown)


def test_rows_may_be_sorted_by_the_interpreter(sample: AreaSample, files: FormFiles) -> None:
    frame = fill(files, [str(code) for code in sample.shown])
    frame.sort_values("lon").to_csv(files.form, index=False)
    filled = read_form(files.form, sample)
    np.testing.assert_array_equal(filled.reference, filled.shown)


def test_a_geopackage_filled_in_a_gis_is_read_alike(sample: AreaSample, files: FormFiles) -> None:
    points = geopandas.read_file(files.geopackage, layer="units")
    points["reference"] = [sample.classes[code].name for code in sample.shown.tolist()]
    points.to_file(files.geopackage, layer="units", driver="GPKG")
    filled = read_form(files.geopackage, sample)
    np.testing.assert_array_equal(filled.reference, sample.shown)


def test_who_filled_the_geopackage_is_led_to_it_from_the_empty_table(
    sample: AreaSample, files: FormFiles, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"cover-sample\.gpkg if that is what was filled"):
        read_form(files.form, sample)
    with pytest.raises(InputError, match=r"fill the column reference$"):
        read_form(files.geopackage, sample)
    alone = files.form.rename(tmp_path / "alone.csv")
    with pytest.raises(InputError, match=r"fill the column reference$"):
        read_form(alone, sample)


def test_outlines_are_the_pixels_of_a_map_whose_pixels_are_no_squares(make_map, tmp_path: Path) -> None:
    tall = make_map(np.tile([1, 2], (10, 5)).astype(np.uint8), transform=Affine(10, 0, 5e5, 0, -20, 5.6e6))
    drawn = write_form(draw_sample(open_class_map(tall), {1: 5, 2: 5}), tmp_path / "tall")
    west, south, east, north = geopandas.read_file(drawn.geopackage, layer="pixels").bounds.T.to_numpy()
    assert {*(east - west)} == {10}
    assert {*(north - south)} == {20}


def test_points_may_be_of_a_class_that_the_map_knows_and_shows_nowhere(tmp_path: Path) -> None:
    grid = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (20, 20))
    band = ProductBand.of_classes("cover", ClassTable.of_names(["field", "forest", "bog", "water"]))
    drawn = np.repeat([[1, 2]], 20, axis=0).repeat(10, axis=1).astype(np.uint8)
    path = tmp_path / "cover.tif"
    write_product(Product("cover", grid, (band,), lambda window: drawn[window.slices][None]), path)
    sample = draw_sample(open_class_map(path), {1: 20, 2: 20})
    files = write_form(sample, tmp_path / "sample")
    shown = sample.shown.tolist()
    bog = shown.index(2)
    fill(files, ["bog" if number == bog else str(code) for number, code in enumerate(shown)])
    report = report_of(files.form, sample)
    assert [one["name"] for one in report.to_dict()["classes"]] == ["field", "forest", "bog"]
    assert report.found.area[3].value == pytest.approx(0.5 / 20)
    assert report.found.producers[3].value == 0
    assert report.found.overall.value == pytest.approx(1 - 0.5 / 20)
    assert "| bog | " in as_markdown(report)


def test_a_form_half_empty_is_estimated_from_what_is_there_and_says_so(
    sample: AreaSample, files: FormFiles
) -> None:
    answers = [str(code) if number % 2 else "" for number, code in enumerate(sample.shown)]
    frame = fill(files, answers)
    frame["confidence"] = "low"
    frame.to_csv(files.form, index=False)
    report = report_of(files.form, sample)
    assert report.filled.empty == 65
    assert sum(report.found.units.values()) == 65
    said = " ".join(report.words())
    assert "65 of 130 units have no reference" in said
    assert "65 references were given with low confidence" in said
    assert "Fewer than 30 units in" in said


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: f.assign(reference=""), "no reference"),
        (lambda f: f.assign(reference="swamp"), "no class of the map.*swamp"),
        (lambda f: f.assign(reference="9"), "no class of the map.*9"),
        (
            lambda f: f.assign(reference="1", id=f["id"].replace("3", "3000")),
            "ids that the sample lacks.*3000",
        ),
        (lambda f: f.assign(reference="1", id=f["id"].replace("3", "4")), "ids twice.*4"),
        (lambda f: f.drop(columns="reference"), "no such column.*reference"),
    ],
)
def test_forms_that_do_not_fit_their_sample_are_refused(
    sample: AreaSample, files: FormFiles, spoil, said: str
) -> None:
    frame = pd.read_csv(files.form, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    spoil(frame).to_csv(files.form, index=False)
    with pytest.raises(InputError, match=said):
        read_form(files.form, sample)


def report_with(sample: AreaSample, reference: np.ndarray) -> AreaReport:
    found = estimate(sample.stratum, sample.shown, reference, sample.pixels, sample.classes.codes)
    counted = {code: int((sample.stratum == code).sum()) for code in sample.pixels}
    from phenolens.engine.area.form import Filled

    return AreaReport(sample, Filled(sample.stratum, sample.shown, reference, counted, counted, {}), found)


def test_words_say_when_the_pixel_count_is_wrong_and_when_it_will_do(sample: AreaSample) -> None:
    reference = sample.shown.copy()
    wheat = np.flatnonzero(reference == 1)
    reference[wheat[:20]] = 2  # a third of what the map calls wheat is maize
    said = dict(line.split(":", 1) for line in report_with(sample, reference).words() if ":" in line)
    assert "outside the interval: report the estimate" in said["wheat"]
    assert "more than the estimate" in said["wheat"]
    assert "less than the estimate" in said["maize"]
    assert "No error among 20 units of forêt" in " ".join(report_with(sample, reference).words())
    reference = sample.shown.copy()
    reference[wheat[:1]] = 2
    said = dict(line.split(":", 1) for line in report_with(sample, reference).words() if ":" in line)
    assert "inside the interval" in said["wheat"]


def test_areas_are_pixels_times_their_area_in_every_unit(sample: AreaSample) -> None:
    report = report_with(sample, np.roll(sample.shown, 1))
    whole = (700 * 300 - 10 * 300) * 100
    assert report.whole == whole / 1e4
    assert sum(report.counted(code) for code in sample.classes.codes) == pytest.approx(whole / 1e4)
    areas = [report.found.area[code].value for code in sample.classes.codes]
    assert sum(areas) == pytest.approx(1)
    with pytest.raises(InputError, match="unit of area"):
        AreaReport(sample, report.filled, report.found, "acre")


def test_the_report_is_valid_json_and_its_matrix_is_oriented(sample: AreaSample, tmp_path: Path) -> None:
    report = report_with(sample, np.where(sample.shown == 3, 1, sample.shown))  # forest is never found
    markdown, kept = write_report(report, tmp_path / "report")
    content = json.loads(kept.read_text(encoding="utf-8"))
    forest = content["classes"][2]
    assert forest["producers_accuracy"]["value"] is None
    assert forest["area"]["value"] == 0
    assert content["matrix_units"][2] == [20, 0, 0]
    assert "map ↓ reference →" in markdown.read_text(encoding="utf-8")
    assert "| forêt | 20 | 0 | 0 | 20 |" in as_markdown(report)


def test_the_command_line_goes_from_the_map_to_the_estimate(
    class_map_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stem = tmp_path / "s"
    sizes = ["--target-se", "0.03", "--expected", "0.8", "--expected", "maize=0.9", "--minimum", "30"]
    assert main(["area", "plan", str(class_map_path), *sizes, "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["expected_users_accuracy"] == {"1": 0.8, "2": 0.9, "3": 0.8}
    assert (
        main(["area", "sample", str(class_map_path), *sizes, "--out", str(stem), "--seed", "7", "--json"])
        == 0
    )
    drawn = json.loads(capsys.readouterr().out)
    assert drawn["units"] == {"wheat": pytest.approx(planned["allocations"]["recommended"]["units"]["1"])} | {
        "maize": planned["allocations"]["recommended"]["units"]["2"],
        "forêt": 30,
    }
    files = FormFiles.at(stem)
    shown = read_sample(files.design).shown
    fill(files, [str(code) for code in shown])
    assert main(["area", "estimate", str(files.form), "--unit", "km2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["overall_accuracy"]["value"] == 1
    assert [round(each["area"]["value"], 2) for each in said["classes"]] == [15.68, 5.0, 0.02]
    assert said["whole_area"] == pytest.approx(20.7)


def test_a_run_of_area_sample_is_replayed_from_its_config(class_map_path: Path, tmp_path: Path) -> None:
    stem = tmp_path / "s"
    about = ["--size", "120", "--allocation", "equal", "--show-strata", "--seed", "5", "--out", str(stem)]
    assert main(["area", "sample", str(class_map_path), *about]) == 0
    first = stem.with_suffix(".csv").read_bytes()
    stem.with_suffix(".csv").unlink()
    assert main(["area", "sample", "--config", str(tmp_path / "s.run.toml"), "--overwrite"]) == 0
    assert stem.with_suffix(".csv").read_bytes() == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--expected", "swamp=0.9"], "no such class"),
        (["--expected", "maize=much"], "unreadable"),
        (["--target-class", "swamp"], "no such class"),
        (["--target-se", "0.9"], "standard error"),
    ],
)
def test_plans_with_bad_flags_say_what_is_wrong(
    class_map_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["area", "plan", str(class_map_path), *arguments]) == 2
    assert said in capsys.readouterr().err

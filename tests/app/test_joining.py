"""Classes and labels of files beside those that there are."""

import pytest
from phenolens.app.joining import beside, joined, joining_told, repeats_told
from phenolens.app.recipe import Quantity
from phenolens.app.session import Label, LandClass, Work
from phenolens.engine.client.errors import InputError

FIRST = LandClass(1, "class 1", "#e69f00")


def told(*classes):
    """As the engine tells of classes (code, name)."""
    known = [{"code": code, "name": name, "colour": f"#0000{code:02x}"} for code, name in classes]
    return {"task": "classification", "classes": known}


def point(value, column, group=None):
    return Label(float(value), ((column + 0.5, 0.5),), group=group)


def test_only_a_code_that_is_taken_is_changed_which_is_said():
    response = told((1, "water"), (2, "forest"), (3, "urban"))
    before = Work(classes=(FIRST,))
    work = joined(before, tuple(point(code, code, code) for code in (1, 2, 3)), response)
    assert {one.name: one.code for one in work.classes} == {"class 1": 1, "forest": 2, "urban": 3, "water": 4}
    assert [one.value for one in work.labels] == [4, 2, 3]
    (said,) = joining_told(before, work, response)
    assert "water 1 → 4" in said
    assert "forest" not in said


def test_a_class_that_is_there_by_name_keeps_its_code_and_its_colour():
    work = joined(Work(classes=(LandClass(9, "forest", "#123456"),)), (point(1, 1, 0),), told((1, "forest")))
    assert work.classes == (LandClass(9, "forest", "#123456"),)
    assert [one.value for one in work.labels] == [9]


def test_more_classes_than_codes_are_refused():
    full = tuple(LandClass(code, f"class {code}", "#000000") for code in range(1, 255))
    with pytest.raises(InputError, match="more classes than codes"):
        beside(full, (LandClass(1, "water", "#0000ff"),))


LAI = Quantity("LAI", "m2 m-2")


def test_values_of_another_quantity_make_way_which_is_said():
    before = Work(labels=(point(2.5, 1),), quantity=LAI)
    response = {"task": "regression", "name": "gpp", "unit": "gC m-2 d-1"}
    work = joined(before, (point(7.5, 2, 0),), response)
    assert (work.quantity, [one.value for one in work.labels]) == (Quantity("gpp", "gC m-2 d-1"), [7.5])
    assert joining_told(before, work, response) == ["1 label of LAI was put aside: Undo brings it back."]


def test_values_of_the_same_quantity_stand_beside_each_other_in_groups_of_their_own():
    response = {"task": "regression", "name": "lai", "unit": ""}
    before = Work(labels=(point(2.5, 1, 0), point(3.5, 2, 1)), quantity=LAI)
    work = joined(before, (point(4.5, 3, 0), point(5.5, 4, 1)), response)
    assert work.quantity == LAI
    assert [one.group for one in work.labels] == [0, 1, 2, 3]
    assert joining_told(before, work, response) == []


def test_classes_over_values_and_values_over_classes_say_what_made_way():
    values = Work(labels=(point(2.5, 1),), quantity=LAI)
    response = told((1, "forest"))
    work = joined(values, (point(1, 2, 0),), response)
    assert len(work.labels) == 1
    assert joining_told(values, work, response)
    response = {"task": "regression", "name": "lai", "unit": ""}
    assert joining_told(work, joined(work, (point(4.5, 3, 0),), response), response)


def test_a_file_imported_twice_labels_nothing_twice():
    response, labels = told((1, "forest")), (point(1, 2, 0), point(1, 3, 1))
    once = joined(Work(), labels, response)
    twice = joined(once, labels, response)
    assert len(twice.labels) == 2
    assert len({one.group for one in twice.labels}) == 2


def test_classes_whose_names_differ_in_capitals_or_blanks_alone_are_told_and_kept_apart():
    before = Work(classes=(LandClass(1, "Wald", "#e69f00"), LandClass(2, "Moor", "#56b4e9")))
    response = told((1, "wald"), (2, "Moor"), (3, "moor "), (4, "Acker"))
    work = joined(before, tuple(point(code, code) for code in (1, 2, 3, 4)), response)
    assert [one.name for one in work.classes] == ["Wald", "Moor", "wald", "moor ", "Acker"]
    said = [line for line in joining_told(before, work, response) if "differ" in line]
    assert [line.partition(" differ")[0] for line in said] == ["“Wald”, “wald”", "“Moor”, “moor ”"]
    assert not any("differ" in line for line in joining_told(work, work, response))


def test_a_label_of_the_same_place_and_days_is_corrected_which_is_said():
    response = told((1, "forest"), (2, "heath"))
    before = joined(Work(), (point(1, 1, 0), point(1, 2, 1), point(1, 3, 2)), response)
    corners = ((2.5 + 1e-9, 0.5),)  # written in degrees, and read again
    file = (point(1, 1, 0), Label(2.0, corners, group=1), point(2, 9, 2))
    work = joined(before, file, response)
    assert {(one.value, int(one.corners[0][0])) for one in work.labels} == {(1, 1), (2, 2), (1, 3), (2, 9)}
    assert len(work.labels) == 4
    assert repeats_told(before, work, len(file)) == [
        "1 label of the same place and days was replaced: Undo brings it back.",
        "1 was there already.",
    ]
    assert repeats_told(Work(), before, 3) == []


def test_days_of_their_own_make_labels_of_one_place_different():
    response = told((1, "maize"), (2, "wheat"))
    spring, autumn = (
        Label(float(code), ((1.5, 0.5),), f"2019-0{code}-01", f"2019-0{code}-28") for code in (1, 2)
    )
    work = joined(joined(Work(), (spring,), response), (autumn,), response)
    assert len(work.labels) == 2

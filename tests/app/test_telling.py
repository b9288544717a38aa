"""What people read: numbers with a true minus sign, wherever a value is shown."""

import numpy as np
import pytest
from phenolens.app.colouring import paint
from phenolens.app.panels.message import Message
from phenolens.app.panels.value_axis import ValueAxis
from phenolens.app.telling import numeral, plain, surface
from phenolens.engine.client.arrays import Raster
from phenolens.engine.client.errors import NotFound
from phenolens.engine.client.readings import Legend, Scale


@pytest.mark.parametrize(
    ("value", "form", "shown"), [(-0.25, ".2f", "−0.25"), (3.14159, ".3g", "3.14"), (0.5, "+.1f", "+0.5")]
)
def test_numbers_are_read_with_a_true_minus(value, form, shown):
    assert numeral(value, form) == shown


@pytest.mark.parametrize(
    ("remedy", "told"),
    [
        ("see /v1/stores", ""),
        ("give a number; see /v1/openapi.json", " → give a number"),
        ("wait", " → wait"),
    ],
)
def test_the_ways_out_of_programs_are_not_told_to_people(remedy, told):
    assert plain(NotFound("there is no such store", value="a.zarr", remedy=remedy)) == (
        f"there is no such store [a.zarr]{told}"
    )


def test_a_message_of_many_lines_is_as_high_as_any_other_and_told_whole_in_its_tip(qtbot):
    message = Message()
    qtbot.addWidget(message)
    message.setText("one")
    height = message.sizeHint().height()
    message.setText("one\ntwo\nthree")
    assert message.sizeHint().height() == height
    assert (message.text(), message.toolTip()) == ("one two three", "one\ntwo\nthree")


def test_the_read_out_of_a_map_and_the_axis_of_curves_have_it(qapp):
    values = np.array([[[-12.5, 3.0]]], np.float32)
    raster = Raster(values.tobytes(), values.shape, "float32", unit="dB", nodata=float("nan"))
    legend = Legend("VV", scale=Scale(-20.0, 5.0, ("#000000", "#ffffff"), "dB"))
    painted = paint(raster, legend)
    assert [painted.told_at(0, column) for column in (0, 1)] == ["−12.5 dB", "3 dB"]
    assert ValueAxis().tickStrings([-5.0, 0.0, 5.0], 1.0, 5.0) == ["−5", "0", "5"]


@pytest.mark.parametrize(
    ("km2", "told"), [(0.0, "0 m²"), (0.0049, "4,900 m²"), (0.01, "0.01 km²"), (13_000, "13,000.00 km²")]
)
def test_a_tiny_area_is_told_in_square_metres(km2, told):
    assert surface(km2) == told

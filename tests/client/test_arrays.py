import base64
import json
import math

import numpy as np
import pytest
from phenolens.engine.client.arrays import Array, Grid, Raster
from phenolens.engine.client.errors import BadAnswer
from phenolens.engine.client.transport import Response

GRID = {"crs": "EPSG:32632", "transform": [10, 0, 5e5, 0, -10, 5.5e6], "shape": [2, 3]}


def _answer(values: np.ndarray, **headers: str) -> Response:
    said = {"x-shape": ",".join(map(str, values.shape)), "x-dtype": values.dtype.name, **headers}
    return Response(200, said, values.tobytes())


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_numbers_are_the_same_as_numpys(dtype):
    values = (np.arange(12).reshape(2, 2, 3) * 1.5).astype(dtype)
    raster = Raster.from_response(_answer(values, **{"x-bands": "red|near infrared", "x-unit": "1"}))
    assert np.array_equal(np.frombuffer(raster.data, raster.dtype).reshape(raster.shape), values)
    assert list(raster.values()) == values.ravel().tolist()
    assert raster.view().tolist() == values.tolist()
    assert raster.view()[1, 0, 2] == values[1, 0, 2]
    assert (raster.bands, raster.unit, raster.nodata, raster.grid) == (
        ("red", "near infrared"),
        "1",
        None,
        None,
    )


def test_nodata_is_nan_or_a_number_or_none():
    values = np.array([[[1, np.nan]]], np.float32)
    raster = Raster.from_response(_answer(values, **{"x-nodata": "nan"}))
    assert [raster.is_nodata(value) for value in raster.values()] == [False, True]
    raster = Raster.from_response(_answer(np.array([[[0, 255]]], np.uint8), **{"x-nodata": "255"}))
    assert [raster.is_nodata(value) for value in raster.values()] == [False, True]
    assert not Raster.from_response(_answer(values)).is_nodata(math.nan)


def test_the_grid_says_where_the_pixels_lie():
    raster = Raster.from_response(_answer(np.zeros((1, 2, 3), np.uint8), **{"x-grid": json.dumps(GRID)}))
    assert raster.grid == Grid("EPSG:32632", (10.0, 0.0, 5e5, 0.0, -10.0, 5.5e6), (2, 3))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-shape": "1,2"},
        {"x-shape": "1,2,4"},
        {"x-shape": "-1,-2,3"},
        {"x-shape": "a,b,c"},
        {"x-dtype": "complex64"},
        {"x-grid": "{"},
        {"x-grid": "{}"},
        {"x-nodata": "none"},
    ],
)
def test_headers_that_dont_fit_the_bytes_are_refused(headers):
    with pytest.raises(BadAnswer):
        Raster.from_response(_answer(np.zeros((1, 2, 3), np.uint8), **headers))


def test_an_answer_without_the_headers_is_refused():
    with pytest.raises(BadAnswer, match="x-shape"):
        Raster.from_response(Response(200, {}, b""))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float16", "float32", "float64"])
def test_arrays_in_json_are_the_same_as_numpys(dtype):
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    told = {"dtype": dtype, "shape": [2, 3, 4], "data": base64.b64encode(values.tobytes()).decode()}
    found = Array.from_json(told)
    assert np.array_equal(np.frombuffer(found.data, found.dtype).reshape(found.shape), values)
    assert found.view().tolist() == values.tolist()


def test_an_array_without_numbers_has_none():
    found = Array.from_json({"dtype": "float32", "shape": [0, 5], "data": ""})
    assert list(found.values()) == list(found.view()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "object"},
        {"shape": [3]},
        {"shape": [-2, -1]},
        {"shape": "a"},
        {"data": "no base64!"},
        {"data": None},
    ],
)
def test_arrays_that_cannot_be_read_are_refused(change):
    told = {"dtype": "uint8", "shape": [2], "data": base64.b64encode(b"ab").decode(), **change}
    with pytest.raises(BadAnswer, match="array"):
        Array.from_json(told)
    with pytest.raises(BadAnswer, match="array"):
        Array.from_json([])

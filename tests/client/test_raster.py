import json
import math

import numpy as np
import pytest
from phenolens.engine.client.errors import BadAnswer
from phenolens.engine.client.raster import Grid, Raster
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

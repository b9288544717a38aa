"""Tables of features and a response become samples, and nothing is lost in silence."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from phenolens.engine.errors import ProbeError
from phenolens.engine.probes.tables import (
    CLOUDY_BLUE,
    TableColumns,
    table_from_file,
    table_from_frame,
    tower_gpp_hls_table,
)
from phenolens.engine.probes.worldcereal import worldcereal_table

COLUMNS = TableColumns(
    response="gpp",
    unit="gC m-2 d-1",
    blocks={"bands": ("red", "nir")},
    keys={"site": "site"},
    day="day",
    lonlat=("lon", "lat"),
)


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "gpp": [1.0, -9999.0, 3.0, np.inf, 5.0],
            "red": [0.1, 0.2, -9999.0, 0.4, np.inf],
            "nir": [0.3, 0.3, 0.3, 0.3, 0.3],
            "site": ["A", "A", "B", "B", "B"],
            "day": ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04", "soon"],
            "lon": 9.0,
            "lat": 46.0,
        }
    )


def test_rows_without_a_response_or_a_day_are_dropped_and_counted() -> None:
    table = table_from_frame(_frame(), COLUMNS)
    assert (table.read, len(table.samples)) == (5, 2)
    assert table.dropped == {"without a response": 2, "whose day is no date": 1}
    assert table.samples.keys["site"].tolist() == ["A", "B"]


def test_missing_and_infinite_features_become_nan_and_keep_their_row() -> None:
    frame = _frame().assign(day="2020-01-01")
    values = table_from_frame(frame, COLUMNS).samples.block("bands").values
    assert values.shape == (3, 2)
    assert np.isnan(values[:, 0]).tolist() == [False, True, True]


def test_positions_are_metres_of_the_utm_zone_of_the_samples() -> None:
    samples = table_from_frame(_frame(), COLUMNS).samples
    assert samples.crs == "EPSG:32632"
    assert samples.position is not None
    np.testing.assert_allclose(samples.position[0], [500_000, 5_093_982], atol=500)


def test_a_whole_number_is_read_as_a_day_not_as_nanoseconds() -> None:
    samples = table_from_frame(_frame().assign(day=20200615), COLUMNS).samples
    assert samples.day is not None
    assert str(samples.day[0]) == "2020-06-15"


def test_an_unknown_column_is_refused_with_the_columns_that_exist() -> None:
    with pytest.raises(ProbeError, match=r"no such column \[green\].*red, nir"):
        table_from_frame(_frame(), TableColumns("gpp", blocks={"bands": ("green",)}))


def test_text_where_numbers_belong_is_refused() -> None:
    with pytest.raises(ProbeError, match="holds text"):
        table_from_frame(_frame(), TableColumns("site"))


def test_a_table_without_a_usable_row_is_refused_with_the_reasons() -> None:
    with pytest.raises(ProbeError, match="5 without a response"):
        table_from_frame(_frame().assign(gpp=np.nan), COLUMNS)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_is_read_with_any_separator_and_a_bom(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "table.csv"
    _frame().to_csv(path, sep=separator, index=False, encoding="utf-8-sig")
    assert len(table_from_file(path, COLUMNS).samples) == 2


@pytest.mark.parametrize("content", [b"", b"\0\1\2binary"])
def test_an_empty_or_binary_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(ProbeError, match="can't be read"):
        table_from_file(path, COLUMNS)


def test_the_real_tower_table_gives_every_measured_day(shared_data: Path) -> None:
    path = next((shared_data / "tower_gpp_hls").glob("*.csv"))
    table = tower_gpp_hls_table(path)
    samples = table.samples
    assert (len(samples), len(np.unique(samples.keys["site"]))) == (975, 36)
    assert samples.response.unit == "gC m-2 d-1"
    assert {name: len(block.names) for name, block in samples.blocks.items()} == {
        "bands": 6,
        "indices": 5,
        "weather": 10,
    }
    clear = tower_gpp_hls_table(path, largest_blue=CLOUDY_BLUE)
    assert clear.dropped == {"blue above 0.2": 975 - len(clear.samples)}
    assert clear.samples.block("bands").values[:, 0].max() <= CLOUDY_BLUE


@pytest.mark.parametrize(
    ("name", "rows", "steps"),
    [
        ("month_2022_FRA_LPIS_POLY_110.geoparquet", 499, 17),
        ("month_africa_2017_test_public_extractions.parquet", 500, 12),
        ("month16_2021_BE_Flanders_prometheo.parquet", 50, 16),
    ],
)
def test_real_worldcereal_points_become_one_row_per_point(
    shared_data: Path, name: str, rows: int, steps: int
) -> None:
    pytest.importorskip("pyarrow")
    samples = worldcereal_table(shared_data / "worldcereal_points" / name).samples
    assert len(samples) == rows
    assert len(samples.block("radar").names) == 2 * steps
    bands = samples.block("bands")
    assert np.nanmin(bands.values) >= 0
    assert np.nanmax(bands.values) < 2
    assert -40 < np.nanmedian(samples.block("radar").values) < 0
    assert samples.span is not None
    assert (samples.span[:, 0] < samples.span[:, 1]).all()


def test_an_ndvi_of_worldcereal_is_that_of_its_own_step(shared_data: Path) -> None:
    pytest.importorskip("pyarrow")
    path = shared_data / "worldcereal_points/month_africa_2017_test_public_extractions.parquet"
    samples = worldcereal_table(path).samples
    bands, indices = samples.block("bands"), samples.block("indices")
    red, infrared = (bands.values[:, bands.names.index(f"{band} t7")] for band in ("B04", "B08"))
    expected = (infrared - red) / (infrared + red)
    np.testing.assert_allclose(indices.values[:, indices.names.index("NDVI t7")], expected, atol=1e-5)

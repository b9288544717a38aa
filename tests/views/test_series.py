from phenolens.engine.views.series import write_series


def test_a_table_has_the_columns_of_all_its_rows_and_empty_cells_where_a_row_has_none(tmp_path):
    rows = [
        {"point": "a,1", "date": "2020-01-01", "e01": 0.5},
        {"point": "b", "date": "2020-01-02", "NDVI": -0.25},
    ]
    text = write_series(rows, tmp_path / "series.csv").read_text()
    assert text.splitlines() == ["point,date,e01,NDVI", '"a,1",2020-01-01,0.5,', "b,2020-01-02,,-0.25"]

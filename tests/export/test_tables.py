import geopandas
import pandas as pd
import pytest
from phenolens.engine.errors import InputError, OutputError
from phenolens.engine.export.tables import write_table
from shapely.geometry import box

FRAME = geopandas.GeoDataFrame(
    {"class": ["Maïs", "forest"], "pixels": [12, 7]},
    geometry=[box(0, 0, 10, 10), box(10, 0, 20, 10)],
    crs="EPSG:32631",
)


def test_a_geopackage_keeps_places_columns_and_crs(tmp_path):
    found = geopandas.read_file(write_table(FRAME, tmp_path / "polygons.gpkg"))
    assert found.crs.to_epsg() == 32631
    assert found["class"].tolist() == ["Maïs", "forest"]
    assert found.geometry.geom_equals(FRAME.geometry).all()
    assert [path.name for path in tmp_path.iterdir()] == ["polygons.gpkg"]


def test_a_csv_keeps_the_columns(tmp_path):
    found = pd.read_csv(write_table(FRAME, tmp_path / "polygons.csv"))
    assert found["pixels"].tolist() == [12, 7]
    assert found["geometry"][0].startswith("POLYGON")


def test_other_formats_missing_places_and_existing_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.csv or \.gpkg"):
        write_table(FRAME, tmp_path / "polygons.xlsx")
    with pytest.raises(InputError, match="CRS"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "table.gpkg")
    (tmp_path / "kept.gpkg").write_text("precious")
    with pytest.raises(OutputError, match="exists"):
        write_table(FRAME, tmp_path / "kept.gpkg")
    assert (tmp_path / "kept.gpkg").read_text() == "precious"

"""Polygons of files that are given as an area."""

import json

import pytest
from phenolens.engine.client.errors import AreaError


def test_polygons_of_a_file_in_another_crs_come_in_degrees(client, root):
    ring = [[600_000, 5_099_000], [601_000, 5_099_000], [601_000, 5_100_000], [600_000, 5_099_000]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32632"}}
    shape = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    file = root / "workspace" / "fields.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [shape]}))
    found = client.sources.outlines("fields.geojson")
    (polygon,) = found.polygons
    assert found.holes == ((),)
    assert len(polygon) == 4
    assert polygon[0] == pytest.approx((10.2918, 46.0369), abs=2e-3)


def test_holes_of_a_file_come_with_its_polygons_and_of_too_many_the_large_ones(client, root):
    def square(x, side):
        return [[x, 46], [x + side, 46], [x + side, 46 + side], [x, 46 + side], [x, 46]]

    holes = [square(10.0001 + n * 1e-4, 1e-5 + n * 1e-8) for n in range(205)]
    holes = [[[x, y + 1e-4] for x, y in hole] for hole in holes]
    many = {"type": "Polygon", "coordinates": [square(10, 0.03), *holes]}
    one = {
        "type": "Polygon",
        "coordinates": [square(11, 0.02), [[x, y + 1e-4] for x, y in square(11.01, 1e-3)]],
    }
    shapes = [{"type": "Feature", "properties": {}, "geometry": geometry} for geometry in (one, many)]
    file = root / "workspace" / "holes.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": shapes}))
    found = client.sources.outlines("holes.geojson")
    assert [polygon[0][0] // 1 for polygon in found.polygons] == [10, 11]
    assert [len(holes) for holes in found.holes] == [200, 1]
    assert found.filled == 5
    assert max(y for _, y in found.holes[0][0]) == pytest.approx(46 + 1e-4 + 1e-5 + 204e-8, abs=1e-9)


@pytest.mark.parametrize("content", ["", "{}", "no json", '{"type": "FeatureCollection", "features": []}'])
def test_files_without_polygons_are_refused(client, root, content):
    (root / "workspace" / "none.geojson").write_text(content)
    with pytest.raises(AreaError):
        client.sources.outlines("none.geojson")

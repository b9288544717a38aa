"""Requests and files that were made to harm: bodies that blow up a parser or a path, files planted beside a map."""

import json

import pytest

DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    "path", ["/v1/series", "/v1/density", "/v1/lasso", "/v1/similarity", "/v1/probe/preview"]
)
@pytest.mark.parametrize(
    "body",
    [
        DEEP,
        b'{"store": "x", "polygon": ' + DEEP,
        b'{"store": "x", "polygon": {"type": "Polygon", "coordinates": ' + DEEP + b"]" * 100_000 + b"}}",
        b'{"store": "x", "lonlat": [[NaN, 1]], "polygon": {"type": "Polygon", "coordinates": [[[NaN, 1]]]}}',
        b'{"store": "x", "lonlat": [[1e999, 1]]}',
        b'{"store": "x\\u0000y"}',
        b'{"store": "\\ud800"}',
    ],
    ids=["deep", "deep value", "deep and whole", "NaN", "infinite", "NUL", "surrogate"],
)
def test_requests_that_would_blow_up_a_parser_or_a_path_are_refused(hand, path, body):
    answer = hand.client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code // 100 == 4
    assert answer.json()["error"]["cause"]


def test_planted_files_beside_a_map_are_not_told(hand, tmp_path):
    maps = hand.folder.parent / "planted"
    maps.mkdir()
    secret = {"properties": {"title": "secret", "phenolens:store": "x"}}
    (tmp_path / "item.json").write_text(json.dumps(secret))
    (tmp_path / "style.qml").touch()
    item = {"properties": {"title": "t", "phenolens:store": 3, "phenolens:dates": "x"}}
    for name, content in {
        "a": json.dumps(item),
        "c": "[" * 100_000,
        "d": "3",
        "e": '{"properties": 3}',
    }.items():
        (maps / f"{name}.json").write_text(content)
        (maps / f"{name}.tif").write_bytes(b"II*\0")
    (maps / "a.qml").symlink_to(tmp_path / "style.qml")
    (maps / "b.tif").write_bytes(b"II*\0")
    (maps / "b.json").symlink_to(tmp_path / "item.json")
    (maps / "f.tif").symlink_to("/etc/hostname")
    (one,) = hand.client.get("/v1/exports").json()["exports"]
    assert (one["raster"], one["style"], one["item"]) == ("planted/a.tif", None, "planted/a.json")
    assert (one["store"], one["dates"]) == (None, [])

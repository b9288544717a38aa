"""Files that are handed over and sent back, whole or hostile: what is refused leaves nothing and harms nobody."""

import json
import os
import sqlite3
import stat
import struct
import tracemalloc
import zipfile
from io import BytesIO

import pytest
from phenolens.engine.service.reading import uploads

from .handed import TABLE

COLLECTION = b'{"type": "FeatureCollection", "features": []}'
MB = 2**20


def zipped(*parts, **how):
    """A zip file of (name or `ZipInfo`, content)."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts:
            packed.writestr(name, content, **how)
    return file.getvalue()


def package(tmp_path):
    path = tmp_path / "labels.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE gpkg_contents (table_name TEXT)")
    database.close()
    return path.read_bytes()


def test_labels_of_every_kind_are_taken_for_this_user_alone_and_come_back_as_they_were(hand, tmp_path):
    contents = {
        "plain.geojson": COLLECTION,
        "marked.geojson": b"\xef\xbb\xbf" + COLLECTION,
        "table ä.csv": TABLE,
        "of excel.csv": "lon;lat;Klasse\n3,0;50,1;Grünland\n".encode("cp1252"),
        "of excel as unicode.csv": "lon\tlat\tKlasse\n3,0\t50,1\tGrünland\n".encode("utf-16"),
        "package.gpkg": package(tmp_path),
        "shape.zip": zipped(("labels/", ""), ("labels/a.shp", b"\0\0\x27\x0a"), ("labels/a.prj", "PROJCS[]")),
    }
    for name, content in contents.items():
        answer = hand(name, content)
        assert answer.json() == {"path": f"uploads/{name}", "bytes": len(content)}
        back = hand.client.get("/v1/files", params={"path": f"uploads/{name}"})
        assert back.content == content
        assert back.headers["x-content-type-options"] == "nosniff"
        assert back.headers["content-disposition"].startswith("attachment")
        assert stat.S_IMODE((hand.folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(hand.folder.stat().st_mode) == 0o700
    assert set(contents) <= set(hand.names)


@pytest.mark.parametrize(
    "name",
    [
        "../a.csv",
        "..%2fa.csv",
        "%2e%2e%2fa.csv",
        "/a.csv",
        "a/b.csv",
        "C:\\a.csv",
        "..\\a.csv",
        "a:b.csv",
        "a\0.csv",
        "a\n.csv",
        ".hidden.csv",
        "nul.csv",
        "COM1.geojson",
        "aux .csv",
        "a.csv ",
        "a.csv.",
        "\u202evsc.csv",
    ],
)
def test_a_name_that_leads_elsewhere_or_that_no_file_has_everywhere_is_refused(hand, name):
    hand.refused(name, TABLE, "path")


@pytest.mark.parametrize("name", ["a.exe", "a", "a.csv.py", "a.pkl", "a.vrt", "a.pt"])
def test_a_kind_of_file_that_nothing_reads_is_refused(hand, name):
    hand.refused(name, TABLE, "input")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.csv", b"", "input"),
        ("binary.csv", b"a,b\n\0\n", "input"),
        ("noise.csv", b"\x81\x8d\x8f\n", "input"),
        ("pointer.csv", b"<OGRVRTDataSource><SrcDataSource>/etc/passwd</SrcDataSource>", "input"),
        ("text.gpkg", TABLE, "input"),
        ("text.tif", TABLE, "input"),
        ("text.zip", TABLE, "input"),
        ("cut.zip", zipped(("a.csv", TABLE))[:-30], "input"),
        ("text.geojson", b"hello", "input"),
        ("number.geojson", b"3", "input"),
        ("pointer.geojson", b"<OGRVRTDataSource/>", "input"),
        ("nan.geojson", b'{"type": "Point", "coordinates": [NaN, 1]}', "input"),
        ("infinite.geojson", b'{"type": "Point", "coordinates": [1, -Infinity]}', "input"),
        ("open.geojson", b'{"features": [', "input"),
        ("closed.geojson", b"}{", "input"),
        ("quoted.geojson", b'{"a": "}', "input"),
        ("deep.geojson", b"[" * 25 + b"]" * 25, "too-large"),
        ("abyss.geojson", b'{"a":' * 5 * MB, "too-large"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(hand, name, content, code):
    hand.refused(name, content, code)


def test_brackets_and_quotes_inside_of_text_are_no_nesting_wherever_a_file_is_cut(hand, monkeypatch):
    text = json.dumps({"a": '[[{\\" NaN', "größe": ["\\", '"', "]" * 30]}).encode()
    for size in range(1, 12):
        monkeypatch.setattr(uploads, "LARGEST_PIECE", size)
        assert hand("texts.geojson", text, overwrite=True).status_code == 201
        hand.refused("cut.geojson", text[:-1], "input")
        hand.refused("more.geojson", text + b"]", "input")


def test_a_geojson_of_many_vertices_is_taken_up_to_a_limit(hand):
    vertices = b"[25.123456,45.123456]," * (31 * MB // 22)
    large = b'{"type":"LineString","coordinates":[' + vertices + b"[25,45]]}"
    assert hand("large.geojson", large).status_code == 201
    hand.refused("larger.geojson", large + b" " * 2 * MB, "too-large")
    hand.refused("larger.geojson", iter([large, b" " * 2 * MB]), "too-large")  # of no stated length


@pytest.mark.parametrize(
    "content", [b"[1]," * (MB // 2), b'"\\"",' * (MB // 2), b"{}" * MB], ids=["lists", "texts", "objects"]
)
def test_checking_takes_little_memory_whatever_the_size(tmp_path, content):
    path = tmp_path / "large.json"
    path.write_bytes(b"[" + content + b"]")
    tracemalloc.start()
    try:
        uploads.check_content(path, path.name)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * MB


def link(name="a.shp"):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def lying(content, claimed):
    """The same zip file, its table of contents saying another unpacked size."""
    place = content.rindex(b"PK\1\2") + 24
    return content[:place] + struct.pack("<I", claimed) + content[place + 4 :]


def flagged(content):
    """The same zip file, saying that its part is encrypted."""
    place = content.rindex(b"PK\1\2") + 8
    return content[:6] + b"\1\0" + content[8:place] + b"\1\0" + content[place + 2 :]


def listing(parts):
    """A zip file whose table of contents lists one part again and again."""
    one = zipped(("a.csv", TABLE))
    start, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    table = one[start:end] * parts
    counts = struct.pack("<HHIIH", parts % 65536, parts % 65536, len(table), start, 0)
    return one[:start] + table + b"PK\5\6\0\0\0\0" + counts


HOSTILE = {
    "a thousandfold": (zipped(("a.csv", bytes(20 * MB))), "too-large"),
    "a gigabyte": (lying(zipped(("a.csv", os.urandom(8 * MB))), 2**30 + 1), "too-large"),
    "four gigabytes": (lying(zipped(("a.csv", TABLE)), 2**32 - 2), "too-large"),
    "many parts": (zipped(*((f"{number}.csv", TABLE) for number in range(1_001))), "too-large"),
    "one part many times": (listing(1_001), "too-large"),
    "a table of contents of 3 MB": (listing(60_000), "too-large"),
    "parent": (zipped(("../a.shp", b"x")), "input"),
    "parent within": (zipped(("a/../../b.shp", b"x")), "input"),
    "parent, Windows": (zipped(("..\\a.shp", b"x")), "input"),
    "absolute": (zipped(("/etc/a.shp", b"x")), "input"),
    "drive": (zipped(("C:/a.shp", b"x")), "input"),
    "share": (zipped(("\\\\host\\a.shp", b"x")), "input"),
    "symbolic link": (zipped((link(), "/etc/passwd")), "input"),
    "pointer for GDAL": (zipped(("a.shp", b"\xef\xbb\xbf <OGRVRTDataSource/>")), "input"),
    "NUL": (zipped(("a.shp", b"x")).replace(b"a.shp", b"a\0shp"), "input"),
    "encrypted": (flagged(zipped(("a.shp", b"x"))), "input"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_zip_file_that_unpacks_to_too_much_or_elsewhere_is_refused(hand, what):
    content, code = HOSTILE[what]
    hand.refused("hostile.zip", content, code)


def test_a_name_that_is_taken_stays_whichever_upload_ends_first(hand):
    assert hand("taken.csv", TABLE).status_code == 201
    hand.refused("taken.csv", b"a,b\n", "conflict")
    assert hand("taken.csv", b"a,b\n", overwrite=True).status_code == 201

    def slowly():
        yield b"c,d\n"
        assert hand("raced.csv", TABLE).status_code == 201
        yield b"1,2\n"

    assert hand("raced.csv", slowly()).status_code == 409
    assert (hand.folder / "raced.csv").read_bytes() == TABLE
    (hand.folder / "folder.csv").mkdir()
    hand.refused("folder.csv", TABLE, "conflict", overwrite=True)


def test_links_that_were_planted_lead_nowhere(hand, tmp_path):
    root, outside = hand.folder.parent, tmp_path / "outside.csv"
    outside.write_bytes(TABLE)
    (hand.folder / "link.csv").symlink_to(outside)
    (hand.folder / "dangling.csv").symlink_to(tmp_path / "absent.csv")
    (root / "out").symlink_to(tmp_path)
    (root / "state").symlink_to(root / ".phenolens")
    for name in ("link.csv", "dangling.csv"):
        hand.refused(name, b"a,b\n", "conflict")
        assert hand(name, b"a,b\n", overwrite=True).status_code == 201  # the link itself is replaced
    assert outside.read_bytes() == TABLE
    assert not (tmp_path / "absent.csv").exists()
    for path in ("out/outside.csv", "state/service.json", "state/jobs.sqlite"):
        assert hand.client.get("/v1/files", params={"path": path}).json()["error"]["code"] == "path"


def test_a_folder_of_uploads_that_is_a_link_is_refused(ask, workspace, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (workspace.root / "uploads").symlink_to(tmp_path / "elsewhere")
    answer = ask.client.post("/v1/files", params={"name": "a.csv"}, content=TABLE)
    assert answer.json()["error"]["code"] == "path"
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    "path",
    [
        "../served/x",
        "%2e%2e/x",
        "..%2f..%2fetc%2fpasswd",
        "..%252fetc",
        "..\\x",
        "/etc/passwd",
        "//etc/passwd",
        "file:///etc/passwd",
        "C:/Windows/win.ini",
        "~root/.ssh",
        "a\0.csv",
        ".phenolens",
        ".phenolens/service.json",
        "./.phenolens//service.json",
        ".PhenoLens/service.json",
        "uploads/../.phenolens/service.json",
        "uploads/.",
        "uploads",
    ],
)
def test_nothing_outside_of_the_workspace_is_sent_and_nothing_of_its_state(hand, path):
    asked = [hand.client.get("/v1/files", params={"path": path})]
    if path.isprintable():  # as it is, so that what is quoted here is what the service takes apart
        asked.append(hand.client.get(f"/v1/files?path={path}"))
    for answer in asked:
        assert answer.status_code in (400, 404)
        assert set(answer.json()) == {"error"}

import re
from html.parser import HTMLParser

import matplotlib.image
import numpy as np
import pytest
from phenolens.engine.errors import OutputError
from phenolens.engine.views.page import Picture, Row, Section, write_page


@pytest.fixture
def section(tmp_path):
    path = tmp_path / "map.png"
    matplotlib.image.imsave(path, np.zeros((4, 5, 4), np.uint8))
    legend = [("#112233", "0 days"), ("#445566", "30 & more")]
    picture = Picture(path, "1 May <2020>", 'a "caption" & more', legend=legend)
    row = Row("One row", [picture, picture])
    return Section("A place", "Text", [row, Row("", [])], "simulated", [("area", "1 km")], "credit")


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_is_one_file_that_asks_for_nothing_else(section, tmp_path):
    write_page("Title", "Lead", [section], tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text()
    links = re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?([^\"')\s]{1,30})", page)
    assert links
    assert all(link.startswith("data:image/png;base64,") for link in links)
    assert "http" not in page


def test_the_page_closes_its_tags_and_keeps_special_signs_as_text(section, tmp_path):
    write_page("A & B", "{body} is no place", [section], tmp_path / "index.html", note="made <here>")
    reader = _Reader()
    reader.feed((tmp_path / "index.html").read_text())
    assert reader.open == []
    assert reader.tags.count("figure") == reader.tags.count("img") == 2
    for text in (
        "A & B",
        "1 May <2020>",
        'a "caption" & more',
        "30 & more",
        "simulated",
        "made <here>",
        "credit",
    ):
        assert text in reader.text


def test_a_page_is_not_overwritten_unasked(section, tmp_path):
    write_page("Title", "Lead", [section], tmp_path / "index.html")
    with pytest.raises(OutputError, match="exists"):
        write_page("Title", "Lead", [section], tmp_path / "index.html")

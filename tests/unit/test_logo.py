"""The operator's logo is served as SVG, whatever it was drawn with."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chalicelib.domain.errors import NoSuchAddress
from chalicelib.people import logo
from tests.pictures import SVG, png


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(logo, "_FOLDER", tmp_path)
    return tmp_path


def test_an_svg_is_served_as_it_is(folder: Path) -> None:
    (folder / "logo.svg").write_text(SVG, encoding="utf-8")
    assert logo.picture("logo.svg") == SVG


def test_a_png_is_served_in_an_svg_of_its_size_that_loads_nothing(folder: Path) -> None:
    (folder / "logo").write_bytes(png(90, 30))
    served = logo.picture("logo")
    drawn = ElementTree.fromstring(served)
    assert drawn.attrib["viewBox"] == "0 0 90 30"
    [image] = drawn
    assert (image.attrib["width"], image.attrib["height"]) == ("90", "30")
    [held] = re.findall(r'href="data:image/png;base64,([^"]+)"', served)
    assert base64.b64decode(held) == png(90, 30)


def test_where_none_is_named_there_is_nothing() -> None:
    with pytest.raises(NoSuchAddress, match=r"No logo .*operator\.logo"):
        logo.picture(None)


def test_one_that_did_not_ship_is_told_by_its_name(folder: Path) -> None:
    with pytest.raises(NoSuchAddress, match=r"stages/lost\.svg.* deploy with make deploy"):
        logo.picture("lost.svg")

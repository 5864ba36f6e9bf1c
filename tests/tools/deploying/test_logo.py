"""The operator's logo: taken for what its bytes are, refused with what is wrong with it before anything is touched."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.pictures import SVG, chunk, png
from tests.tools.deploying.world import Project
from tools import build, logo
from tools.account import Clients
from tools.stage import Stage, StageError, parse

FILE = "logo.svg"
DRAWING = "and a logo is a drawing alone"


def svg(*inside: str, head: str = "", root: str = 'viewBox="0 0 9 9"') -> bytes:
    return f'{head}<svg xmlns="http://www.w3.org/2000/svg" {root}>{"".join(inside)}</svg>'.encode()


XLINK = 'viewBox="0 0 9 9" xmlns:xlink="http://www.w3.org/1999/xlink"'

GOOD: dict[str, bytes] = {
    "a drawing": SVG.encode(),
    "a drawing with a byte order mark": b"\xef\xbb\xbf" + SVG.encode(),
    "an editor's own words": svg(
        '<metadata><x:y xmlns:x="urn:x">by hand</x:y></metadata><g id="once"/>',
        head='<?xml version="1.0" encoding="UTF-8"?>\n<!-- by hand -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
        '"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n',
    ),
    "references within": svg(
        '<use xlink:href="#a"/><rect style="fill:url( \'#b\' )" clip-path="url(#c)"/>', root=XLINK
    ),
    "a picture within": svg(
        '<image href="data:image/png;base64,AAAA"/><style>a{fill:url(data:image/png;base64,AA)}</style>'
    ),
    "a small box": svg(root='viewBox="-1.5,0 0.25 10"'),
    "deep in one another": svg("<g>" * 2_800, "</g>" * 2_800),
    "as much as there may be": svg("<g/>" * 4_984),
    "points": png(),
    "many points": png(4_096, 1),
}

WRONG: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "by its bytes it is neither an SVG nor a PNG"),
    "words": (b"our logo", "by its bytes it is neither an SVG nor a PNG"),
    "another kind": (b"\xff\xd8\xff\xe0JFIF", "by its bytes it is a JPEG, and neither an SVG nor a PNG"),
    "compressed": (b"\x1f\x8b\x08", "by its bytes it is compressed, and neither"),
    "too large": (svg("<g/>" * 4_984, " "), "it has 20,001 bytes, and 20,000 are the most"),
    "points cut off": (png()[:-20], "it is a PNG that is cut off"),
    "points without any": (png()[:8] + chunk(b"IHDR", b"\0" * 13) + chunk(b"IEND"), "it is a PNG that is cut off"),
    "points damaged": (png().replace(b"IDAT", b"IDAX"), "it is a PNG that is damaged"),
    "the beginning alone": (png()[:8], "it is a PNG that is cut off"),
    "too many points": (png(5_000, 1), "it is 5,000 points wide and 1 high, and 4,096 are the most"),
    "a page": (b"<!doctype html><html></html>", "it is not well-formed XML"),
    "half a drawing": (svg()[:-3], "it is not well-formed XML"),
    "latin letters": (svg("<text>?</text>").replace(b"?", b"\xe9"), "it is not in UTF-8"),
    "no namespace": (b'<svg viewBox="0 0 9 9"/>', 'its root is no <svg xmlns="http://www.w3.org/2000/svg">'),
    "another root": (b"<a/>", "its root is no <svg"),
    "no box": (svg(root='width="9" height="9"'), "it has no viewBox"),
    "an empty box": (svg(root='viewBox="0 0 0 9"'), "it has no viewBox"),
    "a script": (svg("<script>go()</script>"), f"it holds <script>, {DRAWING}"),
    "a script of another kind": (
        svg('<x:script xmlns:x="http://www.w3.org/1999/xhtml">go()</x:script>'),
        f"it holds <script>, {DRAWING}",
    ),
    "a page within": (svg("<g><foreignObject/></g>"), f"it holds <foreignObject>, {DRAWING}"),
    "other markup": (svg('<p xmlns="http://www.w3.org/1999/xhtml">a</p>'), f"it holds <p>, {DRAWING}"),
    "a handler": (svg('<g onclick="go()"/>'), "it has the event handler onclick"),
    "a handler on all of it": (svg(root='viewBox="0 0 9 9" onload="go()"'), "it has the event handler onload"),
    "a handler that comes": (svg('<set attributeName="onclick" to="go()"/>'), "it changes onclick while it is shown"),
    "an address that comes": (svg('<set attributeName="xlink:href" to="#a"/>'), "it changes xlink:href while"),
    "a picture elsewhere": (
        svg('<image href="https://a.example/b.png"/>'),
        "it refers to https://a.example/b.png, which is not in it",
    ),
    "a picture beside it": (svg('<image xlink:href="b.png"/>', root=XLINK), "it refers to b.png, which is not in it"),
    "a link": (svg('<a href="javascript:go()"/>'), "it refers to javascript:go(), which is not in it"),
    "a document within": (svg('<use href="data:image/svg+xml,a"/>'), "it refers to data:image/svg+xml,a, which"),
    "another place to begin": (svg(root='viewBox="0 0 9 9" xml:base="https://a.example/"'), "it refers to https://a."),
    "a style elsewhere": (svg("<style>@import 'a.css';</style>"), "it refers to @import 'a.css', which is not in it"),
    "a font elsewhere": (svg("<style>a{src:url( 'a.woff')}</style>"), "it refers to url( 'a.woff, which is not in it"),
    "a filter elsewhere": (svg('<g style="filter:url(//a.example/b#c)"/>'), "it refers to url(//a.example/b#c, which"),
    "a filter beside it": (svg('<g filter="url(b.svg#c)"/>'), "it refers to url(b.svg#c, which is not in it"),
    "the same in capitals": (svg('<g filter="URL(b.svg#c)"/>'), "it refers to URL(b.svg#c, which is not in it"),
    "a style sheet": (svg(head='<?xml-stylesheet href="a.css"?>'), f"it has <?xml-stylesheet, {DRAWING}"),
    "words for more": (svg(head='<!DOCTYPE svg [<!ENTITY a "b">]>'), f"it has <!ENTITY, {DRAWING}"),
    "other colours in the dark": (
        svg("<style>@media (prefers-color-scheme: dark) { a { fill: #fff } }</style>"),
        "it looks at prefers-color-scheme",
    ),
    "two things": (
        svg('<script/><g onclick="go()"/>'),
        f"it holds <script>, {DRAWING}; it has the event handler onclick",
    ),
}


@pytest.fixture
def named(stage: Stage) -> Stage:
    return replace(stage, operator_logo=FILE, operator_name="Example Language School")


def write(folder: Path, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_bytes(content)
    return folder


@pytest.mark.parametrize("name", GOOD)
def test_a_drawing_and_points_are_taken(name: str, named: Stage, tmp_path: Path) -> None:
    logo.judge(named, write(tmp_path, GOOD[name]))


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_shown_is_refused_in_one_sentence(name: str, named: Stage, tmp_path: Path) -> None:
    content, words = WRONG[name]
    with pytest.raises(StageError) as no:
        logo.judge(named, write(tmp_path, content))
    told = str(no.value)
    assert re.match(r".*/logo\.svg cannot be shown as a logo: ", told)
    assert words in told
    assert told.endswith("into stages/logo.svg, or leave operator.logo in stages/dev.toml empty.")


def test_where_none_is_named_nothing_is_looked_for(stage: Stage, tmp_path: Path) -> None:
    logo.judge(stage, tmp_path / "nowhere")


def test_one_that_is_not_there_or_cannot_be_read_is_named(named: Stage, tmp_path: Path) -> None:
    with pytest.raises(
        StageError, match=r"there is no .*/logo\.svg, which operator\.logo names\. To repair it: put an"
    ):
        logo.judge(named, tmp_path)
    (tmp_path / FILE).mkdir()
    with pytest.raises(StageError, match=r"/logo\.svg cannot be read: Is a directory\. To repair it: put an SVG or"):
        logo.judge(named, tmp_path)


def test_one_without_a_name_to_be_read_by_is_refused(named: Stage, tmp_path: Path) -> None:
    with pytest.raises(
        StageError, match=r"nothing as operator\.name, .* To repair it: write operator\.name in stages/dev"
    ):
        logo.judge(replace(named, operator_name=""), write(tmp_path, SVG.encode()))


@pytest.mark.parametrize("value", ["../secret.svg", "/etc/logo.svg", ".svg", "a/b.svg"])
def test_only_a_file_beside_the_stages_is_named(value: str) -> None:
    content = {"region": "us-west-2", "operator": {"logo": value}}
    with pytest.raises(StageError, match=r"operator\.logo must be the name of a file beside this one"):
        parse("prod", content | {"dns": {"domain": "example.com", "zone_id": "0" * 32}})


def test_one_that_cannot_be_shown_is_refused_before_anything_is_touched(
    project: Project, named: Stage, client: Clients
) -> None:
    write(project.root / "stages", b"GIF89a")
    with pytest.raises(StageError, match="it is a GIF"):
        project.deploy(named)
    assert client("cloudformation").describe_stacks()["Stacks"] == []


def test_the_functions_are_told_of_it_and_deployed_again_when_it_changes(project: Project, named: Stage) -> None:
    folder = write(project.root / "stages", SVG.encode())
    assert "the functions were deployed" in project.deploy(named)
    config = json.loads((project.root / ".chalice" / "config.json").read_text())
    assert config["stages"]["dev"]["environment_variables"]["OPERATOR_LOGO"] == FILE
    assert "the functions were deployed" not in project.deploy(named)
    before = build.digest(named, project.root)
    write(folder, png())
    assert build.digest(named, project.root) != before
    assert "the functions were deployed" in project.deploy(named)

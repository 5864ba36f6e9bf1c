"""What the docs show from the code is what the code says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import texts
from tools.stage import ROOT
from tools.texts import TEXTS, Text, TextError

BLOCK = Text("docs/a.md", "names", lambda: ["| a |", "| \\1 |"])


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{text.path} {text.name}".strip())
def test_the_file_shows_what_the_code_says(text: Text) -> None:
    content = (ROOT / text.path).read_text(encoding="utf-8")
    assert content == text.shown_in(content), f"{text.path} shows what the code said earlier: run `make texts`."


def test_a_block_is_written_between_its_markers_and_nothing_else() -> None:
    before = "# A\n<!-- names:begin -->\nold\n<!-- names:end -->\n<!-- others:begin -->\n<!-- others:end -->\n"
    after = BLOCK.shown_in(before)
    assert after == before.replace("old\n", "| a |\n| \\1 |\n")
    assert BLOCK.shown_in(after) == after


def test_markers_elsewhere_than_in_markdown_are_comments() -> None:
    text = Text("a.toml", "names", lambda: ["b = 1"])
    assert text.shown_in("# names:begin\n# names:end\n") == "# names:begin\nb = 1\n# names:end\n"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<!-- names:begin -->\n",
        "<!-- names:end -->\n<!-- names:begin -->\n",
        "<!-- names:begin -->\n<!-- names:end -->\n<!-- names:begin -->\n<!-- names:end -->\n",
    ],
)
def test_a_file_without_its_markers_is_named_with_them(content: str) -> None:
    with pytest.raises(TextError, match=r"docs/a\.md must hold the lines <!-- names:begin --> and <!-- names:end -->"):
        BLOCK.shown_in(content)


def copies(folder: Path) -> None:
    for text in TEXTS:
        (folder / text.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / text.path).write_bytes((ROOT / text.path).read_bytes())


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    copies(tmp_path)
    assert texts.write(tmp_path) == []
    readme = tmp_path / "README.md"
    whole = readme.read_text(encoding="utf-8")
    readme.write_text(whole.replace("| `STAGE` |", "| `STADGE` |"), encoding="utf-8")
    assert texts.write(tmp_path) == ["README.md"]
    assert readme.read_text(encoding="utf-8") == whole


@pytest.mark.parametrize(
    ("sample", "own"),
    [
        ('ami_id = ""', 'ami_id = "ami-0e7fd79d17e852d18"'),
        ("[environment]", '[environment]\nSCHEDULE_KEY = "k"'),
        ("[dns]", "[dns"),
    ],
)
def test_a_stage_that_somebody_has_filled_in_is_left_alone(sample: str, own: str, tmp_path: Path) -> None:
    copies(tmp_path)
    path = tmp_path / "stages" / "dev.toml"
    filled_in = path.read_text(encoding="utf-8").replace(sample, own).replace("# The desktops'", "# Our desktops'")
    path.write_text(filled_in, encoding="utf-8")
    assert texts.write(tmp_path) == []
    assert path.read_text(encoding="utf-8") == filled_in


def test_the_sample_is_written_where_it_is_missing_or_out_of_date(tmp_path: Path) -> None:
    copies(tmp_path)
    path = tmp_path / "stages" / "dev.toml"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace("volume_gib = 60", "volume_gib = 61"), encoding="utf-8")
    assert texts.write(tmp_path) == ["stages/dev.toml"]
    path.unlink()
    assert texts.write(tmp_path) == ["stages/dev.toml"]
    assert path.read_text(encoding="utf-8") == whole

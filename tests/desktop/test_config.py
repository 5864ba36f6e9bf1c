"""The image's own file: what it may say, and the sentence for what it may not."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest

from desktop.config import Config, ConfigError, as_toml, load


def written(folder: Path, text: str) -> Path:
    file = folder / "agent.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_all_is_as_in_a_usual_image(tmp_path: Path) -> None:
    assert load(tmp_path / "agent.toml") == Config()
    assert Config().away == timedelta(minutes=2)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    config = Config(
        user='le"ss\\on', browser=("chromium", "--kiosk"), state=tmp_path / "s", dcv_port=9443, away_minutes=0.5
    )
    assert load(written(tmp_path, as_toml(asdict(config) | {"api": "http://127.0.0.1:8000"}))) == Config(
        **asdict(config) | {"api": "http://127.0.0.1:8000"}
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('usr = "lesson"', "usr"),
        ("user = 3", "user"),
        ('user = ""', "user"),
        ("dcv_port = 0", "dcv_port"),
        ("dcv_port = 70000", "dcv_port"),
        ("dcv_port = true", "dcv_port"),
        ("dcv_port = 8443.5", "dcv_port"),
        ('away_minutes = "3"', "away_minutes"),
        ("away_minutes = -1", "away_minutes"),
        ("away_minutes = nan", "away_minutes"),
        ("away_minutes = inf", "away_minutes"),
        ("piece_minutes = 0", "piece_minutes"),
        ("piece_minutes = -5", "piece_minutes"),
        ('sound = "pulse"', "sound"),
        ('drop = "here"', "drop"),
        ('browser = "chromium"', "browser"),
        ("browser = [1]", "browser"),
        ('browser = [""]', "browser"),
        ('state = "here"', "state"),
        ("user =", "TOML"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(written(tmp_path, text))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_bytes(b"\xff\xfe\x00u")
    with pytest.raises(ConfigError, match="is no TOML"):
        load(file)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)

"""The room as the desktop's browser opens it: with the person's name, and nothing that is no room."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from desktop.room import NoRoom, address, browser


@pytest.mark.parametrize("name", ["Ada", "عائشة", "王小明", "🐘", 'O\'Neil "Bo" & #1 =%', "\u202egnirts", "a" * 200])
def test_a_name_in_any_script_reaches_the_room_whole(name: str) -> None:
    where = address("https://video.example.com/room-1", name)
    assert where.isascii()
    assert where.split("#")[0] == "https://video.example.com/room-1"
    told = dict(parse_qsl(urlsplit(where).fragment))
    assert json.loads(told["userInfo.displayName"]) == name
    assert told["config.prejoinConfig.enabled"] == "false"


def test_an_address_that_says_more_keeps_it() -> None:
    assert address("https://v.example.com/r#config.x=1", None).startswith("https://v.example.com/r#config.x=1&config.")


def test_half_a_character_harms_nothing() -> None:
    assert address("https://v.example.com/r", "a\ud800b").isascii()


@pytest.mark.parametrize(
    "room",
    [
        "",
        "video.example.com",
        "http://video.example.com/r",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://[",
        "https://a b",
        "https://a/\n",
        "--version",
        "cmd.exe",
    ],
)
def test_what_is_no_room_is_not_opened(room: str) -> None:
    with pytest.raises(NoRoom, match="https://"):
        address(room, "Ada")


def test_a_room_on_the_machine_itself_may_be_plain() -> None:
    assert address("http://127.0.0.1:8000/room", None).startswith("http://127.0.0.1:8000/room#")


def test_the_image_s_own_browser_is_taken_before_any_other(tmp_path: Path) -> None:
    assert browser(["firefox", "--kiosk"], tmp_path, lambda: "/usr/bin/chromium") == ["firefox", "--kiosk"]
    found = browser([], tmp_path, lambda: "/usr/bin/chromium")
    assert found[0] == "/usr/bin/chromium"
    assert f"--user-data-dir={tmp_path}" in found
    with pytest.raises(NoRoom, match="No browser is found"):
        browser([], tmp_path, lambda: None)

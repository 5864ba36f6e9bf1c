"""The room as the desktop's browser opens it: with the person's name, and nothing that is no room."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from desktop.room import NoRoom, address, browser, origin


def name_in_jitsi(where: str) -> object:
    """Return the name that Jitsi takes from an address: decoded, straightened, and read as JSON."""
    told = dict(part.split("=", 1) for part in urlsplit(where).fragment.split("&"))
    text = unquote(told["userInfo.displayName"]).replace("\\&", "&")
    for typographic, straight in ("‘'", "’'", '“"', '”"'):
        text = text.replace(typographic, straight)
    return json.loads(text)


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "عائشة",
        "王小明",
        "🐘",
        'O\'Neil "Bo" & #1 =%',
        "“Bo” ‘Neil’",
        "back\\&slash\\",
        "\u202egnirts",
        "a\ud800b",
        "a" * 200,
    ],
)
def test_a_name_in_any_script_reaches_the_room_whole(name: str) -> None:
    where = address("https://video.example.com/room-1", name)
    assert where.isascii()
    assert where.split("#")[0] == "https://video.example.com/room-1"
    assert name_in_jitsi(where) == name


def test_nobody_is_asked_again_before_the_room() -> None:
    told = dict(parse_qsl(urlsplit(address("https://video.example.com/room-1", None)).fragment))
    assert told == {"config.prejoinConfig.enabled": "false", "config.prejoinPageEnabled": "false"}


def test_an_address_that_says_more_keeps_it() -> None:
    assert address("https://v.example.com/r#config.x=1", None).startswith("https://v.example.com/r#config.x=1&config.")


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
        'https://a/"&calc',
        "https://a\\\\b",
        "--version",
        "cmd.exe",
    ],
)
def test_what_is_no_room_is_not_opened(room: str) -> None:
    with pytest.raises(NoRoom, match="https://"):
        address(room, "Ada")


@pytest.mark.parametrize(
    ("room", "where"),
    [
        ("https://Video.example.com/r?a=1#b", "https://video.example.com"),
        ("https://video.example.com:8443/r", "https://video.example.com:8443"),
        ("https://ada@video.example.com/r", "https://video.example.com"),
        ("https://[2001:db8::1]:8443/r", "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1:8000/r", "http://127.0.0.1:8000"),
        ("http://video.example.com/r", None),
        ("https://video.example.com:port/r", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_camera_and_microphone_are_for_the_room_s_origin_alone(room: str, where: str | None) -> None:
    assert origin(room) == where


def test_a_room_on_the_machine_itself_may_be_plain() -> None:
    assert address("http://127.0.0.1:8000/room", None).startswith("http://127.0.0.1:8000/room#")


def test_the_image_s_own_browser_is_taken_before_any_other(tmp_path: Path) -> None:
    assert browser(["firefox", "--kiosk"], tmp_path, lambda: "/usr/bin/chromium") == ["firefox", "--kiosk"]
    found = browser([], tmp_path, lambda: "/usr/bin/chromium")
    assert found[0] == "/usr/bin/chromium"
    assert f"--user-data-dir={tmp_path}" in found
    with pytest.raises(NoRoom, match="No browser is found"):
        browser([], tmp_path, lambda: None)

"""dcv.conf, in DCV's own format, and what is made of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.dcv.settings import load, parse
from tests.localcloud.dcv.stands import Desk, Verifier

GOOD = """
# a comment
[session-management]
create-session=true
max-concurrent-clients = 3

[session-management/automatic-console-session]
owner="lesson"
client-eviction-policy='same-user-oldest-connection'

[security]
auth-token-verifier="http://127.0.0.1:8444/verify?x=1"
auth-token-verifier-timeout=5
os-auto-lock=false

[display]
console-session-default-layout=[{'w':<1920>, 'h':<1080>, 'x':<0>, 'y':<0>}]
"""


def test_a_good_file_is_read() -> None:
    settings = parse(GOOD)
    assert settings.complaints == ()
    assert settings.flag("session-management", "create-session")
    assert (settings.max_clients, settings.owner, settings.evicts) == (3, "lesson", True)
    assert settings.text("security", "auth-token-verifier") == "http://127.0.0.1:8444/verify?x=1"
    assert settings.number("security", "auth-token-verifier-timeout") == 5


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    settings = load(tmp_path / "dcv.conf")
    assert settings.complaints == ()
    assert not settings.flag("session-management", "create-session")
    assert (settings.max_clients, settings.owner, settings.evicts) == (-1, "", False)
    assert settings.text("security", "auth-token-verifier") == ""
    assert settings.number("security", "auth-token-verifier-timeout") == 100
    assert settings.number("security", "authentication-threshold") == 3
    assert settings.number("connectivity", "web-port") == 8443


@pytest.mark.parametrize(
    ("line", "section", "key", "default"),
    [
        ("auth-token-verifier=http://127.0.0.1:8444", "security", "auth-token-verifier", ""),
        ("auth-token-verifier=1", "security", "auth-token-verifier", ""),
        ("auth-token-verifier-timeout='5'", "security", "auth-token-verifier-timeout", 100),
        ("auth-token-verifier-timeout=true", "security", "auth-token-verifier-timeout", 100),
        ("auth-token-verifier-timeout=0", "security", "auth-token-verifier-timeout", 100),
        ("authentication='nobody'", "security", "authentication", "system"),
        ("authentication=none", "security", "authentication", "system"),
        ("no-tls-strict=1", "security", "no-tls-strict", False),
        ("allowed-http-host-regex='('", "security", "allowed-http-host-regex", "^.+$"),
        ("web-port=80", "connectivity", "web-port", 8443),
        ("web-port=__import__('os').getpid()", "connectivity", "web-port", 8443),
        ("web-url-path='x'", "connectivity", "web-url-path", "/"),
        ("create-session=yes", "session-management", "create-session", False),
        ("create-session", "session-management", "create-session", False),
        ("=", "security", "authentication", "system"),
    ],
)
def test_a_value_of_another_kind_is_told_and_ignored(line: str, section: str, key: str, default: object) -> None:
    settings = parse(f"[{section}]\n{line}\n")
    assert settings.values[section, key] == default
    assert len(settings.complaints) == 1
    assert "Line 2" in settings.complaints[0]


def test_a_key_in_another_section_is_another_setting() -> None:
    settings = parse("authentication='none'\n[connectivity]\nauthentication='none'\n")
    assert settings.text("security", "authentication") == "system"


def test_a_file_that_is_no_text_leaves_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "dcv.conf").write_bytes(b"\xff\xfe\x00")
    settings = load(tmp_path / "dcv.conf")
    assert settings.text("security", "authentication") == "system"
    assert len(settings.complaints) == 1


def test_settings_are_read_at_the_start_only(running: Desk, verifier: Verifier) -> None:
    running.settings("http://127.0.0.1:9/")
    assert running.connect().is_in
    running.stop()
    running.start()
    assert running.connect().status == 403
    assert len(verifier.asked) == 1


def test_what_is_wrong_is_told_in_the_log_and_lets_nobody_in(desk: Desk, verifier: Verifier) -> None:
    desk.settings("")
    with (desk.home / "dcv.conf").open("a") as file:
        file.write(f"[security]\nauth-token-verifier={verifier.url}\nnonsense\n")
    desk.start()
    assert desk.connect().status == 403
    assert "auth-token-verifier wants a string in quotes" in desk.log
    assert "is no setting" in desk.log
    assert verifier.asked == []


def test_the_page_may_be_below_a_path(desk: Desk, verifier: Verifier) -> None:
    desk.settings(verifier.url, rest="[connectivity]\nweb-url-path='/desk'")
    desk.start()
    answers = {}
    for path in ("/desk/", "/"):
        browser = desk.browser()
        browser.request("GET", path)
        answers[path] = browser.getresponse().status
    assert answers == {"/desk/": 200, "/": 404}

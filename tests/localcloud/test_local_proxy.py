"""Nothing that stays on this machine goes through a proxy, whatever the shell says of proxies and of AWS."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request

import botocore.utils
import pytest
import requests.utils

from localcloud import loopback
from tests import at_length

NOWHERE = "http://127.0.0.1:9"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
SHELLS: dict[str, dict[str, str]] = {
    "upper case": dict.fromkeys(PROXIES, NOWHERE),
    "lower case": dict.fromkeys(map(str.lower, PROXIES), NOWHERE),
    "a proxy of a kind that no client here speaks": {"ALL_PROXY": "socks5://127.0.0.1:9"},
    "exceptions of its own": {"HTTP_PROXY": NOWHERE, "NO_PROXY": "example.org", "no_proxy": ""},
    "AWS elsewhere": {"AWS_ENDPOINT_URL": NOWHERE, "AWS_ENDPOINT_URL_EC2": NOWHERE, "AWS_SESSION_TOKEN": "theirs"},
}
LIFE = """
from datetime import UTC, datetime, timedelta
from app import app
from localcloud.clock import VirtualClock
from localcloud.cloud import Cloud
from localcloud.people import schedule

clock = VirtualClock(datetime(2026, 12, 7, 18, 0, tzinfo=UTC))
with Cloud(app, clock) as cloud:
    schedule(cloud.url, cloud.timeline, clock.now())
    clock.run(clock.now() + timedelta(minutes=2))
    print(len(cloud.cloudflare.records), *(entry.what for entry in cloud.timeline.entries if entry.bad))
"""
TESTS = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract/cloudflare/test_token.py"]


def shell(**variables: str) -> dict[str, str]:
    """Return this shell's variables with these instead of its own proxies."""
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return own | variables


@pytest.mark.parametrize("variables", at_length.named(SHELLS, ("upper case", "AWS elsewhere")))
def test_two_desktops_and_their_names_come_about_on_the_embedded_cloud(variables: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIFE], env=shell(**variables), capture_output=True, text=True, check=False
    )
    assert done.stdout == "2\n", done.stdout[-2000:] + done.stderr[-2000:]


def test_the_tests_need_no_proxy() -> None:
    done = subprocess.run(
        [sys.executable, *TESTS],
        env=shell(**SHELLS["upper case"], **SHELLS["lower case"]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("there", ["", "example.org", "example.org, .example.net", "*", "example.org,*"])
@pytest.mark.parametrize("spelling", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_every_client_reads_the_exceptions_and_keeps_those_that_were_there(
    there: str, spelling: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"http_proxy": NOWHERE, "https_proxy": NOWHERE, "no_proxy": "", "NO_PROXY": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(spelling, there)
    for name, value in loopback.exempt(os.environ).items():
        monkeypatch.setenv(name, value)
    assert urllib.request.proxy_bypass(f"{host}:8000")
    assert requests.utils.should_bypass_proxies(f"http://{host}:8000/", None)
    assert not botocore.utils.get_environ_proxies(f"http://{host}:8000")
    excepted = bool(there)
    assert bool(urllib.request.proxy_bypass("example.org")) is excepted
    assert requests.utils.should_bypass_proxies("https://example.org/", None) is excepted
    assert bool(urllib.request.proxy_bypass("aws.amazon.com")) is ("*" in there), "the operator's proxy stays for AWS"


def test_what_another_shell_sources_excepts_loopback_and_keeps_what_was_excepted() -> None:
    assert loopback.exempt({"NO_PROXY": "example.org"})["no_proxy"] == "example.org,127.0.0.1,localhost,::1,[::1]"

"""The check of the zone, as Cloudflare has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from tests.tools.checks.sound import SECRET, Account, Wrong, assert_found, nothing, site_of
from tools.checks import dns
from tools.findings import Level


def _secret(text: str) -> Callable[[Account], object]:
    return lambda account: account.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=text)


def _empty_secret(account: Account) -> None:
    secrets = account.client("secretsmanager")
    secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name=SECRET)


WRONG: dict[str, Wrong] = {
    "empty secret": ("zone", {}, _empty_secret, Level.FAIL, "put-secret-value --secret-id dev/elephant/cloudflare"),
    "secret without the key": ("zone", {}, _secret('{"TOKEN": "x"}'), Level.FAIL, "is not JSON with"),
    "wrong token": ("zone", {}, _secret('{"CLOUDFLARE_TOKEN": "x"}'), Level.FAIL, "Zone → DNS → Edit"),
    "wrong zone": ("zone", {"zone_id": "f" * 32}, nothing, Level.FAIL, "zone_id is wrong"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])


class Zone(requests.Session):
    """Cloudflare, as far as one check asks it, with a zone of a certain name and a token of certain rights."""

    def __init__(self, name: str | None, edits: bool = True) -> None:
        super().__init__()
        self._name, self._edits = name, edits

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        if method == "DELETE":
            code, status = (81044, 404) if self._edits else (10000, 403)
            return self._answer(status, {"success": False, "errors": [{"code": code}]})
        if "dns_records" in url:
            return self._answer(200, {"success": True, "result": []})
        if self._name is None:
            return self._answer(403, {"success": False})
        return self._answer(200, {"success": True, "result": {"name": self._name}})

    def _answer(self, status: int, content: dict[str, Any]) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer._content = status, json.dumps(content).encode()
        return answer


@pytest.mark.parametrize(
    ("domain", "zone", "level", "words"),
    [
        ("example.com", Zone("example.com"), Level.OK, "Universal SSL covers"),
        ("dcv.example.com", Zone("example.com"), Level.FAIL, 'dns.domain = "example.com"'),
        ("example.org", Zone("example.com"), Level.FAIL, "is not in the zone"),
        ("badexample.com", Zone("example.com"), Level.FAIL, "is not in the zone"),
        ("example.com", Zone(None), Level.WARN, "Zone → Zone → Read"),
        ("example.com", Zone("example.com", edits=False), Level.FAIL, "Zone → DNS → Edit"),
    ],
)
def test_the_domain_and_the_token_fit_the_zone(
    account: Account, domain: str, zone: Zone, level: Level, words: str
) -> None:
    site = site_of(replace(account.stage, domain=domain), account.client, http=zone)
    assert any(f.level is level and words in f"{f.what} {f.remedy}" for f in dns.zone(site))

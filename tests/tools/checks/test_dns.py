"""The check of the zone, as Cloudflare has it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from localcloud.cloudflare import Cloudflare
from tests.tools.checks.sound import SECRET, TABLE, Account, Wrong, assert_found, nothing, site_of
from tools.checks import dns
from tools.findings import Level


def _secret(text: str) -> Callable[[Account], object]:
    return lambda account: account.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=text)


def _empty_secret(account: Account) -> None:
    secrets = account.client("secretsmanager")
    secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name=SECRET)


MUNICH = "xn--mnchen-3ya.example"

WRONG: dict[str, Wrong] = {
    "empty secret": ("zone", {}, _empty_secret, Level.FAIL, "put-secret-value --secret-id dev/elephant/cloudflare"),
    "secret without the key": ("zone", {}, _secret('{"TOKEN": "x"}'), Level.FAIL, "is not JSON with"),
    "secret with an umlaut": (
        "zone",
        {},
        _secret('{"CLOUDFLARE_TOKEN": "schlüssel"}'),
        Level.FAIL,
        "secret dev/elephant/cloudflare holds under CLOUDFLARE_TOKEN what cannot be a token (a letter outside ASCII",
    ),
    "secret with Bearer": ("zone", {}, _secret('{"CLOUDFLARE_TOKEN": "Bearer x"}'), Level.FAIL, "put-secret-value"),
    "wrong token": ("zone", {}, _secret('{"CLOUDFLARE_TOKEN": "x"}'), Level.FAIL, "Zone → DNS → Edit"),
    "wrong zone": ("zone", {"zone_id": "f" * 32}, nothing, Level.FAIL, "zone_id is wrong"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])


class Zone(requests.Session):
    """Cloudflare, as far as one check asks it, with a zone of a certain name and a token of certain rights."""

    def __init__(self, name: str | None, edits: bool = True, mode: str | None = "strict") -> None:
        super().__init__()
        self.mode = mode
        self._name, self._edits = name, edits

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        if method == "DELETE":
            code, status = (81044, 404) if self._edits else (10000, 403)
            return self._answer(status, {"success": False, "errors": [{"code": code}]})
        if "dns_records" in url:
            return self._answer(200, {"success": True, "result": []})
        if url.endswith("/settings/ssl"):
            if self.mode is None:
                return self._answer(403, {"success": False, "errors": [{"code": 9109}]})
            return self._answer(200, {"success": True, "result": {"id": "ssl", "value": self.mode}})
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
        ("example.com", Zone("Example.com."), Level.OK, "Universal SSL covers"),
        (MUNICH, Zone(MUNICH), Level.OK, "<instance-id>.münchen.example, which"),
        (MUNICH, Zone("MÜNCHEN.example"), Level.OK, "<instance-id>.münchen.example, which"),
        (f"dcv.{MUNICH}", Zone(MUNICH), Level.FAIL, 'dns.domain = "münchen.example"'),
        ("example.com", Zone(MUNICH), Level.FAIL, "is not in the zone, which is münchen.example"),
    ],
)
def test_the_domain_and_the_token_fit_the_zone(
    account: Account, domain: str, zone: Zone, level: Level, words: str
) -> None:
    site = site_of(replace(account.stage, domain=domain), account.client, http=zone)
    assert any(f.level is level and words in f"{f.what} {f.remedy}" for f in dns.zone(site))


@pytest.mark.parametrize(
    ("mode", "level", "words"),
    [
        ("strict", Level.OK, "Full (strict)"),
        ("full", Level.WARN, "mode is full and not strict: Cloudflare does not judge"),
        ("flexible", Level.WARN, "make certificate STAGE=dev STRICT=yes"),
        (None, Level.OK, "is not the DNS token's to read; dash.cloudflare.com shows it"),
    ],
)
def test_whether_cloudflare_judges_certificates_is_told_as_far_as_the_token_may_read_it(
    account: Account, mode: str | None, level: Level, words: str
) -> None:
    site = site_of(account.stage, account.client, http=Zone("example.com", mode=mode))
    assert any(f.level is level and words in f"{f.what} {f.remedy}" for f in dns.zone(site))


# --- room in the zone


@pytest.mark.parametrize(
    ("holds", "others", "limit", "level", "words"),
    [
        (
            200,
            3,
            "",
            Level.OK,
            "of the 200 records that the zone may hold 3 are others': there is room for 10 desktops",
        ),
        (12, 3, "", Level.WARN, "room for 9 desktops at once, and 10 can be scheduled → set dns.max_records = 9"),
        (12, 3, "8", Level.OK, "there is room for 8 desktops"),
        (12, 11, "", Level.WARN, "room for 1 desktops at once, and 10 can be scheduled → make room in the zone"),
        (3, 9, "", Level.WARN, "room for 0 desktops"),
    ],
)
def test_the_zone_has_room_for_as_many_desktops_as_can_be_scheduled(
    account: Account, zone: Cloudflare, holds: int, others: int, limit: str, level: Level, words: str
) -> None:
    mark(zone, "i-ours", f"elephant:dev@{account.site().account.installation}:m1")
    for number in range(others):
        mark(zone, f"i-{number}", "")
    zone.holds = holds
    environment = {**account.stage.environment, "MAX_DNS_RECORDS": limit}
    found = account.look("zone", environment=environment)
    assert any(seen is level and words in text for seen, text in found), found


def test_how_much_room_there_is_is_not_guessed(account: Account, zone: Cloudflare) -> None:
    assert not any("may hold" in words for _, words in account.look("zone"))


# --- other installations on the zone


@pytest.fixture
def zone(cloudflare: Cloudflare) -> Iterator[Cloudflare]:
    """The zone that all tests share, as it was before when a test is over."""
    yield cloudflare
    cloudflare.records.clear()
    cloudflare.holds = None


def mark(zone: Cloudflare, desktop_id: str, comment: str) -> None:
    zone.add(name=f"{desktop_id}.example.com", content="192.0.2.1", comment=comment)


def told(account: Account) -> list[str]:
    """Return what the doctor warns of that is about marks."""
    return [words for level, words in account.look("zone") if level is Level.WARN and "mark" in words]


def test_the_marks_of_this_installation_are_no_news(account: Account, zone: Cloudflare) -> None:
    ours = account.site().account.installation
    for number, comment in enumerate(
        [f"elephant:dev@{ours}:m1", f"elephant:prod@{ours}:m1", "elephant:prod:m1", "see elephant", "elephant"]
    ):
        mark(zone, f"i-{number}", comment)
    assert told(account) == []


def test_the_marks_of_other_installations_are_counted(account: Account, zone: Cloudflare) -> None:
    for number, comment in enumerate(
        ["elephant:dev@there:m1", "elephant:dev@there:m2", "elephant:prod@there:m1", "elephant:dev:m1"]
    ):
        mark(zone, f"i-{number}", comment)
    [found] = told(account)
    assert found.startswith("4 records in the zone bear the mark of another installation")
    assert "elephant:dev:… on 1, elephant:dev@there:… on 2, elephant:prod@there:… on 1" in found
    assert "left alone" in found


def test_what_version_0_1_0_marked_is_ours_where_desktop_or_meeting_is(account: Account, zone: Cloudflare) -> None:
    tags = [{"Key": key, "Value": value} for key, value in (("Project", "Elephant"), ("Stage", "dev"))]
    spec = [{"ResourceType": "instance", "Tags": tags}]
    launched = account.client("ec2").run_instances(
        ImageId=account.stage.ami_id, MinCount=1, MaxCount=1, TagSpecifications=spec
    )
    mark(zone, launched["Instances"][0]["InstanceId"], "elephant:dev:m1")
    row = {"id": {"S": "m2"}, "teacher_ec2_id": {"S": "i-named"}}
    account.client("dynamodb").put_item(TableName=TABLE, Item=row)
    mark(zone, "i-named", "elephant:dev:m2")
    assert told(account) == []
    mark(zone, "i-theirs", "elephant:dev:m2")
    [found] = told(account)
    assert "elephant:dev:… on 1" in found


def test_an_installation_that_is_named_in_the_file_is_the_stage_s(account: Account, zone: Cloudflare) -> None:
    named = {"environment": {**account.stage.environment, "INSTALLATION": "named"}}
    mark(zone, "i-1", "elephant:dev@named:m1")
    assert len(told(account)) == 1
    assert not [words for _, words in account.look("zone", **named) if "another installation" in words]


def test_whose_they_are_is_not_guessed_where_the_table_cannot_be_read(account: Account, zone: Cloudflare) -> None:
    mark(zone, "i-theirs", "elephant:dev:m2")
    account.client("dynamodb").delete_table(TableName=TABLE)
    [found] = told(account)
    assert "cannot be told" in found

"""`make dns-audit`: whose the records in a zone are, and what becomes of the stage's, by the sweep's own rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import Unavailable
from localcloud.cloudflare import Cloudflare
from tests.tools.checks.sound import SECRET, STATE_TABLE, TABLE, Account
from tools.dns_audit import as_object, audit, main, show
from tools.site import Site
from tools.stage import StageError

SOON, LATER = timedelta(), timedelta(minutes=10)


class Zone:
    """The zone that all tests share, with the account whose stage has records in it."""

    def __init__(self, account: Account, cloudflare: Cloudflare) -> None:
        self.account = account
        self.cloudflare = cloudflare
        self.ours = f"elephant:dev@{account.site().account.installation}:"
        account.client("lambda").update_function_configuration(
            FunctionName="elephant-dev",
            Environment={"Variables": {"DOMAIN_ROOT": "example.com", "STAGE": "dev", "STATE_TABLE": STATE_TABLE}},
        )

    def site(self, passed: timedelta = SOON) -> Site:
        """Return the stage as an operator looks at it, this long after now."""
        return replace(self.account.site(), now=lambda: datetime.now(UTC) + passed)

    def mark(self, desktop_id: str, comment: str, address: str = "192.0.2.1") -> None:
        self.cloudflare.add(name=f"{desktop_id}.example.com", content=address, comment=comment)

    def launch(self, meeting_id: str) -> tuple[str, str]:
        """Return a running desktop's id and address."""
        tags = {"Project": "Elephant", "Stage": "dev", "MeetingID": meeting_id}
        spec = [{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]
        ec2 = self.account.client("ec2")
        image = self.account.stage.ami_id
        [made] = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=spec)["Instances"]
        [told] = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"]
        return told["InstanceId"], told["PublicIpAddress"]

    def row(self, meeting_id: str, **values: str) -> None:
        item = {"id": meeting_id, "meet_time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "open": "1", **values}
        put = self.account.client("dynamodb").put_item
        put(TableName=TABLE, Item={name: {"S": value} for name, value in item.items()})


@pytest.fixture
def zone(account: Account, cloudflare: Cloudflare) -> Iterator[Zone]:
    yield Zone(account, cloudflare)
    cloudflare.records.clear()
    cloudflare.holds, cloudflare.outage = None, None


def audited(zone: Zone, passed: timedelta = SOON) -> dict[str, Any]:
    site = zone.site(passed)
    return as_object(site, *audit(site))


def swept(told: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    """Return what the sweep does with each record, and its desktop's state, by the desktop's id."""
    return {each["name"].partition(".")[0]: (each["sweep"], each["desktop"]) for each in told["own"]}


def test_everything_in_the_zone_is_counted_by_whose_it_is(zone: Zone) -> None:
    comments = [f"{zone.ours}m1", f"{zone.ours}m2", "elephant:dev:m1", "elephant:prod@there:m1", "our mail", None]
    for number, comment in enumerate(comments):
        zone.mark(f"i-{number}", comment)  # type: ignore[arg-type]  # as Cloudflare has it where there is none
    zone.cloudflare.holds = 200
    told = audited(zone)
    assert (told["records"], told["quota"], told["unmarked"]) == (6, 200, 2)
    assert told["by_mark"] == {zone.ours: 2, "elephant:dev:": 1, "elephant:prod@there:": 1}
    assert told["own_marks"] == [zone.ours, "elephant:dev:"]
    assert swept(told).keys() == {"i-0", "i-1", "i-2"}


def test_the_sweep_s_rule_says_what_becomes_of_each(zone: Zone) -> None:
    living, address = zone.launch("m1")
    zone.row("m1")
    dead, _ = zone.launch("m2")
    zone.account.client("ec2").terminate_instances(InstanceIds=[dead])
    orphan, _ = zone.launch("m3")
    for desktop_id in (living, dead, orphan, "i-gone"):
        zone.mark(desktop_id, f"{zone.ours}m1", address)
    zone.mark("i-theirs", "elephant:dev:m9")
    assert swept(audited(zone, LATER)) == {
        living: ("keep", "running"),
        dead: ("withdraw", "terminated"),
        orphan: ("withdraw", "running"),
        "i-gone": ("withdraw", None),
        "i-theirs": ("leave", None),
    }


def test_what_is_new_is_withdrawn_when_ec2_shows_no_desktop_by_then(zone: Zone) -> None:
    zone.mark("i-new", f"{zone.ours}m1")
    [each] = audited(zone)["own"]
    assert each["sweep"] == "withdraw"
    assert datetime.fromisoformat(each["at"]) - datetime.fromisoformat(each["created_at"]) == timedelta(minutes=5)


def test_a_link_whose_record_is_missing_or_astray_is_told(zone: Zone) -> None:
    named, _ = zone.launch("m1")
    astray, _ = zone.launch("m1")
    links = {
        "teacher_ec2_link": f"https://{named}.example.com:8443",
        "student_ec2_link": f"https://{astray}.example.com:8443",
    }
    zone.row("m1", teacher_ec2_id=named, student_ec2_id=astray, **links)
    zone.mark(astray, f"{zone.ours}m1", "192.0.2.77")
    assert swept(audited(zone, LATER)) == {named: ("publish", "running"), astray: ("correct", "running")}


def test_people_are_shown_a_table(zone: Zone, capsys: pytest.CaptureFixture[str]) -> None:
    zone.cloudflare.holds = 200
    zone.mark("i-gone", f"{zone.ours}m\x1b[2J")
    zone.mark("mail", "")
    show(zone.site(LATER))
    told = capsys.readouterr().out
    assert told.splitlines() == [
        f"The zone {zone.account.stage.zone_id} of stage dev holds 2 of 200 records",
        f"      1  marked as this stage's: {zone.ours}…",
        "      1  without a mark, and left alone",
        "",
        "NAME    DESKTOP  THE SWEEP  BY  MEETING",
        "i-gone  none     withdraw       m\N{REPLACEMENT CHARACTER}[2J",
        "",
        "withdraw: its desktop does not live.",
    ]


def test_programs_are_told_the_same_and_nothing_is_changed(zone: Zone, capsys: pytest.CaptureFixture[str]) -> None:
    zone.mark("i-gone", f"{zone.ours}m1")
    before = dict(zone.cloudflare.records)
    show(zone.site(LATER), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told == audited(zone, LATER)
    assert (told["stage"], told["zone"], told["quota"]) == ("dev", zone.account.stage.zone_id, None)
    assert told["own"][0]["why"] == "its desktop does not live"
    assert zone.cloudflare.records == before


class TestWhatCannotBeTold:
    def test_without_a_token(self, zone: Zone) -> None:
        zone.account.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString='{"TOKEN": "x"}')
        with pytest.raises(StageError, match=rf"The secret {SECRET} is not JSON"):
            show(zone.site())

    def test_before_the_first_deploy(self, zone: Zone) -> None:
        zone.account.client("cloudformation").delete_stack(StackName="elephant-dev")
        with pytest.raises(StageError, match="make deploy STAGE=dev"):
            show(zone.site())

    def test_while_cloudflare_is_out(self, zone: Zone) -> None:
        zone.cloudflare.outage = "5xx"
        with pytest.raises(Unavailable, match="Cloudflare"):
            show(zone.site())

    def test_how_many_the_zone_may_hold_is_left_out_where_cloudflare_does_not_say(
        self, zone: Zone, capsys: pytest.CaptureFixture[str]
    ) -> None:
        show(zone.site())
        assert "holds 0 records" in capsys.readouterr().out

    def test_the_command_says_why_in_a_sentence(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.argv", ["dns_audit", "--stage", "nowhere"])
        assert main() == 1
        assert "The zone is not shown: There is no" in capsys.readouterr().err

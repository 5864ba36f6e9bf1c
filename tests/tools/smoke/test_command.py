"""The whole command on the embedded cloud, in virtual time: modelled desktops, all rules, each way to break off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app import app
from chalicelib.adapters.keys import ACCESS
from chalicelib.domain.seat import Role
from chalicelib.settings import Client
from localcloud.clock import VirtualClock
from localcloud.cloud import STATE_TABLE, Cloud
from localcloud.conditions import Conditions
from localcloud.judge import leftovers
from tests import at_length
from tests.tools.smoke.price_list import PriceList
from tests.tools.smoke.stages import furnish
from tools import providers
from tools.account import clients
from tools.findings import Finding, fail, warn
from tools.site import Site
from tools.smoke import Options, Smoke
from tools.trial.browser import Browsers
from tools.trial.reach import Reach, Way

START = datetime(2026, 12, 7, 18, 0, 30, tzinfo=UTC)
GOOD_DAY = Conditions(client=Client.KIT)


class Straight(Reach):
    """The way to modelled desktops, which have no port: there is one."""

    def go(self, url: str) -> Way:
        return Way(("192.0.2.1",), "Google Trust Services", START + timedelta(days=90))


class Stage:
    """A stage on the embedded cloud, with its clock and what the command has said."""

    def __init__(self, cloud: Cloud, clock: VirtualClock, say: pytest.CaptureFixture[str]) -> None:
        self.cloud = cloud
        self.clock = clock
        self._say = say
        self.interrupts: list[datetime] = []
        self.mangles = False
        stage = furnish(cloud)
        self.site = Site(stage, clients(stage.region), providers.of(stage), clock.now)

    def sleep(self, seconds: float) -> None:
        self.clock.run(self.clock.now() + timedelta(seconds=seconds))
        if self.interrupts and self.clock.now() >= self.interrupts[0]:
            self.interrupts.pop(0)
            raise KeyboardInterrupt

    def smoke(self, doctor: Iterable[Finding] = (), **options: Any) -> tuple[int, str]:
        """Run the command; return its exit code, and what it has said on one line."""
        here = self

        class People(Browsers):
            def open(self, role: Role, address: str) -> None:
                parts = urlsplit(address)
                token = parse_qs(parts.query)["authToken"][0] + ("x" if here.mangles else "")
                here.desktop(parts.hostname or "").admit(token)

            def close(self) -> None:
                for desktop in here.cloud.desktops.all.values():
                    if desktop.running:
                        desktop.leave()

        chosen = Options(**{"api": self.cloud.address, "browser": "/bin/sh", **options})
        found = [("a check", finding) for finding in doctor]
        code = Smoke(self.site, chosen, self.sleep, lambda _: found, Straight, People, PriceList).run()
        return code, " ".join(self._say.readouterr().out.split())

    def desktop(self, host: str) -> Any:
        return self.cloud.desktops.all[host.partition(".")[0]]

    @property
    def row(self) -> dict[str, Any]:
        [row] = self.cloud.rows()
        return row


def still_there(stage: Stage) -> list[str]:
    """Return what there is of any meeting, but that the sweep has its row in sight for half an hour more."""
    return [each for each in leftovers(stage.cloud) if not each.endswith("is TERMINATED and open")]


@pytest.fixture
def conditions() -> Conditions:
    return GOOD_DAY


@pytest.fixture
def stage(conditions: Conditions, capsys: pytest.CaptureFixture[str]) -> Iterator[Stage]:
    clock = VirtualClock(START)
    with Cloud(app, clock, conditions) as cloud:
        yield Stage(cloud, clock, capsys)


def test_a_good_day_is_proven_by_the_ordinary_rules_and_the_report_says_what_it_cost(stage: Stage) -> None:
    code, said = stage.smoke([warn("the image is old", "make image STAGE=dev")])
    assert code == 0, said
    assert said.endswith("still wrong warn the image is old → make image STAGE=dev")
    assert stage.row["termination_reason"] in ("MAX_DURATION", "15_MIN_SUCCESS", "SUCCESS")
    assert timedelta(minutes=15) < stage.clock.now() - START < timedelta(minutes=35)
    assert {"teacher_session_data", "student_session_data"} <= set(stage.row)
    assert not still_there(stage)
    lives = stage.cloud.ec2.lives.values()
    minutes = sum((life.since["shutting-down"] - life.since["pending"]).total_seconds() / 60 for life in lives)
    assert abs(float(said.split("2 desktops, ")[1].split()[0]) - minutes) < 1
    assert "machines: 0." in said
    assert "together: 0." in said


def test_what_the_doctor_finds_broken_is_not_paid_for_unless_somebody_insists(stage: Stage) -> None:
    broken = [fail("the image is gone", "make image STAGE=dev")]
    code, said = stage.smoke(broken)
    assert code == 1
    assert "the image is gone → make image STAGE=dev" in said
    assert "Nothing was scheduled, and nothing is paid." in said
    assert stage.cloud.rows() == []
    code, said = stage.smoke(broken, anyway=True)
    assert "still wrong fail the image is gone" in said
    assert stage.row["ended_at"]


def without_key(stage: Stage) -> None:
    key = {"id": {"S": ACCESS}}
    stage.cloud.operator("dynamodb").delete_item(TableName=STATE_TABLE, Key=key)


def with_scripts(stage: Stage) -> None:
    stage.site = replace(stage.site, stage=replace(stage.site.stage, client="scripts"))


@pytest.mark.parametrize(
    ("options", "spoil", "what"),
    [
        ({}, without_key, "Stage dev has no keys yet; make deploy"),
        ({"browser": "/no/such"}, lambda _: None, "the browser /no/such is no program here"),
        ({"api": "http://127.0.0.1:1"}, lambda _: None, "The API at http://127.0.0.1:1/ cannot be reached"),
        ({"api": ""}, lambda _: None, "the stage has no API → make deploy STAGE=dev"),
        ({}, with_scripts, "desktops with scripts tell nobody who is connected to them"),
    ],
    ids=["no key", "no browser", "no answer", "no api", "scripts"],
)
def test_what_keeps_a_trial_from_beginning(
    stage: Stage, options: dict[str, Any], spoil: Callable[[Stage], object], what: str
) -> None:
    spoil(stage)
    code, said = stage.smoke(**options)
    assert code == 1
    assert what.lower() in said.lower()
    assert stage.cloud.rows() == []


@pytest.mark.parametrize(
    "minutes", at_length.named({"launching": 0.2, "booting": 2, "inside": 5, "afterwards": 8}, ("launching", "inside"))
)
def test_an_interrupted_trial_leaves_nothing_that_is_paid(stage: Stage, minutes: float) -> None:
    stage.interrupts = [START + timedelta(minutes=minutes)]
    code, said = stage.smoke()
    assert code == 1
    assert f"The meeting {stage.row['id']} is called off" in said
    assert "Nothing is paid any more." in said
    assert "the trial was interrupted" in said
    assert (stage.row["status"], stage.row["termination_reason"]) == ("TERMINATED", "CANCELLED")
    assert not still_there(stage)


def test_who_interrupts_twice_is_told_what_goes_on_without_them(stage: Stage) -> None:
    stage.interrupts = [START + timedelta(minutes=2), START + timedelta(minutes=2, seconds=1)]
    code, said = stage.smoke()
    assert code == 1
    assert f"Not waited for: the app goes on to end the meeting {stage.row['id']}; else it ends by itself at" in said
    stage.clock.run(stage.clock.now() + timedelta(minutes=3))
    assert not still_there(stage)


def test_a_run_that_is_killed_leaves_a_meeting_that_ends_when_it_was_told(stage: Stage) -> None:
    class Killed(BaseException):
        pass

    def die(seconds: float) -> None:
        stage.sleep(seconds)
        if stage.clock.now() > START + timedelta(minutes=2):
            raise Killed

    found: list[tuple[str, Finding]] = []
    killed = Smoke(stage.site, Options(api=stage.cloud.address), die, lambda _: found, Straight, prices=PriceList)
    with pytest.raises(Killed):
        killed.run()
    said = " ".join(stage._say.readouterr().out.split())
    latest = datetime.strptime(said.split("it ends by itself at ")[1][:5], "%H:%M").replace(tzinfo=UTC)
    stage.clock.run(START.replace(hour=latest.hour, minute=latest.minute) + timedelta(minutes=3))
    assert stage.row["status"] == "TERMINATED"
    assert not still_there(stage)


@pytest.mark.parametrize("conditions", [replace(GOOD_DAY, guests=False)])
def test_desktops_that_never_get_ready_are_ended(stage: Stage) -> None:
    code, said = stage.smoke()
    assert code == 1
    assert "nothing on it has told that it is ready after 16 minutes" in said
    assert "make image STAGE=dev" in said
    assert stage.row["termination_reason"] == "CANCELLED"
    assert not still_there(stage)


def test_a_door_that_refuses_its_token_is_told_and_the_meeting_is_ended(stage: Stage) -> None:
    stage.mangles = True
    code, said = stage.smoke()
    assert code == 1
    assert "the door did not open: for 90 s the teacher's desktop and the student's desktop tells of nobody" in said
    assert stage.row["termination_reason"] == "CANCELLED"


@pytest.mark.long
def test_a_timer_that_is_left_over_is_told_with_the_command_that_takes_it_away(stage: Stage) -> None:
    def leave_one() -> None:
        stage.cloud.operator("scheduler").create_schedule(
            Name=f"launch-{stage.row['id']}",
            ScheduleExpression="at(2027-01-01T00:00:00)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": stage.cloud.environ["LAUNCHER_ARN"], "RoleArn": stage.cloud.environ["SCHEDULER_ROLE_ARN"]},
        )

    stage.clock.at(START + timedelta(minutes=6), leave_one)
    code, said = stage.smoke()
    assert code == 1
    assert f"the timer launch-{stage.row['id']} is still there" in said
    assert "aws --region us-west-2 scheduler delete-schedule --group-name default" in said
    assert "called off" not in said
    assert said.count("is still there, though its meeting") == 2  # as it is seen, and in the report

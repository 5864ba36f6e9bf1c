"""The port `Timers`: the fake beside EventBridge Scheduler's API."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar, Protocol
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.scheduler import SchedulerTimers
from chalicelib.control.ports import Timers
from chalicelib.domain.errors import Unavailable
from tests.fakes import FakeTimers

from .conftest import NO_NETWORK, Account

AT = datetime(2026, 3, 1, 14, 50, tzinfo=UTC)
LAUNCHER = "arn:aws:lambda:us-west-2:123456789012:function:elephant-dev-launch_ec2"
SAFETY_NET = "arn:aws:lambda:us-west-2:123456789012:function:elephant-dev-safety_net"
ROLE = "arn:aws:iam::123456789012:role/elephant-scheduler"
GROUP = "elephant"

Timer = tuple[datetime, str, dict[str, Any]]


class Stage(Protocol):
    """A schedule group."""

    timers: Timers

    def armed(self) -> dict[str, Timer]:
        """Return when each timer fires, at what, with what."""


class FakeStage:
    def __init__(self) -> None:
        self._fake = FakeTimers()
        self.timers: Timers = self._fake

    def armed(self) -> dict[str, Timer]:
        return {name: (at, target, dict(payload)) for name, (at, target, payload) in self._fake.armed.items()}


class RealStage:
    def __init__(self, account: Account) -> None:
        self.account = account
        self.api = account.client("scheduler")
        self.api.create_schedule_group(Name=GROUP)
        self.timers: Timers = SchedulerTimers(account.watched_client("scheduler"), GROUP, ROLE)

    def armed(self) -> dict[str, Timer]:
        names = [found["Name"] for found in self.api.list_schedules(GroupName=GROUP)["Schedules"]]
        return {name: self._read(self.schedule(name)) for name in names}

    def schedule(self, name: str) -> dict[str, Any]:
        """Return a schedule as Scheduler describes it."""
        found: dict[str, Any] = self.api.get_schedule(GroupName=GROUP, Name=name)
        return found

    @staticmethod
    def _read(schedule: dict[str, Any]) -> Timer:
        at = datetime.strptime(schedule["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
        return at, schedule["Target"]["Arn"], json.loads(schedule["Target"]["Input"])


@pytest.fixture
def real(account: Account) -> RealStage:
    return RealStage(account)


@pytest.fixture(params=["fake", "real"])
def stage(request: pytest.FixtureRequest) -> Stage:
    stage: Stage = FakeStage() if request.param == "fake" else request.getfixturevalue("real")
    return stage


class TestArm:
    def test_arms_a_timer_for_a_moment(self, stage: Stage) -> None:
        stage.timers.arm("launch-m1", AT, LAUNCHER, {"meeting_id": "m1"})
        assert stage.armed() == {"launch-m1": (AT, LAUNCHER, {"meeting_id": "m1"})}

    @pytest.mark.parametrize("hours", [-1, 0, 1])
    def test_one_that_is_armed_already_fires_at_the_new_moment_alone(self, stage: Stage, hours: int) -> None:
        stage.timers.arm("launch-m1", AT, LAUNCHER, {"meeting_id": "m1"})
        stage.timers.arm("safety-m1", AT, SAFETY_NET, {"meetingId": "m1"})
        stage.timers.arm("launch-m1", AT + timedelta(hours=hours), LAUNCHER, {"meeting_id": "m1"})
        assert stage.armed() == {
            "launch-m1": (AT + timedelta(hours=hours), LAUNCHER, {"meeting_id": "m1"}),
            "safety-m1": (AT, SAFETY_NET, {"meetingId": "m1"}),
        }

    def test_is_armed_anew_where_the_one_of_its_name_fires_meanwhile(self) -> None:
        client: Any = Mock()
        there, gone = (
            ClientError({"Error": {"Code": f"{code}Exception"}}, "") for code in ("Conflict", "ResourceNotFound")
        )
        client.create_schedule.side_effect = [there, {}]
        client.update_schedule.side_effect = [gone]
        SchedulerTimers(client, GROUP, ROLE).arm("launch-m1", AT, LAUNCHER, {})
        assert client.create_schedule.call_args_list[0] == client.create_schedule.call_args_list[1]

    def test_arms_several(self, stage: Stage) -> None:
        stage.timers.arm("launch-m1", AT, LAUNCHER, {"meeting_id": "m1"})
        stage.timers.arm("safety-m1", AT + timedelta(minutes=25), SAFETY_NET, {"meetingId": "m1"})
        assert stage.armed() == {
            "launch-m1": (AT, LAUNCHER, {"meeting_id": "m1"}),
            "safety-m1": (AT + timedelta(minutes=25), SAFETY_NET, {"meetingId": "m1"}),
        }

    def test_takes_a_moment_in_any_zone(self, stage: Stage) -> None:
        stage.timers.arm("launch-m1", AT.astimezone(timezone(timedelta(hours=-8))), LAUNCHER, {})
        assert stage.armed()["launch-m1"][0] == AT

    def test_carries_any_text(self, stage: Stage) -> None:
        payload = {"meeting_id": 'Ünï-"quoted"-©', "force": True}
        stage.timers.arm("launch-m1", AT, LAUNCHER, payload)
        assert stage.armed()["launch-m1"][2] == payload

    def test_fires_once_on_the_minute_and_is_gone(self, real: RealStage) -> None:
        real.timers.arm("launch-m1", AT, LAUNCHER, {"meeting_id": "m1"})
        [asked] = real.account.requests.to("CreateSchedule")
        schedule = real.schedule("launch-m1")
        assert asked["ScheduleExpression"] == "at(2026-03-01T14:50:00)"
        assert asked["ActionAfterCompletion"] == "DELETE"
        assert schedule["ScheduleExpressionTimezone"] == "UTC"
        assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert schedule["GroupName"] == GROUP
        assert schedule["Target"]["RoleArn"] == ROLE

    @pytest.mark.parametrize("microseconds", [1, 499_999, 999_999])
    def test_is_never_early(self, real: RealStage, microseconds: int) -> None:
        real.timers.arm("launch-m1", AT + timedelta(microseconds=microseconds), LAUNCHER, {})
        assert real.armed()["launch-m1"][0] == AT + timedelta(seconds=1)


class TestDrop:
    def test_deletes_these_and_no_others(self, stage: Stage) -> None:
        for name in ("launch-m1", "safety-m1", "launch-m2"):
            stage.timers.arm(name, AT, LAUNCHER, {})
        stage.timers.drop(["launch-m1", "safety-m1"])
        assert stage.armed().keys() == {"launch-m2"}

    def test_one_that_is_gone_is_fine(self, stage: Stage) -> None:
        stage.timers.arm("launch-m1", AT, LAUNCHER, {})
        for _ in range(2):
            stage.timers.drop(["launch-m1"])
        assert stage.armed() == {}

    def test_deletes_the_rest_where_one_is_gone(self, stage: Stage) -> None:
        stage.timers.arm("safety-m1", AT, SAFETY_NET, {})
        stage.timers.drop(["launch-m1", "safety-m1"])
        assert stage.armed() == {}

    @pytest.mark.parametrize("meeting_id", ["by hand", "Ünï", "m/1", "x" * 65, "*"])
    def test_a_name_that_scheduler_cannot_hold_was_never_armed(self, stage: Stage, meeting_id: str) -> None:
        stage.timers.arm("launch-m1", AT, LAUNCHER, {})
        stage.timers.arm("launch-m2", AT, LAUNCHER, {})
        stage.timers.drop([f"launch-{meeting_id}", "launch-m1"])
        assert stage.armed().keys() == {"launch-m2"}

    def test_nothing_is_fine(self, stage: Stage) -> None:
        stage.timers.arm("launch-m1", AT, LAUNCHER, {})
        stage.timers.drop([])
        assert stage.armed().keys() == {"launch-m1"}

    def test_a_dropped_name_can_be_armed_anew(self, stage: Stage) -> None:
        stage.timers.arm("launch-m1", AT, LAUNCHER, {})
        stage.timers.drop(["launch-m1"])
        stage.timers.arm("launch-m1", AT + timedelta(hours=1), LAUNCHER, {})
        assert stage.armed()["launch-m1"][0] == AT + timedelta(hours=1)


class TestWithoutAnAnswer:
    """Every method may raise `Unavailable`; then nothing was concluded."""

    ACTS: ClassVar[dict[str, Callable[[Timers], object]]] = {
        "CreateSchedule": lambda timers: timers.arm("launch-m1", AT, LAUNCHER, {}),
        "DeleteSchedule": lambda timers: timers.drop(["launch-m1"]),
    }

    @pytest.mark.parametrize("operation", ACTS)
    @pytest.mark.parametrize(
        "failure",
        [("ThrottlingException", 429), ("InternalServerException", 500), ("ValidationException", 400), NO_NETWORK],
        ids=["throttled", "broken", "refused", "no network"],
    )
    def test_scheduler_is_unavailable(self, real: RealStage, operation: str, failure: Any) -> None:
        real.account.instead[operation] = failure
        with pytest.raises(Unavailable, match="launch-m1"):
            self.ACTS[operation](real.timers)

"""The port `Desktops`: the fake beside EC2's API."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Protocol

import pytest

from chalicelib.errors import AttemptSpent, LaunchRefused, NoCapacity, Unavailable
from chalicelib.model import Attempt, Cause, Desktop, Owner, Role, State
from chalicelib.ports import Desktops
from localcloud.clock import VirtualClock
from localcloud.conditions import Conditions
from localcloud.ec2 import Ec2
from tests.fakes import FakeDesktops

from .conftest import NO_NETWORK, NOW, Account, desktop_settings, ec2_desktops

STAGE = "dev"
DEADLINE = NOW + timedelta(hours=4)
NOWHERE = "i-0123456789abcdef0"


class Stage(Protocol):
    """A Region with desktops, its weather, and other people who start instances in it."""

    desktops: Desktops
    clock: VirtualClock

    def start(self, kind: str, meeting_id: str = "m1", role: Role = Role.TEACHER) -> str:
        """Start an instance as somebody else does, and return its id.

        `kind` is whose it is: ours, by hand, other stage, other project, untagged.
        """

    def shut_down(self, desktop_id: str) -> None:
        """Let the instance end itself, from inside."""

    def living(self) -> set[str]:
        """Return the ids of all instances that cost."""

    def fill(self, *subnets: str) -> None:
        """Let these subnets, and only these, have no room."""

    def refuse(self, code: str) -> None:
        """Let EC2 refuse launches with this code."""

    def hide_launches(self, seconds: float) -> None:
        """Let EC2 show an instance only so long after its launch."""

    def remove_subnets(self) -> None:
        """Take all subnets away."""


class FakeStage:
    OWNERS: ClassVar[dict[str, Owner]] = {"ours": Owner.OURS, "by hand": Owner.BY_HAND}

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._fake = FakeDesktops(clock.now)
        self.desktops: Desktops = self._fake

    def start(self, kind: str, meeting_id: str = "m1", role: Role = Role.TEACHER) -> str:
        if kind == "untagged":
            return self._fake.add(None, None, Owner.FOREIGN).id
        return self._fake.add(meeting_id, role, self.OWNERS.get(kind, Owner.FOREIGN)).id

    def shut_down(self, desktop_id: str) -> None:
        self._fake.die(desktop_id)

    def living(self) -> set[str]:
        return {instance.id for instance in self._fake.alive()}

    def fill(self, *subnets: str) -> None:
        self._fake.full = set(subnets)

    def refuse(self, code: str) -> None:
        self._fake.refusal = code

    def hide_launches(self, seconds: float) -> None:
        self._fake.unseen_for = timedelta(seconds=seconds)

    def remove_subnets(self) -> None:
        self._fake.zones = []


class RealStage:
    def __init__(self, account: Account, clock: VirtualClock) -> None:
        self.account = account
        self.clock = clock
        self.ec2 = Ec2(clock, Conditions())
        self.api = account.client("ec2")
        self.settings = desktop_settings(account)
        self.desktops: Desktops = ec2_desktops(account, lambda: self.settings, clock, STAGE)

    def start(self, kind: str, meeting_id: str = "m1", role: Role = Role.TEACHER) -> str:
        named = {"MeetingID": meeting_id, "Role": role.value}
        tags = {
            "ours": named | {"Project": "Elephant", "Stage": STAGE},
            "by hand": named | {"Project": "Elephant"},
            "other stage": named | {"Project": "Elephant", "Stage": "prod"},
            "other project": named | {"Project": "Giraffe", "Stage": STAGE},
            "untagged": {},
        }[kind]
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        reply = self.api.run_instances(
            ImageId=self.settings.ami_id,
            MinCount=1,
            MaxCount=1,
            InstanceInitiatedShutdownBehavior="terminate",
            TagSpecifications=[{"ResourceType": "instance", "Tags": listed}] if listed else [],
        )
        return str(reply["Instances"][0]["InstanceId"])

    def shut_down(self, desktop_id: str) -> None:
        self.ec2.shut_down(desktop_id)

    def living(self) -> set[str]:
        return {life.id for life in self.ec2.lives.values() if life.alive}

    def fill(self, *subnets: str) -> None:
        found = self.api.describe_subnets(SubnetIds=list(subnets))["Subnets"] if subnets else []
        self._change(full_zones=frozenset(subnet["AvailabilityZone"] for subnet in found))

    def refuse(self, code: str) -> None:
        self.account.instead["RunInstances"] = (code, 400)

    def hide_launches(self, seconds: float) -> None:
        self._change(blind_s=seconds)

    def remove_subnets(self) -> None:
        for subnet in self.api.describe_subnets()["Subnets"]:
            self.api.delete_subnet(SubnetId=subnet["SubnetId"])

    def _change(self, **conditions: Any) -> None:
        self.ec2._conditions = replace(self.ec2._conditions, **conditions)


@pytest.fixture
def real(account: Account, clock: VirtualClock) -> RealStage:
    return RealStage(account, clock)


@pytest.fixture(params=["fake", "real"])
def stage(request: pytest.FixtureRequest, clock: VirtualClock) -> Stage:
    stage: Stage = FakeStage(clock) if request.param == "fake" else request.getfixturevalue("real")
    return stage


def attempt(stage: Stage, role: Role = Role.TEACHER, number: int = 1, subnet: int = 0) -> Attempt:
    return Attempt(role, number, stage.desktops.subnets()[subnet], Cause.DUE)


def launch(stage: Stage, meeting_id: str = "m1", role: Role = Role.TEACHER) -> Desktop:
    return stage.desktops.launch(meeting_id, attempt(stage, role), DEADLINE)


def wait(stage: Stage, **time: float) -> None:
    stage.clock.run(stage.clock.now() + timedelta(**time))


def ours(desktops: list[Desktop]) -> list[str]:
    """Return the ids of those that serve the project; what else EC2 shows bears another owner."""
    return [desktop.id for desktop in desktops if desktop.owner is not Owner.FOREIGN]


def fleet(stage: Stage) -> list[Desktop]:
    return [desktop for page in stage.desktops.fleet() for desktop in page]


class TestLaunch:
    def test_returns_the_desktop_it_launched(self, stage: Stage) -> None:
        desktop = launch(stage)
        assert stage.living() == {desktop.id}
        assert desktop == Desktop(
            id=desktop.id,
            state=State.PENDING,
            owner=Owner.OURS,
            meeting_id="m1",
            role=Role.TEACHER,
            address=None,
            launched_at=NOW,
            deadline=DEADLINE,
        )

    def test_what_is_found_later_says_the_same(self, stage: Stage) -> None:
        desktop = launch(stage)
        assert stage.desktops.find(desktop.id) == desktop

    def test_the_same_attempt_again_returns_the_desktop_it_has_launched(self, stage: Stage) -> None:
        again = attempt(stage)
        first = stage.desktops.launch("m1", again, DEADLINE)
        second = stage.desktops.launch("m1", again, DEADLINE)
        assert second.id == first.id
        assert stage.living() == {first.id}

    def test_the_same_attempt_again_later_returns_it_still(self, stage: Stage) -> None:
        first = launch(stage)
        wait(stage, minutes=5)
        assert launch(stage).id == first.id
        assert stage.living() == {first.id}

    def test_why_an_attempt_is_made_does_not_make_it_another(self, stage: Stage) -> None:
        first = stage.desktops.launch("m1", attempt(stage), DEADLINE)
        same = replace(attempt(stage), cause=Cause.RESUMED)
        assert stage.desktops.launch("m1", same, DEADLINE).id == first.id

    def test_the_same_attempt_with_another_deadline_returns_the_desktop_it_has_launched(self, stage: Stage) -> None:
        first = launch(stage)
        again = stage.desktops.launch("m1", attempt(stage), DEADLINE + timedelta(hours=1))
        assert again.id == first.id
        assert stage.living() == {first.id}

    def test_the_same_attempt_with_another_deadline_does_not_take_an_unseen_desktop_for_gone(
        self, stage: Stage
    ) -> None:
        stage.hide_launches(30)
        first = launch(stage)
        try:
            second = stage.desktops.launch("m1", attempt(stage), DEADLINE + timedelta(hours=1))
        except Unavailable:  # nothing is known, nothing was concluded: fine
            return
        assert second.id == first.id

    def test_the_same_attempt_with_another_deadline_is_spent_once_its_desktop_is_gone(self, stage: Stage) -> None:
        stage.desktops.terminate([launch(stage).id])
        with pytest.raises(AttemptSpent) as spent:
            stage.desktops.launch("m1", attempt(stage), DEADLINE + timedelta(hours=1))
        assert spent.value.code == "IdempotentParameterMismatch"

    @pytest.mark.parametrize("other", ["subnet", "number", "role", "meeting"])
    def test_another_attempt_launches_another_desktop(self, stage: Stage, other: str) -> None:
        first = launch(stage)
        second = stage.desktops.launch(
            "m2" if other == "meeting" else "m1",
            attempt(
                stage,
                role=Role.STUDENT if other == "role" else Role.TEACHER,
                number=2 if other == "number" else 1,
                subnet=1 if other == "subnet" else 0,
            ),
            DEADLINE,
        )
        assert second.id != first.id
        assert stage.living() == {first.id, second.id}

    def test_an_attempt_whose_desktop_is_gone_is_spent(self, stage: Stage) -> None:
        again = attempt(stage)
        stage.desktops.terminate([stage.desktops.launch("m1", again, DEADLINE).id])
        for minutes in (0, 5, 120):  # shutting down, terminated, forgotten
            wait(stage, minutes=minutes)
            with pytest.raises(AttemptSpent):
                stage.desktops.launch("m1", again, DEADLINE)
        assert stage.living() == set()

    def test_an_attempt_whose_desktop_ended_itself_is_spent(self, stage: Stage) -> None:
        desktop = launch(stage)
        wait(stage, minutes=5)
        stage.shut_down(desktop.id)
        with pytest.raises(AttemptSpent):
            launch(stage)

    def test_a_spent_attempt_stays_spent_with_another_deadline(self, stage: Stage) -> None:
        stage.desktops.terminate([launch(stage).id])
        with pytest.raises(AttemptSpent):
            stage.desktops.launch("m1", attempt(stage), DEADLINE + timedelta(hours=1))

    def test_the_next_attempt_replaces_a_spent_one(self, stage: Stage) -> None:
        first = launch(stage)
        stage.desktops.terminate([first.id])
        second = stage.desktops.launch("m1", attempt(stage, number=2), DEADLINE)
        assert second.id != first.id
        assert stage.living() == {second.id}

    def test_a_subnet_without_room_is_refused_as_such(self, stage: Stage) -> None:
        full, other = stage.desktops.subnets()[:2]
        stage.fill(full)
        with pytest.raises(NoCapacity, match=full):
            stage.desktops.launch("m1", Attempt(Role.TEACHER, 1, full, Cause.DUE), DEADLINE)
        assert stage.living() == set()
        desktop = stage.desktops.launch("m1", Attempt(Role.TEACHER, 1, other, Cause.DUE), DEADLINE)
        assert stage.living() == {desktop.id}

    def test_an_attempt_refused_for_want_of_room_succeeds_once_there_is_room(self, stage: Stage) -> None:
        again = attempt(stage)
        stage.fill(again.subnet or "")
        with pytest.raises(NoCapacity):
            stage.desktops.launch("m1", again, DEADLINE)
        stage.fill()
        desktop = stage.desktops.launch("m1", again, DEADLINE)
        assert stage.living() == {desktop.id}

    def test_a_desktop_that_is_launched_is_returned_though_its_subnet_is_full_by_now(self, stage: Stage) -> None:
        again = attempt(stage)
        first = stage.desktops.launch("m1", again, DEADLINE)
        stage.fill(again.subnet or "")
        assert stage.desktops.launch("m1", again, DEADLINE).id == first.id

    @pytest.mark.parametrize("code", ["VcpuLimitExceeded", "InstanceLimitExceeded", "UnauthorizedOperation"])
    def test_a_refusal_that_another_subnet_does_not_change_says_so(self, stage: Stage, code: str) -> None:
        stage.refuse(code)
        with pytest.raises(LaunchRefused) as refusal:
            launch(stage)
        assert refusal.value.code == code
        assert not isinstance(refusal.value, AttemptSpent)
        assert stage.living() == set()

    def test_a_deadline_is_kept_to_the_microsecond(self, stage: Stage) -> None:
        deadline = DEADLINE + timedelta(microseconds=250)
        desktop = stage.desktops.launch("m1", attempt(stage), deadline)
        found = stage.desktops.find(desktop.id)
        assert found
        assert found.deadline == deadline


class TestStates:
    def test_a_desktop_runs_has_an_address_and_dies_for_good(self, stage: Stage) -> None:
        desktop_id = launch(stage).id

        def state() -> State:
            desktop = stage.desktops.find(desktop_id)
            assert desktop
            return desktop.state

        assert state() is State.PENDING
        wait(stage, seconds=35)
        assert state() is State.RUNNING
        desktop = stage.desktops.find(desktop_id)
        assert desktop
        assert ipaddress.IPv4Address(desktop.address)
        stage.desktops.terminate([desktop_id])
        assert state() is State.SHUTTING_DOWN
        wait(stage, seconds=40)
        assert state() is State.TERMINATED
        wait(stage, minutes=30)
        assert state() is State.TERMINATED

    def test_a_desktop_has_no_address_before_it_runs(self, stage: Stage) -> None:
        desktop = stage.desktops.find(launch(stage).id)
        assert desktop
        assert desktop.address is None

    def test_two_desktops_have_two_addresses(self, stage: Stage) -> None:
        launch(stage, role=Role.TEACHER)
        launch(stage, role=Role.STUDENT)
        wait(stage, seconds=35)
        addresses = {desktop.address for desktop in stage.desktops.of_meeting("m1", [])}
        assert len(addresses - {None}) == 2

    def test_a_dead_desktop_is_forgotten_in_the_end(self, stage: Stage) -> None:
        desktop_id = launch(stage).id
        stage.desktops.terminate([desktop_id])
        wait(stage, hours=2)
        assert stage.desktops.find(desktop_id) is None
        assert stage.desktops.of_meeting("m1", [desktop_id]) == []
        assert fleet(stage) == []


class TestUnseen:
    def test_a_desktop_may_not_be_shown_at_first_and_is_shown_soon(self, stage: Stage) -> None:
        stage.hide_launches(10)
        desktop_id = launch(stage).id
        assert stage.desktops.find(desktop_id) is None
        assert stage.desktops.whose(desktop_id) is None
        assert stage.desktops.of_meeting("m1", [desktop_id]) == []
        assert fleet(stage) == []
        wait(stage, seconds=10)
        for seen in (stage.desktops.find(desktop_id), stage.desktops.whose(desktop_id)):
            assert seen
            assert seen.id == desktop_id
        assert [d.id for d in stage.desktops.of_meeting("m1", [desktop_id])] == [desktop_id]
        assert [d.id for d in fleet(stage)] == [desktop_id]

    def test_its_attempt_returns_it_all_the_same(self, stage: Stage) -> None:
        stage.hide_launches(10)
        assert launch(stage).id == launch(stage).id


class TestOfMeeting:
    def test_returns_those_tagged_with_it(self, stage: Stage) -> None:
        teacher, student = launch(stage, "m1", Role.TEACHER), launch(stage, "m1", Role.STUDENT)
        launch(stage, "m2")
        assert sorted(ours(stage.desktops.of_meeting("m1", []))) == sorted([teacher.id, student.id])

    @pytest.mark.parametrize("meeting_id", ["m", "m11", "M1", "1", ""])
    def test_an_id_that_looks_like_another_is_another(self, stage: Stage, meeting_id: str) -> None:
        launch(stage, "m1")
        assert stage.desktops.of_meeting(meeting_id, []) == []

    @pytest.mark.parametrize("meeting_id", ["*", "m*", "m?", "?1"])
    def test_an_id_that_looks_like_a_pattern_is_none(self, stage: Stage, meeting_id: str) -> None:
        launch(stage, "m1")
        assert stage.desktops.of_meeting(meeting_id, []) == []
        desktop = launch(stage, meeting_id)
        assert [d.id for d in stage.desktops.of_meeting(meeting_id, [])] == [desktop.id]

    def test_returns_those_the_row_names_whatever_their_tags(self, stage: Stage) -> None:
        untagged, of_other, foreign = stage.start("untagged"), launch(stage, "m2").id, stage.start("other project")
        found = {d.id: d for d in stage.desktops.of_meeting("m1", [untagged, of_other, foreign])}
        assert found.keys() == {untagged, of_other, foreign}
        assert (found[untagged].owner, found[untagged].meeting_id) == (Owner.FOREIGN, None)
        assert (found[of_other].owner, found[of_other].meeting_id) == (Owner.OURS, "m2")
        assert found[foreign].owner is Owner.FOREIGN

    def test_returns_one_that_is_tagged_and_named_once(self, stage: Stage) -> None:
        desktop = launch(stage)
        assert [d.id for d in stage.desktops.of_meeting("m1", [desktop.id])] == [desktop.id]

    def test_returns_those_made_by_hand_as_such(self, stage: Stage) -> None:
        desktop_id = stage.start("by hand", "m1", Role.STUDENT)
        [desktop] = stage.desktops.of_meeting("m1", [])
        assert (desktop.id, desktop.owner, desktop.role) == (desktop_id, Owner.BY_HAND, Role.STUDENT)

    @pytest.mark.parametrize("kind", ["other stage", "other project", "untagged"])
    def test_never_takes_a_foreign_one_for_the_meetings(self, stage: Stage, kind: str) -> None:
        stage.start(kind, "m1")
        assert ours(stage.desktops.of_meeting("m1", [])) == []

    def test_returns_dead_ones_too(self, stage: Stage) -> None:
        desktop = launch(stage)
        stage.desktops.terminate([desktop.id])
        assert [(d.id, d.state) for d in stage.desktops.of_meeting("m1", [])] == [(desktop.id, State.SHUTTING_DOWN)]

    @pytest.mark.parametrize("name", [NOWHERE, "i-1", "to be announced", "*"])
    def test_a_name_that_ec2_does_not_know_is_not_there_and_hides_nothing(self, stage: Stage, name: str) -> None:
        tagged, named = launch(stage, "m1").id, launch(stage, "m2").id
        assert {d.id for d in stage.desktops.of_meeting("m1", [name, named])} == {tagged, named}

    def test_returns_nothing_where_there_is_nothing(self, stage: Stage) -> None:
        launch(stage, "m2")
        assert stage.desktops.of_meeting("m1", []) == []


class TestFindAndWhose:
    def test_find_returns_the_instance_as_it_is_now(self, stage: Stage) -> None:
        desktop_id = launch(stage).id
        stage.desktops.find(desktop_id)
        wait(stage, seconds=35)
        found = stage.desktops.find(desktop_id)
        assert found
        assert found.state is State.RUNNING

    @pytest.mark.parametrize("name", [NOWHERE, "i-1", "to be announced", "*"])
    def test_what_ec2_does_not_know_is_not_there(self, stage: Stage, name: str) -> None:
        launch(stage)
        assert stage.desktops.find(name) is None
        assert stage.desktops.whose(name) is None

    @pytest.mark.parametrize(
        ("kind", "owner"),
        [
            ("ours", Owner.OURS),
            ("by hand", Owner.BY_HAND),
            ("other stage", Owner.FOREIGN),
            ("other project", Owner.FOREIGN),
            ("untagged", Owner.FOREIGN),
        ],
    )
    def test_both_tell_whose_an_instance_is(self, stage: Stage, kind: str, owner: Owner) -> None:
        desktop_id = stage.start(kind, "m1", Role.STUDENT)
        for desktop in (stage.desktops.find(desktop_id), stage.desktops.whose(desktop_id)):
            assert desktop
            assert (desktop.id, desktop.owner) == (desktop_id, owner)
            if owner is not Owner.FOREIGN:
                assert (desktop.meeting_id, desktop.role) == ("m1", Role.STUDENT)

    def test_whose_still_tells_it_of_a_dead_one(self, stage: Stage) -> None:
        desktop_id = launch(stage).id
        stage.desktops.terminate([desktop_id])
        wait(stage, minutes=5)
        desktop = stage.desktops.whose(desktop_id)
        assert desktop
        assert (desktop.owner, desktop.meeting_id, desktop.role) == (Owner.OURS, "m1", Role.TEACHER)

    def test_whose_asks_ec2_once_only_and_find_each_time(self, real: RealStage) -> None:
        desktop_id = launch(real).id
        for _ in range(3):
            real.desktops.whose(desktop_id)
        assert len(real.account.requests.to("DescribeInstances")) == 1
        for _ in range(3):
            real.desktops.find(desktop_id)
        assert len(real.account.requests.to("DescribeInstances")) == 4

    def test_whose_asks_again_for_one_that_was_not_there(self, real: RealStage) -> None:
        real.hide_launches(10)
        desktop_id = launch(real).id
        assert real.desktops.whose(desktop_id) is None
        wait(real, seconds=10)
        assert real.desktops.whose(desktop_id)


class TestFleet:
    def test_lists_every_instance_of_the_project_and_this_stage_dead_ones_too(self, stage: Stage) -> None:
        living, dying, by_hand = launch(stage, "m1").id, launch(stage, "m2").id, stage.start("by hand", "m3")
        stage.desktops.terminate([dying])
        assert {d.id: (d.owner, d.state.costs, d.meeting_id) for d in fleet(stage)} == {
            living: (Owner.OURS, True, "m1"),
            dying: (Owner.OURS, False, "m2"),
            by_hand: (Owner.BY_HAND, True, "m3"),
        }

    @pytest.mark.parametrize("kind", ["other stage", "other project", "untagged"])
    def test_leaves_out_what_is_foreign(self, stage: Stage, kind: str) -> None:
        stage.start(kind)
        assert fleet(stage) == []

    def test_leaves_out_what_is_foreign_though_the_meeting_is_ours(self, stage: Stage) -> None:
        desktop = launch(stage, "m1")
        stage.start("other stage", "m1")
        assert [d.id for d in fleet(stage)] == [desktop.id]

    def test_lists_nothing_where_there_is_nothing(self, stage: Stage) -> None:
        assert fleet(stage) == []

    def test_lists_many(self, stage: Stage) -> None:
        launched = {launch(stage, f"m{number}").id for number in range(12)}
        assert {d.id for d in fleet(stage)} == launched


class TestSubnets:
    def test_are_in_the_same_order_each_time(self, stage: Stage) -> None:
        first = stage.desktops.subnets()
        assert len(first) == len(set(first)) > 1
        assert stage.desktops.subnets() == first

    def test_one_that_lately_had_no_room_comes_last(self, stage: Stage) -> None:
        best, *rest = stage.desktops.subnets()
        stage.fill(best)
        with pytest.raises(NoCapacity):
            launch(stage)
        assert stage.desktops.subnets() == [*rest, best]

    def test_several_that_lately_had_no_room_come_last_in_their_order(self, stage: Stage) -> None:
        first, second, *rest = stage.desktops.subnets()
        stage.fill(first, second)
        for subnet in (second, first):
            with pytest.raises(NoCapacity):
                stage.desktops.launch("m1", Attempt(Role.TEACHER, 1, subnet, Cause.DUE), DEADLINE)
        assert stage.desktops.subnets() == [*rest, first, second]

    def test_the_want_of_room_is_forgotten_after_a_while(self, stage: Stage) -> None:
        before = stage.desktops.subnets()
        stage.fill(before[0])
        with pytest.raises(NoCapacity):
            launch(stage)
        wait(stage, minutes=2)
        assert stage.desktops.subnets() != before
        wait(stage, minutes=1)
        assert stage.desktops.subnets() == before

    def test_another_refusal_leaves_the_order_alone(self, stage: Stage) -> None:
        before = stage.desktops.subnets()
        stage.refuse("VcpuLimitExceeded")
        with pytest.raises(LaunchRefused):
            launch(stage)
        assert stage.desktops.subnets() == before

    def test_where_there_is_none_every_launch_is_refused(self, stage: Stage) -> None:
        stage.remove_subnets()
        with pytest.raises(LaunchRefused):
            stage.desktops.subnets()


class TestTerminate:
    def test_ends_these_and_no_others(self, stage: Stage) -> None:
        first, second, third = (launch(stage, meeting_id).id for meeting_id in ("m1", "m2", "m3"))
        stage.desktops.terminate([first, third])
        assert stage.living() == {second}

    def test_once_more_is_fine(self, stage: Stage) -> None:
        desktop_id = launch(stage).id
        for minutes in (0, 0, 5, 120):  # living, shutting down, terminated, forgotten
            wait(stage, minutes=minutes)
            stage.desktops.terminate([desktop_id])
        assert stage.living() == set()

    @pytest.mark.parametrize("unknown", [NOWHERE, "i-1", "to be announced"])
    def test_one_that_is_not_there_is_fine(self, stage: Stage, unknown: str) -> None:
        bystander = launch(stage).id
        stage.desktops.terminate([unknown])
        assert stage.living() == {bystander}

    @pytest.mark.parametrize("unknown", [NOWHERE, "i-1", "to be announced"])
    def test_ends_the_known_among_unknown_ones(self, stage: Stage, unknown: str) -> None:
        first, second, bystander = (launch(stage, meeting_id).id for meeting_id in ("m1", "m2", "m3"))
        stage.desktops.terminate([unknown, first, unknown, second])
        assert stage.living() == {bystander}

    @pytest.mark.parametrize("code", ["OperationNotPermitted", "UnauthorizedOperation"])
    def test_each_is_tried_by_itself_where_one_may_not_be_ended(self, real: RealStage, code: str) -> None:
        real.account.instead["TerminateInstances"] = (code, 400)
        with pytest.raises(Unavailable, match=code):
            real.desktops.terminate(["i-1", "i-2", "i-3"])
        asked = [request["InstanceIds"] for request in real.account.requests.to("TerminateInstances")]
        assert asked == [["i-1", "i-2", "i-3"], ["i-1"], ["i-2"], ["i-3"]]

    def test_a_call_that_fails_for_all_is_not_made_for_each(self, real: RealStage) -> None:
        real.account.instead["TerminateInstances"] = ("RequestLimitExceeded", 503)
        with pytest.raises(Unavailable, match="RequestLimitExceeded"):
            real.desktops.terminate(["i-1", "i-2"])
        asked = [request["InstanceIds"] for request in real.account.requests.to("TerminateInstances")]
        assert all(ids == ["i-1", "i-2"] for ids in asked)

    def test_a_pattern_ends_nothing(self, stage: Stage) -> None:
        bystander = launch(stage).id
        stage.desktops.terminate(["*", "i-*"])
        assert stage.living() == {bystander}

    def test_nothing_is_fine(self, stage: Stage) -> None:
        bystander = launch(stage).id
        stage.desktops.terminate([])
        assert stage.living() == {bystander}

    def test_ec2_is_not_asked_to_end_nothing_which_it_refuses(self, real: RealStage) -> None:
        real.desktops.terminate([])
        assert real.account.requests.to("TerminateInstances") == []

    def test_ends_one_that_ec2_does_not_show_yet(self, stage: Stage) -> None:
        stage.hide_launches(10)
        desktop_id = launch(stage).id
        stage.desktops.terminate([desktop_id])
        assert stage.living() == set()


class TestRearm:
    def test_these_instances_bear_the_new_deadline_and_no_others_do(self, stage: Stage) -> None:
        first, second, bystander = (launch(stage, meeting_id).id for meeting_id in ("m1", "m2", "m3"))
        later = DEADLINE + timedelta(hours=1)
        stage.desktops.rearm([first, second], later)
        assert {d.id: d.deadline for d in fleet(stage)} == {first: later, second: later, bystander: DEADLINE}

    def test_nothing_else_about_them_changes(self, stage: Stage) -> None:
        desktop = launch(stage)
        stage.desktops.rearm([desktop.id], DEADLINE - timedelta(hours=1))
        assert stage.desktops.find(desktop.id) == replace(desktop, deadline=DEADLINE - timedelta(hours=1))

    def test_one_made_by_hand_bears_it_from_now_on(self, stage: Stage) -> None:
        desktop_id = stage.start("by hand")
        stage.desktops.rearm([desktop_id], DEADLINE)
        found = stage.desktops.find(desktop_id)
        assert found
        assert (found.deadline, found.owner) == (DEADLINE, Owner.BY_HAND)

    def test_its_attempt_returns_it_all_the_same(self, stage: Stage) -> None:
        desktop = launch(stage)
        later = DEADLINE + timedelta(hours=1)
        stage.desktops.rearm([desktop.id], later)
        assert stage.desktops.launch("m1", attempt(stage), later).id == desktop.id


class TestWithoutAnAnswer:
    """Every method may raise `Unavailable`; then nothing was concluded."""

    ACTS: ClassVar[dict[str, Callable[[Desktops], object]]] = {
        "of_meeting": lambda desktops: desktops.of_meeting("m1", []),
        "find": lambda desktops: desktops.find(NOWHERE),
        "whose": lambda desktops: desktops.whose(NOWHERE),
        "fleet": lambda desktops: list(desktops.fleet()),
        "subnets": lambda desktops: desktops.subnets(),
        "launch": lambda desktops: desktops.launch("m1", Attempt(Role.TEACHER, 1, "subnet-1", Cause.DUE), DEADLINE),
        "terminate": lambda desktops: desktops.terminate([NOWHERE]),
        "rearm": lambda desktops: desktops.rearm([NOWHERE], DEADLINE),
    }
    OPERATIONS = (
        "CreateTags",
        "DescribeInstances",
        "DescribeImages",
        "DescribeSubnets",
        "DescribeVpcs",
        "RunInstances",
        "TerminateInstances",
    )

    @pytest.mark.parametrize("act", ACTS)
    @pytest.mark.parametrize(
        "failure",
        [("RequestLimitExceeded", 503), ("InternalError", 500), NO_NETWORK],
        ids=["throttled", "broken", "no network"],
    )
    def test_ec2_is_unavailable(self, real: RealStage, act: str, failure: Any) -> None:
        real.account.instead |= dict.fromkeys(self.OPERATIONS, failure)
        with pytest.raises(Unavailable):
            self.ACTS[act](real.desktops)


def test_a_deadline_tag_that_is_no_time_is_no_deadline(real: RealStage) -> None:
    desktop_id = launch(real).id
    real.api.create_tags(Resources=[desktop_id], Tags=[{"Key": "Deadline", "Value": "tomorrow"}])
    found = real.desktops.find(desktop_id)
    assert found
    assert found.deadline is None


def test_a_role_tag_that_is_no_role_is_no_role(real: RealStage) -> None:
    desktop_id = launch(real).id
    real.api.create_tags(Resources=[desktop_id], Tags=[{"Key": "Role", "Value": "Teacher "}])
    found = real.desktops.find(desktop_id)
    assert found
    assert found.role is None

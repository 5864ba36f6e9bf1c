"""The port `Desktops`: what is seen of desktops, and whose they are."""

from __future__ import annotations

import ipaddress

import pytest

from chalicelib.domain.model import Owner, State
from chalicelib.domain.seat import Role
from tests.contract.desktops.stages import NOWHERE, RealStage, Stage, fleet, launch, ours, wait


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
        assert {d.id: (d.owner, d.state.must_be_ended, d.meeting_id) for d in fleet(stage)} == {
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

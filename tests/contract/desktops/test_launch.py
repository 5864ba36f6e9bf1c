"""The port `Desktops`: an attempt launches one desktop, however often it is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.actions import Attempt, Cause
from chalicelib.domain.errors import AttemptSpent, LaunchRefused, NoCapacity, Unavailable
from chalicelib.domain.model import Desktop, Owner, State
from chalicelib.domain.seat import Role
from tests.contract.conftest import NOW
from tests.contract.desktops.stages import DEADLINE, Stage, attempt, launch, wait


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

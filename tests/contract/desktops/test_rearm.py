"""The port `Desktops`: the deadline that a desktop bears is changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.model import Owner
from tests.contract.desktops.stages import DEADLINE, Stage, attempt, fleet, launch


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

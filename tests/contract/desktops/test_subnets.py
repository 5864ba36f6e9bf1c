"""The port `Desktops`: where to launch, the likeliest place first."""

from __future__ import annotations

import pytest

from chalicelib.domain.actions import Attempt, Cause
from chalicelib.domain.errors import LaunchRefused, NoCapacity
from chalicelib.domain.seat import Role
from tests.contract.desktops.stages import DEADLINE, Stage, launch, wait


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

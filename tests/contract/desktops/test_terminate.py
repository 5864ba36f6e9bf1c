"""The port `Desktops`: ending these desktops and no others."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import Unavailable
from tests.contract.desktops.stages import NOWHERE, RealStage, Stage, launch, wait


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

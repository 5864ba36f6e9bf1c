"""The token of an attempt: the same attempt launches once."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.actions import Attempt, Cause
from chalicelib.domain.errors import AttemptSpent, Unavailable
from chalicelib.domain.seat import Role
from tests.contract.ec2.launcher import DEADLINE, Launcher


class TestToken:
    def test_is_one_that_ec2_takes_whatever_the_meetings_id(self, launcher: Launcher) -> None:
        for meeting_id in ("m1", "x" * 200, "Ünïcode-©"):
            launcher.launch(meeting_id)
            token = launcher.request()["ClientToken"]
            assert 0 < len(token) <= 64
            assert token.isascii()

    def test_is_the_same_for_the_same_attempt_in_every_container(self, launcher: Launcher) -> None:
        launcher.launch()
        token = launcher.request()["ClientToken"]
        launcher.desktops = launcher.container()
        launcher.launch()
        assert launcher.request()["ClientToken"] == token

    def test_is_another_for_another_stage(self, launcher: Launcher) -> None:
        launcher.launch()
        token = launcher.request()["ClientToken"]
        launcher.desktops = launcher.container("prod")
        launcher.launch()
        assert launcher.request()["ClientToken"] != token

    def test_is_another_for_another_subnet_where_the_same_one_would_launch_again(self, launcher: Launcher) -> None:
        tokens = set()
        for subnet in launcher.desktops.subnets()[:2]:
            attempt = Attempt(Role.TEACHER, 1, subnet, Cause.DUE)
            launcher.desktops.launch("m1", attempt, DEADLINE)
            tokens.add(launcher.request()["ClientToken"])
        assert len(tokens) == 2

    def test_does_not_run_an_id_into_what_follows_it(self, launcher: Launcher) -> None:
        tokens = set()
        for meeting_id, number in (("m1", 11), ("m11", 1), ("m1/teacher", 1)):
            launcher.launch(meeting_id, number=number)
            tokens.add(launcher.request()["ClientToken"])
        assert len(tokens) == 3


class TestMismatch:
    """A token that was used with other settings: the operator changed them between a crash and the next look."""

    @pytest.mark.parametrize(
        "changed",
        [{"instance_type": "t3.xlarge"}, {"volume_gib": 80}],
        ids=lambda changed: next(iter(changed)),
    )
    def test_returns_the_desktop_that_the_attempt_has_launched(
        self, launcher: Launcher, changed: dict[str, Any]
    ) -> None:
        first = launcher.launch()
        launcher.settings = launcher.settings._replace(**changed)
        assert launcher.launch().id == first.id

    def test_finds_it_by_the_token(self, launcher: Launcher) -> None:
        launcher.launch()
        launcher.settings = launcher.settings._replace(volume_gib=80)
        launcher.launch("m2")
        launcher.launch()
        [asked] = launcher.account.requests.to("DescribeInstances")
        assert asked["Filters"] == [{"Name": "client-token", "Values": [launcher.request()["ClientToken"]]}]

    def test_of_a_desktop_that_is_gone_means_that_the_attempt_is_spent(self, launcher: Launcher) -> None:
        launcher.desktops.terminate([launcher.launch().id])
        launcher.settings = launcher.settings._replace(volume_gib=80)
        with pytest.raises(AttemptSpent) as refusal:
            launcher.launch()
        assert refusal.value.code == "IdempotentParameterMismatch"

    def test_concludes_nothing_where_the_holder_cannot_be_looked_up(self, launcher: Launcher) -> None:
        launcher.launch()
        launcher.settings = launcher.settings._replace(volume_gib=80)
        launcher.account.instead["DescribeInstances"] = ("RequestLimitExceeded", 503)
        with pytest.raises(Unavailable):
            launcher.launch()

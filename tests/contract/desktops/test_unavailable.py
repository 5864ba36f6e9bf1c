"""The port `Desktops` where EC2 does not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from chalicelib.control.ports import Desktops
from chalicelib.domain.actions import Attempt, Cause
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.seat import Role
from tests.contract.conftest import NO_NETWORK
from tests.contract.desktops.stages import DEADLINE, NOWHERE, RealStage


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
        "DescribeRouteTables",
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

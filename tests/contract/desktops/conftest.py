"""Every test of the port runs over both stages; what only EC2 has, over the real one."""

from __future__ import annotations

import pytest

from localcloud.clock import VirtualClock
from tests.contract.conftest import Account
from tests.contract.desktops.stages import FakeStage, RealStage, Stage


@pytest.fixture
def real(account: Account, clock: VirtualClock) -> RealStage:
    return RealStage(account, clock)


@pytest.fixture(params=["fake", "real"])
def stage(request: pytest.FixtureRequest, clock: VirtualClock) -> Stage:
    stage: Stage = FakeStage(clock) if request.param == "fake" else request.getfixturevalue("real")
    return stage

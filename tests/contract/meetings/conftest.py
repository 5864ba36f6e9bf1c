"""Every test of the port runs over both stages; what only DynamoDB has, over the real one."""

from __future__ import annotations

import pytest

from tests.contract.conftest import Account
from tests.contract.meetings.stages import FakeStage, RealStage, Stage


@pytest.fixture
def real(account: Account) -> RealStage:
    return RealStage(account)


@pytest.fixture(params=["fake", "real"])
def stage(request: pytest.FixtureRequest) -> Stage:
    stage: Stage = FakeStage() if request.param == "fake" else request.getfixturevalue("real")
    return stage

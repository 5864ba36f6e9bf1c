"""The adapter in an account that has what a launch needs."""

from __future__ import annotations

import pytest

from localcloud.clock import VirtualClock
from localcloud.conditions import Conditions
from localcloud.ec2 import Ec2
from tests.contract.conftest import Account, desktop_settings
from tests.contract.ec2.launcher import Launcher


@pytest.fixture
def launcher(account: Account, clock: VirtualClock) -> Launcher:
    Ec2(clock, Conditions())
    settings = desktop_settings(account)
    launcher = Launcher(account, clock, settings, None, "")  # type: ignore[arg-type]  # it reads its settings from here
    launcher.desktops = launcher.container()
    launcher.subnet = launcher.desktops.subnets()[0]
    account.requests.clear()
    return launcher

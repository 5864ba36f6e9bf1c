"""A sound account for each test, and one Cloudflare for all of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from localcloud.clock import RealClock
from localcloud.cloudflare import Cloudflare
from localcloud.ledger import Ledger
from tests.tools.checks.sound import Account


@pytest.fixture(scope="module")
def cloudflare() -> Iterator[Cloudflare]:
    zone = Cloudflare(RealClock(), Ledger())
    yield zone
    zone.stop()


@pytest.fixture
def account(cloudflare: Cloudflare, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws(config={"core": {"passthrough": {"urls": [rf"{cloudflare.url}.*"]}}}):
        yield Account(cloudflare)

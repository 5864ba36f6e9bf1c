"""The adapter before a script of answers, and before the stand-in for Cloudflare."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from chalicelib.adapters.dns.cloudflare import CloudflareDns
from localcloud.clock import VirtualClock
from localcloud.cloudflare import TOKEN, Cloudflare
from localcloud.server import Server
from tests.contract.cloudflare.wire import Script, Wire, adapter, store
from tests.contract.conftest import Account


@pytest.fixture
def wire(account: Account, clock: VirtualClock) -> Iterator[Wire]:
    store(account, json.dumps({"CLOUDFLARE_TOKEN": "t1"}))
    script, sleeps = Script(), list[float]()
    server = Server(script)
    url = f"{server.url}/client/v4"
    yield Wire(script, adapter(url, account, clock, sleeps), account, sleeps, url)
    server.stop()


@pytest.fixture
def dns(cloudflare: Cloudflare, account: Account, clock: VirtualClock) -> CloudflareDns:
    """The adapter before the stand-in for Cloudflare."""
    store(account, json.dumps({"CLOUDFLARE_TOKEN": TOKEN}))
    return adapter(cloudflare.url, account, clock, [])

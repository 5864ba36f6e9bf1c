"""A stage, and a zone of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from moto import mock_aws

from localcloud.clock import RealClock
from localcloud.cloudflare import Cloudflare
from localcloud.ledger import Ledger
from localcloud.origin_ca import OriginCa
from tests.tools.certifying.stand import Stand
from tests.tools.checks.sound import Account


@pytest.fixture(scope="session")
def authority_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority_key: rsa.RSAPrivateKey) -> Iterator[Stand]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    monkeypatch.setenv("COLUMNS", "2000")
    monkeypatch.setattr(OriginCa, "_key", authority_key)
    zone = Cloudflare(RealClock(), Ledger())
    root = tmp_path / "root.pem"
    root.write_text(zone.authority.root)
    with mock_aws(config={"core": {"passthrough": {"urls": [rf"{zone.url}.*"]}}}):
        yield Stand(Account(zone), zone, root)
    zone.stop()

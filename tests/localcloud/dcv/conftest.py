"""One verifier and one desktop a test, both gone when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcloud.dcv.stands import Desk, Verifier, make_desk


@pytest.fixture
def verifier() -> Iterator[Verifier]:
    verifier = Verifier()
    yield verifier
    verifier.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Return a desktop that is not started yet."""
    desk = make_desk(tmp_path / "home")
    yield desk
    desk.kill()


@pytest.fixture
def running(desk: Desk, verifier: Verifier) -> Desk:
    """Return a desktop that runs, and asks the test's verifier."""
    desk.settings(verifier.url, security="auth-token-verifier-timeout=1")
    desk.start()
    return desk

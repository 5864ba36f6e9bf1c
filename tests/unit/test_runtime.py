"""The composition root: which keys a container has, and with which client it reads them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from chalicelib.adapters.keys import GivenKeys, TableKeys
from chalicelib.domain.access import digest_of
from chalicelib.domain.errors import ConfigError
from chalicelib.domain.keys import Keys
from chalicelib.runtime import Runtime


def test_without_a_state_table_the_environment_gives_the_keys() -> None:
    """A run at home, and what stood in a function's environment before: nothing is vouched for there."""
    here = Runtime(environ={"LINK_SIGNING_KEY": "l" * 40, "SCHEDULE_KEY": "s" * 40})
    assert here.link_keys() == Keys("l" * 40, all_signed=True)
    assert [key.digest for key in here.keys.access().values()] == [digest_of("s" * 40)]
    assert here.seal.on("m1") is None


def test_meetings_and_keys_share_one_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person waits for a cold join: a second client would cost as much as the first."""
    made: list[str] = []

    def client(service: str, config: Any) -> object:
        made.append(service)
        return object()

    monkeypatch.setattr(boto3, "client", client)
    here = Runtime(environ={"STATE_TABLE": "elephant-state-dev"})
    assert here.meetings
    assert isinstance(here.keys, TableKeys)
    assert made == ["dynamodb"]


def test_without_any_key_links_are_not_signed() -> None:
    assert Runtime(environ={}).link_keys() is None


def test_a_deployed_stage_that_has_lost_its_key_for_links_signs_none_and_opens_none() -> None:
    """Otherwise every unsigned id would be a link."""
    here = Runtime(environ={"STATE_TABLE": "elephant-state-dev"})
    here.keys = GivenKeys({})
    with pytest.raises(ConfigError, match="elephant-state-dev holds no key for links"):
        here.link_keys()

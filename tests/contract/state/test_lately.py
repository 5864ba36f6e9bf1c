"""What was measured lately, on the state table: kept there, read once a minute, and never in anybody's way."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.lately import LATELY, TableLately
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.lately import Boot
from localcloud.clock import VirtualClock
from tests.contract.conftest import NO_NETWORK, Account
from tests.contract.state.conftest import TABLE

READY = datetime(2026, 3, 1, 14, 56, 0, 250_000, tzinfo=UTC)
BOOTS = (Boot(READY, timedelta(seconds=301)), Boot(READY + timedelta(hours=1), timedelta(minutes=4)))


class Stage:
    """The state table, and the port on it."""

    def __init__(self, account: Account, table: Any, clock: VirtualClock) -> None:
        self.account = account
        self.clock = clock
        self.api = table
        self.lately = TableLately(account.watched_client("dynamodb"), TABLE, clock.now)

    def pass_by(self, seconds: float) -> None:
        self.clock.run(self.clock.now() + timedelta(seconds=seconds))

    def reads(self) -> int:
        return len(self.account.requests.to("GetItem"))


@pytest.fixture
def stage(account: Account, table: Any, clock: VirtualClock) -> Stage:
    return Stage(account, table, clock)


def test_without_the_item_nothing_was_measured(stage: Stage) -> None:
    assert stage.lately.boots() == ()
    assert stage.lately.recent_boots() == ()


def test_what_is_noted_is_read_again(stage: Stage) -> None:
    stage.lately.note(BOOTS)
    assert stage.lately.boots() == BOOTS
    stage.lately.note(BOOTS[1:])
    assert stage.lately.boots() == BOOTS[1:]


def test_nothing_but_its_own_item_is_touched(stage: Stage) -> None:
    stage.api.put_item(TableName=TABLE, Item={"id": {"S": "key/links"}, "present": {"S": "k"}})
    stage.lately.note(BOOTS)
    ids = {item["id"]["S"] for item in stage.api.scan(TableName=TABLE)["Items"]}
    assert ids == {"key/links", LATELY}


def test_for_who_waits_it_is_read_once_a_minute(stage: Stage) -> None:
    for seconds, reads in ((0, 1), (59, 1), (1, 2)):
        stage.pass_by(seconds)
        stage.lately.recent_boots()
        assert stage.reads() == reads
    stage.lately.boots()
    assert stage.reads() == 3


@pytest.mark.parametrize(
    "boots",
    [
        {"S": "many"},
        {"L": [{"S": "one"}]},
        {"L": [{"M": {"ready_at": {"S": "soon"}, "took_s": {"N": "1"}}}]},
        {"L": [{"M": {"ready_at": {"S": "2026-03-01T15:00:00Z"}}}]},
        {"L": [{"M": {"ready_at": {"S": "2026-03-01T15:00:00Z"}, "took_s": {"N": "1e99"}}}]},
        {"L": [{"M": {"ready_at": {"N": "7"}, "took_s": {"N": "1"}}}]},
        {"NULL": True},
    ],
    ids=["a text", "texts", "no moment", "no span", "an endless span", "a number for a moment", "a null"],
)
def test_what_somebody_made_of_the_item_is_nothing_measured(stage: Stage, boots: dict[str, Any]) -> None:
    stage.api.put_item(TableName=TABLE, Item={"id": {"S": LATELY}, "boots": boots})
    assert stage.lately.recent_boots() == ()


@pytest.mark.parametrize("answer", [("InternalServerError", 500), NO_NETWORK], ids=str)
class TestWhileTheTableIsDown:
    def test_who_notes_is_told_so(self, stage: Stage, answer: Any) -> None:
        stage.account.instead |= {"GetItem": answer, "PutItem": answer}
        with pytest.raises(Unavailable, match=TABLE):
            stage.lately.boots()
        with pytest.raises(Unavailable, match=TABLE):
            stage.lately.note(BOOTS)

    def test_who_waits_is_told_what_was_known_and_asks_no_more_for_a_minute(
        self, stage: Stage, answer: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        stage.lately.note(BOOTS)
        stage.lately.recent_boots()
        stage.account.instead["GetItem"] = answer
        stage.pass_by(61)
        with caplog.at_level(logging.WARNING):
            assert stage.lately.recent_boots() == BOOTS
            assert stage.lately.recent_boots() == BOOTS
        assert len(caplog.records) == 1

    def test_where_nothing_was_known_nothing_is_told(self, stage: Stage, answer: Any) -> None:
        stage.account.instead["GetItem"] = answer
        assert stage.lately.recent_boots() == ()

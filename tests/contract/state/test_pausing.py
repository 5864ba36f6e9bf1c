"""Whether the stage is paused, by an item of the state table: read once a minute, and never in anybody's way."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.keys import TableKeys, item_id
from chalicelib.adapters.pausing import PAUSED, TablePausing
from chalicelib.domain.keys import Keys, Purpose
from chalicelib.domain.pause import Pause
from localcloud.clock import VirtualClock
from tests.contract.conftest import NO_NETWORK, Account
from tests.contract.state.conftest import TABLE

SINCE = datetime(2026, 3, 1, 14, 56, tzinfo=UTC)
PAUSE = Pause("arn:ann", "EC2 is being repaired", SINCE)
ITEM = {"by": "arn:ann", "why": "EC2 is being repaired", "since": "2026-03-01T14:56:00Z"}


class Stage:
    """The state table, and the ports on it."""

    def __init__(self, account: Account, table: Any, clock: VirtualClock) -> None:
        self.account = account
        self.clock = clock
        self.api = table
        client = account.watched_client("dynamodb")
        self.pausing = TablePausing(client, TABLE, clock.now)
        self.keys = TableKeys(client, TABLE, clock.now)

    def pause(self, **item: Any) -> None:
        values = {name: {"S": text} for name, text in ITEM.items()} | item
        self.api.put_item(TableName=TABLE, Item={"id": {"S": PAUSED}, **values})

    def resume(self) -> None:
        self.api.delete_item(TableName=TABLE, Key={"id": {"S": PAUSED}})

    def pass_by(self, seconds: float) -> None:
        self.clock.run(self.clock.now() + timedelta(seconds=seconds))

    def calls(self, name: str) -> int:
        return len(self.account.requests.to(name))


@pytest.fixture
def stage(account: Account, table: Any, clock: VirtualClock) -> Stage:
    return Stage(account, table, clock)


def test_it_is_in_force_within_a_minute_and_so_is_its_end(stage: Stage) -> None:
    assert stage.pausing.standing() is None
    stage.pause()
    stage.pass_by(59)
    assert stage.pausing.standing() is None
    stage.pass_by(1)
    assert stage.pausing.standing() == PAUSE
    stage.resume()
    stage.pass_by(60)
    assert stage.pausing.standing() is None
    assert stage.calls("GetItem") == 3


def test_it_is_logged_once_that_it_is_seen_and_that_it_is_over(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            stage.pause()
            stage.pausing.standing()
            stage.pass_by(61)
        stage.resume()
        stage.pausing.standing()
    assert [record.getMessage() for record in caplog.records] == ["paused", "resumed"]


@pytest.mark.parametrize(
    ("item", "pause"),
    [
        ({"since": {"S": "soon"}}, Pause("arn:ann", "EC2 is being repaired", None)),
        ({"by": {"N": "7"}, "why": {"NULL": True}}, Pause("somebody", "they did not say why", SINCE)),
    ],
)
def test_an_item_that_a_hand_has_made_pauses_too(stage: Stage, item: dict[str, Any], pause: Pause) -> None:
    stage.pause(**item)
    assert stage.pausing.standing() == pause


class TestReadWithKeys:
    def test_one_call_reads_both_and_none_does_while_both_are_known(self, stage: Stage) -> None:
        stage.pause()
        stage.api.put_item(TableName=TABLE, Item={"id": {"S": item_id(Purpose.LINKS)}, "present": {"S": "k"}})
        for _ in range(2):
            stage.pausing.read_with(stage.keys, [Purpose.LINKS])
            assert stage.pausing.standing() == PAUSE
            assert stage.keys.of(Purpose.LINKS) == Keys("k")
        assert (stage.calls("TransactGetItems"), stage.calls("GetItem")) == (1, 0)

    def test_where_it_fails_each_is_read_by_itself(self, stage: Stage) -> None:
        stage.pause()
        stage.account.instead["TransactGetItems"] = ("TransactionCanceledException", 400)
        stage.pausing.read_with(stage.keys, [Purpose.LINKS])
        assert stage.pausing.standing() == PAUSE


@pytest.mark.parametrize("answer", [("InternalServerError", 500), ("AccessDeniedException", 400), NO_NETWORK], ids=str)
class TestWhileTheTableCannotBeRead:
    def test_what_was_known_counts_and_nobody_asks_more_than_once_a_minute(
        self, stage: Stage, answer: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        stage.pause()
        stage.pausing.standing()
        stage.account.instead["GetItem"] = answer
        stage.pass_by(61)
        caplog.clear()  # what was seen before is told too, where somebody else lets the app's log tell it
        with caplog.at_level(logging.WARNING):
            assert stage.pausing.standing() == stage.pausing.standing() == PAUSE
        assert [record.getMessage() for record in caplog.records] == ["pause_unknown"]

    def test_where_nothing_was_known_people_come_to_their_meetings(self, stage: Stage, answer: Any) -> None:
        stage.pause()
        stage.account.instead["GetItem"] = answer
        assert stage.pausing.standing() is None

"""A row and the keys that a request needs: one call where keys are too old, and otherwise the row alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.ahead import read_ahead
from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.adapters.keys import TableKeys
from chalicelib.domain.errors import ConfigError, NoSuchMeeting
from chalicelib.domain.keys import Keys, Purpose
from localcloud.clock import VirtualClock

from .conftest import NO_NETWORK, Account

MEETINGS, STATE = "elephant-meetings-dev", "elephant-state-dev"
BOTH = (Purpose.LINKS, Purpose.TOKENS)


class Stage:
    """Both tables, and what reads them."""

    def __init__(self, account: Account, clock: VirtualClock) -> None:
        self.account = account
        self.clock = clock
        self._api = account.client("dynamodb")
        for table in (MEETINGS, STATE):
            self._api.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            )
        self._client = account.watched_client("dynamodb")
        self.keys = TableKeys(self._client, STATE, clock.now)
        self._meetings = DynamoMeetings(self._client, MEETINGS, clock.now, lambda seconds: None)
        self.put(MEETINGS, "m1", teacher_name="Ada")
        for purpose in BOTH:
            self.put(STATE, f"key/{purpose}", present=f"key for {purpose}")

    def put(self, table: str, name: str, **attributes: str) -> None:
        item = {"id": {"S": name}} | {each: {"S": text} for each, text in attributes.items()}
        self._api.put_item(TableName=table, Item=item)

    def read(self, meeting_id: str = "m1", *purposes: Purpose) -> DynamoMeetings:
        return read_ahead(self._client, self._meetings, self.keys, meeting_id, purposes or BOTH)

    def calls(self) -> list[str]:
        called = [operation for operation in ("TransactGetItems", "GetItem") for _ in self.asked(operation)]
        self.account.requests.clear()
        return called

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return self.account.requests.to(operation)


@pytest.fixture
def stage(account: Account, clock: VirtualClock) -> Stage:
    return Stage(account, clock)


def test_a_row_and_the_keys_are_one_call(stage: Stage) -> None:
    meetings = stage.read()
    assert meetings.get("m1").row["teacher_name"] == "Ada"
    assert [stage.keys.of(purpose) for purpose in BOTH] == [Keys("key for links"), Keys("key for tokens")]
    assert stage.calls() == ["TransactGetItems"]


def test_only_keys_that_are_too_old_are_read_again(stage: Stage) -> None:
    stage.read("m1", Purpose.LINKS)
    stage.clock.run(stage.clock.now() + timedelta(seconds=59))
    stage.calls()
    stage.read("m1", Purpose.LINKS).get("m1")
    assert stage.calls() == ["GetItem"], "the row alone"
    stage.read().get("m1")
    [asked] = stage.asked("TransactGetItems")
    assert [each["Get"]["Key"]["id"]["S"] for each in asked["TransactItems"]] == ["m1", "key/tokens"]
    stage.put(STATE, "key/links", present="newer")
    stage.clock.run(stage.clock.now() + timedelta(seconds=1))
    stage.read("m1", Purpose.LINKS)
    assert stage.keys.of(Purpose.LINKS) == Keys("newer")


def test_a_row_that_was_read_ahead_is_read_anew_the_next_time(stage: Stage) -> None:
    """Who finds that it has changed meanwhile looks at it as it is."""
    meetings = stage.read()
    stage.put(MEETINGS, "m1", teacher_name="Ben")
    assert meetings.get("m1").row["teacher_name"] == "Ada"
    assert meetings.get("m1").row["teacher_name"] == "Ben"


def test_another_row_than_the_one_read_ahead_is_read(stage: Stage) -> None:
    stage.put(MEETINGS, "m2", teacher_name="Ben")
    assert stage.read().get("m2").row["teacher_name"] == "Ben"


def test_a_row_and_keys_that_are_not_there_are_missed_without_another_call(stage: Stage) -> None:
    meetings = stage.read("nobody", Purpose.LINKS, Purpose.VOUCHING)
    with pytest.raises(NoSuchMeeting, match="nobody"):
        meetings.get("nobody")
    assert stage.keys.of(Purpose.VOUCHING) is None
    assert stage.calls() == ["TransactGetItems"]


def test_an_item_that_a_hand_has_spoilt_is_named(stage: Stage) -> None:
    stage.put(STATE, "key/links", former="key")
    assert stage.read().get("m1").id == "m1"
    with pytest.raises(ConfigError, match="key/links"):
        stage.keys.of(Purpose.LINKS)


@pytest.mark.parametrize("failure", [("TransactionCanceledException", 400), ("AccessDeniedException", 400), NO_NETWORK])
def test_where_one_call_cannot_read_all_each_is_read_by_itself(stage: Stage, failure: Any) -> None:
    stage.account.instead["TransactGetItems"] = failure
    assert stage.read().get("m1").row["teacher_name"] == "Ada"
    assert [stage.keys.of(purpose) for purpose in BOTH] == [Keys("key for links"), Keys("key for tokens")]
    assert stage.calls().count("GetItem") == 3

"""`make key`: keys are made, shown once, listed and revoked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.adapters.keys import TableKeys
from chalicelib.adapters.uses import TableUses
from chalicelib.domain.access import AccessKey, Scope, find
from tests.tools.keyed import NOW, TABLE, Command, a_stage, command_of
from tools import access, given_keys
from tools.account import Clients
from tools.given_keys import Keys
from tools.stage import StageError


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    with a_stage(monkeypatch) as made:
        yield made


@pytest.fixture
def keys(client: Clients) -> Keys:
    return Keys(TABLE, client, lambda: NOW)


@pytest.fixture
def command(client: Clients, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_of(access, client, monkeypatch, capsys)


def known(client: Clients) -> TableKeys:
    """Return what the app reads."""
    return TableKeys(client("dynamodb"), TABLE, lambda: NOW)


def test_a_key_that_is_made_is_good_in_the_app_and_only_its_hash_is_kept(keys: Keys, client: Clients) -> None:
    key = keys.make("office", Scope.SCHEDULE, 50, timedelta(days=1))
    assert len(bytes.fromhex(key)) == 32
    found = find(key, known(client).access(), NOW)
    assert found
    assert (found.name, found.scope, found.daily, found.expires_at) == (
        "office",
        Scope.SCHEDULE,
        50,
        NOW + timedelta(days=1),
    )
    assert key not in str(client("dynamodb").scan(TableName=TABLE)["Items"])


def test_a_revoked_key_is_none_and_the_others_stay(keys: Keys, client: Clients) -> None:
    gone, stays = keys.make("gone", Scope.OPERATE), keys.make("stays", Scope.READ)
    keys.revoke("gone")
    assert find(gone, known(client).access(), NOW) is None
    assert find(stays, known(client).access(), NOW)
    with pytest.raises(StageError, match="There is no key 'gone' to revoke; there are: stays"):
        keys.revoke("gone")
    assert keys.make("gone", Scope.READ) != gone


def test_of_two_keys_of_one_name_the_first_stays(keys: Keys, client: Clients) -> None:
    first = keys.make("office", Scope.READ)
    with pytest.raises(StageError, match="There is a key office already"):
        keys.make("office", Scope.OPERATE)
    found = find(first, known(client).access(), NOW)
    assert found
    assert found.scope is Scope.READ


def test_keys_that_have_ended_are_forgotten_when_another_is_made(keys: Keys, client: Clients) -> None:
    keys.make("today", Scope.READ, lasts=timedelta(hours=1))
    Keys(TABLE, client, lambda: NOW + timedelta(hours=1)).make("next", Scope.READ)
    assert sorted(known(client).access()) == ["next"]


def test_no_more_keys_are_made_than_an_item_holds(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given_keys, "_KEPT", 1)
    keys.make("first", Scope.READ)
    with pytest.raises(StageError, match="has 1 keys, which is as many as it can have; revoke one first"):
        keys.make("second", Scope.READ)


@pytest.mark.parametrize("name", ["", "Office", "a b", "a/b", "-a", "x" * 41, "bür\u00f6", "a\n"])
def test_what_cannot_be_a_name_is_refused(keys: Keys, name: str) -> None:
    with pytest.raises(StageError, match="cannot be a key's name"):
        keys.make(name, Scope.READ)


def test_the_list_tells_all_but_the_keys(keys: Keys, client: Clients) -> None:
    key = keys.make("office", Scope.SCHEDULE, 50)
    keys.make("guest", Scope.READ, lasts=timedelta(days=2))
    TableUses(client("dynamodb"), TABLE, lambda: NOW).count(AccessKey("office", Scope.SCHEDULE, "", 50))
    told = [re.split(" {2,}", line) for line in keys.lines()]
    assert told == [
        ["guest", "read", "0 of 500 today", "until 2026-03-04 15:00 UTC"],
        ["office", "schedule", "1 of 50 today"],
    ]
    assert key not in str(told)


def test_the_command_prints_a_key_alone_so_that_a_script_can_take_it(command: Command) -> None:
    code, out, err = command("--name", "office", "--scope", "schedule")
    assert (code, len(bytes.fromhex(out.strip()))) == (0, 32)
    assert "The key office, which nobody can be shown again" in err
    assert command()[1].startswith("office")
    assert command("--name", "office", "--revoke")[0] == 0
    assert "No key was given out yet" in command()[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--name", "office"], "SCOPE must be one of schedule, read, operate, not ''."),
        (["--name", "office", "--scope", "all"], "not 'all'"),
        (["--name", "office", "--scope", "read", "--daily", "0"], "DAILY must be a whole number from 1 to 1,000,000"),
        (["--name", "office", "--scope", "read", "--daily", "\u0663"], "DAILY must be a whole number"),
        (["--name", "office", "--scope", "read", "--days", "-1"], "DAYS must be a whole number from 1 to 3,660"),
        (["--revoke"], "There is no key '' to revoke; there are: none."),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(
    command: Command, client: Clients, arguments: list[str], said: str
) -> None:
    code, out, err = command(*arguments)
    assert (code, out) == (1, "")
    assert said in err
    assert known(client).access() == {}


def test_a_stage_from_before_is_told_to_deploy(command: Command, client: Clients) -> None:
    client("dynamodb").delete_item(TableName=TABLE, Key={"id": {"S": "key/access"}})
    assert (
        "Stage dev has no keys yet; make deploy STAGE=dev prepares them."
        in command("--name", "x", "--scope", "read")[2]
    )

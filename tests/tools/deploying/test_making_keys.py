"""The keys that a deploy makes, and those that it moves out of plain text."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.keys import TableKeys
from chalicelib.domain.access import Scope, digest_of, find
from chalicelib.domain.keys import Keys, Purpose
from chalicelib.settings import SETTINGS, Scheduling
from localcloud.tables import STATE
from tools import keys, recorded
from tools.account import Clients, clients
from tools.keys import VARIABLES, make
from tools.stage import FUNCTIONS, SECRETS, Stage

TABLE = "elephant-state-dev"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
OLD = {"LINK_SIGNING_KEY": "what links were signed with", "SCHEDULE_KEY": "open sesame"}


@pytest.fixture
def client(aws: None, stage: Stage) -> Clients:
    made = clients(stage.region)
    made("dynamodb").create_table(TableName=TABLE, **STATE)
    return made


@pytest.fixture
def deployed(client: Clients, stage: Stage) -> Callable[..., None]:
    """Deploy a stage's functions as version 0.1.0 did, with keys in their environment or without."""
    iam = client("iam")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("app.py", "")

    def deploy(names: tuple[str, ...] = FUNCTIONS, **variables: str) -> None:
        for name in names:
            client("lambda").create_function(
                FunctionName=stage.function(name),
                Runtime="python3.12",
                Role=role,
                Handler="app.app",
                Code={"ZipFile": archive.getvalue()},
                Environment={"Variables": variables},
            )

    return deploy


def kept(client: Clients) -> dict[Purpose, Keys | None]:
    """Return what the app reads."""
    store = TableKeys(client("dynamodb"), TABLE, lambda: NOW)
    return {purpose: store.of(purpose) for purpose in Purpose}


def item(client: Clients, purpose: Purpose) -> dict[str, Any]:
    found = client("dynamodb").get_item(TableName=TABLE, Key={"id": {"S": f"key/{purpose}"}})
    return dict(found["Item"])


def made_by_the_stack() -> dict[str, str]:
    return {row.stack_output: "made" for row in SETTINGS if row.stack_output}


def make_now(stage: Stage, client: Clients) -> list[str]:
    return make(stage, TABLE, client, lambda: NOW)


def test_a_new_stage_has_every_key_and_is_locked(stage: Stage, client: Clients) -> None:
    """Before there are functions or an API: nobody can ever have scheduled without the key."""
    assert make_now(stage, client) == [f"keys were made in {TABLE}: vouching, links, ids, tokens"]
    made = kept(client)
    present = [held.present for held in made.values() if held]
    assert len(set(present)) == len(Purpose)
    assert all(len(bytes.fromhex(key)) == 32 for key in present)
    assert item(client, Purpose.LINKS) == {
        "id": {"S": "key/links"},
        "present": {"S": present[1]},
        "earlier": {"L": []},
        "made_at": {"S": "2026-03-02T15:00:00Z"},
    }
    assert keys.scheduling(stage, TABLE, client) is Scheduling.LOCKED


def test_a_second_deploy_makes_none_and_changes_none(stage: Stage, client: Clients) -> None:
    """Nor does one that runs at the same moment: the table takes one key and refuses the other."""
    make_now(stage, client)
    before = kept(client)
    assert make_now(stage, client) == []
    assert kept(client) == before


def test_a_key_that_somebody_deleted_is_made_and_no_other_is_touched(stage: Stage, client: Clients) -> None:
    """That is how one is replaced that has got out."""
    make_now(stage, client)
    before = kept(client)
    client("dynamodb").delete_item(TableName=TABLE, Key={"id": {"S": "key/links"}})
    assert make_now(stage, client) == [f"keys were made in {TABLE}: links"]
    after = kept(client)
    assert {purpose for purpose in Purpose if after[purpose] != before[purpose]} == {Purpose.LINKS}


@pytest.mark.parametrize("where", ["file and functions", "file", "functions", "one function"])
def test_what_stood_in_plain_text_is_moved(
    stage: Stage, client: Clients, deployed: Callable[..., None], where: str
) -> None:
    """Links in people's mails and the key in a form go on working; where they stood they stand no longer."""
    in_file = replace(stage, environment=OLD) if "file" in where else stage
    deployed(("sweep",) if where == "one function" else FUNCTIONS, **(OLD if "function" in where else {}))
    told = make_now(in_file, client)
    assert told == [
        f"keys were made in {TABLE}: vouching, ids, tokens",
        f"LINK_SIGNING_KEY, SCHEDULE_KEY moved from plain text into {TABLE}",
    ]
    after = kept(client)
    assert after[Purpose.LINKS] == Keys(OLD["LINK_SIGNING_KEY"], all_signed="function" in where)
    [first] = keys.given_out(TABLE, client).values()
    assert (first.name, first.scope, first.digest) == ("scheduling", Scope.SCHEDULE, digest_of(OLD["SCHEDULE_KEY"]))
    assert not {*OLD} & recorded.environment(in_file, made_by_the_stack()).keys()
    assert keys.scheduling(in_file, TABLE, client) is Scheduling.LOCKED


def test_a_key_that_was_replaced_in_the_file_and_not_yet_deployed_is_the_one_that_counts(
    stage: Stage, client: Clients, deployed: Callable[..., None]
) -> None:
    """That is how version 0.1.0 replaced a key that had got out: the one that got out must not come back."""
    deployed(**OLD)
    make_now(replace(stage, environment={"LINK_SIGNING_KEY": "anew"}), client)
    assert kept(client)[Purpose.LINKS] == Keys("anew", all_signed=True)


def test_a_line_that_stays_in_the_file_changes_nothing_any_more(stage: Stage, client: Clients) -> None:
    make_now(replace(stage, environment=OLD), client)
    before = kept(client)
    assert make_now(replace(stage, environment={"LINK_SIGNING_KEY": "another"}), client) == []
    assert kept(client) == before


def test_a_stage_that_was_open_stays_open_until_its_file_says_otherwise(
    stage: Stage, client: Clients, deployed: Callable[..., None]
) -> None:
    """Its form sends no key."""
    deployed(STAGE="dev")
    make_now(stage, client)
    assert keys.scheduling(stage, TABLE, client) is Scheduling.OPEN
    assert keys.scheduling(replace(stage, scheduling="locked"), TABLE, client) is Scheduling.LOCKED
    assert keys.scheduling(replace(stage, scheduling="open"), TABLE, client) is Scheduling.OPEN
    make_now(stage, client)
    assert keys.scheduling(stage, TABLE, client) is Scheduling.OPEN
    assert keys.given_out(TABLE, client) == {}


def test_a_locked_stage_whose_key_was_replaced_stays_locked(
    stage: Stage, client: Clients, deployed: Callable[..., None]
) -> None:
    deployed(SCHEDULING="locked")
    make_now(stage, client)
    assert keys.scheduling(stage, TABLE, client) is Scheduling.LOCKED


def test_what_dynamodb_refuses_otherwise_is_told(stage: Stage, client: Clients) -> None:
    with pytest.raises(client("dynamodb").exceptions.ResourceNotFoundException):
        make(stage, "elephant-state-none", client, lambda: NOW)


@pytest.mark.parametrize("was_open", [False, True])
def test_the_one_key_of_the_version_before_is_a_key_among_others_and_nowhere_text_any_more(
    stage: Stage, client: Clients, deployed: Callable[..., None], was_open: bool
) -> None:
    """Functions of that version read it until they are replaced, and a deploy that is killed meanwhile goes on."""
    tables, before = client("dynamodb"), {"id": {"S": "key/scheduling"}, "present": {"S": "open sesame"}}
    tables.put_item(TableName=TABLE, Item=before | ({"open": {"BOOL": True}} if was_open else {}))
    deployed(STAGE="dev", SCHEDULING="open" if was_open else "locked")
    assert "SCHEDULE_KEY moved" in " ".join(make_now(stage, client))
    for _ in range(2):
        assert make_now(stage, client) == []
        [first] = keys.given_out(TABLE, client).values()
        assert (first.name, first.scope, first.expires_at) == ("scheduling", Scope.SCHEDULE, None)
        assert find("open sesame", keys.given_out(TABLE, client), NOW) == first
        assert keys.scheduling(stage, TABLE, client) is (Scheduling.OPEN if was_open else Scheduling.LOCKED)
        keys.forget_first(TABLE, client)
    assert "open sesame" not in str(tables.scan(TableName=TABLE)["Items"])


def test_every_key_that_can_stand_in_plain_text_is_moved() -> None:
    """A key that is added to the settings without a purpose would be dropped from the environment and lost."""
    assert {*VARIABLES.values(), keys.SCHEDULE_KEY} == SECRETS


def test_no_key_is_in_anything_that_a_deploy_says_or_writes(
    stage: Stage, client: Clients, deployed: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(**OLD)
    in_file = replace(stage, environment=OLD)
    (tmp_path / "config.json").write_text(json.dumps({"stages": {"dev": {"environment_variables": OLD}}}))
    told = make_now(in_file, client)
    part = recorded.section(in_file, made_by_the_stack())
    recorded.write(in_file, part, {name: {} for name in FUNCTIONS}, tmp_path)
    told += [repr(in_file), json.dumps(part), *capsys.readouterr()]
    told += [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    for held in kept(client).values():
        assert held
        assert not [text for text in told if held.present in text]
    assert not [text for text in told if OLD["SCHEDULE_KEY"] in text]

"""The checks of the stage's keys, and of who may schedule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.adapters.keys import ACCESS
from chalicelib.domain.keys import Purpose
from tests.tools.checks.sound import STATE_TABLE, Account, Wrong, assert_found
from tools.findings import Level
from tools.stage import FUNCTIONS


def set_for_all(account: Account, **variables: str) -> None:
    """Let every function's environment hold these variables."""
    for name in FUNCTIONS:
        function = {"FunctionName": account.stage.function(name)}
        before = account.client("lambda").get_function_configuration(**function)["Environment"]["Variables"]
        account.client("lambda").update_function_configuration(
            **function, Environment={"Variables": before | variables}
        )


def take_away(account: Account, purpose: Purpose) -> None:
    account.client("dynamodb").delete_item(TableName=STATE_TABLE, Key={"id": {"S": f"key/{purpose}"}})


WRONG: dict[str, Wrong] = {
    "a key is missing": (
        "keys",
        {},
        lambda account: take_away(account, Purpose.LINKS),
        Level.FAIL,
        "elephant-state-dev lacks the keys for links → make deploy STAGE=dev",
    ),
    "a hand has spoilt one": (
        "keys",
        {},
        lambda account: account.key(Purpose.VOUCHING, present={"N": "1"}),
        Level.FAIL,
        "holds what is no key in key/vouching → docs/deploy.md#keys",
    ),
    "a function's environment holds one": (
        "keys",
        {},
        lambda account: set_for_all(account, LINK_SIGNING_KEY="sesame"),
        Level.FAIL,
        "the functions' environment holds LINK_SIGNING_KEY in plain text → make deploy STAGE=dev",
    ),
    "the file still holds one": (
        "keys",
        {"environment": {"SCHEDULE_KEY": "sesame", "MY_OWN": "x"}},
        lambda _: None,
        Level.WARN,
        "stages/dev.toml still holds SCHEDULE_KEY, which nothing reads any more",
    ),
    "nobody has a key": (
        "scheduling",
        {},
        lambda account: account.client("dynamodb").delete_item(TableName=STATE_TABLE, Key={"id": {"S": ACCESS}}),
        Level.WARN,
        "no key was given out, so nobody can schedule → make key STAGE=dev NAME=… SCOPE=schedule",
    ),
    "the stage is open": (
        "scheduling",
        {},
        lambda account: set_for_all(account, SCHEDULING="open"),
        Level.WARN,
        'scheduling is open: whoever finds the API launches desktops at your cost → write scheduling = "locked"',
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy_and_no_key_is_shown(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])
    check, changes = WRONG[name][:2]
    assert "sesame" not in str(account.look(check, **changes))


def test_a_sound_stage_is_told_how_its_key_is_shown(account: Account) -> None:
    assert account.look("keys") == [(Level.OK, "the stage's keys are in the table elephant-state-dev alone → ")]
    assert account.look("scheduling") == [(Level.OK, "scheduling is locked with the keys that were given out → ")]


def test_a_stage_of_version_0_1_0_has_no_keys_and_may_be_open(account: Account) -> None:
    """Before the upgrade: the doctor says what the next deploy is for, and that strangers can schedule."""
    stack: dict[str, Any] = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"TableName": {"Value": "t"}},
    }
    account.client("cloudformation").update_stack(StackName="elephant-dev", TemplateBody=json.dumps(stack))
    for name in FUNCTIONS:
        account.client("lambda").update_function_configuration(
            FunctionName=account.stage.function(name), Environment={"Variables": {"STAGE": "dev"}}
        )
    [(level, told)] = account.look("keys")
    assert (level, "made it no keys → make deploy" in told) == (Level.FAIL, True)
    assert account.look("scheduling")[0][0] is Level.WARN


def test_without_functions_nobody_can_schedule(account: Account) -> None:
    for name in FUNCTIONS:
        account.client("lambda").delete_function(FunctionName=account.stage.function(name))
    assert account.look("scheduling") == []

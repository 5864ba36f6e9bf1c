"""The checks of what the desktops' role and the timers' role may do."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from tests.tools.checks.sound import Account, Wrong, assert_found, nothing
from tools.findings import Level
from tools.stack import TEMPLATE

WRONG: dict[str, Wrong] = {
    "no such profile": ("instance_profile", {"instance_profile": "lost"}, nothing, Level.FAIL, "stages/dev.toml"),
    "no right to upload": (
        "instance_profile",
        {"instance_profile": "", "upload_bucket": "sessions"},
        lambda account: account.forbidden.add("s3:PutObject"),
        Level.FAIL,
        "arn:aws:s3:::sessions/*",
    ),
    "no licence": (
        "instance_profile",
        {},
        lambda account: account.forbidden.add("s3:GetObject"),
        Level.FAIL,
        "dcv-license.us-west-2",
    ),
    "no health report": (
        "instance_profile",
        {},
        lambda account: account.forbidden.add("dynamodb:UpdateItem"),
        Level.FAIL,
        "put-role-policy --role-name desktop",
    ),
    "own scripts may write everything": (
        "instance_profile",
        {"client": "scripts"},
        lambda account: setattr(account, "narrowed", False),
        Level.WARN,
        "desktop may write every attribute of every meeting: a desktop's scripts write four → let it dynamodb:",
    ),
    "the made profile's may": (
        "instance_profile",
        {"client": "scripts", "instance_profile": ""},
        lambda account: setattr(account, "narrowed", False),
        Level.WARN,
        "make deploy STAGE=dev",
    ),
    "timers may not fire": (
        "timers",
        {},
        lambda account: account.forbidden.add("lambda:InvokeFunction"),
        Level.FAIL,
        "put-role-policy --role-name desktop --policy-name fire",
    ),
    "timers have no group": (
        "timers",
        {},
        lambda account: account.client("scheduler").delete_schedule_group(Name="elephant-dev"),
        Level.FAIL,
        "docs/deploy.md#changed-by-hand",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])


def _policies(template: str) -> dict[str, list[str]]:
    """Return the actions of each policy in the template, statement by statement, by the policy's name."""
    found = {}
    for part in template.split("- PolicyName: ")[1:]:
        statements = re.findall(r"Action: (\[.+\]|\S+)", part.split("\n\n")[0])
        found[part.split("\n")[0]] = [action for words in statements for action in words.strip("[]").split(", ")]
    return found


def _spelled(condition: object) -> str:
    """Return a condition's words in their order, however it is written."""
    return " ".join(re.findall(r"[A-Za-z_:]*\w+", condition if isinstance(condition, str) else json.dumps(condition)))


@pytest.mark.parametrize(
    ("check", "policy", "client", "others"),
    [
        ("timers", "fire", "scripts", ()),
        ("instance_profile", "desktop", "scripts", ("execute-api:Invoke",)),
        ("instance_profile", "desktop", "kit", ("dynamodb:Scan", "dynamodb:UpdateItem", "s3:PutObject")),
    ],
)
def test_a_policy_that_is_put_back_is_the_stack_s(
    account: Account, check: str, policy: str, client: str, others: tuple[str, ...]
) -> None:
    """For what runs on the desktops; `others` is what the template grants the other kind."""
    account.forbidden = {"lambda:InvokeFunction", "s3:GetObject"}
    looked = account.look(check, client=client, instance_profile="", upload_bucket="sessions")
    remedies = [text for _, text in looked]
    words = next(shlex.split(text) for text in remedies if "put-role-policy" in text)
    assert words[words.index("--policy-name") + 1] == policy
    statements = json.loads(words[-1])["Statement"]
    told = _policies(TEMPLATE.read_text(encoding="utf-8"))[policy]
    narrowed = {each["Action"]: each["Condition"] for each in statements if "Condition" in each}
    assert not narrowed or _spelled(narrowed["dynamodb:UpdateItem"]) in _spelled(TEMPLATE.read_text(encoding="utf-8"))
    put_back = list(dict.fromkeys(statement["Action"] for statement in statements))
    assert put_back == [action for action in told if action not in others]

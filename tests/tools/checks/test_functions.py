"""The checks of the functions, and of what sets them off."""

from __future__ import annotations

import pytest

from tests.tools.checks.sound import Account, Wrong, assert_found
from tools.findings import Level

WRONG: dict[str, Wrong] = {
    "a function is missing": (
        "functions",
        {},
        lambda account: account.client("lambda").delete_function(FunctionName="elephant-dev-sweep"),
        Level.FAIL,
        "not deployed: sweep",
    ),
    "a setting was changed by hand to what cannot be meant": (
        "functions",
        {},
        lambda account: account.client("lambda").update_function_configuration(
            FunctionName="elephant-dev-sweep", Environment={"Variables": {"DOMAIN_ROOT": "https://example.com"}}
        ),
        Level.FAIL,
        "sweep cannot use its settings: DOMAIN_ROOT is 'https://example.com', and must be a domain",
    ),
    "a rule is off": (
        "rules",
        {},
        lambda account: account.client("events").disable_rule(Name="elephant-dev-sweep-event"),
        Level.FAIL,
        "sets off: sweep",
    ),
    "a rule is gone": (
        "rules",
        {},
        lambda account: account.client("events").remove_targets(Rule="elephant-dev-dns_watchdog-event", Ids=["1"]),
        Level.FAIL,
        "sets off: dns_watchdog",
    ),
    "mapping off": ("stream", {}, lambda account: account.mapping.update(State="Disabled"), Level.FAIL, "--enabled"),
    "mapping never gives up": (
        "stream",
        {},
        lambda account: account.mapping.update(MaximumRetryAttempts=-1),
        Level.FAIL,
        "MaximumRetryAttempts",
    ),
    "records are given up for good": (
        "stream",
        {},
        lambda account: account.mapping.pop("DestinationConfig"),
        Level.FAIL,
        "its failure queue",
    ),
    "last batch failed": (
        "stream",
        {},
        lambda account: account.mapping.update(LastProcessingResult="PROBLEM: Function call failed"),
        Level.WARN,
        "logs tail",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])

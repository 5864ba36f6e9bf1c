"""EventBridge's rules: on, so that the clock and EC2's events reach their functions."""

from __future__ import annotations

from tools import triggers
from tools.account import Clients
from tools.stage import Stage


def wire(stage: Stage, client: Clients) -> list[str]:
    """Turn on every rule of the stage that is off; return what had to be changed."""
    off = [rule["Name"] for rule in triggers.rules(stage, client) if rule["State"] != "ENABLED"]
    for name in off:
        client("events").enable_rule(Name=name)
    return [f"the rule {name} is on again" for name in off]

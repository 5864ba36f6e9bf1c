"""The bus on which others are told what happens to meetings."""

from __future__ import annotations

from tools.account import Account


def bus_arn(bus: str, account: Account) -> str:
    """Return the ARN of a bus that a stage's file names, by its name or its ARN."""
    return bus if bus.startswith("arn:") else account.arn("events", f"event-bus/{bus}")

"""A stage whose keys are given out: its state table, and the stack that names it; and a command that is run on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import ModuleType

import pytest
from moto import mock_aws

from localcloud.tables import STATE
from tools.account import Clients, clients
from tools.keys import make
from tools.stage import Stage

TABLE = "elephant-state-dev"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
STAGE = Stage(name="dev", region="us-west-2", account="", ami_id="", domain="example.com", zone_id="0" * 32)

Command = Callable[..., tuple[int, str, str]]
"""Runs a tool with these arguments; returns its code, and what it said on either stream."""


@contextmanager
def a_stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Let there be a stage that was deployed and has given out no key yet."""
    for name, value in {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}.items():
        monkeypatch.setenv(name, value)
    stack = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}, "Outputs": {"StateTable": {"Value": TABLE}}}
    with mock_aws():
        made = clients(STAGE.region)
        made("dynamodb").create_table(TableName=TABLE, **STATE)
        make(STAGE, TABLE, made, lambda: NOW)
        made("cloudformation").create_stack(StackName="elephant-dev", TemplateBody=json.dumps(stack))
        yield made


def command_of(
    tool: ModuleType, client: Clients, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Return what runs a tool on the stage."""
    monkeypatch.setattr(tool, "load", lambda _: STAGE)
    monkeypatch.setattr(tool, "clients", lambda _: client)
    monkeypatch.setattr(tool, "enter", lambda *_: None)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["tool", "--stage", "dev", *arguments])
        code: int = tool.main()
        said = capsys.readouterr()
        return code, said.out, said.err

    return run

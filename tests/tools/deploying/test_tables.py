"""A stage's tables: which name it may take, and its protection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tools.deploying.stands import launch, make_table
from tools import tables
from tools.account import Clients
from tools.stage import Stage, StageError


def test_a_table_that_the_stack_did_not_make_is_refused_and_its_own_is_not(stage: Stage, client: Clients) -> None:
    tables.refuse_change(stage, {}, client)
    make_table(client, "elephant-meetings-dev")
    tables.refuse_change(stage, {"TableName": "elephant-meetings-dev"}, client)
    with pytest.raises(StageError, match=r"elephant-meetings-dev exists already.*operations\.table.*copy"):
        tables.refuse_change(stage, {}, client)


def test_no_stage_gets_another_table_while_people_are_in_its_meetings(stage: Stage, client: Clients) -> None:
    renamed, present = replace(stage, table="elephant-moved"), {"TableName": "elephant-meetings-dev"}
    tables.refuse_change(renamed, present, client)
    desktop = launch(client, "dev")
    tables.refuse_change(stage, present, client)
    with pytest.raises(StageError, match=desktop):
        tables.refuse_change(renamed, present, client)


def test_the_table_is_protected_as_the_operator_wants(stage: Stage, client: Clients) -> None:
    make_table(client, "t")
    outputs = {"TableName": "t"}
    for wanted in (stage, replace(stage, protect_table=False)):
        assert tables.protect(wanted, outputs, client)
        assert not tables.protect(wanted, outputs, client)

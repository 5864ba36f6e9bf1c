"""A deploy tells the rows of meetings that ended before rows expired when they do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import rows
from tests.builders import EXPIRES, IN_PROGRESS, OVER, at, row
from tests.tools.deploying.stands import make_table
from tests.tools.deploying.world import Project
from tools.account import Clients
from tools.expiring import tell_rows
from tools.stack import TEMPLATE
from tools.stage import Stage

DAY = timedelta(days=1)
UNTOLD = {name: value for name, value in OVER.items() if name != "expires"}


def put(client: Clients, table: str, *parts: dict[str, Any], **attributes: Any) -> None:
    item = {name: rows.encode(value) for name, value in row(*parts, **attributes).items()}
    client("dynamodb").put_item(TableName=table, Item=item)


def stored(client: Clients, table: str) -> dict[str, dict[str, Any]]:
    found = [rows.decode(item) for item in client("dynamodb").scan(TableName=table)["Items"]]
    return {each["id"]: each for each in found}


def told(client: Clients) -> dict[str, Any]:
    return {name: found["expires"] for name, found in stored(client, "t").items() if "expires" in found}


def test_what_has_ended_is_told_and_nothing_else(client: Clients) -> None:
    make_table(client, "t")
    put(client, "t", UNTOLD, id="ended")
    put(client, "t", UNTOLD, id="by hand", expires="soon")
    put(client, "t", OVER, id="told", expires=EXPIRES * 2)
    put(client, "t", IN_PROGRESS, id="alive")
    put(client, "t", IN_PROGRESS, id="ending", termination_reason="SUCCESS")
    put(client, "t", id="a row by hand")
    assert tell_rows("t", 90 * DAY, client, at(0) + DAY) == 2
    assert told(client) == {"ended": EXPIRES, "by hand": EXPIRES, "told": EXPIRES * 2}
    [entry] = stored(client, "t")["ended"]["history"]
    assert entry["what"] == "the meeting is over, so its row expires"
    assert tell_rows("t", 90 * DAY, client, at(0) + DAY) == 0


def test_one_that_was_stopped_midway_goes_on(client: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    make_table(client, "t")
    for number in range(5):
        put(client, "t", UNTOLD, id=f"m-{number}")
    tables, left = client("dynamodb"), [2]
    update = tables.update_item

    def stopped(**asked: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return update(**asked)

    monkeypatch.setattr(tables, "update_item", stopped)
    with pytest.raises(KeyboardInterrupt):
        tell_rows("t", DAY, lambda _: tables, at(0))
    assert len(told(client)) == 2
    monkeypatch.undo()
    assert tell_rows("t", DAY, client, at(0)) == 3


def test_a_row_that_goes_meanwhile_stops_nothing(client: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    make_table(client, "t")
    for number in range(2):
        put(client, "t", UNTOLD, id=f"m-{number}")
    tables = client("dynamodb")
    update = tables.update_item

    def gone(**asked: Any) -> Any:
        tables.delete_item(TableName="t", Key={"id": {"S": "m-0"}})
        return update(**asked)

    monkeypatch.setattr(tables, "update_item", gone)
    assert tell_rows("t", DAY, lambda _: tables, at(0)) == 1


def test_the_stack_s_table_lets_go_what_is_told() -> None:
    """Read in the template: moto heeds no stack's word on it."""
    meetings = TEMPLATE.read_text(encoding="utf-8").split("\n  Meetings:\n")[1].split("\n  # ---")[0]
    assert "TimeToLiveSpecification: { AttributeName: expires, Enabled: true }" in meetings


def test_a_deploy_tells_them_once(project: Project, stage: Stage, client: Clients) -> None:
    project.deploy(stage)
    put(client, "elephant-meetings-dev", UNTOLD, id="ended")
    assert "1 rows of meetings that have ended were told when they expire" in project.deploy(stage)
    assert not [change for change in project.deploy(stage) if "expire" in change]

"""The table's indexes on the way from one version to the next: one change at a time, and none before its time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import INDEXES, OPEN_INDEX
from tests.tools.deploying.tables_of_stacks import REFUSAL
from tests.tools.deploying.world import Project
from tools import indexes, stack
from tools.account import Clients
from tools.stack import Stack
from tools.stage import ROOT, Stage, StageError

NEW = (ROOT / "infra" / "template.yaml").read_text(encoding="utf-8")


def index(name: str, key: str = "open", projection: str = "KEYS_ONLY") -> dict[str, Any]:
    keys = [{"AttributeName": key, "KeyType": "HASH"}]
    return {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": projection}}


def having(*wanted: dict[str, Any], template: str = NEW) -> str:
    """Return the template with these indexes, as another version may have written it."""
    names = sorted({"id", *(key["AttributeName"] for each in wanted for key in each["KeySchema"])})
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in names]
    text = re.sub(r"(?m)^      AttributeDefinitions:.*\n(        .*\n)*", "@1\n", template, count=1)
    text = re.sub(r"(?m)^      GlobalSecondaryIndexes:.*\n(        .*\n)*", "@2\n", text, count=1)
    text = text.replace("@1", f"      AttributeDefinitions: {json.dumps(attributes)}")
    return text.replace("@2", f"      GlobalSecondaryIndexes: {json.dumps(wanted)}")


OLD = having(index("open-meetings", projection="ALL"))


def names(template: str) -> list[str]:
    return [each["IndexName"] for each in indexes.of(template)]


class TestSteps:
    def test_what_is_as_it_should_be_is_one_step_to_itself_and_nothing_to_drop(self) -> None:
        assert indexes.growing(NEW, NEW) == [NEW]
        assert indexes.shrinking(NEW, NEW) == []

    def test_the_new_one_comes_beside_the_old_and_the_old_one_goes_afterwards(self) -> None:
        *_, both = indexes.growing(OLD, NEW)
        assert names(both) == ["open-meetings", *INDEXES]
        assert indexes.shrinking(both, NEW) == [NEW]

    def test_what_was_begun_goes_on_where_it_was(self) -> None:
        *_, both = indexes.growing(OLD, NEW)
        assert indexes.growing(both, NEW) == [both]

    def test_each_step_changes_one_index_however_many_there_are(self) -> None:
        before = having(index("a", "x"), index("b", "y"))
        after = having(index("c", "z"), index("d"), index("b", "y"))
        grown = indexes.growing(before, after)
        assert [names(step) for step in grown] == [["a", "b", "c"], ["a", "b", "c", "d"]]
        assert indexes.shrinking(grown[-1], after) == [after]
        gone = indexes.shrinking(before, having(template=NEW))
        assert [names(step) for step in gone] == [["b"], []]

    def test_each_step_defines_the_attributes_of_its_keys_and_no_others(self) -> None:
        steps = indexes.growing(having(index("a", "x")), having(index("b", "wake_at")))
        told = indexes._table(steps[0])["AttributeDefinitions"]
        assert sorted(each["AttributeName"] for each in told) == ["id", "wake_at", "x"]

    def test_only_the_indexes_differ(self) -> None:
        *_, both = indexes.growing(OLD, NEW)
        assert having(template=both) == having(template=NEW)

    def test_another_index_under_the_same_name_is_refused(self) -> None:
        with pytest.raises(StageError, match=r"open-meeting-keys.*another name"):
            indexes.growing(having(index(OPEN_INDEX, projection="ALL")), NEW)


@pytest.fixture
def deployed(project: Project, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Clients]:
    """Deploy the version before, whose index held whole rows; return the account's clients."""
    wanted = stack.TEMPLATE.read_text(encoding="utf-8")
    old = having(index("open-meetings", projection="ALL"), template=wanted)
    stack.TEMPLATE.write_text(old, encoding="utf-8")
    project.deploy(stage)
    stack.TEMPLATE.write_text(wanted, encoding="utf-8")
    return lambda: project.client(stage)


def stands(stage: Stage, client: Clients) -> list[str]:
    table = client("dynamodb").describe_table(TableName=stage.table_name)["Table"]
    return sorted(each["IndexName"] for each in table.get("GlobalSecondaryIndexes", []))


class TestADeploy:
    def test_has_both_while_the_functions_are_replaced_and_then_the_new_one(
        self, project: Project, stage: Stage, deployed: Callable[[], Clients]
    ) -> None:
        seen: list[list[str]] = []
        project.between = lambda: seen.append(stands(stage, deployed()))
        (project.root / "app.py").write_text("# another version\n")
        assert "indexes that are needed no more were dropped" in project.deploy(stage)
        assert seen
        assert all(each == sorted([*INDEXES, "open-meetings"]) for each in seen)
        assert stands(stage, deployed()) == sorted(INDEXES)
        assert "indexes that are needed no more were dropped" not in project.deploy(stage)
        assert stands(stage, deployed()) == sorted(INDEXES)

    def test_that_is_killed_between_two_functions_goes_on_the_next_time(
        self, project: Project, stage: Stage, deployed: Callable[[], Clients]
    ) -> None:
        def die() -> None:
            raise KeyboardInterrupt

        project.between = die
        (project.root / "app.py").write_text("# another version\n")
        with pytest.raises(KeyboardInterrupt):
            project.deploy(stage)
        assert stands(stage, deployed()) == sorted([*INDEXES, "open-meetings"])
        project.between = lambda: None
        project.deploy(stage)
        assert stands(stage, deployed()) == sorted(INDEXES)

    def test_keeps_the_rows(self, project: Project, stage: Stage, deployed: Callable[[], Clients]) -> None:
        deployed()("dynamodb").put_item(TableName=stage.table_name, Item={"id": {"S": "m"}, "open": {"S": "1"}})
        project.deploy(stage)
        found = deployed()("dynamodb").query(
            TableName=stage.table_name,
            IndexName=OPEN_INDEX,
            KeyConditionExpression="#o = :o",
            ExpressionAttributeNames={"#o": "open"},
            ExpressionAttributeValues={":o": {"S": "1"}},
        )
        assert [item["id"]["S"] for item in found["Items"]] == ["m"]

    def test_leaves_the_old_one_while_the_new_one_does_not_hold_all(
        self, project: Project, stage: Stage, deployed: Callable[[], Clients], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = project.client(stage)
        tables = client("dynamodb")
        described = tables.describe_table

        def filling(**asked: Any) -> Any:
            answer = described(**asked)
            for each in answer["Table"].get("GlobalSecondaryIndexes", []):
                each["IndexStatus"] = "CREATING" if each["IndexName"] == OPEN_INDEX else "ACTIVE"
            return answer

        monkeypatch.setattr(tables, "describe_table", filling)
        monkeypatch.setattr(project, "client", lambda _: client)
        with pytest.raises(StageError, match=f"{OPEN_INDEX} of the table .* is CREATING"):
            project.deploy(stage)
        monkeypatch.undo()

    def test_at_once_would_be_refused(self, stage: Stage, deployed: Callable[[], Clients]) -> None:
        before = Stack(deployed(), stage.stack)
        with pytest.raises(StageError, match=REFUSAL):
            before.again(stack.TEMPLATE.read_text(encoding="utf-8"))
        assert stands(stage, deployed()) == ["open-meetings"]


def test_a_version_before_finds_its_index_beside_the_present_one_and_has_only_to_drop(
    project: Project, stage: Stage, tmp_path: Path
) -> None:
    project.deploy(stage)
    client = project.client(stage)
    old = having(index("open-meetings", projection="ALL"), template=stack.TEMPLATE.read_text(encoding="utf-8"))
    assert indexes.beside(stage, old, client) == ["open-meetings"]
    assert indexes.beside(stage, old, client) == []
    assert stands(stage, client) == sorted([OPEN_INDEX, "open-meetings"]), "one is left for it to drop"
    Stack(client, stage.stack).again(old)  # as its deploy does, in one update
    assert stands(stage, client) == ["open-meetings"]

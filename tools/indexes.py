"""The indexes of the table of meetings, brought from what the stack has to what a template wants, one at a time.

CloudFormation makes or drops one index in an update and refuses more. So a deploy makes those that are new, one after
the other, then replaces the functions, and only then drops those that no function reads any more. Each step is the
whole template with other indexes, worked out from what the stack has: a deploy that was killed goes on where it was.

`python -m tools.indexes --stage dev --beside older.yaml` makes the indexes of another version's template beside those
that stand: the deploy of that version, which may know nothing of steps, then has only to drop.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.dynamodb import OPEN_INDEX
from tools.account import Clients, clients, enter
from tools.stack import Stack
from tools.stage import Stage, StageError, load
from tools.terminal import say

_LIST = r"(?m)^      %s:.*\n(?:^       .*\n|^\s*\n)*"
_DEFINITIONS, _INDEXES = (re.compile(_LIST % name) for name in ("AttributeDefinitions", "GlobalSecondaryIndexes"))

Index = dict[str, Any]


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads a template; what CloudFormation's own tags say does not matter here."""


_Loader.add_multi_constructor("!", lambda *_: None)


def _table(template: str) -> dict[str, Any]:
    table: dict[str, Any] = yaml.load(template, _Loader)["Resources"]["Meetings"]["Properties"]  # noqa: S506  a safe one
    return table


def of(template: str) -> list[Index]:
    """Return the indexes that a template gives the table of meetings."""
    return list(_table(template).get("GlobalSecondaryIndexes", []))


def growing(stands: str, wanted: str) -> list[str]:
    """Return the templates that lead from the stack's to the wanted one, one after the other, dropping no index yet.

    Raises:
        StageError: an index is another one under the same name.
    """
    before = of(stands)
    known = {index["IndexName"]: index for index in before}
    added = [index for index in of(wanted) if index["IndexName"] not in known]
    if changed := [index["IndexName"] for index in of(wanted) if known.get(index["IndexName"], index) != index]:
        raise StageError(
            f"The index {', '.join(changed)} of infra/template.yaml is not the one that stands under that name. An "
            "index cannot be changed: give the new one another name."
        )
    return [_with(wanted, [*before, *added[:count]], stands) for count in range(1 if added else 0, len(added) + 1)]


def shrinking(stands: str, wanted: str) -> list[str]:
    """Return the templates that drop, one after the other, the indexes that are not wanted; the last is the wanted."""
    names = {index["IndexName"] for index in of(wanted)}
    before = of(stands)
    retired = [index for index in before if index["IndexName"] not in names]
    kept = ([index for index in before if index not in retired[:count]] for count in range(1, len(retired) + 1))
    return [_with(wanted, each, stands) for each in kept]


def _with(template: str, indexes: list[Index], stands: str) -> str:
    """Return the template with these indexes of the table, and the attributes that they need."""
    if sorted(map(json.dumps, indexes)) == sorted(map(json.dumps, of(template))):
        return template
    known = _table(stands)["AttributeDefinitions"] + _table(template)["AttributeDefinitions"]
    keys = [*_table(template)["KeySchema"], *(key for index in indexes for key in index["KeySchema"])]
    names = dict.fromkeys(key["AttributeName"] for key in keys)
    definitions = [next(each for each in known if each["AttributeName"] == name) for name in names]
    written = _DEFINITIONS.sub(f"      AttributeDefinitions: {json.dumps(definitions)}\n", template, count=1)
    return _INDEXES.sub(f"      GlobalSecondaryIndexes: {json.dumps(indexes)}\n", written, count=1)


def refuse_unready(table: str, wanted: str, client: Clients) -> None:
    """Refuse to go on where an index that is wanted does not hold all rows yet: the one before it is still needed.

    Raises:
        StageError: one does not.
    """
    described = client("dynamodb").describe_table(TableName=table)["Table"]
    found = {index["IndexName"]: index for index in described.get("GlobalSecondaryIndexes", [])}
    for name in (index["IndexName"] for index in of(wanted)):
        index = found.get(name, {"IndexStatus": "not there"})
        if index.get("IndexStatus", "ACTIVE") != "ACTIVE" or index.get("Backfilling"):
            raise StageError(
                f"The index {name} of the table {table} is {index['IndexStatus']}, so those that it replaces stay and "
                "everything works on. Wait until it is ACTIVE (`make doctor` tells), and deploy again."
            )


def beside(stage: Stage, template: str, client: Clients) -> list[str]:
    """Make the indexes of another version's template beside those that the stack has; return their names.

    That version's deploy may drop what it does not know in one update, of which CloudFormation takes one index. So all
    of these are dropped here but the one that no function can be without: until that deploy is done nobody lists a day.

    Raises:
        StageError: the stack takes no change.
    """
    enter(stage, client)
    stack = Stack(client, stage.stack)
    stack.ready()
    stands = stack.template()
    added = [index for index in of(template) if index not in of(stands)]
    both = _with(stands, [*of(stands), *added], template)
    for body in growing(stands, both):
        stack.again(body)
    unknown = [index for index in of(both) if index not in of(template) and index["IndexName"] != OPEN_INDEX]
    for count in range(1, len(unknown) + 1):
        stack.again(_with(both, [index for index in of(both) if index not in unknown[:count]], both))
    return [index["IndexName"] for index in added]


def main() -> int:
    """Make the indexes that the command line's template has; return 0 where they are there."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--beside", required=True, type=Path, help="the infra/template.yaml of another version")
    asked = arguments.parse_args()
    try:
        stage = load(asked.stage)
        made = beside(stage, asked.beside.read_text(encoding="utf-8"), clients(stage.region))
    except (StageError, ClientError, BotoCoreError, OSError) as error:
        say(f"Not done: {error}", sys.stderr)
        return 1
    say(f"Made: {', '.join(made)}." if made else "The table has these indexes already.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

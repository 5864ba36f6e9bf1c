"""What moto lacks of CloudFormation's tables: an update that makes and drops indexes, and refuses two at once."""

from __future__ import annotations

from typing import Any

import pytest
from moto.cloudformation.models import Stack
from moto.dynamodb.models.table import GlobalSecondaryIndex, Table

REFUSAL = "Cannot perform more than one GSI creation or deletion in a single update"

Indexes = dict[str, dict[str, Any]]


def change_tables(patch: pytest.MonkeyPatch) -> None:
    """Let a stack's update change its tables' indexes as CloudFormation does: one of them, or the stack goes back."""
    updated = Stack.update

    def update(stack: Any, template: str, *rest: Any, **more: Any) -> None:
        asked = _indexes(Stack.parse_template(template))
        stands = _indexes(stack.template_dict)
        if any(_changes(stands[name], asked[name]) > 1 for name in stands.keys() & asked.keys()):
            stack._add_stack_event("UPDATE_IN_PROGRESS", resource_status_reason="User Initiated")
            stack._add_stack_event("UPDATE_FAILED", resource_status_reason=REFUSAL)
            stack.status = "UPDATE_ROLLBACK_COMPLETE"
            return
        updated(stack, template, *rest, **more)

    def update_table(_: type[Table], /, *, original_resource: Any, cloudformation_json: Any, **more: Any) -> Any:
        table, properties = original_resource, cloudformation_json["Properties"]
        known = {index.name: index for index in table.global_indexes}
        table.global_indexes = [
            known.get(index["IndexName"]) or GlobalSecondaryIndex.create(index, table.table_key_attrs)
            for index in properties.get("GlobalSecondaryIndexes", [])
        ]
        table.attr = properties["AttributeDefinitions"]
        return table

    patch.setattr(Stack, "update", update)
    patch.setattr(Table, "update_from_cloudformation_json", classmethod(update_table))


def _indexes(template: dict[str, Any]) -> dict[str, Indexes]:
    """Return the indexes by the names of a template's tables."""
    tables = {n: r["Properties"] for n, r in template["Resources"].items() if r["Type"] == "AWS::DynamoDB::Table"}
    return {
        name: {index["IndexName"]: index for index in properties.get("GlobalSecondaryIndexes", [])}
        for name, properties in tables.items()
    }


def _changes(before: Indexes, after: Indexes) -> int:
    """Return how many indexes are made and dropped between these."""
    return len(before.keys() ^ after.keys()) + 2 * sum(before[n] != after[n] for n in before.keys() & after.keys())

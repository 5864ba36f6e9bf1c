"""What sets the functions off, as it stands in the account: EventBridge's rules, and the mapping of the stream."""

from __future__ import annotations

import json
from typing import Any

from tools.account import Clients
from tools.errors import ignore_not_found
from tools.stage import Stage, StageError

STREAM: dict[str, Any] = {
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 10,
    "MaximumRecordAgeInSeconds": 900,
    "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"eventName": ["INSERT", "MODIFY"]})}]},
}
"""How the stream is mapped.

A record that keeps failing must not block its shard for the day that it would by default; deletions say nothing.
"""


def rules(stage: Stage, client: Clients) -> list[dict[str, Any]]:
    """Return the stage's rules in EventBridge."""
    pages = client("events").get_paginator("list_rules").paginate(NamePrefix=f"{stage.stack}-")
    return [rule for page in pages for rule in page["Rules"]]


def mappings(stage: Stage, client: Clients) -> dict[str, str]:
    """Return the streams that feed the stage, by their mappings' ids; one that is being deleted feeds nothing."""
    found: list[dict[str, Any]] = []
    with ignore_not_found():
        name = stage.function("stream_terminator")
        found = client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    return {mapping["UUID"]: mapping["EventSourceArn"] for mapping in found if mapping["State"] != "Deleting"}


def stream_mapping(functions: Any, name: str, stream: str) -> dict[str, Any]:
    """Return the one mapping of the stream to the function of this name. `functions` is Lambda's client.

    Raises:
        StageError: there is none, or more than one.
    """
    listed = functions.list_event_source_mappings(FunctionName=name, EventSourceArn=stream)["EventSourceMappings"]
    found: list[dict[str, Any]] = [mapping for mapping in listed if mapping["State"] != "Deleting"]
    if len(found) != 1:
        raise StageError(f"{name} is mapped to the stream {stream} {len(found)} times, not once; deploy again.")
    return found[0]

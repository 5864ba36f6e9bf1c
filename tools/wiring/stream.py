"""How the table's stream reaches its function: from this table alone, bisected, given up in the end, filtered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tools.account import Clients
from tools.errors import ignore_not_found
from tools.iam_lag import once_role_holds
from tools.record import Record
from tools.stage import Stage, StageError
from tools.triggers import STREAM, mappings, stream_mapping
from tools.wiring import settings

_POLL_S = 1.0
_POLLS = 120
_SETTLED = ("Enabled", "Disabled")
_OFF = ("Disabled", "Disabling")


def unmap_others(stage: Stage, stream: str, record: Record, client: Clients) -> list[str]:
    """Take every stream but this one from its function; return what had to be changed.

    Chalice compares the stream that it recorded with itself, so of its own accord it would never map another.
    """
    forgotten = [found for found in record.resources("dynamodb_event") if found["stream_arn"] != stream]
    for found in forgotten:
        record.forget(found)
    others = [mapping for mapping, of in mappings(stage, client).items() if of != stream]
    for mapping in others:
        with ignore_not_found():
            client("lambda").delete_event_source_mapping(UUID=mapping)
    return ["an earlier table's stream was unmapped"] if forgotten or others else []


def wire(stage: Stage, stream: str, dead_records: str, functions: Any, sleep: Callable[[float], None]) -> list[str]:
    """Set how the stream is mapped to its function; return what had to be changed.

    `dead_records` is the ARN of the queue for records that are given up, `functions` Lambda's client.

    Raises:
        StageError: the stream is not mapped to its function, or not exactly once.
    """
    wanted = STREAM | {"DestinationConfig": {"OnFailure": {"Destination": dead_records}}}
    mapping = stream_mapping(functions, stage.function("stream_terminator"), stream)
    if settings.hold(mapping, wanted) and mapping["State"] not in _OFF:
        return []
    _settle(functions, mapping["UUID"], sleep)  # Lambda takes no change while it still makes the mapping
    once_role_holds(lambda: functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True, **wanted), sleep)
    _settle(functions, mapping["UUID"], sleep)
    return ["the stream's mapping bisects, gives up and filters"]


def _settle(functions: Any, mapping: str, sleep: Callable[[float], None]) -> None:
    for _ in range(_POLLS):
        state = functions.get_event_source_mapping(UUID=mapping)["State"]
        if state in _SETTLED:
            return
        sleep(_POLL_S)
    raise StageError(f"The mapping of the stream is still {state} after {_POLLS * _POLL_S:.0f} s; deploy again.")

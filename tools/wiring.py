"""What Chalice cannot say: how often an event is tried again, and where it goes when it is given up.

Each setting is read first and written only where it differs, so that a second run changes nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tools.account import Clients, code_of
from tools.stage import Stage, StageError

RETRIES: dict[str, tuple[int, int]] = {
    "launch_ec2": (2, 3600),
    "safety_net": (2, 3600),
    "dns_watchdog": (2, 3600),
    "sweep": (0, 60),
}
"""How often Lambda tries a failed event again, and for how long (seconds). The next sweep is a minute away anyhow."""

STREAM: dict[str, Any] = {
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 10,
    "MaximumRecordAgeInSeconds": 900,
    "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"eventName": ["INSERT", "MODIFY"]})}]},
}
"""A record that keeps failing must not block its shard for the day that it would by default; deletions say nothing."""

_POLL_S = 1.0
_POLLS = 120
_SETTLED = ("Enabled", "Disabled")
_ROLE_LAGS = "execution role"  # in the words with which Lambda refuses a queue that a new role may not fill yet


def wire(
    stage: Stage, outputs: Mapping[str, str], client: Clients, sleep: Callable[[float], None] = time.sleep
) -> list[str]:
    """Bring the functions and the stream's mapping to the settings above; return what had to be changed.

    Raises:
        StageError: the stream is not mapped to its function, or not exactly once.
    """
    functions = client("lambda")
    changed = [
        f"{name} is tried again {retries} times within {age_s} s"
        for name, (retries, age_s) in RETRIES.items()
        if _wire_events(functions, stage.function(name), retries, age_s, outputs["DeadLettersArn"], sleep)
    ]
    if _wire_stream(functions, stage.function("stream_terminator"), outputs, sleep):
        changed.append("the stream's mapping bisects, gives up and filters")
    return changed


def _wire_events(
    functions: Any, name: str, retries: int, age_s: int, queue: str, sleep: Callable[[float], None]
) -> bool:
    wanted = {
        "MaximumRetryAttempts": retries,
        "MaximumEventAgeInSeconds": age_s,
        "DestinationConfig": {"OnFailure": {"Destination": queue}},
    }
    try:
        stands = functions.get_function_event_invoke_config(FunctionName=name)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        stands = {}
    if _holds(stands, wanted):
        return False
    _once_role_holds(lambda: functions.put_function_event_invoke_config(FunctionName=name, **wanted), sleep)
    return True


def _once_role_holds(change: Callable[[], object], sleep: Callable[[float], None]) -> None:
    """Make a change that Lambda refuses while IAM has not spread a function's policy yet."""
    for _ in range(_POLLS):
        try:
            change()
        except ClientError as error:
            if _ROLE_LAGS not in str(error):
                raise
            sleep(_POLL_S)
        else:
            return
    change()


def stream_mapping(functions: Any, name: str, stream: str) -> dict[str, Any]:
    """Return the one mapping of the stream to the function.

    Raises:
        StageError: there is none, or more than one.
    """
    found: list[dict[str, Any]] = functions.list_event_source_mappings(FunctionName=name, EventSourceArn=stream)[
        "EventSourceMappings"
    ]
    if len(found) != 1:
        raise StageError(f"{name} is mapped to the stream {stream} {len(found)} times, not once; deploy again.")
    return found[0]


def _wire_stream(functions: Any, name: str, outputs: Mapping[str, str], sleep: Callable[[float], None]) -> bool:
    wanted = STREAM | {"DestinationConfig": {"OnFailure": {"Destination": outputs["DeadRecordsArn"]}}}
    mapping = stream_mapping(functions, name, outputs["StreamArn"])
    if _holds(mapping, wanted):
        return False
    _settle(functions, mapping["UUID"], sleep)  # Lambda takes no change while it still makes the mapping
    _once_role_holds(lambda: functions.update_event_source_mapping(UUID=mapping["UUID"], **wanted), sleep)
    _settle(functions, mapping["UUID"], sleep)
    return True


def _settle(functions: Any, mapping: str, sleep: Callable[[float], None]) -> None:
    for _ in range(_POLLS):
        state = functions.get_event_source_mapping(UUID=mapping)["State"]
        if state in _SETTLED:
            return
        sleep(_POLL_S)
    raise StageError(f"The mapping of the stream is still {state} after {_POLLS * _POLL_S:.0f} s; deploy again.")


def _holds(stands: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether every wanted setting stands; AWS adds empty ones of its own to the nested ones."""
    for key, value in wanted.items():
        current = stands.get(key)
        if isinstance(value, Mapping):
            if not isinstance(current, Mapping) or not _holds(current, value):
                return False
        elif current != value:
            return False
    return True

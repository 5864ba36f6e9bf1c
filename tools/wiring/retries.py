"""How often Lambda tries a failed event again, and where an event goes that is given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tools.errors import ignore_not_found
from tools.iam_lag import once_role_holds
from tools.stage import Stage
from tools.wiring import settings

RETRIES: dict[str, tuple[int, int]] = {
    "launch_ec2": (2, 3600),
    "safety_net": (2, 3600),
    "dns_watchdog": (2, 3600),
    "sweep": (0, 60),
}
"""How often Lambda tries a failed event again, and for how long (seconds). The next sweep is a minute away anyhow."""

LOSES_NOTHING = "sweep"
"""The function whose failed events are not kept: the next sweep makes up for them, and an alarm tells of failures."""


def wire(stage: Stage, dead_letters: str, functions: Any, sleep: Callable[[float], None]) -> list[str]:
    """Set the retries of every function; return what had to be changed.

    `dead_letters` is the ARN of the queue for events that are given up, `functions` Lambda's client.
    """
    return [
        f"{name} is tried again {retries} times within {age_s} s"
        for name, (retries, age_s) in RETRIES.items()
        if _wire_one(
            functions,
            stage.function(name),
            {"MaximumRetryAttempts": retries, "MaximumEventAgeInSeconds": age_s},
            None if name == LOSES_NOTHING else dead_letters,
            sleep,
        )
    ]


def _wire_one(
    functions: Any, name: str, wanted: dict[str, Any], queue: str | None, sleep: Callable[[float], None]
) -> bool:
    current: Mapping[str, Any] = {}
    with ignore_not_found():
        current = functions.get_function_event_invoke_config(FunctionName=name)
    kept_in = current.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if settings.hold(current, wanted) and kept_in == queue:
        return False
    if queue:
        wanted = wanted | {"DestinationConfig": {"OnFailure": {"Destination": queue}}}
    once_role_holds(lambda: functions.put_function_event_invoke_config(FunctionName=name, **wanted), sleep)
    return True

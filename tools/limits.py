"""How often each method of a stage's API may be called: what is wanted, and what stands at the gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.errors import ignore_not_found
from tools.stage import APP, Stage

_MANAGING = ("~1extend", "~1end", "~1replace", "~1links", "~1recordings")
_SELDOM = ("", "manage", "ops", "days", "logo", "meetings", "calendar", "cost", "report")
LIMITS: dict[str, tuple[float, int]] = {
    "~1schedule/POST": (5, 20),
    "~1/POST": (5, 20),
    "~1meetings~1{meetingId}/PATCH": (5, 20),
    "~1meetings~1{meetingId}/DELETE": (5, 20),
    **{f"~1meetings~1{{meetingId}}{path}/POST": (5, 20) for path in _MANAGING},
    "~1meetings~1{meetingId}/GET": (20, 100),
    **{f"~1{path}/GET": (20, 100) for path in _SELDOM},
    **{f"~1{path}/HEAD": (20, 100) for path in _SELDOM},
    "~1meeting/GET": (100, 2000),
    "~1join~1{meetingId}~1{role}/GET": (1000, 2000),
    "*/*": (100, 1000),
}
"""By method, as API Gateway spells paths: requests a second, and how many may come at once.

A school's form schedules a class in one go, and nobody schedules, or changes meetings, faster. 2,000 people who wait
ask 400 times a second; all of them may open their link, and so the page, at the same full minute. Pages that a few
people open, and what operators look at, come seldom. Everything else, what desktops call too, has the last row: all
routes are one function, so that none may take every execution from those who join. What strangers can make the app
spend follows from this table (tools/exposure.py).
"""


def unlimited(api: str, stage: Stage, gateway: Any) -> list[str]:
    """Return the methods, as `LIMITS` spells them, that have not their limits."""
    settings_ = gateway.get_stage(restApiId=api, stageName=stage.name).get("methodSettings", {})
    stands = {_plain(method): found for method, found in settings_.items()}
    return [
        method
        for method, (rate, burst) in LIMITS.items()
        if _limits_of(stands.get(_plain(method), {})) != (rate, burst)
    ]


def apis(stage: Stage, gateway: Any) -> Iterator[str]:
    """Yield the ids of the REST APIs that are deployed for a stage."""
    for page in gateway.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            if api["name"] == APP:
                with ignore_not_found():
                    gateway.get_stage(restApiId=api["id"], stageName=stage.name)
                    yield api["id"]


def _plain(method: str) -> str:
    """Return a method as it is read back, whether its path's slashes are escaped and whether it begins with one."""
    return method.replace("~1", "/").lstrip("/")


def _limits_of(found: Mapping[str, Any]) -> tuple[object, object]:
    return found.get("throttlingRateLimit"), found.get("throttlingBurstLimit")

"""A meeting's two timers: what they call, and that they are armed for the times that its row says.

A timer that cannot be armed is logged and not missed: the sweep does a minute later what it would have done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib import log
from chalicelib.control.ports import Timers
from chalicelib.domain.errors import ConfigError, ElephantError
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.rows import launch_image
from chalicelib.environment import TimerSettings
from chalicelib.rules.times import TimerKind, timers

_MARGIN = timedelta(minutes=1)  # a time that has passed by the time it is armed may never fire


@dataclass(frozen=True, slots=True)
class Targets:
    """The functions that the timers call."""

    launcher_arn: str
    safety_net_arn: str

    def of(self, kind: TimerKind, meeting: Meeting) -> tuple[str, dict[str, Any]]:
        """Return what a timer of this kind calls, and with which payload: for a launch, with what it rests on."""
        if kind is TimerKind.LAUNCH:
            return self.launcher_arn, {"meeting_id": meeting.id, "row": launch_image(meeting)}
        return self.safety_net_arn, {"meetingId": meeting.id}


def targets(settings: TimerSettings, own_arn: str | None) -> Targets:
    """Return the functions that timers call: those that are set, else the siblings of the running function.

    Raises:
        ConfigError: one is not set and the running function's own ARN is not known either.
    """

    def sibling(variable: str, configured: str | None, name: str) -> str:
        if configured:
            return configured
        if not own_arn:
            raise ConfigError(f"{variable} is not set, and outside Lambda it cannot be derived.")
        return ":".join(own_arn.split(":")[:7]) + f"-{name}"

    return Targets(
        sibling("LAUNCHER_ARN", settings.launcher_arn, "launch_ec2"),
        sibling("SAFETY_NET_ARN", settings.safety_net_arn, "safety_net"),
    )


def arm(port: Timers, meeting: Meeting, aims: Targets, now: datetime, policy: Policy) -> None:
    """Arm the timers of a meeting that is not over, each at its moment, or soon where that has passed; `now` is UTC."""
    if meeting.over:
        return
    for timer in timers(meeting, policy):
        target, payload = aims.of(timer.kind, meeting)
        try:
            port.arm(timer.name, max(timer.at, now + _MARGIN), target, payload)
        except ElephantError as error:
            log.fail(log.Fail.TIMER_NOT_ARMED, error, meeting=meeting.id, timer=timer.name)

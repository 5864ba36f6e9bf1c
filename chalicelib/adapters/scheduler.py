"""Timers on EventBridge Scheduler: one-shot, in UTC, gone once they have fired."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_scheduler.type_defs import TargetTypeDef

_NAME = re.compile(r"[0-9a-zA-Z\-_.]{1,64}")


class SchedulerTimers:
    """The port `Timers` on one schedule group."""

    def __init__(
        self, client: EventBridgeSchedulerClient, group: str, role_arn: str, dead_letters_arn: str | None = None
    ) -> None:
        """Take the queue for timers that could not be delivered, None where they are to be forgotten."""
        self._client = client
        self._group = group
        self._role_arn = role_arn
        self._dead_letters_arn = dead_letters_arn

    def arm(self, name: str, at: datetime, target: str, payload: Mapping[str, Any]) -> None:
        """Arm a timer for a moment in UTC; one that is armed already under this name fires then, and not before."""
        moment = at.astimezone(UTC)
        if moment.microsecond:  # never early: the schedule knows whole seconds only
            moment = moment.replace(microsecond=0) + timedelta(seconds=1)
        aim: TargetTypeDef = {"Arn": target, "RoleArn": self._role_arn, "Input": json.dumps(payload)}
        if self._dead_letters_arn:
            aim["DeadLetterConfig"] = {"Arn": self._dead_letters_arn}
        schedule: Any = {
            "Name": name,
            "GroupName": self._group,
            "ScheduleExpression": f"at({moment:%Y-%m-%dT%H:%M:%S})",
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": aim,
        }
        try:
            self._store(schedule)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"The timer {name} could not be armed: {error}") from error

    def _store(self, schedule: Any) -> None:
        """Create a schedule, or write over the one of its name; that may fire, and be gone, in between."""
        with _ignored("ConflictException"):
            self._client.create_schedule(**schedule)
            return
        with _ignored("ResourceNotFoundException"):
            self._client.update_schedule(**schedule)
            return
        self._client.create_schedule(**schedule)

    def drop(self, names: Collection[str]) -> None:
        """Delete timers; one that is gone is fine, and a name that Scheduler cannot hold was never armed."""
        for name in filter(_NAME.fullmatch, names):
            try:
                with _ignored("ResourceNotFoundException"):
                    self._client.delete_schedule(Name=name, GroupName=self._group)
            except (ClientError, BotoCoreError) as error:
                raise Unavailable(f"The timer {name} could not be deleted: {error}") from error


@contextmanager
def _ignored(code: str) -> Iterator[None]:
    """Go on where Scheduler answers with this error."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise

"""What sets the app's functions off: the event bus, the clock's rules, one-shot timers, the table's stream.

The wiring is read from the app's own decorators, so a pattern that would not match on AWS does not
match here either. Events have AWS's shapes and nothing more: a state change carries no tags.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from chalice.app import Chalice, CloudWatchEventConfig, DynamoDBEventConfig, ScheduledEventConfig, ScheduleExpression
from moto.dynamodb.models import dynamodb_backends
from moto.scheduler.models import Schedule, scheduler_backends

from localcloud.aws import ACCOUNT, REGION
from localcloud.clock import Clock
from localcloud.conditions import Conditions
from localcloud.ec2 import Life
from localcloud.functions import Functions
from localcloud.timeline import Timeline

_EVENT_DELAY_S = 1.0
_STREAM_DELAY_S = 0.3
_STREAM_BACKOFF_S = 60
_STREAM_KEEPS = timedelta(hours=24)
_UNIT_S = {"minute": 60, "hour": 3600, "day": 86400}


def envelope(clock: Clock, source: str, detail_type: str, detail: dict[str, Any], resource: str) -> dict[str, Any]:
    """Return an event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [resource],
        "detail": detail,
    }


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Return whether an event fits a pattern of plain values, which is all that this app's patterns use."""
    for name, wanted in pattern.items():
        value = event.get(name)
        if isinstance(wanted, dict):
            if not (isinstance(value, dict) and matches(wanted, value)):
                return False
        elif not set(value if isinstance(value, list) else [value]) & set(wanted):
            return False
    return True


class Bus:
    """EventBridge's default bus, as far as EC2 writes to it."""

    def __init__(self, app: Chalice, clock: Clock, conditions: Conditions, functions: Functions) -> None:
        self._rules = [rule for rule in app.event_sources if isinstance(rule, CloudWatchEventConfig)]
        self._clock = clock
        self._conditions = conditions
        self._functions = functions

    def state_changed(self, life: Life) -> None:
        """Tell the functions whose rule matches that an instance has entered a state."""
        if "ec2 events" in self._conditions.lost:
            return
        event = envelope(
            self._clock,
            "aws.ec2",
            "EC2 Instance State-change Notification",
            {"instance-id": life.id, "state": life.state},
            f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{life.id}",
        )
        for rule in self._rules:
            if matches(rule.event_pattern, event):
                self._clock.after(_EVENT_DELAY_S, partial(self._functions.invoke_async, rule.name, event))


class Rates:
    """The rules that fire every so often, beginning with the next whole interval."""

    def __init__(self, app: Chalice, clock: Clock, functions: Functions) -> None:
        self._clock = clock
        self._functions = functions
        for rule in app.event_sources:
            if isinstance(rule, ScheduledEventConfig):
                self._arm(rule.name, _interval_s(rule.schedule_expression))

    def _arm(self, name: str, interval_s: int) -> None:
        now = self._clock.now().timestamp()
        when = datetime.fromtimestamp((now // interval_s + 1) * interval_s, UTC)
        self._clock.at(when, lambda: self._fire(name, interval_s))

    def _fire(self, name: str, interval_s: int) -> None:
        rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/elephant-dev-{name}"
        self._functions.invoke_async(name, envelope(self._clock, "aws.events", "Scheduled Event", {}, rule))
        self._arm(name, interval_s)


def _interval_s(expression: str | ScheduleExpression) -> int:
    text = expression if isinstance(expression, str) else expression.to_string()
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", text)
    if not rate:
        raise ValueError(f"The local cloud knows rate(…) only, and the app has a schedule {text!r}.")
    return int(rate[1]) * _UNIT_S[rate[2]]


class Timers:
    """EventBridge Scheduler's one-shot schedules, which moto keeps but never fires.

    A time that has passed when the schedule is made is not fired: AWS does not say that it would be.
    """

    def __init__(self, clock: Clock, conditions: Conditions, functions: Functions, timeline: Timeline) -> None:
        self._clock = clock
        self._conditions = conditions
        self._functions = functions
        self._timeline = timeline
        self._armed: set[tuple[str, str, str]] = set()

    def live(self) -> list[Schedule]:
        """Return the schedules there are."""
        groups = scheduler_backends[ACCOUNT][REGION].schedule_groups.values()
        return [schedule for group in list(groups) for schedule in list(group.schedules.values())]

    def api_called(self, service: str, operation: str) -> None:
        """Look at the schedules after a call that may have changed them."""
        if (service, operation) in {("scheduler", "CreateSchedule"), ("scheduler", "UpdateSchedule")}:
            for schedule in self.live():
                self._arm(schedule)

    def _arm(self, schedule: Schedule) -> None:
        key = (schedule.group_name, schedule.name, schedule.schedule_expression)
        time = re.fullmatch(r"at\((.+)\)", schedule.schedule_expression)
        if not time or key in self._armed:
            return
        self._armed.add(key)
        when = datetime.fromisoformat(time[1]).replace(tzinfo=UTC)
        if when >= self._clock.now():
            self._clock.at(when, lambda: self._fire(schedule, key))

    def _fire(self, schedule: Schedule, key: tuple[str, str, str]) -> None:
        self._armed.discard(key)
        if schedule not in self.live() or schedule.schedule_expression != key[2] or schedule.state != "ENABLED":
            return
        if schedule.action_after_completion == "DELETE":
            backend = scheduler_backends[ACCOUNT][REGION]
            backend.delete_schedule(schedule.group_name, schedule.name)
        if "timers" in self._conditions.lost:
            return
        _, _, meeting_id = schedule.name.partition("-")
        self._timeline.add("Scheduler", f"timer {schedule.name} fires", meeting=meeting_id)
        name = schedule.target["Arn"].rpartition(":")[2].removeprefix("elephant-dev-")
        self._functions.invoke_async(name, json.loads(schedule.target["Input"]))


class Stream:
    """The table's stream and the poller that hands its records to a function.

    In order and at least once: a batch that fails is tried again, later each time, and holds up the
    rest until its records are a day old. Updates that change nothing leave no record, unlike moto's.
    """

    def __init__(
        self, app: Chalice, table_name: str, clock: Clock, conditions: Conditions, functions: Functions
    ) -> None:
        self._readers = [source for source in app.event_sources if isinstance(source, DynamoDBEventConfig)]
        self._clock = clock
        self._conditions = conditions
        self._functions = functions
        self._lock = threading.Lock()
        self._waiting: dict[str, list[dict[str, Any]]] = {reader.name: [] for reader in self._readers}
        self._failures = 0
        table = dynamodb_backends[ACCOUNT][REGION].get_table(table_name)
        self.arn = f"{table.table_arn}/stream/{table.latest_stream_label}"
        if table.stream_shard is None:
            raise ValueError(f"The table {table_name} has no stream; create it with StreamEnabled.")
        self._shard = table.stream_shard
        self._moto_add = self._shard.add
        setattr(self._shard, "add", self._add)  # noqa: B010  this shard's method only, which mypy cannot be told
        # moto copies a table before a transaction, to put the copy in its place if that is cancelled.
        setattr(self._shard, "__deepcopy__", lambda _: self._shard)  # noqa: B010  as above

    def _add(self, old: Any, new: Any) -> None:
        if old is not None and new is not None and old.to_json() == new.to_json():
            return
        self._moto_add(old, new)
        if "stream" in self._conditions.lost:
            return
        record = self._as_lambda_sees_it(self._shard.items[-1].to_json())
        with self._lock:
            for reader in self._readers:
                if not self._waiting[reader.name]:
                    self._later(_STREAM_DELAY_S, reader)
                self._waiting[reader.name].append(record)

    def _as_lambda_sees_it(self, record: dict[str, Any]) -> dict[str, Any]:
        change = record["dynamodb"] | {"ApproximateCreationDateTime": int(self._clock.now().timestamp())}
        return record | {
            "eventVersion": "1.1",
            "awsRegion": REGION,
            "dynamodb": json.loads(json.dumps(change, default=_base64)),
            "eventSourceARN": self.arn,
        }

    def _later(self, seconds: float, reader: DynamoDBEventConfig) -> None:
        self._clock.after(seconds, lambda: self._deliver(reader))

    def _deliver(self, reader: DynamoDBEventConfig) -> None:
        oldest = (self._clock.now() - _STREAM_KEEPS).timestamp()
        with self._lock:
            waiting = self._waiting[reader.name]
            waiting[:] = [r for r in waiting if r["dynamodb"]["ApproximateCreationDateTime"] >= oldest]
            batch = waiting[: reader.batch_size]
        if not batch:
            return
        if not self._functions.invoke(reader.name, {"Records": batch}):
            self._failures += 1
            self._later(min(2**self._failures, _STREAM_BACKOFF_S), reader)
            return
        if self._conditions.doubled:
            self._functions.invoke(reader.name, {"Records": batch})
        self._failures = 0
        with self._lock:
            del waiting[: len(batch)]
            if waiting:
                self._later(_STREAM_DELAY_S, reader)


def _base64(binary: bytes) -> str:
    """Return what DynamoDB JSON holds for bytes."""
    return base64.b64encode(binary).decode()

"""The app's log: one JSON line for each thing that was done or went wrong, with the meeting and the reason.

What operators watch is counted too. A count is a line in CloudWatch's embedded metric format, so it
costs no call: CloudWatch makes the metric from the log.

Every event and metric stands here once, with what it means and which facts its lines hold; mypy refuses
any other. docs/log.md shows them. Their strings are what operators' queries and alarms name, so they stay.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime
from typing import Any

from chalicelib.domain.described import Described
from chalicelib.domain.errors import ElephantError

NAMESPACE = "Elephant"
_LOGGER = logging.getLogger("elephant")


class Note(Described):
    """What was done or seen: level INFO."""

    SCHEDULE = "schedule", "A meeting was scheduled.", "meeting why meet_time"
    SCHEDULE_AGAIN = "schedule_again", "A repeated request got the meeting that the first one made.", "meeting why"
    MANAGE = "manage", "A person has changed a meeting; `reason` is what they gave as theirs.", "meeting why by reason"
    JOIN = "join", "A person was let in for the first time.", "meeting why role"
    LAUNCH = "launch", "EC2 has launched a desktop.", "meeting why role desktop subnet"
    UPDATE = "update", "The row was changed; `set` holds the new values.", "meeting why set remove"
    PUBLISH = "publish", "The DNS records of desktops were written.", "meeting why records"
    WITHDRAW = "withdraw", "The DNS records of desktops were deleted.", "meeting why records"
    TERMINATE = "terminate", "Desktops were terminated.", "meeting why desktops"
    REARM = "rearm", "Desktops were given another deadline.", "meeting why desktops deadline"
    DROP_TIMERS = "drop_timers", "The meeting's timers were deleted.", "meeting why timers"
    DESKTOP_READY = "desktop_ready", "A desktop of the kit says that it is ready.", "meeting why role"
    UPLOADED = "uploaded", "A desktop of the kit says where it has uploaded its session to.", "meeting why role"
    RECORDING_SAFE = "recording_safe", "A piece of a recording is whole in the bucket.", "meeting why role"
    PRESENCE = "presence", "A desktop of the kit says that somebody is connected to it, or nobody.", "meeting why role"
    PAUSED = "paused", "The stage is paused by an operator, as this container sees now.", "why by since"
    RESUMED = "resumed", "The stage is not paused any more, as this container sees now.", "why"
    OVERTAKEN = "overtaken", "The row changed while its plan was applied; it is read and planned again.", "meeting why"
    TIMER_CHANGED_NOTHING = "timer_changed_nothing", "A timer fired and nothing was to be done.", "meeting why"
    CALENDAR = "calendar", "The calendar was brought to what the rows say; `weeks` begin on these days.", "why weeks"
    COSTS = "costs", "What months cost was brought to what the rows say.", "why months"
    ROW_GONE = "row_gone", "A stream record tells of a row that was deleted since.", "meeting why"
    SWEEP_LEFT = "sweep_left", "The sweep of the minute before is still at work, so this one did nothing.", "why"
    SWEEP = (
        "sweep",
        "A sweep has ended; the counts say what it saw and did.",
        "why meetings acted failed overdue unfinished records",
    )


class Warn(Described):
    """What somebody should look at, though nothing failed: level WARNING."""

    BAD_ROW = "bad_row", "A value on the row cannot be understood; it is told once until it changes.", "meeting why"
    NO_CAPACITY = "no_capacity", "A zone has no room for a desktop; the next zone is tried.", "meeting role why"
    NO_LEASE = "no_lease", "Whether another sweep is at work could not be told or noted; this one went on.", "lease why"
    OLD_KEYS = "old_keys", "A key could not be read again; what was read before counts for another minute.", "why"
    PAUSE_UNKNOWN = (
        "pause_unknown",
        "Whether the stage is paused could not be read; what was known before counts, if anything, for another minute.",
        "why",
    )
    DNS_WAIT = "dns_wait", "Cloudflare asks to wait; no function sends it anything until then.", "why until"
    DNS_WAIT_UNKNOWN = (
        "dns_wait_unknown",
        "Until when Cloudflare is to be sent nothing could not be read, or not be told to the other functions.",
        "why",
    )
    DESKTOP_NOT_READY = "desktop_not_ready", "A desktop of the kit says what it lacks.", "meeting why role"
    RECORDING_LOST = (
        "recording_lost",
        "A desktop of the kit says what it could not save of its recording; the row has it too.",
        "meeting why role",
    )
    NO_CALENDAR = (
        "no_calendar",
        "The calendar could not be read, so somebody was not told how long their meeting may last.",
        "meeting why",
    )
    NOT_MEASURED = (
        "not_measured",
        "How long desktops usually take could not be read; who waits is told what was known before, if anything.",
        "why",
    )
    WAIT_NOT_NOTED = (
        "wait_not_noted",
        "That somebody waits could not be written; they were answered.",
        "meeting role why",
    )
    STRAY_DESKTOP = "stray_desktop", "A desktop names a meeting that has no row; the sweep ends it.", "desktop why"
    COST_LIMIT_NEAR = (
        "cost_limit_near",
        "So many percent of what may be spent in a month are spent or planned; told once an hour from 80 on.",
        "month percent why",
    )
    COST_LIMIT_REACHED = (
        "cost_limit_reached",
        "A meeting was refused, since its month would cost more than it may.",
        "meeting month why",
    )
    COST_NOT_NOTED = (
        "cost_not_noted",
        "That a month costs less could not be written; it is counted again within the hour.",
        "meeting month why",
    )
    NO_VIDEO_ROOM = "no_video_room", "A meeting was scheduled without a video room.", "meeting why"


class Fail(Described):
    """What failed: level ERROR, with the error, and with its traceback where nobody foresaw it."""

    LAUNCH_REFUSED = "launch_refused", "EC2 refused a desktop; it is tried again a little later.", "error meeting role"
    STEP_FAILED = "step_failed", "A step of a meeting's plan failed; the sweep tries it again.", "error meeting why"
    TIMER_NOT_ARMED = "timer_not_armed", "A timer could not be made; the sweep does its work.", "error meeting timer"
    LOOK_FAILED = (
        "look_failed",
        "A meeting whose row changed could not be looked at; the sweep does it.",
        "error meeting",
    )
    SWEEP_FAILED = "sweep_failed", "One step of a sweep failed; everything else was done.", "error meeting why"
    NOT_ANNOUNCED = (
        "not_announced",
        "Others were not told of what happened to a meeting; `events` is what they lack, as it was to be sent.",
        "error meeting events",
    )
    BAD_RECORD = "bad_record", "A stream record cannot be understood; it is passed over.", "error"
    UNAVAILABLE = "unavailable", "A request was answered with 503: the table could not be reached.", "error"
    REQUEST_FAILED = "request_failed", "A request was answered with 500: a fault in the app.", "error"


class Metric(Described):
    """What CloudWatch counts, by stage and, where the lines have a `Reason`, by that too: level INFO."""

    ENDED = "Ended", "A meeting has ended; the reason is its `termination_reason`.", "Reason meeting"
    REPLACED = (
        "Replaced",
        "A desktop is replaced; the reason is the launch's cause, or EC2's own code where EC2 ended it by itself.",
        "Reason meeting role why",
    )
    LAUNCH_FAILURES = "LaunchFailures", "EC2 refused a desktop; the reason is EC2's code.", "Reason meeting role"
    DNS_FAILURES = "DnsFailures", "Records could not be published or withdrawn.", "meeting why"
    DESKTOPS_OVERDUE = (
        "DesktopsOverdue",
        "Desktops past their deadline, by each sweep that saw them all, 0 too.",
        "",
    )
    NOT_READY = (
        "NotReady",
        "Meetings between T and their checkpoint of which a role has no desktop that is ready, by each sweep, 0 too.",
        "",
    )
    CERTIFICATE_DAYS = (
        "CertificateDays",
        "Whole days until the desktops' certificate ends, told once an hour where the app keeps one; below 0 after it.",
        "",
    )
    UNANNOUNCED = "Unannounced", "Events that others were not told of, where a bus is named for them.", ""
    COST_SHARE = (
        "CostShare",
        "Percent of a month's limit that are spent or planned, of the nearest month; told hourly where there is one.",
        "month",
    )
    SWEEP_FAILURES = "SweepFailures", "Steps that failed, counted by each sweep, 0 too.", ""


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"level": record.levelname, **getattr(record, "elephant", {"event": record.getMessage()})}
        if "_aws" in line:
            line["_aws"] = {"Timestamp": int(record.created * 1000), **line["_aws"]}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def start() -> None:
    """Send the log to standard output, which Lambda keeps; once a process, however often it is called."""
    if _LOGGER.handlers:
        return
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def note(event: Note, **facts: Any) -> None:
    """Log something that was done or seen."""
    _LOGGER.info(event, extra={"elephant": {"event": event.value, **facts}})


def warn(event: Warn, **facts: Any) -> None:
    """Log something that somebody should look at, though nothing failed."""
    _LOGGER.warning(event, extra={"elephant": {"event": event.value, **facts}})


def count(metric: Metric, number: int, *, stage: str, reason: str | None = None, **facts: Any) -> None:
    """Log a line that CloudWatch also takes as a metric of this stage, by its reason where there is one."""
    name = metric.value
    dimensions = [["Stage"], ["Stage", "Reason"]] if reason else [["Stage"]]
    definition = {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": [{"Name": name, "Unit": "Count"}]}
    line: dict[str, Any] = {
        "_aws": {"CloudWatchMetrics": [definition]},
        "event": name,
        "Stage": stage,
        **({"Reason": reason} if reason else {}),
        name: number,
        **facts,
    }
    _LOGGER.info(name, extra={"elephant": line})


def fail(event: Fail, error: BaseException, **facts: Any) -> None:
    """Log a failure in its own words; with a traceback where it is not one of the domain's own."""
    unexpected = None if isinstance(error, ElephantError) else error
    details = {"event": event.value, "error": f"{type(error).__name__}: {error}", **facts}
    _LOGGER.error(event, exc_info=unexpected, extra={"elephant": details})

"""Scheduling a meeting: a form's fields in, a row, two timers and two links out."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from chalicelib import log
from chalicelib.control.ports import Meetings, Timers
from chalicelib.domain import rows, writes
from chalicelib.domain.errors import BadRequest, ConfigError, ElephantError
from chalicelib.domain.keys import Keys
from chalicelib.domain.model import Role
from chalicelib.domain.policy import Policy
from chalicelib.people import links
from chalicelib.rules.times import TimerKind, timers
from chalicelib.settings import TimerSettings

EARLIEST = timedelta(minutes=-30)
LATEST = timedelta(days=365)
_NAME_LENGTH = 100
_URL_LENGTH = 2000
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_CONTROLS = {"Cc", "Cs", "Zl", "Zp"}  # Unicode's categories; joiners, which many scripts need, are in none of them
_TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # would turn the text around the name too
_TIMER_MARGIN = timedelta(minutes=1)  # a time that has passed by the time it is armed may never fire


@dataclass(frozen=True, slots=True)
class MeetingRequest:
    """A valid request for a meeting. Times are UTC."""

    teacher_name: str
    student_name: str
    teacher_email: str | None
    meet_time: datetime
    frontend_base_url: str
    duration_minutes: int | None


@dataclass(frozen=True, slots=True)
class Targets:
    """The functions that the timers call."""

    launcher_arn: str
    safety_net_arn: str

    def of(self, kind: TimerKind, meeting_id: str) -> tuple[str, dict[str, str]]:
        """Return what a timer of this kind calls, and with which payload."""
        if kind is TimerKind.LAUNCH:
            return self.launcher_arn, {"meeting_id": meeting_id}
        return self.safety_net_arn, {"meetingId": meeting_id}


def parse(body: object, now: datetime, policy: Policy) -> MeetingRequest:
    """Return the request that a form's JSON makes.

    Raises:
        BadRequest: with every problem at once.
    """
    if not isinstance(body, Mapping):
        raise BadRequest("The body must be a JSON object with the fields of the schedule form.")
    read = _Fields(body)
    request = MeetingRequest(
        teacher_name=read.name("teacher_name"),
        student_name=read.name("student_name"),
        teacher_email=read.email("teacher_email"),
        meet_time=read.moment("meet_time", now + EARLIEST, now + LATEST),
        frontend_base_url=read.url("frontend_base_url"),
        duration_minutes=read.minutes("duration_minutes", int(policy.max_duration.total_seconds() // 60)),
    )
    if read.problems:
        _, first = read.problems[0]
        raise BadRequest(first, tuple(read.problems))
    return request


_NAMES = {"teacher_name": "teacher's name", "student_name": "student's name"}


class _Fields:
    """Reads a form's fields and collects what is wrong with them.

    Each problem is a sentence that names its field as people do: a form may show nothing but the first.
    """

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body
        self.problems: list[tuple[str, str]] = []

    def _wrong(self, field: str, problem: str) -> None:
        self.problems.append((field, problem))

    def name(self, field: str) -> str:
        value = self._body.get(field)
        text = value.strip() if isinstance(value, str) else ""
        name = _NAMES[field]
        if not any(sign.isprintable() and not sign.isspace() for sign in text):
            self._wrong(field, f"The {name} is missing.")
        elif len(text) > _NAME_LENGTH:
            self._wrong(field, f"The {name} is too long: {len(text)} characters, of {_NAME_LENGTH} at most.")
        elif any(unicodedata.category(sign) in _CONTROLS or sign in _TURNS for sign in text):
            self._wrong(field, f"The {name} holds a line break or another sign that cannot be shown; type it anew.")
        return text

    def email(self, field: str) -> str | None:
        value = self._body.get(field)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or not value.isprintable() or not _EMAIL.fullmatch(value.strip()):
            self._wrong(
                field, "The teacher's e-mail is not an e-mail address; write one like ann@example.com, or leave it out."
            )
            return None
        return value.strip()

    def moment(self, field: str, earliest: datetime, latest: datetime) -> datetime:
        value = self._body.get(field)
        shape = "like 2026-03-01T15:00:00Z"
        if value is None or value == "" or (isinstance(value, str) and not value.strip()):
            self._wrong(field, "The meeting's time is missing.")
            return earliest
        if not isinstance(value, str):
            self._wrong(field, f"The meeting's time must be a date and time written {shape}.")
            return earliest
        try:
            given = datetime.fromisoformat(value.strip())
            moment = given.astimezone(UTC)
        except (ValueError, OverflowError):
            self._wrong(
                field,
                f"The meeting's time {value!r:.60} is not a date and time {shape}, or there is no such day or hour.",
            )
            return earliest
        if given.tzinfo is None:
            self._wrong(field, f"The meeting's time {value!r:.60} does not say in which time zone; write it {shape}.")
        elif moment < earliest:
            passed = -EARLIEST // timedelta(minutes=1)
            self._wrong(field, f"The meeting's time is more than {passed} minutes in the past.")
        elif moment > latest:
            self._wrong(field, f"The meeting's time is more than {LATEST.days} days ahead.")
        return moment

    def url(self, field: str) -> str:
        value = self._body.get(field)
        text = value.strip() if isinstance(value, str) else ""
        try:
            parts = urlsplit(text)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port that is none, or a broken host
            usable = False
        page = "The address of the meeting page"
        if not text:
            self._wrong(field, f"{page} is missing; the form itself must send it.")
        elif not usable or len(text) > _URL_LENGTH or not text.isprintable() or " " in text:
            self._wrong(field, f"{page} cannot be used; it must begin with http:// or https://.")
        elif links.names_a_seat(text):
            self._wrong(field, f"{page} may not hold id or role itself; links add these.")
        return text

    def minutes(self, field: str, at_most: int) -> int | None:
        value = self._body.get(field)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= at_most:
            self._wrong(field, f"The meeting's length must be a whole number of minutes from 1 to {at_most}.")
            return None
        return value


class Scheduler:
    """Stores new meetings and arms their timers."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        timers: Timers,
        clock: Callable[[], datetime],
        policy: Policy,
        jitsi_domain: str,
        link_keys: Keys | None,
    ) -> None:
        self._meetings = meetings
        self._timers = timers
        self._clock = clock
        self._policy = policy
        self._jitsi_domain = jitsi_domain
        self._link_keys = link_keys

    def schedule(self, request: MeetingRequest, targets: Targets, idempotency_key: str | None) -> dict[str, str]:
        """Store the meeting and arm its timers; return what the form is told.

        The same idempotency key gives the same meeting. A timer that cannot be armed is logged and
        not missed: the sweep does a minute later what it would have done.

        Raises:
            Unavailable: the table cannot be written; nothing was scheduled.
        """
        meeting_id = self._id_of(idempotency_key) if idempotency_key else str(uuid.uuid4())
        row = self._row(meeting_id, request)
        if self._meetings.create(row):
            log.note(log.Note.SCHEDULE, meeting=meeting_id, why="somebody asked for it", meet_time=request.meet_time)
        else:
            row = dict(self._meetings.get(meeting_id).row)
            log.note(log.Note.SCHEDULE_AGAIN, meeting=meeting_id, why="the idempotency key was used before")
        self._arm(row, targets)
        return {
            "message": "The meeting is scheduled.",
            "id": meeting_id,
            "jitsi_url": row.get("jitsi_url", ""),
            "teacher_link": links.link(request.frontend_base_url, meeting_id, Role.TEACHER, self._link_keys),
            "student_link": links.link(request.frontend_base_url, meeting_id, Role.STUDENT, self._link_keys),
        }

    def _id_of(self, idempotency_key: str) -> str:
        """Return the id that a key stands for: always the same, and not to be turned back into the key."""
        signing_key = self._link_keys.present if self._link_keys else None
        digest = hashlib.sha256(f"{self._policy.stage}/{signing_key}/{idempotency_key}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    def _row(self, meeting_id: str, request: MeetingRequest) -> dict[str, Any]:
        return writes.scheduled(
            meeting_id,
            teacher_name=request.teacher_name,
            student_name=request.student_name,
            teacher_email=request.teacher_email,
            meet_time=request.meet_time,
            duration_minutes=request.duration_minutes,
            jitsi_url=f"https://{self._jitsi_domain}/{meeting_id}",
            links_signed=self._link_keys is not None,
            now=self._clock(),
        )

    def _arm(self, row: Mapping[str, Any], targets: Targets) -> None:
        meeting = rows.meeting(row)
        if meeting.over:
            return
        soonest = self._clock() + _TIMER_MARGIN
        for timer in timers(meeting, self._policy):
            target, payload = targets.of(timer.kind, meeting.id)
            try:
                self._timers.arm(timer.name, max(timer.at, soonest), target, payload)
            except ElephantError as error:
                log.fail(log.Fail.TIMER_NOT_ARMED, error, meeting=meeting.id, timer=timer.name)


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

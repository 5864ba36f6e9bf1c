"""Scheduling a meeting: a form's fields in, a row, two timers and two links out."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from chalicelib import log
from chalicelib.control.ports import Meetings, Timers
from chalicelib.domain import rows, writes
from chalicelib.domain.errors import BadRequest, ConfigError, ElephantError, KeyTaken, NoSuchMeeting, TimeFull
from chalicelib.domain.keys import Keys
from chalicelib.domain.model import MeetingAttribute
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.environment import TimerSettings
from chalicelib.people import links
from chalicelib.people.booking import Bookings
from chalicelib.rules.times import TimerKind, timers

EARLIEST = timedelta(minutes=-30)
LATEST = timedelta(days=365)
_NAME_LENGTH = 100
_URL_LENGTH = 2000
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}")  # the names of IANA's time zones, which only browsers need to know
_CONTROLS = {"Cc", "Cs", "Zl", "Zp"}  # Unicode's categories; joiners, which many scripts need, are in none of them
_TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # would turn the text around the name too
_ASKED_FOR: tuple[MeetingAttribute, ...] = (
    "teacher_name",
    "student_name",
    "teacher_email",
    "meet_time",
    "duration_minutes",
)
_TIMER_MARGIN = timedelta(minutes=1)  # a time that has passed by the time it is armed may never fire


@dataclass(frozen=True, slots=True)
class MeetingRequest:
    """A valid request for a meeting. Times are UTC; `time_zone` is the one that the person said them in, if known."""

    teacher_name: str
    student_name: str
    teacher_email: str | None
    meet_time: datetime
    frontend_base_url: str
    duration_minutes: int | None
    time_zone: str | None = None

    @property
    def digest(self) -> str:
        """What tells this request from any other: requests of one meaning have one digest, however they are spelled.

        One without a time zone has the digest that it had before there were any.
        """
        fields = asdict(self)
        if self.time_zone is None:
            del fields["time_zone"]
        said = json.dumps(fields, default=rows.timestamp, sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


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
        duration_minutes=read.minutes("duration_minutes", policy.longest_meeting // timedelta(minutes=1)),
        time_zone=read.zone("time_zone"),
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

    def zone(self, field: str) -> str | None:
        value = self._body.get(field)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or not _ZONE.fullmatch(value):
            self._wrong(field, f"The time zone {value!r:.60} is not one like Europe/Berlin; name one, or leave it out.")
            return None
        return value


class Scheduler:
    """Stores new meetings and arms their timers."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        bookings: Bookings | None,
        timers: Timers,
        clock: Callable[[], datetime],
        policy: Policy,
        jitsi_domain: str | None,
        link_keys: Keys | None,
    ) -> None:
        """Take what is needed to schedule. `bookings` is None where nothing limits how many meetings there are."""
        self._meetings = meetings
        self._create = bookings.create if bookings else meetings.create
        self._timers = timers
        self._clock = clock
        self._policy = policy
        self._jitsi_domain = jitsi_domain
        self._link_keys = link_keys

    def schedule(self, request: MeetingRequest, targets: Targets, idempotency_key: str | None) -> dict[str, str]:
        """Store the meeting and arm its timers; return what the form is told.

        The same request with the same idempotency key gives the same meeting. A timer that cannot be armed is logged
        and not missed: the sweep does a minute later what it would have done.

        Raises:
            KeyTaken: the idempotency key was used before, by another request.
            TimeFull: there is no room at that time.
            Unavailable: the table cannot be written; nothing was scheduled.
        """
        row = self._stored(request, idempotency_key)
        self._arm(row, targets)
        meeting_id = row["id"]
        return {
            "message": "The meeting is scheduled.",
            "id": meeting_id,
            "jitsi_url": row.get("jitsi_url", ""),
            "teacher_link": links.link(request.frontend_base_url, meeting_id, Role.TEACHER, self._link_keys),
            "student_link": links.link(request.frontend_base_url, meeting_id, Role.STUDENT, self._link_keys),
        }

    def _stored(self, request: MeetingRequest, idempotency_key: str | None) -> Mapping[str, Any]:
        """Return the row of the meeting that this request made before, with this key; else that of a new one."""
        meeting_id, *earlier = self._ids_of(idempotency_key) if idempotency_key else [str(uuid.uuid4())]
        row = self._known(*earlier)
        if row is None:
            try:
                new = self._new(meeting_id, request, request.digest if idempotency_key else None)
            except TimeFull:  # the request itself may have taken the last room, the first time
                row = self._known(meeting_id)
                if row is None:
                    raise
            else:
                if new:
                    return new
                row = self._meetings.get(meeting_id).row
        if not _made(row, request):
            raise KeyTaken(
                "This Idempotency-Key was used before, for a meeting with other details; "
                "send a new key with a request for another meeting."
            )
        log.note(log.Note.SCHEDULE_AGAIN, meeting=row["id"], why="the idempotency key was used before")
        return row

    def _ids_of(self, idempotency_key: str) -> list[str]:
        """Return the ids that a key may stand for: first the one that it gives a new meeting, always the same.

        Version 0.1.0 took the key that links were signed with into it, which may be an earlier one by now.
        """
        signing_keys = [None, *(self._link_keys.all if self._link_keys else ())]
        said = (f"{self._policy.stage}/{signing_key}/{idempotency_key}" for signing_key in signing_keys)
        return [str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4)) for text in said]

    def _known(self, *meeting_ids: str) -> Mapping[str, Any] | None:
        """Return the row of the first of these meetings that there is."""
        for meeting_id in meeting_ids:
            try:
                return self._meetings.get(meeting_id).row
            except NoSuchMeeting:
                continue
        return None

    def _new(self, meeting_id: str, request: MeetingRequest, digest: str | None) -> Mapping[str, Any] | None:
        """Store the row of a new meeting and return it; None where its id is taken."""
        row = self._row(meeting_id, request, digest)
        if not self._create(row):
            return None
        log.note(log.Note.SCHEDULE, meeting=meeting_id, why="somebody asked for it", meet_time=request.meet_time)
        if "jitsi_url" not in row:
            log.warn(log.Warn.NO_VIDEO_ROOM, meeting=meeting_id, why="JITSI_DOMAIN is not set")
        return row

    def _row(self, meeting_id: str, request: MeetingRequest, digest: str | None) -> dict[str, Any]:
        room = secrets.token_hex(16)  # who knows the room does not know the meeting's id
        return writes.scheduled(
            meeting_id,
            teacher_name=request.teacher_name,
            student_name=request.student_name,
            teacher_email=request.teacher_email,
            meet_time=request.meet_time,
            duration_minutes=request.duration_minutes,
            time_zone=request.time_zone,
            jitsi_url=f"https://{self._jitsi_domain}/{room}" if self._jitsi_domain else None,
            links_signed=self._link_keys is not None,
            request_digest=digest,
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


def _made(row: Mapping[str, Any], request: MeetingRequest) -> bool:
    """Return whether it was this request that made the row; of a row of version 0.1.0, whether it could have been."""
    if known := row.get("request_digest"):
        return bool(known == request.digest)
    asked = asdict(request) | {"meet_time": rows.timestamp(request.meet_time)}
    return all(row.get(name) == asked[name] for name in _ASKED_FOR)


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

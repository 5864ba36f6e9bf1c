"""Scheduling a meeting: a form's fields in, a row, two timers and two links out."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib import log
from chalicelib.control.ports import Meetings, Timers
from chalicelib.domain import rows, writes
from chalicelib.domain.errors import KeyTaken, NoSuchMeeting, TimeFull
from chalicelib.domain.keys import Keys
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.people import links
from chalicelib.people.booking import Bookings
from chalicelib.people.fields import EARLIEST, LATEST, Fields
from chalicelib.people.timers import Targets, arm

if TYPE_CHECKING:
    from chalicelib.people.budget import Budget


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


def parse(body: object, now: datetime, policy: Policy, link_hosts: Collection[str] = ()) -> MeetingRequest:
    """Return the request that a form's JSON makes. Links may lead to these hosts alone, to any where there are none.

    Raises:
        BadRequest: with every problem at once.
    """
    read = Fields(body, "the fields of the schedule form")
    request = MeetingRequest(
        teacher_name=read.name("teacher_name"),
        student_name=read.name("student_name"),
        teacher_email=read.email("teacher_email"),
        meet_time=read.moment("meet_time", now + EARLIEST, now + LATEST),
        frontend_base_url=read.url("frontend_base_url", link_hosts),
        duration_minutes=read.minutes("duration_minutes", policy.longest_meeting // timedelta(minutes=1)),
        time_zone=read.zone("time_zone"),
    )
    read.refuse()
    return request


class Scheduler:
    """Stores new meetings and arms their timers."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        bookings: Bookings | None,
        budget: Budget | None = None,
        timers: Timers,
        clock: Callable[[], datetime],
        policy: Policy,
        jitsi_domain: str | None,
        link_keys: Keys | None,
        id_keys: Callable[[], Keys | None],
    ) -> None:
        """Take what is needed to schedule.

        `bookings` is None where nothing limits how many meetings there are, and `budget` where nothing limits what they
        cost. `id_keys` is asked for where a request brings an idempotency key.
        """
        self._meetings = meetings
        create = bookings.create if bookings else meetings.create
        self._create = partial(budget.create, store=create) if budget else create
        self._timers = timers
        self._clock = clock
        self._policy = policy
        self._jitsi_domain = jitsi_domain
        self._link_keys = link_keys
        self._id_keys = id_keys

    def schedule(
        self, request: MeetingRequest, targets: Targets, idempotency_key: str = "", by: str | None = None
    ) -> dict[str, str]:
        """Store the meeting and arm its timers; return what the form is told.

        `by` is the name of the key that unlocked it, None where it took none.

        The same request with the same idempotency key gives the same meeting, and the links to it that hold now. An
        empty key is none.

        Raises:
            KeyTaken: the idempotency key was used before, by another request.
            TimeFull: there is no room at that time.
            Unavailable: the table cannot be written; nothing was scheduled.
        """
        row = self._stored(request, idempotency_key, by)
        meeting = rows.meeting(row)
        arm(self._timers, meeting, targets, self._clock(), self._policy)
        return {
            "message": "The meeting is scheduled.",
            "id": meeting.id,
            "jitsi_url": row.get("jitsi_url", ""),
            "teacher_link": links.link(request.frontend_base_url, meeting, Role.TEACHER, self._link_keys),
            "student_link": links.link(request.frontend_base_url, meeting, Role.STUDENT, self._link_keys),
        }

    def _stored(self, request: MeetingRequest, idempotency_key: str, by: str | None) -> Mapping[str, Any]:
        """Return the row of the meeting that this request made before, with this key; else that of a new one."""
        meeting_id, *earlier = self._ids_of(idempotency_key) if idempotency_key else [str(uuid.uuid4())]
        row = self._known(*earlier)
        if row is None:
            try:
                new = self._new(meeting_id, request, request.digest if idempotency_key else None, by)
            except TimeFull:  # the request itself may have taken the last room, the first time
                row = self._known(meeting_id)
                if row is None:
                    raise
            else:
                if new:
                    return new
                row = self._meetings.get(meeting_id).row
        if row.get("request_digest") != request.digest:
            raise KeyTaken(
                "This Idempotency-Key was used before, for a meeting with other details, or none on record; "
                "send a new key with a request for another meeting."
            )
        log.note(log.Note.SCHEDULE_AGAIN, meeting=row["id"], why="the idempotency key was used before")
        return row

    def _ids_of(self, idempotency_key: str) -> list[str]:
        """Return the ids that a key may stand for: first the one that it gives a new meeting, always the same.

        That is made with a key of the app's own, which never changes, so that an id cannot be guessed. A run at home
        that has none hashes it: who knows an idempotency key knows the meeting's id there. So did the version before,
        and 0.1.0 with the key that it signed links with, which is the oldest of these by now.
        """
        ids, signing = self._id_keys(), self._link_keys.all[-1:] if self._link_keys else ()
        hashed = [
            hashlib.sha256(f"{self._policy.stage}/{key}/{idempotency_key}".encode("utf-8", "surrogatepass")).hexdigest()
            for key in (None, *signing)
        ]
        return [_id(digest) for digest in ([ids.sign(hashed[0])] if ids else []) + hashed]

    def _known(self, *meeting_ids: str) -> Mapping[str, Any] | None:
        """Return the row of the first of these meetings that there is."""
        for meeting_id in meeting_ids:
            try:
                return self._meetings.get(meeting_id).row
            except NoSuchMeeting:
                continue
        return None

    def _new(
        self, meeting_id: str, request: MeetingRequest, digest: str | None, by: str | None
    ) -> Mapping[str, Any] | None:
        """Store the row of a new meeting and return it; None where its id is taken."""
        row = self._row(meeting_id, request, digest, by)
        if not self._create(row):
            return None
        log.note(log.Note.SCHEDULE, meeting=meeting_id, why="somebody asked for it", meet_time=request.meet_time)
        if "jitsi_url" not in row:
            log.warn(log.Warn.NO_VIDEO_ROOM, meeting=meeting_id, why="JITSI_DOMAIN is not set")
        return row

    def _row(self, meeting_id: str, request: MeetingRequest, digest: str | None, by: str | None) -> dict[str, Any]:
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
            by=by,
            now=self._clock(),
        )


def _id(digest: str) -> str:
    return str(uuid.UUID(hex=digest[:32], version=4))

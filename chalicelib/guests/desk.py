"""What a desktop asks and tells of its own seat: whose it is, whether it is ready, whether somebody is connected.

Each costs one read and at most one conditional write, may come twice, and is about the seat alone whose row names the
instance. What comes at the same time as another change is asked again by the desktop, which repeats what it tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from chalicelib import log
from chalicelib.control.ports import Meetings
from chalicelib.domain import rows, writes
from chalicelib.domain.certificate import Certificate
from chalicelib.domain.door import door_keys
from chalicelib.domain.errors import BadRequest, Conflict, MeetingOver, NoSuchAddress, NoSuchMeeting, Unavailable
from chalicelib.domain.keys import Keys
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role, Seat
from chalicelib.domain.update import Update
from chalicelib.rules.people import closes_at, is_done
from chalicelib.rules.times import ends_at, times

LONGEST_REPORT = 10
"""How many things may be missing at once: a report is for people to read."""

LONGEST_SENTENCE = 200
LONGEST_URL = 2048
_SIGNED_AT = "%Y%m%dT%H%M%SZ"
SIGN_OF_LIFE = timedelta(minutes=5)
"""How old the last sign of life on the row must be before another is written."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The place of one desktop in its meeting."""

    meeting: Meeting
    seat: Seat


def desk_of(meetings: Meetings, meeting_id: str, desktop_id: str, *, though_over: bool = False) -> Desk:
    """Return the place of this desktop in the meeting; one that is over has places `though_over` alone.

    Raises:
        NoSuchAddress: no row names it there, now or yet; of what rows there are, a desktop learns nothing.
        MeetingOver: the meeting has ended, or is ending.
        Unavailable: the table cannot be read now.
    """
    try:
        meeting = meetings.get(meeting_id)
    except NoSuchMeeting:
        seat = None
    else:
        seat = next((seat for seat in meeting.seats if seat.desktop_id == desktop_id), None)
    if seat is None:
        raise NoSuchAddress(f"That meeting names no desktop {desktop_id}, now or yet; ask again in a moment.")
    if meeting.over and not though_over:
        raise MeetingOver("This desktop's meeting has ended.", meeting.reason)
    return Desk(meeting, seat)


def describe(
    desk: Desk, keys: Keys | None, issuer_root: str | None, policy: Policy, *, record: bool, uploads: bool
) -> dict[str, Any]:
    """Return what a desktop is told of its seat; times as ISO 8601 in UTC, None for what is not known.

    `closes_at` is when it closes since the other side is done and its own is not. `missing` is what the row says that
    the desktop lacks, an empty list where it is ready and None before it has said. `issuer_root` are the roots, as PEM,
    of which one must have issued the desktop's certificate. `record` says whether its meeting is recorded, `uploads`
    whether the app signs links for what was.
    """
    meeting, seat = desk.meeting, desk.seat
    names = {Role.TEACHER: meeting.row.get("teacher_name"), Role.STUDENT: meeting.row.get("student_name")}
    other = Role.STUDENT if seat.role is Role.TEACHER else Role.TEACHER
    desktop_id = seat.desktop_id or ""
    return {
        "message": f"This is the desktop of the {seat.role}.",
        "meeting_id": meeting.id,
        "role": seat.role.value,
        "name": _text(names[seat.role]),
        "other_name": _text(names[other]),
        "jitsi_url": _text(meeting.row.get("jitsi_url")),
        "meet_time": _stamp(times(meeting, policy).start),
        "ends_at": _stamp(ends_at(meeting, policy)),
        "closes_at": _stamp(closes_at(meeting, policy)) if is_done(meeting, meeting.seat(other)) else None,
        "host_name": policy.record_name(desktop_id),
        "door_keys": list(door_keys(keys, desktop_id)) if keys else [],
        "issuer_root": issuer_root,
        "missing": list(seat.missing) if seat.missing or seat.healthy_at else None,
        "record": record,
        "uploads": uploads,
    }


def _stamp(moment: datetime | None) -> str | None:
    return rows.timestamp(moment) if moment else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def hand_over(certificate: Certificate | None) -> dict[str, Any]:
    """Return what a desktop is told of the certificate that it is to show, its key with it.

    Raises:
        NoSuchAddress: the app keeps none.
    """
    if certificate is None:
        raise NoSuchAddress("This stage keeps no certificate for desktops; go on with the one that is on the image.")
    return {
        "message": "This is the certificate for this desktop.",
        "certificate": certificate.chain,
        "key": certificate.key,
        "issuer_root": certificate.issuer_root,
        "certificate_id": certificate.id,
    }


def report_ready(meetings: Meetings, desk: Desk, missing: tuple[str, ...], now: datetime) -> None:
    """Note that the desktop is ready, or what of it is missing (`now` is UTC).

    One that the row has given up, since it was not ready in time, is not entered any more: nobody is to be let in.

    Raises:
        Unavailable: the row changed at the same time, or cannot be written now, or the desktop is given up.
    """
    meeting, seat = desk.meeting, desk.seat
    if missing == seat.missing and (seat.missing_since if missing else seat.healthy_at):
        return
    if seat.is_given_up:
        raise Unavailable("This desktop was given up and is about to be replaced; tell it again in a moment.")
    if missing:
        write(meetings, meeting, writes.reported_missing(meeting, seat, missing, now))
        log.warn(log.Warn.DESKTOP_NOT_READY, meeting=meeting.id, role=seat.role, why=" ".join(missing))
        return
    write(meetings, meeting, writes.reported_ready(meeting, seat, now))
    log.note(log.Note.DESKTOP_READY, meeting=meeting.id, why=f"the {seat.role}'s desktop says so", role=seat.role)


def report_presence(
    meetings: Meetings,
    desk: Desk,
    connected: bool,
    now: datetime,
    *,
    said_at: datetime | None = None,
    since: datetime | None = None,
) -> Desk:
    """Note that somebody is connected, or nobody; where that is not new, at most a sign of life. Return the place then.

    `said_at` is when it was said, None for `now`, when it is heard; `since` is when it came to be so by the desktop's
    word, None where it does not say, which counts as `said_at` (all UTC). Nothing begins after it was said.

    Raises:
        Unavailable: the row changed at the same time, or cannot be written now.
    """
    meeting, seat = desk.meeting, desk.seat
    moment = min(since or now, said_at or now)
    if _is_news(seat, connected, moment, now, is_dated=since is not None):
        change = writes.presence_changed(meeting, seat, connected=connected, since=moment, now=now)
        what = "somebody is connected" if connected else "nobody is connected any more"
    elif not _is_recent(seat.seen_at, now):
        change, what = writes.seen(meeting, seat, now), ""
    else:
        return desk
    write(meetings, meeting, change)
    if what:
        log.note(log.Note.PRESENCE, meeting=meeting.id, why=what, role=seat.role)
    after = writes.after(meeting, change)
    return Desk(after, after.seat(seat.role))


def _is_news(seat: Seat, connected: bool, since: datetime, now: datetime, *, is_dated: bool) -> bool:
    """Return whether this is later than what the row knows: a report may come late, twice, or after the next one.

    What the row says already is news where the desktop dates it later: the report in between was lost, or will be late.
    """
    known = [at for at in (seat.connected_at, seat.disconnected_at) if at and at <= now]
    if connected != seat.is_connected:
        return all(since >= at for at in known)
    return is_dated and all(since > at for at in known)


def report_upload(meetings: Meetings, desk: Desk, url: str, now: datetime, *, said_at: datetime | None = None) -> None:
    """Note where the desktop has uploaded all that it has recorded to; also after the end, which stays as it is.

    `said_at` is when it said so, None for `now`, when it is heard (UTC): a request may be late, and somebody may have
    come to the desktop since. The same address again is news where it is said anew.

    Raises:
        Unavailable: the row changed at the same time, or cannot be written now.
    """
    meeting, seat = desk.meeting, desk.seat
    said_at = said_at or now
    if is_known(desk, url, said_at):
        return
    write(meetings, meeting, writes.reported_upload(meeting, seat, url, said_at))
    log.note(log.Note.UPLOADED, meeting=meeting.id, why=f"the {seat.role}'s desktop says so", role=seat.role)


def is_known(desk: Desk, url: str | None, said_at: datetime) -> bool:
    """Return whether the row says already that all is at this address (None: nothing is anywhere), as of `said_at`."""
    seat = desk.seat
    is_there = url is None or desk.meeting.row.get(seat.attribute("session_data")) == url
    return is_there and seat.saved_at is not None and said_at <= seat.saved_at


def _is_recent(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and abs(now - moment) < SIGN_OF_LIFE


def write(meetings: Meetings, meeting: Meeting, change: Update) -> None:
    """Change the row; the desktop tells again what comes at the same time as another change.

    Raises:
        Unavailable: it did, or the row cannot be written now.
    """
    try:
        meetings.update(meeting.id, change)
    except Conflict as conflict:
        raise Unavailable(f"Meeting {meeting.id} is being changed; tell it again in a moment.") from conflict


# --- what is sent


def parse_missing(body: object) -> tuple[str, ...]:
    """Return what a report says is missing, nothing where the desktop is ready.

    Raises:
        BadRequest: it is not `{"missing": [sentence, …]}`.
    """
    missing = _only(body, "missing")
    if not isinstance(missing, list) or len(missing) > LONGEST_REPORT:
        raise BadRequest(f"`missing` is a list of up to {LONGEST_REPORT} sentences, empty where nothing is missing.")
    if not all(map(is_line, missing)):
        raise BadRequest(f"Each thing that is missing is a line of 1 to {LONGEST_SENTENCE} characters.")
    return tuple(missing)


def is_line(told: object) -> bool:
    """Return whether this is one line of text that is not empty and not too long."""
    return isinstance(told, str) and 0 < len(told) <= LONGEST_SENTENCE and told.isprintable()


def parse_presence(body: object) -> tuple[bool, datetime | None]:
    """Return whether somebody is connected, and since when (UTC), None where that is not said.

    Raises:
        BadRequest: it is not `{"connected": true}` or false, with or without `since`.
    """
    if not isinstance(body, Mapping) or not {"connected"} <= set(body) <= {"connected", "since"}:
        raise BadRequest("The body is a JSON object that holds `connected`, and may hold `since`; nothing else.")
    connected, since = body["connected"], body.get("since")
    if not isinstance(connected, bool):
        raise BadRequest("`connected` is true or false; a desktop that cannot tell says nothing.")
    return connected, None if since is None else _moment(since)


def _moment(told: object) -> datetime:
    with suppress(ValueError, OverflowError):
        if isinstance(told, str) and (moment := datetime.fromisoformat(told)).tzinfo:
            return moment.astimezone(UTC)
    raise BadRequest("`since` is a moment in ISO 8601 with its offset, like 2026-03-01T15:00:00Z.")


def parse_upload(body: object) -> str:
    """Return where a desktop has uploaded to.

    Raises:
        BadRequest: it is not `{"url": "https://…"}`.
    """
    url = _only(body, "url")
    if isinstance(url, str) and len(url) <= LONGEST_URL and url.isprintable() and " " not in url:
        with suppress(ValueError):
            parts = urlsplit(url)
            if parts.scheme == "https" and parts.hostname:
                return url
    raise BadRequest(f"`url` is the address of what was uploaded: https://, in up to {LONGEST_URL} characters.")


def parse_said_at(signed_at: str | None, now: datetime) -> datetime:
    """Return when a desktop said what it says: when it signed the request, as `X-Amz-Date` has it (UTC).

    AWS has compared that with its own clock. Where it is missing, or lies ahead, the request counts from now.
    """
    try:
        said_at = datetime.strptime(signed_at or "", _SIGNED_AT).replace(tzinfo=UTC)
    except ValueError:
        return now
    return min(said_at, now)


def _only(body: object, name: str) -> object:
    if not isinstance(body, Mapping) or set(body) != {name}:
        raise BadRequest(f"The body is a JSON object that holds `{name}` alone; which desktop speaks, AWS says.")
    return body[name]

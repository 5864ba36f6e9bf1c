"""The writes on a row that desktops of the kit ask for: each rests on the row's naming that desktop still."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib.domain import rows
from chalicelib.domain.model import Attribute, Meeting, Status
from chalicelib.domain.seat import Seat, SeatAttribute
from chalicelib.domain.update import Update
from chalicelib.domain.writes.base import same_end, seconds, there

_OF_AN_UPLOAD: tuple[SeatAttribute, ...] = ("session_data", "uploaded_at", "saved_at", "connected_at", "returned_at")
"""What is looked at before an upload is noted: who has come meanwhile may have something new recorded."""


def reported_ready(meeting: Meeting, seat: Seat, now: datetime) -> Update:
    """The desktop is ready, again or for the first time; the first time is kept."""
    values: dict[Attribute, Any] = {}
    rests_on: list[Attribute] = list(_of(seat, "ec2_id", "missing", "healthy_at", "given_up"))
    if not seat.healthy_at:
        values[seat.attribute("healthy_at")] = now
    if seat.link and not meeting.opened_at:
        values["opened_at"] = now
        rests_on += ["opened_at", seat.attribute("ec2_link")]
    if meeting.status.rank < Status.HEALTHY.rank:
        values["status"] = Status.HEALTHY
        rests_on.append("status")
    why = f"the {seat.role}'s desktop is ready"
    forgotten = there(meeting, _of(seat, "missing", "missing_since"))
    return Update(why, values, forgotten, same_end(meeting, *rests_on), by=_desktop(seat))


def reported_missing(meeting: Meeting, seat: Seat, missing: tuple[str, ...], now: datetime) -> Update:
    """The desktop is not ready, or not any more; since when it lacks anything at all is kept."""
    why = f"the {seat.role}'s desktop is not ready"
    values: dict[Attribute, Any] = {seat.attribute("missing"): list(missing)}
    if not (seat.missing and seat.missing_since):
        values[seat.attribute("missing_since")] = now
    expect = same_end(meeting, *_of(seat, "ec2_id", "missing", "missing_since"))
    return Update(why, values, (), expect, by=_desktop(seat))


def presence_changed(meeting: Meeting, seat: Seat, *, connected: bool, since: datetime, now: datetime) -> Update:
    """Somebody is connected to the desktop, or nobody is any more, since that moment.

    Who has left without having been heard of was there until then, and comes as late as they left.
    """
    names: tuple[SeatAttribute, ...] = ("connected_at",) if connected else ("disconnected_at",)
    if not connected and not seat.is_connected:
        names = ("connected_at", "disconnected_at")
    why = f"somebody is {'connected to' if connected else 'no longer connected to'} the {seat.role}'s desktop"
    values: dict[Attribute, Any] = {seat.attribute("seen_at"): now}
    values |= {seat.attribute(name): since for name in names}
    if seat.is_connected:
        values[seat.attribute("used_seconds")] = seconds(seat.used_until(since))
    rests_on = _of(seat, "ec2_id", "connected_at", "disconnected_at")
    return Update(why, values, (), same_end(meeting, *rests_on), by=_desktop(seat))


def seen(meeting: Meeting, seat: Seat, now: datetime) -> Update:
    """The desktop has given a sign of life; it gives one every few minutes, so the row's history has none of them."""
    why, expect = f"the {seat.role}'s desktop gives a sign of life", same_end(meeting, *_of(seat, "ec2_id", "seen_at"))
    return Update(why, {seat.attribute("seen_at"): now}, (), expect, by=_desktop(seat), quiet=True)


def reported_upload(meeting: Meeting, seat: Seat, url: str, said_at: datetime) -> Update:
    """The desktop has uploaded all that it has recorded; when it first did since its person came last is kept.

    `said_at` is when it said so, which may be some time before it is heard. An end that comes in between is no
    hindrance: it takes nothing of what this rests on, and no recording is lost.
    """
    values = _saved(seat, url, said_at)
    rests_on = _of(seat, "ec2_id", *_OF_AN_UPLOAD)
    why, known = f"the {seat.role}'s desktop has uploaded", _is_known(meeting, seat, values)
    return Update(why, values, (), meeting.expect(*rests_on), by=_desktop(seat), quiet=known)


def reported_recordings(
    meeting: Meeting, seat: Seat, url: str | None, lost: tuple[str, ...], said_at: datetime
) -> Update:
    """What the desktop recorded is in the bucket, at `url` where there is any, and what it could not save.

    As with an upload, an end that comes in between is no hindrance, and `said_at` is when the desktop said so.
    """
    values = _saved(seat, url, said_at)
    if told := [*seat.lost_before, *lost]:
        values[seat.attribute("recording_lost")] = told
    why = f"the {seat.role}'s desktop has told what became of its recording"
    forgotten = () if told else there(meeting, _of(seat, "recording_lost"))
    rests_on = _of(seat, "ec2_id", *_OF_AN_UPLOAD, "recording_lost")
    known = not forgotten and _is_known(meeting, seat, values)
    return Update(why, values, forgotten, meeting.expect(*rests_on), by=_desktop(seat), quiet=known)


def _is_known(meeting: Meeting, seat: Seat, values: dict[Attribute, Any]) -> bool:
    """Return whether this is on the row already, but for when the desktop last said so: a sign of life, and no news.

    What it has said first is news, even where there was nothing to upload.
    """
    said_before = seat.saved_at is not None
    news = (name for name in values if name != seat.attribute("saved_at"))
    return said_before and all(meeting.row.get(name) == rows.as_read(values[name]) for name in news)


def _saved(seat: Seat, url: str | None, said_at: datetime) -> dict[Attribute, Any]:
    """Return what the row says of a desktop on which nothing is left: where it is, since when, and when it said so.

    The first date of an upload is kept until the person has come back, and the desktop says it of what came since.
    """
    values: dict[Attribute, Any] = {seat.attribute("saved_at"): max(said_at, seat.saved_at or said_at)}
    if url:
        values[seat.attribute("session_data")] = url
        came = [moment for moment in (seat.connected_at, seat.returned_at) if moment]
        if not seat.uploaded_at or any(seat.uploaded_at <= moment < said_at for moment in came):
            values[seat.attribute("uploaded_at")] = said_at
    return values


def _of(seat: Seat, *names: SeatAttribute) -> tuple[Attribute, ...]:
    return tuple(map(seat.attribute, names))


def _desktop(seat: Seat) -> str:
    """Return who has told it: AWS vouches for the desktop, and that it is the seat's own was looked at."""
    return f"the {seat.role}'s desktop {seat.desktop_id}"

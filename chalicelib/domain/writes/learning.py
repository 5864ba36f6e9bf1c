"""The writes of what is learnt of a meeting that lives."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.model import Attribute, Desktop, Meeting, Status
from chalicelib.domain.rows import LISTED
from chalicelib.domain.seat import Role, Seat, SeatAttribute, attribute, span
from chalicelib.domain.update import Update
from chalicelib.domain.writes.base import OF_A_DESKTOP, paid_and_used, same_end, seconds, still_back, there, vouched_by

if TYPE_CHECKING:
    from chalicelib.domain.actions import Step

_OF_AN_UPLOAD: tuple[SeatAttribute, ...] = ("session_data", "uploaded_at", "returned_at")
_DATED = {role: tuple(attribute(role, name) for name in _OF_AN_UPLOAD) for role in Role}
"""What the date of an upload is worked out from."""


def adopted(meeting: Meeting, role: Role, desktop: Desktop, *, vouched: bool, now: datetime) -> Update:
    """A live desktop of the role was found, and the row names none that lives.

    Its boot limit counts from now: whoever launched it, nobody has waited for it until now.
    """
    found: dict[Attribute, Any] = {attribute(role, "ec2_id"): desktop.id, attribute(role, "launched_at"): now}
    if vouched:
        found |= vouched_by(meeting, role, desktop.id)
    before = [attribute(role, name) for name in (*OF_A_DESKTOP, "refused")]
    found |= still_back(meeting.seat(role)) | _paid_and_used(meeting, meeting.seat(role), desktop, now)
    return Update(
        f"the {role}'s desktop {desktop.id} lives and the row names none that does",
        found,
        there(meeting, (name for name in before if name not in found)),
        same_end(meeting, *before),
    )


def _paid_and_used(meeting: Meeting, seat: Seat, desktop: Desktop, now: datetime) -> dict[Attribute, Any]:
    """Return how long desktops of the role were paid for: the one before, and the one that is found until now.

    Of one that somebody had running before the meeting's first launch, only what came after it is the meeting's.
    """
    told = paid_and_used(meeting, seat, now) if seat.desktop_id else {}
    if meeting.begun_at and desktop.launched_at:
        before = meeting.paid_until(seat, now) + span(max(meeting.begun_at, desktop.launched_at), now)
        told[seat.attribute("paid_seconds")] = seconds(before)
    return told


def vouched(meeting: Meeting, seat: Seat) -> Update | None:
    """The desktop that the row names is the app's own by its tags, and nothing on the row vouches for it.

    None where the app has no key, or vouches for it already. Not urgent, since the tags say so as well.
    """
    if not seat.desktop_id or meeting.vouches_for(seat):
        return None
    values = vouched_by(meeting, seat.role, seat.desktop_id)
    if not values:
        return None
    why = f"the {seat.role}'s desktop is the app's own by its tags"
    return Update(why, values, (), same_end(meeting, seat.attribute("ec2_id")), urgent=False)


def reported_healthy(meeting: Meeting, role: Role, now: datetime) -> Update:
    """The role's own desktop has reported healthy; expects the row to name that desktop still."""
    why = f"the {role}'s desktop reported healthy"
    return Update(why, {attribute(role, "healthy_at"): now}, (), same_end(meeting, attribute(role, "ec2_id")))


def status_restored(meeting: Meeting, status: Status) -> Update:
    """The row's status is behind what the meeting has come to: a desktop wrote over it, or a write was lost."""
    return Update(
        f"the status is {meeting.status}, the meeting has come to {status}",
        {"status": status},
        (),
        same_end(meeting, "status"),
    )


def checkpoint_held(meeting: Meeting, now: datetime) -> Update:
    """It was looked at who has come, and the meeting goes on; this is done once, unless the meeting stands down.

    Expects that nobody has uploaded since: two that came in time are a success of the first quarter of an hour.
    """
    why = "the checkpoint was held and the meeting goes on"
    uploads = (seat.attribute("session_data") for seat in meeting.seats)
    return Update(why, {"checkpoint_at": now}, (), same_end(meeting, "checkpoint_at", "meet_time", *uploads))


def listed(meeting: Meeting) -> Update:
    """The meeting needs work and the sweep does not list it: it was made by hand, or edited."""
    return Update("the sweep must see it", {"open": LISTED}, (), same_end(meeting))


def filed(meeting: Meeting, day: str) -> Update:
    """The row does not say on which day the meeting is, or says another one: it was made by hand, edited, or is old.

    Not urgent: only who lists a day reads it.
    """
    return Update(f"it is listed on {day}", {"day": day}, (), same_end(meeting, "meet_time"), urgent=False, quiet=True)


def kept(meeting: Meeting) -> Update:
    """The row of a meeting that is not over does not expire, whatever somebody has written there."""
    return Update("the meeting is not over, so its row is kept", {}, ("expires",), same_end(meeting, "expires"))


def uploaded(meeting: Meeting, role: Role, at: datetime, *, is_told: bool) -> Update:
    """Note when the upload came (`at`, UTC), as the stream tells it (`is_told`), or when it was first seen.

    The stream tells it once, so that is urgent; otherwise the row shows the upload already.
    """
    values: dict[Attribute, Any] = {attribute(role, "uploaded_at"): at}
    return Update(f"the {role} has uploaded", values, (), same_end(meeting, *_DATED[role]), urgent=is_told)


def opened(meeting: Meeting, at: datetime) -> Update:
    """A door has stood open since then (`at`, UTC): the first, and this is kept.

    Not urgent: for as long as this desktop is there, the row tells it by that.
    """
    return Update("a door stands open", {"opened_at": at}, (), same_end(meeting, "opened_at"), urgent=False)


def published(meeting: Meeting, role: Role, link: str, now: datetime, needs: tuple[Step, ...]) -> Update:
    """The name of the role's desktop resolves, so that its link may be handed out."""
    values: dict[Attribute, Any] = {attribute(role, "ec2_link"): link, attribute(role, "published_at"): now}
    expect = same_end(meeting, attribute(role, "ec2_id"))
    if meeting.is_ready(role) and not meeting.opened_at:
        values["opened_at"] = now
        expect |= meeting.expect("opened_at")
    if meeting.status.rank < Status.DNS_WRITTEN.rank:
        values["status"] = Status.DNS_WRITTEN
        expect |= meeting.expect("status")
    return Update(f"the record of {role} is published", values, (), expect, needs=needs)


def link_dropped(meeting: Meeting, role: Role, now: datetime) -> Update:
    """The role's desktop is gone for good, so its link leads nowhere, and it is paid for no longer."""
    return Update(
        f"the {role}'s desktop is gone and is not replaced",
        {attribute(role, "gone_at"): now},
        remove=there(meeting, (attribute(role, "ec2_link"), attribute(role, "published_at"))),
        expect=meeting.expect(attribute(role, "ec2_id")),
    )

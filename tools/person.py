"""All that a stage keeps of one person's meetings, erased at their wish: recordings, and what is personal on the rows.

A person is who a row names, as teacher or student, or by the teacher's address. What is left of a row counts meetings,
and says that it was erased, when, by whom and why. Recordings of a meeting have both people on them, so both go.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chalicelib.domain import rows
from chalicelib.domain.history import Entry
from chalicelib.domain.model import Meeting, Reason, Status
from chalicelib.domain.rows import timestamp
from chalicelib.domain.seat import Role
from tools.account import Clients
from tools.erasing import erase
from tools.meeting import Asked, now
from tools.stage import Stage, StageError

NAMES = ("teacher_name", "student_name", "teacher_email")
"""By what a row names a person."""

_OF_A_MEETING = ("day", "scheduled_by", "created_at", "meet_time", "duration_minutes", "begun_at", "opened_at")
_OF_ITS_END = ("checkpoint_at", "ended_at")
_OF_A_SEAT = ("attempt", "late_boots", "launched_at", "healthy_at", "joined_at", "paid_seconds", "used_seconds")
KEPT = frozenset(
    ("id", "expires", *_OF_A_MEETING, *_OF_ITS_END, *(f"{role}_{name}" for role in Role for name in _OF_A_SEAT))
)
"""What counts meetings, no-shows, boots and times: numbers and moments, which the app reads, and so nothing typed."""


def erase_person(
    stage: Stage,
    person: str,
    client: Clients,
    *,
    why: str,
    only: str = "",
    sure: Callable[[str], str] | None = None,
) -> None:
    """Erase a person's meetings that have ended, and print what was done. `sure` asks, None to ask nobody.

    `person` is a name or an address as rows have it, in any case and with any blanks, `only` the id of the one meeting
    that is meant, where several people have that name. Stopped midway, it is run again and goes on.

    Raises:
        StageError: nobody is found, `why` tells who it is, whoever was asked is not sure, or a meeting stays.
    """
    wanted = _plain(person)
    if not wanted:
        raise StageError("Name a person as rows have it, by name or by e-mail address: PERSON='ann@example.com'.")
    if not why.strip() or wanted in _plain(why):
        raise StageError(
            "Say on whose wish or by which rule, without the name: WHY is kept for good (WHY='request 17')."
        )
    asked = Asked(stage, only or "any", client, now())
    found = [row for row in asked.rows.all(NAMES) if wanted in _named(row) and only in ("", row["id"])]
    if not found:
        where = f"meeting {only}" if only else f"any row of stage {stage.name}"
        raise StageError(f"{person} is not named on {where}; rows name people as they were scheduled or renamed last.")
    each = [Asked(stage, row["id"], client, asked.now) for row in found]
    print(f"{len(each)} meetings name {person}:")
    print("\n".join(_told(meeting) for meeting in each))
    question = (
        "Whoever else took part loses the same recordings. Are these several people of one name, name one meeting with "
        "MEETING=<id>. This erases all that has ended for good. Type the name or address again to go on: "
    )
    if sure and sure(question) != person:
        raise StageError("what was typed is not what was given as PERSON; nothing was erased")
    stay = [f"{meeting.id}: {problem}" for meeting in each if (problem := _erased(meeting, why))]
    if stay:
        raise StageError(
            f"{len(stay)} of {len(each)} meetings stay as they are; all others are erased. {' '.join(stay)}"
        )


def _plain(text: object) -> str:
    """Return a name so that spellings of it are equal: without case, with single blanks."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()) if isinstance(text, str) else ""


def _named(row: dict[str, Any]) -> set[str]:
    return {_plain(row.get(name)) for name in NAMES}


def _told(asked: Asked) -> str:
    row = asked.row or {}
    who = " and ".join(str(row[name]) for name in ("teacher_name", "student_name") if name in row)
    meeting = asked.meeting
    at = meeting.meet_time or meeting.created_at if meeting else None
    state = "" if meeting and meeting.finished else ", which is not over"
    return f"  {asked.id}  {at:%Y-%m-%d}  {who}{state}" if at else f"  {asked.id}  no day  {who}{state}"


def _erased(asked: Asked, why: str) -> str:
    """Erase one meeting; return why it was not, empty where it was."""
    if not (asked.meeting and asked.meeting.finished):
        return "it is not over; call it off first (docs/deploy.md, The first meeting), and run this again."
    try:
        erase(asked.stage, asked.id, asked.client, why=why)
    except StageError as error:
        return str(error)
    fresh = replace(asked)  # as its row is now
    deed = fresh.entry("all that was personal was erased", why)
    if fresh.meeting and not fresh.rows.put(left_of(fresh.meeting, deed)):
        print(f"The row of meeting {asked.id} has expired meanwhile.")
    else:
        print(f"The row of meeting {asked.id} tells of nobody any more.")
    return ""


def left_of(meeting: Meeting, deed: Entry) -> dict[str, Any]:
    """Return what is left of the row of a meeting that has ended once `deed` has erased what is personal.

    Only what the app understands is left of what counts: whatever people have typed in its place goes too.
    """
    garbage = {problem.partition(" is ")[0] for problem in meeting.problems}
    left = {name: value for name, value in meeting.row.items() if name in KEPT - garbage}
    left |= {"links": meeting.row["links"]} if meeting.links_signed else {}
    left |= {"open": rows.LISTED} if meeting.listed else {}
    reason = meeting.reason if meeting.reason in set(Reason) else Reason.CANCELLED
    left |= {"status": Status.TERMINATED.value, "termination_reason": str(reason)}
    left |= {"ended_at": timestamp(meeting.ended_at)} if meeting.ended_at else {}
    return left | {"recordings_erased_at": deed.at, "erased_at": deed.at, "history": [deed.stored()]}

"""Defects of what desktops are told and believed, and of the door that they keep."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import app
from chalicelib.control import events
from chalicelib.control.ports import Meetings
from chalicelib.domain import writes
from chalicelib.domain.errors import Forbidden, NoSuchAddress
from chalicelib.domain.model import Meeting
from chalicelib.domain.seat import Role, Seat
from chalicelib.guests import desk, identity
from chalicelib.people.join import Visit
from chalicelib.rules.facts import Facts
from tests.simulation.mutants.changes import (
    alters,
    always,
    expecting_nothing,
    given,
    never,
    returns,
    without,
    without_expecting,
)
from tests.simulation.mutants.mutant import Change, Mutant

DESK = "tests/unit/test_desk.py"
EVENTS = "tests/unit/test_events.py"
HTTP = "tests/app/test_desktop_http.py"
IDENTITY = "tests/unit/test_identity.py"
PRESENCE = "tests/unit/test_desk_presence.py"
RACES = "tests/unit/control/test_races.py"
REPLACING = "tests/unit/rules/test_replacing.py"
UPLOADS = "tests/unit/test_desk_uploads.py"

_SESSION = re.compile(r"arn:([^:]*):sts::([^:]*):assumed-role/([^/]*)/(.*)", re.DOTALL)


def _of_the_caller(part: int) -> Change:
    """Take one part of the role for the caller's own: 1 its partition, 2 its account, 3 its name."""

    def given_role(told: Mapping[str, object], role: str | None) -> tuple[Any, ...]:
        session = _SESSION.fullmatch(str(told.get("userArn")))
        ours = re.fullmatch(r"arn:([^:]*):iam::([^:]*):role/(?:.*/)?(.*)", role or "")
        if not session or not ours:
            return told, role
        parts = [session[n] if n == part else ours[n] for n in (1, 2, 3)]
        return told, f"arn:{parts[0]}:iam::{parts[1]}:role/{parts[2]}"

    return given(given_role)


def _takes_any_session(original: Callable[..., str]) -> Callable[..., str]:
    def speaker(told: Mapping[str, object], role: str | None) -> str:
        try:
            return original(told, role)
        except Forbidden as refusal:
            session = _SESSION.fullmatch(str(told.get("userArn")))
            if session and "not by an instance" in str(refusal):
                return session[4]
            raise

    return speaker


def _believes_what_is_claimed(original: Callable[..., str]) -> Callable[..., str]:
    def speaker(told: Mapping[str, object], role: str | None) -> str:
        return original(told, role) if told.get("userArn") else str(told.get("user") or "i-0123456789abcdef0")

    return speaker


def _answers_for_others(original: Callable[..., desk.Desk]) -> Callable[..., desk.Desk]:
    def desk_of(meetings: Meetings, meeting_id: str, desktop_id: str, **more: Any) -> desk.Desk:
        try:
            return original(meetings, meeting_id, desktop_id, **more)
        except NoSuchAddress:
            meeting = meetings.get(meeting_id)
            return desk.Desk(meeting, meeting.teacher)

    return desk_of


def _serves_those_that_were_replaced(original: Callable[..., desk.Desk]) -> Callable[..., desk.Desk]:
    def desk_of(meetings: Meetings, meeting_id: str, desktop_id: str, **more: Any) -> desk.Desk:
        try:
            return original(meetings, meeting_id, desktop_id, **more)
        except NoSuchAddress:
            for seat in meetings.get(meeting_id).seats:
                if seat.has_named(desktop_id):
                    return desk.Desk(meetings.get(meeting_id), seat)
            raise

    return desk_of


def _hears_nothing_after_the_end(original: Callable[..., desk.Desk]) -> Callable[..., desk.Desk]:
    def desk_of(meetings: Meetings, meeting_id: str, desktop_id: str, **more: Any) -> desk.Desk:
        return original(meetings, meeting_id, desktop_id)

    return desk_of


def _whatever_is_missing(meeting: Meeting, role: Role) -> tuple[Any, ...]:
    teacher, student = (replace(seat, missing=()) for seat in meeting.seats)
    return replace(meeting, teacher=teacher, student=student), role


def _says_it_of_the_other(desks: Meetings, place: desk.Desk, *rest: Any) -> tuple[Any, ...]:
    other = place.meeting.seat(Role.STUDENT if place.seat.role is Role.TEACHER else Role.TEACHER)
    return desks, replace(place, seat=replace(other, desktop_id=place.seat.desktop_id)), *rest


def _since_its_launch(original: Callable[..., datetime | None]) -> Callable[..., datetime | None]:
    def since(facts: Facts, seat: Seat, desktop: Any) -> datetime | None:
        moment = original(facts, seat, desktop)
        return seat.launched_at if moment and seat.has_stopped_being_ready else moment

    return since


MUTANTS = (
    # --- who speaks
    Mutant("takes another partition's role for its own", identity.speaker, _of_the_caller(1), IDENTITY),
    Mutant("takes another account's role for its own", identity.speaker, _of_the_caller(2), IDENTITY),
    Mutant("takes another role for the desktops'", identity.speaker, _of_the_caller(3), IDENTITY),
    Mutant("takes a person with the desktops' role for a desktop", identity.speaker, _takes_any_session, IDENTITY),
    Mutant("believes who has not signed", identity.speaker, _believes_what_is_claimed, HTTP),
    # --- of what
    Mutant("tells desktops of others' rows", desk.desk_of, _answers_for_others, DESK),
    Mutant("hears a desktop that was replaced", desk.desk_of, _serves_those_that_were_replaced, DESK),
    Mutant("notes readiness on the other's seat", desk.report_ready, given(_says_it_of_the_other), HTTP),
    Mutant("loses what was uploaded as the meeting ended", desk.desk_of, _hears_nothing_after_the_end, HTTP),
    Mutant(
        "loses an upload to the end that came in between",
        writes.reported_upload,
        alters(lambda update: replace(update, expect={**update.expect, "termination_reason": None})),
        UPLOADS,
    ),
    Mutant("notes an upload on the next desktop's row", writes.reported_upload, expecting_nothing, UPLOADS),
    Mutant("writes each sign of life", desk._is_recent, never, PRESENCE),
    Mutant("writes no sign of life", desk._is_recent, always, PRESENCE),
    # --- the door
    Mutant(
        "opens the door of a desktop that says that it is not ready",
        Meeting.is_ready,
        given(_whatever_is_missing),
        DESK,
    ),
    Mutant("gives a token to whoever peeks", app._visit, returns(Visit.CLICK), HTTP),
    # --- one that stops being ready
    Mutant("never replaces what stops being ready", Seat.has_stopped_being_ready, never, REPLACING),
    Mutant("replaces at once what stops being ready", Facts._not_ready_since, _since_its_launch, REPLACING),
    Mutant("replaces a desktop under who is connected", Seat.is_connected, never, REPLACING),
    Mutant("forgets since when it is not ready", writes.reported_missing, without("missing_since"), DESK),
    Mutant(
        "counts from the latest of what is missing",
        writes.reported_missing,
        alters(
            lambda update: replace(
                update, set={**update.set, "teacher_missing_since": datetime(2026, 3, 1, 16, tzinfo=UTC)}
            )
        ),
        DESK,
    ),
    Mutant("gives up what is ready again", writes.given_up, without_expecting("missing", "missing_since"), RACES),
    Mutant("gives up what somebody has entered", writes.given_up, without_expecting("connected_at"), RACES),
    # --- the stream
    Mutant("looks at a meeting for each sign of life", events._is_quiet, never, EVENTS),
    Mutant("takes a report for a sign of life", events._is_quiet, always, EVENTS),
)

"""Defects of a meeting's last minutes: when people's time ends, which recordings are awaited, what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import writes
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Seat
from chalicelib.environment import Settings
from chalicelib.guests import desk
from chalicelib.rules import recordings, times
from chalicelib.rules.facts import Facts
from chalicelib.rules.views import SeatView, Situation
from tests.simulation.mutants.changes import alters, always, given, returns, without, without_expecting
from tests.simulation.mutants.mutant import Mutant

RULES = "tests/unit/rules"
WHOLE_TIME = "tests/unit/control/test_whole_time.py"
DESK = "tests/unit/test_desk.py"
SETTINGS = "tests/unit/test_settings.py"


def _as_if_it_lived(facts: Facts, view: SeatView, ends_at: datetime) -> tuple[Any, ...]:
    return facts, replace(view, situation=Situation.SERVED) if view.is_gone else view, ends_at


def _as_if_nobody_were_there(facts: Facts, seat: Seat, ends_at: datetime) -> tuple[Any, ...]:
    return facts, replace(seat, disconnected_at=seat.connected_at), ends_at


def _as_if_nobody_had_come_since(facts: Facts, seat: Seat, ends_at: datetime) -> tuple[Any, ...]:
    return facts, seat if seat.is_connected else replace(seat, connected_at=None), ends_at


def _at_once(facts: Facts, seat: Seat, ends_at: datetime) -> tuple[Any, ...]:
    return replace(facts, policy=replace(facts.policy, presence=timedelta(0))), seat, ends_at


def _whatever_the_time(original: Callable[..., bool]) -> Callable[..., bool]:
    return lambda facts: facts.hints.force or facts.is_in_time


def _whatever_runs_on_desktops(original: Callable[..., bool]) -> Callable[..., bool]:
    def desktops_record(self: Settings) -> bool:
        return bool(self.recordings().record)

    return desktops_record


def _by_when_it_is_heard(original: Callable[..., datetime]) -> Callable[..., datetime]:
    return lambda signed_at, now: now


MUTANTS = (
    # --- what is awaited
    Mutant("ends a lesson before its recordings are safe", recordings.awaited, returns(())),
    Mutant("waits for who never came", recordings._was_visited, always, RULES),
    Mutant(
        "waits for a desktop that is gone",
        recordings._is_awaited,
        given(_as_if_it_lived),
        "crash/kit-dies-as-it-uploads",
    ),
    Mutant("waits for what was said before the end", recordings._is_saved, returns(False), RULES),
    Mutant(
        "takes a word for all while somebody is there", recordings._is_saved, given(_as_if_nobody_were_there), RULES
    ),
    Mutant(
        "takes a word for all that somebody did since", recordings._is_saved, given(_as_if_nobody_had_come_since), RULES
    ),
    Mutant("gives nobody who came back the time to be told of", recordings._is_saved, given(_at_once), RULES),
    Mutant("ends it for another reason while it uploads", recordings.is_closing, returns(False), WHOLE_TIME),
    Mutant("launches when people's time is up", Facts.is_due, _whatever_the_time, RULES),
    Mutant(
        "ends on what it read of the recordings long ago",
        writes.ending,
        without_expecting("connected_at", "disconnected_at", "saved_at"),
        RULES,
    ),
    # --- what is said
    Mutant("forgets what was said anew", writes.reported_upload, without("saved_at"), "crash/kit-whole-time"),
    Mutant("takes a late word for a new one", desk.parse_said_at, _by_when_it_is_heard, DESK),
    Mutant(
        "tells desktops their own end for people's",
        desk.describe,
        given(lambda place, keys, root, policy, **more: (place, keys, root, replace(policy, records=False))),
        DESK,
    ),
    # --- when
    Mutant("never closes the door", times.ends_at, returns(None)),
    Mutant("gives no time to upload", Policy.upload_time, returns(timedelta(0))),
    Mutant(
        "adds the time to upload to the operator's limit",
        Policy.longest_meeting,
        lambda original: lambda policy: policy.max_duration,
        RULES,
    ),
    Mutant(
        "takes all of a short limit for uploads",
        Policy.upload_time,
        lambda original: lambda policy: policy.upload_limit if policy.records else timedelta(0),
        SETTINGS,
    ),
    Mutant("gives scripts a time that nobody tells them of", Settings._desktops_record, _whatever_runs_on_desktops),
    Mutant("awaits for ever", times.deadline, alters(lambda end: end and end + timedelta(days=1)), WHOLE_TIME),
)

"""Defects of the rules: when a meeting ends, which desktops it gets, what is written, what is collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain import writes
from chalicelib.domain.actions import Action, Observe, Terminate, Withdraw
from chalicelib.domain.model import Desktop, Meeting, Observation, Reason, State, Status
from chalicelib.domain.seat import Seat
from chalicelib.rules import endings, plan, seats, strays, times
from chalicelib.rules.endings import ENDINGS
from chalicelib.rules.facts import Facts
from chalicelib.rules.strays import Inventory
from chalicelib.rules.views import SeatView
from tests.simulation.mutants.changes import (
    alters,
    always,
    given,
    keeps_out,
    needs_nothing,
    never,
    returns,
    without,
    without_expecting,
)
from tests.simulation.mutants.mutant import Change, Mutant, Row

UNIT = "tests/unit"
RULES = "tests/unit/rules"


def _ending(reason: Reason, nth: int = 0) -> Row:
    return Row(ENDINGS, reason, nth)


def _each_ending() -> Iterator[tuple[str, Row]]:
    """Yield the name of each row and the row itself; a reason that has several holds in several cases."""
    for number, ending in enumerate(ENDINGS):
        nth = [each.reason for each in ENDINGS[:number]].count(ending.reason)
        yield f"{ending.reason}{f', in case {nth + 1}' if nth else ''}", _ending(ending.reason, nth)


def _on(change: Callable[[Facts], Facts]) -> Change:
    """Ask a question about other facts."""
    return given(lambda facts: (change(facts),))


def _absent(facts: Facts) -> Facts:
    """Return the facts as if nobody had come."""
    teacher, student = (replace(seat, joined_at=None) for seat in facts.meeting.seats)
    return replace(facts, meeting=replace(facts.meeting, teacher=teacher, student=student, status=Status.HEALTHY))


def _without_grace(facts: Facts) -> Facts:
    return replace(facts, policy=replace(facts.policy, upload_grace=timedelta(0)))


def _launches_unseen(original: Any) -> Any:
    def decide(meeting: Meeting, desktops: Observation, *rest: Any, **options: Any) -> list[Action]:
        actions: list[Action] = original(meeting, desktops, *rest, **options)
        if meeting.over or not any(isinstance(action, Observe) for action in actions):
            return actions
        seen: list[Action] = original(meeting, replace(desktops, complete=True), *rest, **options)
        return seen

    return decide


def _sees_it_run(facts: Facts, seat: Seat, desktop: Desktop) -> tuple[Any, ...]:
    return facts, seat, replace(desktop, state=State.RUNNING, address=desktop.address or "203.0.113.9")


def _on_its_report_alone(original: Callable[..., bool]) -> Callable[..., bool]:
    return lambda self, role: original(self, role) or self.seat(role).desktop_id in self.reported


MUTANTS = (
    # --- when it ends
    Mutant(
        "ends before the checkpoint",
        times.times,
        alters(lambda moments: replace(moments, checkpoint=moments.start)),
    ),
    Mutant("ignores who is in at the checkpoint", _ending(Reason.NO_SHOW), _on(_absent)),
    Mutant(
        "holds the checkpoint again and again",
        Facts.checkpoint_open,
        lambda original: lambda facts: facts.checkpoint_reached,
    ),
    Mutant(
        "counts what was uploaded after the checkpoint",
        Facts.done_by_checkpoint,
        lambda original: lambda facts: facts.done,
        RULES,
    ),
    Mutant("forgets that the checkpoint was held", Facts.news, without("checkpoint_at")),
    Mutant("has no hard deadline", _ending(Reason.MAX_DURATION), never),
    Mutant("waits for a second upload for ever", _ending(Reason.PARTIAL_UPLOAD), never),
    Mutant("has no grace for the second upload", _ending(Reason.PARTIAL_UPLOAD), _on(_without_grace)),
    Mutant(
        "ends for want of a desktop while somebody is in",
        _ending(Reason.LAUNCH_FAILED),
        _on(_absent),
        "crash/room-for-one",
    ),
    Mutant("tries to launch without end", Facts.has_attempts_left, always, "crash/no-room"),
    *(Mutant(f"never ends as {name}", row, never, RULES) for name, row in _each_ending()),
    # --- how it ends
    Mutant("ends without terminating", endings.close, keeps_out(Terminate)),
    Mutant("calls an end finished that is not", endings.close, needs_nothing),
    Mutant("leaves timers armed", endings._timers_ahead, returns(()), "crash/cancelled"),
    Mutant("forgets the end's intent", endings.end, alters(lambda actions: actions[1:])),
    Mutant(
        "ends on what it read long ago",
        writes.ending,
        without_expecting("joined_at", "session_data"),
        "crash/uploads-as-the-grace-ends",
    ),
    Mutant(
        "ends at a time that is no longer the meeting's",
        writes.ending,
        without_expecting("meet_time"),
        "crash/moved-at-the-end",
    ),
    Mutant("leaves alive what outlived the end", endings._keep_closed, keeps_out(Terminate), RULES),
    Mutant("lets a desktop bring a meeting back", writes.kept_ended, without("status")),
    Mutant("lists a meeting for ever", writes.kept_ended, without("open")),
    # --- its desktops
    Mutant("launches without looking first", plan.plan, _launches_unseen),
    Mutant("takes unknown for gone", Facts._is_known_gone, always),
    Mutant(
        "takes unseen for gone at once",
        Facts._is_known_gone,
        lambda original: lambda facts, seat: facts.desktops.complete,
    ),
    Mutant("needs no lease", Facts._must_wait, never),
    Mutant(
        "never replaces a desktop that died",
        SeatView.wants_launch,
        lambda original: lambda view: original(view) and not view.seat.attempt,
    ),
    Mutant("replaces what has uploaded", SeatView.wants_launch, lambda original: lambda view: view.is_gone),
    Mutant("replaces what it could not end", seats.launch, needs_nothing, "crash/stopped/fails-once"),
    Mutant(
        "lets people into a desktop that was given up",
        Meeting.is_ready,
        _on_its_report_alone,
        "tests/unit/control/test_races.py",
    ),
    Mutant(
        "gives a desktop up whatever it has reported meanwhile",
        writes.given_up,
        without_expecting("healthy_at", "status", "instance_id"),
        "tests/unit/control/test_races.py",
    ),
    Mutant(
        "replaces a stopped desktop and lets it be",
        seats._terminate_useless,
        lambda original: lambda view: original(view) if view.late else [],
    ),
    Mutant(
        "leaves on the row what was true of the desktop before",
        writes.launch_begun,
        alters(lambda intent: replace(intent, remove=())),
    ),
    Mutant("keeps two desktops for a role", seats.drop_doubles, returns([])),
    Mutant(
        "takes another meeting's desktop for its own",
        Facts.desktops,
        lambda original: lambda facts: facts.seen,
    ),
    Mutant("never lets a desktop bear another deadline", seats.rearm, returns([])),
    Mutant("waits on for a meeting that was moved far away", Facts.is_far, never, "crash/postponed"),
    # --- names and notes
    Mutant(
        "links before it publishes",
        seats.names,
        lambda original: lambda facts: needs_nothing(lambda: original(facts)[::-1])(),
    ),
    Mutant("links what could not be published", seats.names, needs_nothing),
    Mutant("links what does not run", seats._is_publishable, given(_sees_it_run)),
    Mutant("does not withdraw a dead desktop's record", seats._withdraw, returns([])),
    Mutant("leaves a link that leads nowhere", Inventory.unresolved, returns(())),
    Mutant("hides a row made by hand from the sweep", Facts.news, without("open")),
    Mutant(
        "takes an old desktop's report for the new one's",
        writes.reported_healthy,
        without_expecting("ec2_id"),
        "tests/unit/control/test_races.py",
    ),
    # --- what belongs to no meeting
    Mutant("never collects orphans", Inventory.orphans, returns([])),
    Mutant("believes the old mark of anybody's record", Inventory._is_named, always, UNIT),
    Mutant("never withdraws orphaned records", strays.plan_strays, keeps_out(Withdraw)),
    Mutant("keeps what is overdue and whose row cannot be read", Inventory.overdue, returns([])),
    Mutant("collects what is young in a meeting", Facts.is_settled, always, UNIT),
    Mutant("collects what is young and of no meeting", Inventory._is_settled, always, UNIT),
    Mutant("collects what is foreign", Facts.ours, lambda original: lambda facts: facts.desktops.desktops),
)

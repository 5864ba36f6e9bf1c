"""Defects of the rules: when a meeting ends, which desktops it gets, what is written, what is collected."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import plan
from chalicelib.model import (
    Desktop,
    Launch,
    Meeting,
    Observation,
    Observe,
    Policy,
    Reason,
    Seat,
    State,
    Status,
    Terminate,
    Update,
    Withdraw,
)
from tests.simulation.mutants.changes import (
    alters,
    always,
    given,
    keeps_out,
    never,
    returns,
    without,
    without_expecting,
)
from tests.simulation.mutants.mutant import Change, Mutant

UNIT = "tests/unit"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def _but(reason: Reason) -> Change:
    """Never end a meeting for this reason."""
    return alters(lambda found: None if found is reason else found)


def _without_waiting(action: Any) -> Any:
    """Return an action that does not wait for others to succeed."""
    return replace(action, after=0) if isinstance(action, Update | Launch | Withdraw) else action


_waits_for_nothing = alters(lambda actions: [_without_waiting(action) for action in actions])


def _absent(meeting: Meeting) -> Meeting:
    """Return the meeting as if nobody had come."""
    teacher, student = (replace(seat, joined_at=None) for seat in meeting.seats)
    return replace(meeting, teacher=teacher, student=student, status=Status.HEALTHY)


def _as_if(**seat: Any) -> Change:
    """Judge how a role stands as if its seat held something else, where its desktop is not seen."""

    def change(original: Any) -> Any:
        def stand(meeting: Meeting, real: Seat, desktops: Observation, *rest: Any) -> Any:
            held = real if desktops.find(real.desktop_id) else replace(real, **seat)
            return replace(original(meeting, held, desktops, *rest), seat=real)

        return stand

    return change


def _launches_unseen(original: Any) -> Any:
    def decide(meeting: Meeting, desktops: Observation, *rest: Any, **options: Any) -> Any:
        actions = original(meeting, desktops, *rest, **options)
        if meeting.over or not any(isinstance(action, Observe) for action in actions):
            return actions
        return original(meeting, replace(desktops, complete=True), *rest, **options)

    return decide


def _uploaded_in_time(meeting: Meeting, now: datetime, hinted: bool, policy: Policy) -> tuple[Any, ...]:
    checkpoint = (plan.start(meeting, policy) or now) + policy.checkpoint
    teacher, student = (replace(s, uploaded_at=min(s.uploaded_at or checkpoint, checkpoint)) for s in meeting.seats)
    return replace(meeting, teacher=teacher, student=student), now, hinted, policy


def _takes_unknown_for_gone(original: Any) -> Any:
    def stand(meeting: Meeting, seat: Seat, desktops: Observation, *rest: Any) -> Any:
        return _as_if(launched_at=LONG_AGO)(original)(meeting, seat, replace(desktops, complete=True), *rest)

    return stand


def _sees_it_run(seat: Seat, desktop: Desktop, policy: Policy) -> tuple[Any, ...]:
    return seat, replace(desktop, state=State.RUNNING, address=desktop.address or "203.0.113.9"), policy


def _knows_no_missing_row(desktops: Any, records: Any, meetings: Any, *rest: Any) -> tuple[Any, ...]:
    return desktops, records, {name: row for name, row in meetings.items() if row is not None}, *rest


def _knows_no_deadline(desktops: Any, records: Any, meetings: Any, *rest: Any) -> tuple[Any, ...]:
    unread = [d if d.meeting_id in meetings else replace(d, deadline=None) for d in desktops]
    return unread, records, meetings, *rest


MUTANTS = (
    # --- when it ends
    Mutant(
        "ends before the checkpoint",
        plan.at_checkpoint,
        given(lambda meeting, now, hinted, policy: (meeting, now, hinted, replace(policy, checkpoint=timedelta(0)))),
    ),
    Mutant(
        "ignores who is in at the checkpoint",
        plan._reason_at_checkpoint,
        given(lambda meeting, *rest: (_absent(meeting), *rest)),
    ),
    Mutant(
        "holds the checkpoint again and again",
        plan._reason_at_checkpoint,
        given(lambda meeting, *rest: (replace(meeting, checkpoint_at=None), *rest)),
    ),
    Mutant(
        "counts what was uploaded after the checkpoint",
        plan._reason_at_checkpoint,
        given(_uploaded_in_time),
        UNIT,
    ),
    Mutant("forgets that the checkpoint was held", plan._note, without("checkpoint_at")),
    Mutant("has no hard deadline", plan._reason_by_time, _but(Reason.MAX_DURATION)),
    Mutant("waits for a second upload for ever", plan._reason_at_checkpoint, _but(Reason.PARTIAL_UPLOAD)),
    Mutant(
        "has no grace for the second upload",
        plan._reason_at_checkpoint,
        given(lambda meeting, now, hinted, policy: (meeting, now, hinted, replace(policy, upload_grace=timedelta(0)))),
    ),
    Mutant(
        "ends for want of a desktop while somebody is in",
        plan._reason_by_desktops,
        given(lambda table, *rest: ([replace(s, seat=replace(s.seat, joined_at=None)) for s in table], *rest)),
        "crash/room-for-one",
    ),
    Mutant("tries to launch without end", plan._is_spent, never, "crash/no-room"),
    # --- how it ends
    Mutant("ends without terminating", plan._close, keeps_out(Terminate)),
    Mutant("calls an end finished that is not", plan._close, _waits_for_nothing),
    Mutant("leaves timers armed", plan._timers_ahead, returns(()), "crash/cancelled"),
    Mutant("forgets the end's intent", plan._end, alters(lambda actions: actions[1:])),
    Mutant(
        "ends on what it read long ago",
        plan._end,
        without_expecting("joined_at", "session_data"),
        "crash/uploads-at-the-last-moment",
    ),
    Mutant(
        "ends at a time that is no longer the meeting's",
        plan._end,
        without_expecting("meet_time"),
        "crash/moved-at-the-end",
    ),
    Mutant("leaves alive what outlived the end", plan._keep_closed, keeps_out(Terminate)),
    Mutant("lets a desktop bring a meeting back", plan._keep_closed, without("status")),
    Mutant("forgets to list a meeting until it is settled", plan._keep_closed, without("open")),
    # --- its desktops
    Mutant("launches without looking first", plan.plan, _launches_unseen),
    Mutant("takes unknown for gone", plan._stand, _takes_unknown_for_gone),
    Mutant("takes unseen for gone at once", plan._stand, _as_if(launched_at=LONG_AGO)),
    Mutant("needs no lease", plan._stand, _as_if(attempt_at=None)),
    Mutant(
        "never replaces a desktop that died",
        plan._Stand.wants_launch,
        lambda original: lambda self: original(self) and not self.seat.attempt,
    ),
    Mutant(
        "replaces what has uploaded",
        plan._Stand.wants_launch,
        lambda original: lambda self: self.kind is plan._Kind.WANTED,
    ),
    Mutant("replaces what it could not end", plan._carry_on, _waits_for_nothing, "crash/stopped/fails-once"),
    Mutant(
        "replaces a stopped desktop and lets it be",
        plan._give_up,
        lambda original: lambda stand: original(stand) if stand.late else [],
    ),
    Mutant("keeps two desktops for a role", plan._drop_doubles, returns([])),
    Mutant(
        "takes another meeting's desktop for its own",
        plan._of,
        lambda original: lambda meeting, desktops: desktops,
    ),
    Mutant("never lets a desktop bear another deadline", plan._rearm, returns([])),
    Mutant("waits on for a meeting that was moved far away", plan.is_far, never, "crash/postponed"),
    # --- names and notes
    Mutant(
        "links before it publishes",
        plan._publish,
        alters(lambda actions: [_without_waiting(action) for action in reversed(actions)]),
    ),
    Mutant("links what could not be published", plan._publish, _waits_for_nothing),
    Mutant("links what does not run", plan._publishable, given(_sees_it_run)),
    Mutant("does not withdraw a dead desktop's record", plan._withdraw_of, returns([])),
    Mutant("leaves a link that leads nowhere", plan._unresolved, returns(())),
    Mutant("hides a row made by hand from the sweep", plan._note, without("open")),
    Mutant(
        "takes an old desktop's report for the new one's",
        plan._note,
        without_expecting("ec2_id"),
        "crash/dies-as-it-reports",
    ),
    # --- what belongs to no meeting
    Mutant("never collects orphans", plan.plan_strays, given(_knows_no_missing_row)),
    Mutant("never withdraws orphaned records", plan.plan_strays, keeps_out(Withdraw)),
    Mutant("keeps what is overdue and whose row cannot be read", plan.plan_strays, given(_knows_no_deadline)),
    Mutant("collects what is young", plan._settled, always, UNIT),
    Mutant("collects what is foreign", plan._ours, lambda original: lambda desktops: iter(desktops.desktops)),
)

"""How a meeting ends: the reasons, in the order in which they are tried, and what an end takes away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from chalicelib.domain import writes
from chalicelib.domain.actions import Action, DropTimers, Observe, Step, Terminate, Withdraw, is_undecided
from chalicelib.domain.model import Owner, Reason
from chalicelib.rules import people
from chalicelib.rules.clearing import clear_away
from chalicelib.rules.facts import Facts
from chalicelib.rules.recordings import awaited, is_closing
from chalicelib.rules.times import timers


@dataclass(frozen=True, slots=True)
class Ending:
    """One row of the table: the reason, when it holds in words, and the question itself."""

    reason: Reason
    when: str
    holds: Callable[[Facts], bool]


def _has_not_shown(facts: Facts) -> bool:
    other = facts.left_alone
    if other is None or not (facts.checkpoint_open and facts.done_by_checkpoint):
        return False
    return not (people.may_be_in(facts.meeting, other.seat, facts.policy) or facts.waits_outside(other))


def _is_out_of_grace(facts: Facts, *, told: bool) -> bool:
    """Return whether one side is done longer than the grace; `told`: the other's desktop tells of connections.

    Such a desktop closes by itself when the grace is over, and has the time after it to upload what it has recorded.
    """
    other = facts.left_alone
    since = people.done_since(facts.meeting, facts.done[0]) if other else None
    if other is None or since is None or people.tells_presence(other.seat, facts.policy) is not told:
        return False
    grace = facts.policy.upload_grace + (facts.policy.upload_time if told else timedelta())
    return facts.checkpoint_reached and facts.now >= since + grace


def _nobody_entered(facts: Facts) -> bool:
    awaited = facts.somebody_waits or not facts.was_ever_open or facts.may_still_enter
    return facts.checkpoint_open and facts.nobody_came and not awaited


def _nobody_could_enter(facts: Facts) -> bool:
    in_vain = facts.patience_is_out if facts.somebody_waits else not facts.was_ever_open
    return facts.checkpoint_open and facts.nobody_came and in_vain


def _attempts_are_spent(facts: Facts) -> bool:
    wanting = [view for view in facts.seats if view.wants_launch]
    spent = facts.is_due and not all(map(facts.has_attempts_left, wanting))
    return spent and not any(view.kept and view.seat.joined_at for view in facts.seats)


def _all_gone(facts: Facts) -> bool:
    gone = all(view.is_gone and view.seat.desktop_id for view in facts.seats)
    return gone and not (facts.is_due and any(view.wants_launch for view in facts.seats))


ENDINGS = (
    Ending(
        Reason.EARLY_SUCCESS,
        "at the checkpoint, once: both are done: uploaded, and away",
        lambda facts: facts.checkpoint_open and len(facts.done_by_checkpoint) == 2,
    ),
    Ending(
        Reason.SUCCESS,
        "after the checkpoint: both are done",
        lambda facts: facts.checkpoint_reached and not facts.awaits_dating and len(facts.done) == 2,
    ),
    Ending(
        Reason.PARTIAL_NO_SHOW,
        "at the checkpoint, once: one is done, the other neither in nor waits",
        _has_not_shown,
    ),
    Ending(
        Reason.NO_SHOW,
        "from then on: nobody came, though a door was open for `entering`",
        _nobody_entered,
    ),
    Ending(
        Reason.LAUNCH_FAILED,
        "from then on: no door was ever open; or one waits past `patience`",
        _nobody_could_enter,
    ),
    Ending(
        Reason.PARTIAL_UPLOAD,
        "after that: one is done longer than the grace that the other was told",
        partial(_is_out_of_grace, told=True),
    ),
    Ending(
        Reason.PARTIAL_UPLOAD,
        "the same beside a desktop that tells of no connections: never sooner",
        partial(_is_out_of_grace, told=False),
    ),
    Ending(
        Reason.MAX_DURATION,
        "people's time is up; no recording is awaited, or past the deadline",
        lambda facts: facts.time_is_up and not awaited(facts),
    ),
    Ending(
        Reason.LAUNCH_FAILED,
        "a role's attempts are used up, and nobody who came has a desktop",
        _attempts_are_spent,
    ),
    Ending(
        Reason.DESKTOPS_GONE,
        "both desktops are gone, and there is nothing to replace",
        _all_gone,
    ),
)
"""The first that holds is the reason. The table in the docs is printed from this one."""


def reason_to_end(facts: Facts) -> Reason | None:
    """Return why a meeting that lives is to end now, None where it goes on.

    Where desktops upload once people's time is up, no other reason is asked for from then on: what comes now are the
    recordings of a meeting that has used its time.
    """
    asked = [ending for ending in ENDINGS if ending.reason is Reason.MAX_DURATION or not is_closing(facts)]
    return next((ending.reason for ending in asked if ending.holds(facts)), None)


# --- what an end takes away


def end(facts: Facts, reason: Reason) -> list[Action]:
    """Return the end of a meeting: first the intent, resting on all that the decision rested on.

    So nobody who joins, uploads or launches in between is overlooked, nothing is launched any more,
    and a crash at any point is finished by whoever looks next, with the same reason.
    """
    intent = writes.ending(facts.meeting, reason, facts.now)
    rest = close(replace(facts, meeting=writes.after(facts.meeting, intent), hints=replace(facts.hints, ends=True)))
    return rest if is_undecided(rest) else [intent, *rest]


def close(facts: Facts) -> list[Action]:
    """Return what carries the end of a meeting through, or keeps it: for one that is over, or is ending.

    An end that somebody else has begun is left to them for as long as its lease lasts.
    """
    meeting = facts.meeting
    if meeting.finished:
        return _keep_closed(facts)
    if _is_being_ended(facts):
        return []
    if not all(map(facts.sees, meeting.seats)):
        return [Observe("the meeting ends and the row may not name all its desktops")]
    reason = meeting.reason or Reason.CANCELLED
    why = f"the meeting ends: {reason}"
    steps: list[Step] = []
    if not meeting.listed:  # first of all: should anything fail, the sweep must see it
        steps.append(writes.listed(meeting))
    named = list(meeting.desktop_ids)
    living = [name for name in named if facts.may_live(name)]
    living += [d.id for d in facts.ours if d.state.must_be_ended and d.id not in named]
    if living:
        steps.append(Terminate(why, tuple(living)))
    names = dict.fromkeys(named + [d.id for d in facts.ours])
    if any(seat.link for seat in meeting.seats) or (facts.desktops.complete and names):
        steps.append(Withdraw(why, facts.records_of(names)))
    if ahead := _timers_ahead(facts):
        steps.append(DropTimers(why, ahead))
    return [*steps, writes.ended(meeting, reason, facts.now, facts.policy.keep_meetings, tuple(steps))]


def _is_being_ended(facts: Facts) -> bool:
    """Return whether the end is somebody else's now, who has written its intent a moment ago."""
    policy = facts.policy
    return not facts.hints.ends and policy.is_recent(facts.meeting.ending_at, policy.end_lease, facts.now)


def _timers_ahead(facts: Facts) -> tuple[str, ...]:
    """Return the names of the timers that have not fired yet by the row's own times."""
    return tuple(timer.name for timer in timers(facts.meeting, facts.policy) if facts.now < timer.at)


def _keep_closed(facts: Facts) -> list[Action]:
    """Return what undoes anything that happened to a meeting after its end."""
    meeting = facts.meeting
    named = meeting.desktop_ids
    living = [
        d
        for d in facts.desktops.desktops
        if d.state.must_be_ended and (d.owner is Owner.OURS or (d.owner is Owner.BY_HAND and d.id in named))
    ]
    steps = clear_away("the meeting is over", living, facts.policy)
    if named and any(seat.attribute("ec2_link") in meeting.row for seat in meeting.seats):
        steps.append(Withdraw("the meeting is over", facts.records_of(named)))
    lingered = not facts.policy.is_recent(meeting.ended_at, facts.policy.linger, facts.now)
    unlist = meeting.listed and lingered and facts.desktops.complete
    keep = facts.policy.keep_meetings
    repair = writes.kept_ended(meeting, facts.now, keep, unlist=unlist, needs=tuple(steps))
    return [*steps, *([repair] if repair else [])]

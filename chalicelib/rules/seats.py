"""What a meeting that lives needs: its news on the row, its desktops launched and replaced, its names published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib.domain import writes
from chalicelib.domain.actions import Cause, Launch, Publish, Rearm, Step, Terminate, Withdraw
from chalicelib.domain.model import Desktop, DnsRecord, Owner, State
from chalicelib.domain.seat import Seat
from chalicelib.rules.clearing import clear_away
from chalicelib.rules.facts import Facts
from chalicelib.rules.recordings import lost_with
from chalicelib.rules.views import SeatView


def note(facts: Facts) -> list[Step]:
    """Return the write of what was learnt and is not on the row."""
    return [facts.news] if facts.news else []


def hold(facts: Facts) -> list[Step]:
    """Return the note on a row that its first launch waits, because the stage is paused."""
    if facts.pause is None or facts.meeting.held_at or not facts.begins:
        return []
    return [writes.held(facts.noted, facts.pause, facts.now)]


def launch(facts: Facts) -> list[Step]:
    """Return the launch of what is missing, after the end of what it replaces.

    A desktop that lives and is late is first given up on the row, so that it cannot report, and be entered, unseen.
    The name of a desktop that was not ready in time is withdrawn once its successor is under way.
    """
    launching = [view for view in facts.seats if _is_launched(facts, view)]
    if not launching:
        return []
    late = [view.seat for view in launching if view.late and not view.seat.is_given_up]
    given_up = writes.together(writes.given_up(facts.noted, seat) for seat in late)
    useless = [step for view in launching for step in _terminate_useless(view)]
    left_over = [desktop.id for desktop in _left_over(facts)]
    if left_over:
        useless.append(Terminate("it serves no more, and its role gets another", tuple(left_over)))
    attempts = tuple(replace(view.next_attempt, lost=lost_with(facts, view.seat)) for view in launching)
    why = "; ".join(f"{attempt.role}: {attempt.why}" for attempt in attempts)
    launches = Launch(why, attempts, facts.is_forced, needs=tuple(useless))
    farewells: list[Step] = [step for view in launching if view.late for step in _withdraw(facts, view.seat, launches)]
    if left_over:
        farewells.append(Withdraw("its role gets another desktop", facts.records_of(left_over)))
    return [*([given_up] if given_up else []), *useless, launches, *farewells]


def _is_launched(facts: Facts, view: SeatView) -> bool:
    may_launch = facts.is_due and facts.pause is None
    return may_launch and view.wants_launch and facts.has_attempts_left(view)


def _terminate_useless(view: SeatView) -> list[Step]:
    """Return what ends a desktop that lives and is of no use, before another takes its place."""
    desktop = view.desktop
    if not desktop or not desktop.state.must_be_ended or desktop.owner is not Owner.OURS:
        return []
    why = f"is {desktop.state}"
    if view.unfit:
        why = "is not wanted any more" if view.unfit is Cause.ASKED else "was not ready within the boot limit"
    return [Terminate(f"the {view.seat.role}'s desktop {why}; it is replaced", (desktop.id,))]


def _left_over(facts: Facts) -> list[Desktop]:
    """Return the desktops of roles that get another, which serve no more and which the row does not name."""
    roles = {view.seat.role for view in facts.seats if _is_launched(facts, view)}
    named = {view.seat.desktop_id for view in facts.seats}
    return [
        d
        for d in facts.ours
        if d.role in roles
        and d.id not in named
        and d.state.must_be_ended
        and not d.state.serves
        and facts.is_settled(d.launched_at)
    ]


def _withdraw(facts: Facts, seat: Seat, *needs: Step) -> list[Step]:
    if not (seat.link and seat.desktop_id):
        return []
    why = f"the {seat.role}'s desktop {seat.desktop_id} serves no more"
    return [Withdraw(why, facts.records_of([seat.desktop_id]), needs=needs)]


def names(facts: Facts) -> list[Step]:
    """Return the names to withdraw of desktops that are gone, and to publish of those that run.

    Publish first, link second: a name that is handed out too early is remembered as missing for minutes.
    """
    steps: list[Step] = []
    meeting = facts.noted
    for view in facts.seats:
        seat = meeting.seat(view.seat.role)
        if view.is_gone and seat.link and not _is_launched(facts, view):
            steps.append(writes.link_dropped(meeting, seat.role, facts.now))
        if view.is_found or (view.is_gone and not view.late):
            steps += _withdraw(facts, view.seat)
        if view.kept and _is_publishable(facts, seat, view.kept):
            record = DnsRecord(facts.policy.record_name(view.kept.id), view.kept.address or "", meeting.id)
            publish = Publish(f"the desktop of {seat.role} runs and has an address", (record,))
            link = facts.policy.link(view.kept.id)
            linked = writes.published(meeting, seat.role, link, facts.now, needs=(publish,))
            steps += [publish, linked]
            meeting = writes.after(meeting, linked)
    return steps


def _is_publishable(facts: Facts, seat: Seat, desktop: Desktop) -> bool:
    return desktop.state is State.RUNNING and bool(desktop.address) and seat.link != facts.policy.link(desktop.id)


def drop_doubles(facts: Facts) -> list[Step]:
    """Return the end of second desktops of a role, as far as that is certain."""
    if not facts.desktops.complete:
        return []
    kept = {view.seat.role: view.kept.id for view in facts.seats if view.kept}
    named = {*kept.values(), *(view.seat.desktop_id for view in facts.seats if not view.kept)}
    named |= {desktop.id for desktop in _left_over(facts)}
    doubles = [
        d
        for d in facts.ours
        if d.state.must_be_ended
        and d.id not in named
        and (d.role is None or d.role in kept or not d.state.serves)
        and facts.is_settled(d.launched_at)
    ]
    return clear_away("it is not the desktop of its role", doubles, facts.policy)


def rearm(facts: Facts) -> list[Step]:
    """Return what lets the meeting's desktops bear its hard deadline, where they bear another."""
    launching = any(_is_launched(facts, view) for view in facts.seats)
    moment = facts.deadline_once_launched if launching else facts.deadline
    kept = [view.kept for view in facts.seats if view.kept and view.kept.owner is Owner.OURS]
    astray = tuple(desktop.id for desktop in kept if desktop.deadline != moment)
    if moment is None or not astray:
        return []
    return [Rearm("the meeting's hard deadline is not the one they bear", astray, moment)]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done for a meeting that lives; `when` and `then` are its rows in the table of the docs."""

    act: Callable[[Facts], list[Step]]
    rows: tuple[tuple[str, str], ...]


RULES = (
    Rule(
        note,
        (
            ("a desktop reported healthy; an upload came; the status went back", "note it on the row"),
            ("the first door stands open; the checkpoint is past and somebody came", "note it on the row"),
            ("the row says when it expires, though the meeting is not over", "take that off the row"),
            ("a live desktop of a role whose row names none that lives", "adopt it"),
        ),
    ),
    Rule(
        hold,
        (("the stage is paused; due or nearly, no launch begun, not forced", "note it, launch nothing"),),
    ),
    Rule(
        launch,
        (
            ("due, and a role has no desktop", "launch one"),
            (
                "a desktop is gone, due, and its role is not done, or somebody waits",
                "withdraw its record, replace it",
            ),
            ("a desktop is not ready by the boot limit, before the checkpoint, once", "replace it"),
            ("one stops being ready, is not again for as long, nobody has come", "replace it"),
            ("either again, or later, while its person waits, up to `patience`", "replace it"),
            ("another is asked for, whoever is at it, until people's time is up", "give it up, replace it"),
        ),
    ),
    Rule(
        names,
        (
            ("a desktop is gone and is not replaced", "withdraw its record, drop its link"),
            ("the named desktop runs and has an address", "publish it, then write its link"),
        ),
    ),
    Rule(
        drop_doubles,
        (("a second live desktop of a role, older than `settling`", "terminate it"),),
    ),
    Rule(
        rearm,
        (("a desktop bears another deadline than the meeting has", "let it bear this one"),),
    ),
)
"""In this order, desktops first: names can wait for a provider that is down, people can't."""

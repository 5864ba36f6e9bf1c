"""Applying a plan: each action once, in order, through the ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import assert_never

from chalicelib import log
from chalicelib.control.launch import launch
from chalicelib.control.persist import Overtaken, persist
from chalicelib.control.ports import World
from chalicelib.domain import writes
from chalicelib.domain.actions import (
    Action,
    DropTimers,
    Effect,
    Launch,
    Observe,
    Publish,
    Rearm,
    Step,
    Terminate,
    Withdraw,
)
from chalicelib.domain.errors import Conflict, ElephantError
from chalicelib.domain.history import Entry
from chalicelib.domain.model import Meeting
from chalicelib.domain.update import Update


def apply(world: World, meeting: Meeting, actions: Iterable[Action], outside: tuple[Entry, ...] = ()) -> None:
    """Apply a plan in its order. What others have written, `outside`, is told with the first write.

    A write that fails ends it: whatever follows may expect what it would have written. Anything else that
    fails is left out, with what needs it; the rest is done, and then the failure is raised.

    Raises:
        Overtaken: the row changed meanwhile; look again.
        ElephantError: the first failure of a step; each is logged.
    """
    done: list[Action] = []
    failures: list[ElephantError] = []
    for action in actions:
        if isinstance(action, Observe):
            raise AssertionError(f"A plan that cannot be decided is not to be applied: {action.why}")
        if not all(any(need is step for step in done) for need in action.needs):
            continue
        try:
            failed = _apply_one(world, meeting, action, done, outside)
        except Overtaken as overtaken:
            overtaken.failures, overtaken.done = (*failures, *overtaken.failures), tuple(done)
            raise
        except Conflict as conflict:
            raise Overtaken(str(conflict), (), failures, done) from conflict
        except ElephantError as error:
            log.fail(log.Fail.STEP_FAILED, error, meeting=meeting.id, why=action.why)
            failures.append(error)
            if isinstance(action, Update):
                break
        else:
            failures += failed
            done += [] if failed else [action]
            outside = () if isinstance(action, Update) else outside
    if failures:
        raise failures[0]


def _apply_one(
    world: World, meeting: Meeting, step: Step, done: Iterable[Action], outside: tuple[Entry, ...]
) -> list[ElephantError]:
    """Apply one step; return what failed of it and is logged already."""
    if isinstance(step, Launch):
        so_far = writes.together(earlier for earlier in done if isinstance(earlier, Update))
        return launch(world, writes.after(meeting, so_far), step)
    if isinstance(step, Update):
        persist(world, meeting, writes.telling(meeting, step, outside))
    else:
        do(world, step, meeting.id)
    return []


def do(world: World, effect: Effect, meeting_id: str | None = None) -> None:
    """Apply what does not touch a row; `meeting_id` is None where it belongs to no meeting."""
    why = effect.why
    match effect:
        case Publish(_, records, repair):
            with _counting_dns_failures(world, meeting_id):
                if repair:
                    world.dns.repair(records)
                else:
                    world.dns.publish(records)
            log.note(log.Note.PUBLISH, meeting=meeting_id, why=why, records=[record.name for record in records])
        case Withdraw(_, records):
            with _counting_dns_failures(world, meeting_id):
                world.dns.withdraw(records)
            log.note(log.Note.WITHDRAW, meeting=meeting_id, why=why, records=[record.name for record in records])
        case Terminate(_, desktop_ids):
            world.desktops.terminate(desktop_ids)
            log.note(log.Note.TERMINATE, meeting=meeting_id, why=why, desktops=list(desktop_ids))
        case Rearm(_, desktop_ids, deadline):
            world.desktops.rearm(desktop_ids, deadline)
            log.note(log.Note.REARM, meeting=meeting_id, why=why, desktops=list(desktop_ids), deadline=deadline)
        case DropTimers(_, names):
            world.timers.drop(names)
            log.note(log.Note.DROP_TIMERS, meeting=meeting_id, why=why, timers=list(names))
        case _:
            assert_never(effect)


@contextmanager
def _counting_dns_failures(world: World, meeting_id: str | None) -> Iterator[None]:
    try:
        yield
    except ElephantError as error:
        log.count(log.Metric.DNS_FAILURES, 1, stage=world.policy.stage, meeting=meeting_id, why=str(error))
        raise

"""Defects of the shell: how triggers are heard, plans applied, desktops launched, everything swept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib import reconcile
from chalicelib.errors import BadEvent, DnsError, LaunchRefused, Unavailable
from chalicelib.events import RowChange, StateChange
from chalicelib.model import Desktop, Meeting, Update
from chalicelib.reconcile import Reconciler, SweepReport
from tests.simulation.mutants.changes import (
    Stubbed,
    alters,
    always,
    given,
    never,
    swallows,
    with_attribute,
    without_expecting,
    writes_nothing,
)
from tests.simulation.mutants.mutant import Mutant

UNIT = "tests/unit"


def _hears_the_last(self: Reconciler, changes: Iterable[RowChange | BadEvent]) -> tuple[Any, ...]:
    last = {change.meeting.id if isinstance(change, RowChange) else str(change): change for change in changes}
    return self, list(last.values())


def _believes_the_event(self: Reconciler, change: StateChange) -> tuple[Any, ...]:
    def find(desktop_id: str) -> Desktop | None:
        found = self._desktops().find(desktop_id)
        return replace(found, state=change.state, address="203.0.113.9") if found else None

    return with_attribute(self, _desktops=lambda: Stubbed(self._desktops(), find=find)), change


def _without_the_ids(self: Reconciler, meeting: Meeting, change: Update) -> tuple[Any, ...]:
    outcome = {name: value for name, value in change.set.items() if not name.endswith("_ec2_id")}
    return self, meeting, replace(change, set=outcome)


def _knows_one_zone(self: Reconciler, *rest: Any) -> tuple[Any, ...]:
    desktops = self._desktops()
    first = desktops.subnets()[:1]
    one = Stubbed(desktops, subnets=lambda: first)
    return with_attribute(self, _desktops=lambda: one), *rest


def _needs_the_zone(original: Callable[..., SweepReport]) -> Callable[..., SweepReport]:
    def sweep(self: Reconciler, stop_at: datetime) -> SweepReport:
        self._dns().owned()
        return original(self, stop_at)

    return sweep


def _counts_from_one(intent: Update) -> Update:
    first = {name: 1 for name in intent.set if name.endswith("_attempt")}
    return replace(intent, set={**intent.set, **first})


def _tolerates_nothing(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *what: nullcontext()


MUTANTS = (
    # --- hearing
    Mutant("forgets a report whose look failed", reconcile._told_only_here, never),
    Mutant("hears only the last report of a batch", Reconciler.row_changes, given(_hears_the_last)),
    Mutant(
        "does not listen to deaths",
        Reconciler.state_change,
        lambda original: lambda self, change: original(self, change) if change.state.costs else None,
    ),
    Mutant("trusts an event about a state that is past", Reconciler.state_change, given(_believes_the_event)),
    Mutant("swallows a failed look", Reconciler.look, swallows(DnsError, LaunchRefused, Unavailable, returning=[])),
    # --- launching
    Mutant("launches before the intent stands", reconcile._intent, writes_nothing),
    Mutant(
        "does not rest its intent on the row",
        reconcile._intent,
        without_expecting("attempt", "attempt_at", "ec2_id", "ec2_link", "launched_at", "healthy_at", "refused"),
        UNIT,
    ),
    Mutant("reuses a token", reconcile._intent, alters(_counts_from_one)),
    Mutant("tries one zone only", Reconciler._launch_one, given(_knows_one_zone)),
    Mutant("forgets to write the ids", Reconciler._persist, given(_without_the_ids)),
    # --- sweeping
    Mutant("sweeps nothing when the zone cannot be listed", Reconciler.sweep, _needs_the_zone),
    Mutant("stops a sweep at the first failure", SweepReport.tolerate, _tolerates_nothing),
    Mutant("brings back the records of what it has just ended", Reconciler._is_linked, always),
)

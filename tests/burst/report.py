"""What a burst came to: its figures, and how they are printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table

from localcloud.ledger import Call
from tests.burst.cases import CASES, T
from tests.burst.functions import AT_ONCE
from tests.burst.tally import Count
from tests.burst.world import Burst
from tests.simulation.figures import table_of
from tests.simulation.world.clock import MINUTE

_A_BLOCK = 5 * MINUTE
_NOT_NOW = (429, 503)


@dataclass(frozen=True)
class Operation:
    """How often something was asked for, and how often whoever was asked would not answer now, or not at all."""

    calls: int
    throttled: int
    refused: int


@dataclass(frozen=True)
class Outcome:
    """What one burst came to."""

    meetings: int
    at: dict[str, Count]
    course: list[tuple[datetime, Count]]
    operations: dict[str, Operation]
    dns_blocks: int
    dead_letters: Counter[str]
    reasons: Counter[str]
    wrong: int
    shut_out: int
    doubles: int
    leaked: int
    orphaned: int
    launches: int
    not_ended_by_app: int
    """How many desktops ended of themselves: by their own guard, or because they died."""
    most_at_once: int
    """How many invocations ran at once, at the most."""
    refused_at_the_gateway: int
    gone_after: timedelta | None
    """How long it took until nothing lived, from when all were to end, or else from the first end; None: not yet."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was left, and nothing was there twice."""
        return not (self.leaked or self.orphaned or self.doubles)


def play(
    case: str,
    meetings: int,
    seed: str,
    at_once: int = AT_ONCE,
    passed: Callable[[timedelta], None] = lambda since: None,
) -> Outcome:
    """Play a case with so many meetings, in an account that may run so many invocations at once.

    `passed` hears again and again how much time has passed since the meetings were due; before that it is negative.
    """
    world = CASES[case].world(meetings, seed)
    world.processes.at_once = at_once
    world.tally.on_look = lambda now: passed(now - T)
    world.run()
    return _outcome(world, CASES[case].ends)


def _outcome(world: Burst, ends: timedelta | None) -> Outcome:
    tally = world.tally
    living = world.desktops.alive()
    gone_at = max((i.dies_at for i in world.desktops.instances.values() if i.dies_at), default=None)
    begin = T + ends if ends is not None else min(tally.ended_at, default=None)
    return Outcome(
        meetings=len(world.lives),
        at=tally.at,
        course=tally.course,
        operations=_operations(world.ledger.calls),
        dns_blocks=_blocks(world.ledger.calls),
        dead_letters=tally.dead_letters,
        reasons=tally.reasons,
        wrong=len(tally.wrong),
        shut_out=len(tally.shut_out),
        doubles=len(tally.doubles),
        leaked=len(living),
        orphaned=len(world.cloudflare.records),
        launches=tally.launches,
        not_ended_by_app=tally.launches - len(living) - tally.terminated_by_app,
        most_at_once=world.processes.most_at_once,
        refused_at_the_gateway=world.processes.refused,
        gone_after=gone_at - begin if gone_at and begin and not living else None,
    )


def _operations(calls: list[Call]) -> dict[str, Operation]:
    statuses: dict[str, Counter[int]] = {}
    for call in calls:
        statuses.setdefault(f"{call.service}: {call.operation}", Counter())[call.status] += 1
    return {
        name: Operation(
            count.total(),
            sum(count[status] for status in _NOT_NOW),
            sum(number for status, number in count.items() if status >= 400 and status not in _NOT_NOW),
        )
        for name, count in sorted(statuses.items())
    }


def _blocks(calls: list[Call]) -> int:
    blocks, until = 0, None
    for call in calls:
        if call.service == "cloudflare" and call.status == 429 and (until is None or call.at >= until):
            blocks, until = blocks + 1, call.at + _A_BLOCK
    return blocks


def report(console: Console, outcome: Outcome) -> None:
    """Print what a burst came to."""
    moments = Table("by", "launched pairs", "joinable", "half pairs", "gone", title="Meetings", title_justify="left")
    for name, count in outcome.at.items():
        moments.add_row(name, *(f"{number:,}" for number in (count.launched, count.joinable, count.half, count.gone)))
    console.print(moments)
    calls = Table("operation", "calls", "throttled", "refused", title="Calls", title_justify="left")
    for name, operation in outcome.operations.items():
        calls.add_row(name, *(f"{n:,}" for n in (operation.calls, operation.throttled, operation.refused)))
    console.print(calls)
    console.print(table_of(outcome.reasons.most_common(), "How they ended", "reason", "meetings"))
    rest = Table("what", "figure", title="And else", title_justify="left")
    for what, figure in _rest(outcome).items():
        rest.add_row(what, figure)
    console.print(rest)


def _rest(outcome: Outcome) -> dict[str, str]:
    letters = ", ".join(f"{name} {number:,}" for name, number in outcome.dead_letters.most_common())
    gone = outcome.gone_after
    return {
        "desktops launched; ended by their own guard or dead": f"{outcome.launches:,}; {outcome.not_ended_by_app:,}",
        "Cloudflare's blocks": f"{outcome.dns_blocks}",
        "dead letters": letters or "none",
        "ended with somebody at a door that never opened": f"{outcome.shut_out:,}",
        "of these as if nobody had come": f"{outcome.wrong:,}",
        "minutes until all were gone": "not all are" if gone is None else f"{gone / MINUTE:.1f}",
        "invocations at once, at the most": f"{outcome.most_at_once:,}",
        "people refused for want of concurrency": f"{outcome.refused_at_the_gateway:,}",
        "desktops left, records left, meetings with more desktops than seats": (
            f"{outcome.leaked}, {outcome.orphaned}, {outcome.doubles}"
        ),
    }

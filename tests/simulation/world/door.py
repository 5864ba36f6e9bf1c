"""The door of a meeting: the pages that ask at it, whoever sits before them or nobody at all.

A page that peeks asks on for as long as it is open; the click is the person's. Tabs stay open for days, and programs
that look at mails open links for some seconds, by HEAD or ahead of anybody's wish too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import app
from chalicelib import runtime
from chalicelib.domain import writes
from chalicelib.domain.seat import Role
from chalicelib.rules.people import may_replace
from tests.simulation.world.clock import HOUR, MINUTE
from tests.simulation.world.lives import Life
from tests.simulation.world.payloads import CONTEXT, http_event
from tests.simulation.world.processes import Process

if TYPE_CHECKING:
    from tests.simulation.world.world import World

ASKS_AGAIN_S = 30
"""How often a page asks at the least, in seconds, where the app does not say that it may ask more seldom."""

WAYS_TO_LOOK: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("GET", {}),
    ("HEAD", {}),
    ("GET", {"sec-purpose": "prefetch"}),
    ("GET", {"purpose": "prefetch"}),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page is told, and when it had asked (UTC)."""

    status: int
    asked_at: datetime
    told: Mapping[str, Any]
    again: timedelta

    @property
    def is_final(self) -> bool:
        """Whether a page that got this asks no more."""
        return self.status not in (200, 202, 429, 500, 502, 503)


class Door:
    """Asks for the pages, and notes who truly stood there and who was let in."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ask(
        self,
        life: Life,
        role: Role,
        answered: Callable[[Answer], None],
        *,
        peek: bool,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Ask whether this role's desktop is ready, by a click or only to see."""
        world = self._world
        answers: list[dict[str, Any]] = []
        seen = method != "HEAD" and not headers
        if seen and not peek:
            life.clicks.add(role)
        path = {"meetingId": life.id, "role": role.value}
        query = {"peek": "1"} if peek else {}
        event = http_event(method, "/join/{meetingId}/{role}", path, headers or {}, "", query=query)

        def done(process: Process) -> None:
            reply: dict[str, Any] = answers.pop() if answers else {"statusCode": 502, "headers": {}, "body": "{}"}
            again_s = max(float(reply["headers"].get("Retry-After", 10)), ASKS_AGAIN_S)
            told = json.loads(reply["body"] or "{}")
            answer = Answer(reply["statusCode"], process.began, told, timedelta(seconds=again_s))
            self._note(life, role, answer, click=not peek, seen=seen)
            answered(answer)

        call = lambda: answers.append(app.app(event, CONTEXT))  # noqa: E731
        world.processes.invoke(Process(f"join {role}", (life.id,), world.now), call, done)

    def _note(self, life: Life, role: Role, answer: Answer, *, click: bool, seen: bool) -> None:
        """Note what truly was: somebody stood at a closed door, or went in."""
        world = self._world
        if not click:
            life.asked_at[role] = answer.asked_at
        if answer.status == 202 and seen:
            life.stood_at[role] = answer.asked_at
        elif answer.status == 200 and click and seen:
            world.checks.let_in(world, life, role, answer.told["dcv_url"], answer.asked_at)
            life.entered.setdefault(role, world.now)
            life.clicked[role] = world.now

    def want_another(self, life: Life, role: Role) -> None:
        """Ask for another desktop in place of the one that this role has, as the teacher's own page does."""
        world = self._world

        def call() -> None:
            here = runtime.current()
            meeting = here.meetings.get(life.id)
            seat, now = meeting.seat(role), here.clock()
            if meeting.vouches_for(seat) and may_replace(meeting, seat, now, here.policy):
                here.meetings.update(life.id, writes.replacement_asked(meeting, seat, by="the teacher's link"))
                life.unwanted[role] = seat.desktop_id or "", now
                world.tell(life, f"people: another desktop is wanted in place of the {role}'s {seat.desktop_id}")

        world.processes.invoke(Process(f"join {role}: another", (life.id,), world.now), call, lambda process: None)

    # --- pages that nobody sits before

    def draw_lookers(self, life: Life) -> None:
        """Draw the tabs that are left open, and the programs that look at links, of a new meeting."""
        world, rng = self._world, self._world.rng
        for role in Role:
            if world.strikes("tab_left_open", life):
                self._look(life, role, life.scheduled_at + 48 * HOUR)
            if world.strikes("scanned", life):
                for at in (world.now, life.meet_time + timedelta(minutes=rng.uniform(-12, 20))):
                    world.at(at, lambda role=role: self._scan(life, role))  # type: ignore[misc]

    def _scan(self, life: Life, role: Role) -> None:
        """Look at a link as a mail program does: ask once without a page, or run the page for some seconds."""
        world, rng = self._world, self._world.rng
        method, headers = rng.choice(WAYS_TO_LOOK)
        runs_the_page = method == "GET" and not headers
        if runs_the_page:
            self._look(life, role, world.now + timedelta(seconds=rng.choice((2, 10, 40))))
        else:
            self.ask(life, role, lambda answer: None, peek=rng.random() < 0.5, method=method, headers=headers)

    def _look(self, life: Life, role: Role, until: datetime) -> None:
        """Have a page open that asks until then, or until it is told that there is nothing to wait for."""
        world = self._world

        def answered(answer: Answer) -> None:
            if not answer.is_final and world.now + answer.again < min(until, world.end):
                world.after(answer.again, lambda: self._look(life, role, until))

        self.ask(life, role, answered, peek=True)


def draw_patience(world: World) -> timedelta | None:
    """Draw how long somebody takes to click once the door is open; None: they have gone, and the page is open still."""
    if world.wire.hits("never_clicks"):
        return None
    if world.wire.hits("clicks_late"):
        return world.rng.choice((2, 6, 20)) * MINUTE
    return timedelta(seconds=world.rng.choice((0, 3, 40)))

"""People: they ask for meetings, come, wait at a closed door, leave, upload, and come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import app
from chalicelib.domain import rows
from chalicelib.domain.model import State
from chalicelib.domain.seat import Role, attribute
from chalicelib.settings import Client
from desktop.door import RETURNING
from tests.simulation.world.clock import DAWN, MINUTE
from tests.simulation.world.door import Answer, draw_patience
from tests.simulation.world.lives import CHECKPOINT, LIMIT, NOTICE, Booking, Life, Person
from tests.simulation.world.payloads import CONTEXT, http_event
from tests.simulation.world.processes import Process

if TYPE_CHECKING:
    from tests.simulation.world.agents import Agent
    from tests.simulation.world.world import World


GAPS_S = (1, 20, 100, 150, 400, 1200)
"""For how long a connection is gone that breaks, in seconds."""


class People:
    """Does what people do, through the app's own routes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def draw_booking(self, spread: timedelta) -> Booking:
        """Draw a meeting, and who comes to it."""
        rng, rates = self._world.rng, self._world.rates
        asked_at = DAWN + rng.random() * spread
        ahead = rng.choice((timedelta(minutes=-5), timedelta(0), 11 * MINUTE, 15 * MINUTE, 30 * MINUTE))
        meet_time = (asked_at + ahead).replace(microsecond=0)
        duration = min(rng.choice((20 * MINUTE, 60 * MINUTE, 90 * MINUTE, LIMIT)), self._world.longest_meeting)
        length = min(rng.choice((10 * MINUTE, 25 * MINUTE, 45 * MINUTE, 75 * MINUTE)), duration)
        who = set(Role)
        if rng.random() < rates.nobody_comes:
            who = set()
        elif rng.random() < rates.one_comes:
            who = {rng.choice(list(Role))}

        def person(role: Role) -> Person:
            comes_at = meet_time + timedelta(seconds=rng.uniform(-480, 400))
            if rng.random() < rates.comes_late:
                comes_at = max(meet_time, asked_at + NOTICE) + CHECKPOINT + timedelta(seconds=rng.uniform(-30, 40))
            stays = length + timedelta(seconds=rng.uniform(0, 240))
            uploads, back = rng.random() >= rates.never_uploads, rng.random() < rates.comes_back
            peeks = self._world.client is Client.KIT or rng.random() < 0.5
            patience = draw_patience(self._world) if peeks else timedelta(0)
            return Person(role, comes_at if role in who else None, stays, uploads, back, peeks, patience)

        return Booking(asked_at, meet_time, duration, {role: person(role) for role in Role})

    def book(self, number: int, booking: Booking) -> None:
        """Let somebody ask for a meeting, again every half minute while the app does not answer."""
        world = self._world
        lasts = booking.duration + world.upload_time
        world.end = max(world.end, max(booking.meet_time, booking.asked_at) + lasts + 20 * MINUTE)
        if world.wire.hits("made_by_hand"):
            world.at(booking.asked_at, lambda: world.console.type_in(f"by-hand-{number}", booking))
            return
        body = {
            "teacher_name": "Ann",
            "student_name": "Ben",
            "meet_time": rows.timestamp(booking.meet_time),
            "frontend_base_url": "https://app.example.com/meeting",
            "duration_minutes": int(booking.duration / MINUTE),
        }
        headers = {"content-type": "application/json", "idempotency-key": f"{world.seed}/{number}"}
        event = http_event("POST", "/schedule", {}, headers, json.dumps(body))
        world.at(booking.asked_at, lambda: self._ask_for(booking, event))

    def _ask_for(self, booking: Booking, event: dict[str, Any], tries: int = 60) -> None:
        world = self._world
        answers: list[dict[str, Any]] = []

        def done(process: Process) -> None:
            reply: dict[str, Any] = answers.pop() if answers else {"statusCode": 502}
            if reply["statusCode"] == 200:
                self._scheduled(booking, json.loads(reply["body"])["id"])
            elif tries:
                world.after(timedelta(seconds=30), lambda: self._ask_for(booking, event, tries - 1))

        call = lambda: answers.append(app.app(event, CONTEXT))  # noqa: E731
        world.processes.invoke(Process("schedule", (), world.now), call, done)

    def _scheduled(self, booking: Booking, meeting_id: str) -> None:
        world = self._world
        # It may have been stored by an earlier try whose answer was lost.
        since = rows.parse_time(world.meetings.rows[meeting_id]["created_at"])
        life = Life(meeting_id, booking.meet_time, booking.duration, booking.people, since, world.upload_time)
        if begun_at := world.meetings.rows[meeting_id].get("begun_at"):
            life.begun_at = rows.parse_time(begun_at)  # it was due, and was launched before its answer came
        known = world.lives.setdefault(meeting_id, life)
        world.tell(known, f"scheduled for {life.meet_time:%H:%M:%S}, {life.duration} at most")
        if known is life:
            self.begin(life)

    def begin(self, life: Life) -> None:
        """Let a meeting's people come, and draw what somebody at the console does to it."""
        for person in life.people.values():
            if person.comes_at:
                person.waits_until = person.comes_at + 30 * MINUTE
                self._world.at(person.comes_at, lambda person=person: self._ask_to_join(life, person))  # type: ignore[misc]
        self._world.door.draw_lookers(life)
        self._world.console.draw(life)
        self._world.on_scheduled(life)

    def _ask_to_join(self, life: Life, person: Person, *, click: bool = False) -> None:
        """Ask at the door, by a page that peeks or by one that clicks each time, until it opens."""
        world = self._world
        click = click or not person.peeks

        def answered(answer: Answer) -> None:
            if answer.status == 200 and click:
                self._go_in(life, person, answer)
            elif answer.status == 200 and person.clicks_after is not None:
                world.after(person.clicks_after, lambda: self._ask_to_join(life, person, click=True))
            elif not answer.is_final and world.now < person.waits_until:
                world.after(answer.again, lambda: self._ask_to_join(life, person))

        world.door.ask(life, person.role, answered, peek=not click)

    def _go_in(self, life: Life, person: Person, answer: Answer) -> None:
        link = answer.told["dcv_url"]
        if self._world.client is Client.KIT:
            self._visit(life, person, link, answer.told["auth_token"])
        else:
            self._sit_down(life, person, link)

    def _visit(self, life: Life, person: Person, link: str, token: str) -> None:
        """Bring the token of a click to the desktop's door; whom it does not let in clicks again."""
        world = self._world
        agent = world.agents.behind(link)
        verdict = agent.admit(token) if agent and agent.is_up else None
        if agent and verdict:
            world.checks.at_the_door(world, life, agent, verdict, good=True)
        if agent is None or verdict is None or not verdict.opens:
            world.tell(
                life, f"people: the {person.role} is not let in: {verdict.why if verdict else 'nobody is there'}"
            )
            if world.now < person.waits_until:
                world.after(timedelta(seconds=30), lambda: self._ask_to_join(life, person))
            return
        agent.uploads = person.uploads
        leaves_at = world.now + person.stays
        self._enter(life, person, agent.leave)
        self._draw_flaps(life, person, agent, token, leaves_at)

    def _draw_flaps(self, life: Life, person: Person, agent: Agent, token: str, leaves_at: datetime) -> None:
        """Draw whether the connection breaks, and for how long; the browser brings the same token again."""
        world = self._world
        if not world.strikes("flaps", life):
            return
        gap = timedelta(seconds=world.rng.choice(GAPS_S))

        def break_off() -> None:
            if agent.is_connected:
                world.tell(life, f"people: the {person.role}'s connection breaks for {gap}")
                agent.leave()
                world.after(gap, come_back)

        def come_back() -> None:
            if not agent.is_up or world.now >= leaves_at:
                return
            good = agent.newest_token == token and (agent.is_connected or gap < RETURNING)
            verdict = agent.admit(token)
            world.checks.at_the_door(world, life, agent, verdict, good=good)
            if verdict.opens:
                self._draw_flaps(life, person, agent, token, leaves_at)
            elif not agent.is_connected:
                person.waits_until = max(person.waits_until, world.now + 10 * MINUTE)
                self._ask_to_join(life, person)

        world.after((leaves_at - world.now) * world.rng.random(), break_off)

    def _enter(self, life: Life, person: Person, leave: Callable[[], None]) -> None:
        world = self._world
        world.tell(life, f"people: the {person.role} is in")
        world.after(person.stays, leave)
        if world.strikes("asks_for_another", life):
            world.after(person.stays * world.rng.random(), lambda: self._want_another(life, person))
        if person.comes_back:
            person.comes_back = False
            person.waits_until = world.now + person.stays
            world.after(person.stays / 2, lambda: self._ask_to_join(life, person))

    def _want_another(self, life: Life, person: Person) -> None:
        """Ask for another desktop, and wait at the door for it."""
        world = self._world
        world.door.want_another(life, person.role)
        person.waits_until = max(person.waits_until, world.now + 30 * MINUTE)
        world.after(MINUTE, lambda: self._ask_to_join(life, person))

    # --- at desktops that tell nothing

    def _sit_down(self, life: Life, person: Person, link: str) -> None:
        """Be at a desktop with scripts: it lets in whoever comes."""
        desktop_id = link.removeprefix("https://").partition(".")[0]
        life.inside[person.role] = desktop_id
        leaves_at = self._world.now + person.stays
        self._enter(life, person, lambda: self._get_up(life, person))
        self._draw_drops(life, person, desktop_id, leaves_at)

    def _get_up(self, life: Life, person: Person) -> None:
        """Have the connection end: Windows locks, and what was recorded is uploaded."""
        life.inside.pop(person.role, None)
        self._upload(life, person)

    def _draw_drops(self, life: Life, person: Person, desktop_id: str, leaves_at: datetime) -> None:
        """Draw whether the connection breaks: DCV heals it, of which nobody tells, or the page is clicked anew."""
        world = self._world
        if not world.strikes("flaps", life):
            return
        gap = timedelta(seconds=world.rng.choice(GAPS_S))
        heals = gap < MINUTE and world.rng.random() < 0.5

        def break_off() -> None:
            if life.inside.get(person.role) == desktop_id and world.now < leaves_at:
                world.tell(life, f"people: the {person.role}'s connection breaks for {gap}")
                self._get_up(life, person)
                world.after(gap, come_back)

        def come_back() -> None:
            if world.now >= leaves_at or person.role in life.inside:
                return
            if heals:
                life.inside[person.role] = desktop_id
            else:
                person.waits_until = max(person.waits_until, world.now + 10 * MINUTE)
                self._ask_to_join(life, person)

        world.after((leaves_at - world.now) * world.rng.random(), break_off)

    def _upload(self, life: Life, person: Person) -> None:
        world = self._world
        row = world.meetings.rows.get(life.id, {})
        instance = world.desktops.instances.get(str(row.get(attribute(person.role, "ec2_id"))))
        if not person.uploads or person.role in life.uploaded or instance is None:
            return
        if instance.state(world.now) is not State.RUNNING:
            return  # the desktop died under them; what they did on it is lost
        life.uploaded[person.role] = world.now
        world.tell(life, f"desktop: {person.role}'s {instance.id} uploads")
        world.meetings.write(life.id, {attribute(person.role, "session_data"): f"s3://sessions/{instance.id}"})

"""The programs on desktops of the kit: the agent's own conversation and door, around a person who is there or not.

What an agent says goes through the app's own routes. Each request is an invocation of its own: it may be lost, or come
when the agent has long given it up, or twice, while the agent goes on from one to the next as it does on a desktop.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import greenlet

import app
from chalicelib.domain.model import State
from chalicelib.domain.seat import Role, attribute
from desktop.api import AppRefused, AppUnreachable
from desktop.config import Config
from desktop.conversation import LOOK_S, READY_S, Conversation
from desktop.door import Door, Presence, Seat, Verdict
from desktop.ends import Ends
from desktop.state import State as Kept
from tests.fakes import Instance, Row
from tests.simulation.world.clock import MINUTE, SECOND
from tests.simulation.world.hostile import moment
from tests.simulation.world.lives import DOMAIN, Life
from tests.simulation.world.payloads import CONTEXT, http_event
from tests.simulation.world.processes import Process

if TYPE_CHECKING:
    from tests.simulation.world.world import World

ROLE = "arn:aws:iam::123456789012:role/desktops"
PATIENCE = timedelta(seconds=15)
"""How long an agent waits for an answer."""

UPLOADS_S, SLOWLY_S = (2, 20, 90, 300), 900
"""How long what is left on a desktop takes to be safe, in seconds; by a slow network longer than it may live for it."""

CALM = MINUTE
"""How often an agent is stepped of which nothing is new: less often than a real one, to try more meetings."""

AGITATED = timedelta(seconds=READY_S + 2 * LOOK_S)
"""How long it is stepped as often as a real one, once something has changed."""

Answer = Mapping[str, Any] | None
"""A proxy answer; None where none has come in time."""


class Agents:
    """Every agent there is, by the id of its desktop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.all: dict[str, Agent] = {}

    def boot(self, instance: Instance, life: Life) -> None:
        """Let the agent of a desktop begin, as often as this boots; what it keeps on disk stays."""
        before = self.all.get(instance.id)
        agent = self.all[instance.id] = Agent(self._world, instance, life, before.kept if before else _Kept())
        agent.draw_life()

    def say_last_words(self, instance: Instance) -> None:
        """Let the agent of a desktop that shuts down speak once more."""
        if agent := self.all.get(instance.id):
            agent.say_last_words()

    def behind(self, link: str) -> Agent | None:
        """Return the agent of the desktop that a link leads to."""
        return self.all.get(link.removeprefix("https://").removesuffix(":8443").removesuffix(f".{DOMAIN}"))

    def row_written(self, life: Life, old: Row | None, new: Row) -> None:
        """See what of the agents' words has come onto a row."""
        for role in Role:
            told, missing = attribute(role, "session_data"), attribute(role, "missing")
            dated = attribute(role, "uploaded_at")
            if new.get(told) and (not (old or {}).get(told) or new.get(dated) != (old or {}).get(dated)):
                noted_at = moment(new.get(dated)) or self._world.now
                said_at = life.said_upload.get(role, self._world.now)  # a handler may stand still before it writes
                life.uploaded[role] = max(said_at, min(noted_at, self._world.now))
            if bool(new.get(missing)) != bool((old or {}).get(missing)):
                life.shut_since[role] = self._world.now if new.get(missing) else None


class Agent:
    """One desktop's agent, from a boot on."""

    def __init__(self, world: World, instance: Instance, life: Life, kept: _Kept) -> None:
        self.instance = instance
        self.kept = kept
        self.missing: tuple[str, ...] = ("lesson is not logged on yet.",)
        self.is_connected = False
        self.uploads = True
        self.newest_token = ""
        self.changed_at = self.troubled_at = world.now
        """When something of what it tells has changed, and when a request of its own came to nothing, UTC."""
        self._world = world
        self._life = life
        self._left_at: datetime | None = None
        self._is_over = self._is_near_its_end = False
        self._visits = 0
        self.visited_at: datetime | None = None
        """When somebody came to it last, UTC."""
        self.saved_at: datetime | None = None
        """When the app took its word that all is safe, and it was so; None where somebody has come since."""
        self.has_unsaved = False
        """Whether it holds what is nowhere else."""
        self._known_connected = (world.now, False)
        self._safe_at: datetime | None = None
        self._wake_at = world.now
        self._talk: greenlet.greenlet | None = None
        self.restart()

    def restart(self) -> None:
        """Begin the agent anew on a desktop that goes on; it knows nothing but what it has kept."""
        self._talk = None
        self._conversation = Conversation(
            self, self._life.id, self.instance.id, lambda: self.missing, lambda: self.is_connected, self._elapsed
        )
        self._ends = Ends(self._conversation, self._world.clock)
        self._door = Door(self._seat, self._presence, self._world.clock, self.kept)
        self._changed()

    @property
    def is_up(self) -> bool:
        """Whether this agent runs: its machine does, and has not booted again."""
        own = self._world.agents.all.get(self.instance.id)
        return own is self and self.instance.state(self._world.now) is State.RUNNING

    @property
    def knows_its_seat(self) -> bool:
        """Whether the app has told this agent whose desktop it is, and until when it is."""
        return self._seat() is not None

    @property
    def is_known_connected(self) -> bool:
        """Whether somebody is connected by the latest of its words, as it said them, that has come to the app."""
        return self._known_connected[1]

    # --- what happens to it

    def draw_life(self) -> None:
        """Draw what the desktop lacks, and when; until its person's user is logged on it lacks that."""
        world, life, rng = self._world, self._life, self._world.rng
        if world.strikes("never_reports", life):
            return
        ready = timedelta(seconds=rng.uniform(60, 240))
        if world.strikes("reports_late", life):
            ready += timedelta(minutes=rng.uniform(10, 40))
        world.after(ready, self.lack)
        if world.strikes("lacks", life):
            begins = ready + timedelta(minutes=rng.uniform(0, 40))
            world.after(begins, lambda: self.lack("The DCV service is not running."))
            world.after(begins + rng.choice((5, 30, 90, 600, 1500)) * SECOND, self.lack)
        if world.strikes("reports_again", life):
            world.after(ready + timedelta(minutes=rng.uniform(1, 60)), self.restart)

    def lack(self, *missing: str) -> None:
        """Let the desktop lack this from now on, or nothing."""
        self.missing = missing
        self._changed()

    def admit(self, token: str) -> Verdict:
        """Let in whoever brings this token, if the door opens for it."""
        verdict = self._door.judge(token)
        if verdict.opens:
            self.newest_token = token
            self._visits += not self.is_connected
            self.is_connected, self._left_at = True, None
            self.visited_at, self.saved_at, self.has_unsaved = self._world.now, None, True
            self._changed()
        return verdict

    def leave(self) -> None:
        """See the person go, or lose the connection."""
        if self.is_connected:
            self.is_connected, self._left_at = False, self._world.now
            self._changed()
            self._wake_in(Config().away)

    def say_last_words(self) -> None:
        """Let it say all that it says, whatever has become of its machine, its meeting and what it said before."""
        self.restart()
        self._step()

    # --- what it says

    def _changed(self) -> None:
        self.changed_at = self._world.now
        self._wake_in(timedelta(seconds=self._world.rng.uniform(LOOK_S, 1.5 * LOOK_S)))

    def _wake_in(self, delay: timedelta) -> None:
        """Step it then, unless it is stepped before anyhow; each step asks for the next."""
        world = self._world
        if world.now < self._wake_at < world.now + delay:
            return
        due = self._wake_at = world.now + delay

        def wake() -> None:
            if self.is_up and self._wake_at == due and self._talk is None:
                self._step()

        world.at(due, wake)

    def _step(self) -> None:
        self._talk = greenlet.greenlet(self._live, greenlet.getcurrent())
        self._go_on(self._talk)

    def _go_on(self, talk: greenlet.greenlet, *answer: Answer) -> None:
        """Let it think until it asks something or has nothing more to say."""
        request = talk.switch(*answer)
        if not talk.dead:
            method, path, body = request
            self._send(method, path, body, lambda answer: self._go_on(talk, answer) if talk is self._talk else None)
            return
        self._talk = None
        if self.is_up:
            agitated = self._is_near_its_end or self._world.now < max(self.changed_at, self.troubled_at) + AGITATED
            self._wake_in(timedelta(seconds=LOOK_S) if agitated else CALM)

    def _live(self) -> None:
        """Do what a step of the agent does."""
        now = self._world.now
        place = self._conversation.place
        left = self._ends.minutes_left(place) if place and not self._is_over else None
        if left == 0:
            self._is_over = True
            self.leave()
        end = place.end if place and not self._is_over else None
        self._is_near_its_end = end is not None and now >= end - 2 * CALM  # it asks at a minute, and hears a step later
        away = self._left_at and now - self._left_at >= Config().away
        if self._left_at and self.uploads and (away or self._is_over):
            self._left_at = None
            self._begin_upload()
        if self._safe_at and now >= self._safe_at and not self.is_connected and self._left_at is None:
            self._safe_at, self.has_unsaved = None, False
            self._conversation.uploaded({"url": f"https://sessions.example.com/{self.instance.id}/{self._visits}"})
        self._conversation.step(leaving=self._is_over)

    def _begin_upload(self) -> None:
        """Upload what was recorded; where the app does not say that it is, the image's own command does so at once."""
        world = self._world
        takes = timedelta(0)
        if world.records:
            takes = timedelta(
                seconds=SLOWLY_S if world.strikes("uploads_slowly", self._life) else world.rng.choice(UPLOADS_S)
            )
        self._safe_at = world.now + takes
        if takes:
            self._wake_in(takes)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask the app, as the agent's conversation does, and wait for its answer while the world goes on."""
        if path.endswith("/ready") and not (body or {})["missing"]:
            self._life.reported.add(self.instance.id)
        if path.endswith("/uploaded") and self.instance.role:
            self._life.said_upload.setdefault(self.instance.role, self._world.now)
        parent = greenlet.getcurrent().parent
        answer: Answer = parent.switch((method, path, body)) if parent else None
        status = answer["statusCode"] if answer else 502
        if status != 200:
            self.troubled_at = self._world.now
        if answer is None or status >= 500:
            raise AppUnreachable("The app does not answer.")
        if path.endswith("/uploaded") and status == 200 and not self.has_unsaved:
            self.saved_at = self._world.now
        told: dict[str, Any] = json.loads(answer["body"])
        if status != 200:
            raise AppRefused(status, str(told["message"]))
        return told

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, reply: Callable[[Answer], None]) -> None:
        """Send a request as networks and API Gateway do; the agent hears of it once, in time or never."""
        world, heard = self._world, False
        said_at = world.now
        signed = {"x-amz-date": said_at.strftime("%Y%m%dT%H%M%SZ")}

        def hear(answer: Answer) -> None:
            nonlocal heard
            if not heard:
                heard = True
                reply(answer)

        def arrive(hear: Callable[[Answer], None]) -> None:
            what = path.rpartition("/")[2] if body else "whose"
            resource = f"/desktop/{{meetingId}}/{what}" if body else "/desktop/{meetingId}"
            arn = f"arn:aws:sts::123456789012:assumed-role/desktops/{self.instance.id}"
            text = json.dumps(body) if body else ""
            event = http_event(method, resource, {"meetingId": self._life.id}, signed, text, {"userArn": arn})
            answers: list[dict[str, Any]] = []
            call = lambda: answers.append(app.app(event, CONTEXT))  # noqa: E731

            def done(_process: Process) -> None:
                answer = answers.pop() if answers else None
                if what == "presence" and answer and answer["statusCode"] == 200 and body:
                    self._known_connected = max(self._known_connected, (said_at, bool(body["connected"])))
                hear(answer)

            world.processes.invoke(Process(f"desktop {what}", (self._life.id,), world.now), call, done)

        if world.strikes("report_lost", self._life):
            pass
        elif world.strikes("report_late", self._life):
            late = PATIENCE + timedelta(seconds=world.rng.uniform(1, 30))
            world.after(late, lambda: arrive(lambda answer: None))
        else:
            if world.strikes("report_doubled", self._life):
                again = timedelta(seconds=world.rng.uniform(0.1, 20))
                world.after(again, lambda: arrive(lambda answer: None))
            arrive(hear)
        if not heard:
            world.after(PATIENCE, lambda: hear(None))

    def _seat(self) -> Seat | None:
        place = self._conversation.place
        return place.seat if place and not self._is_over and not self._conversation.is_over else None

    def _presence(self) -> Presence:
        return Presence(int(self.is_connected), self._left_at)

    def _elapsed(self) -> float:
        return self._world.now.timestamp()


class _Kept(Kept):
    """What an agent keeps, without a disk: a world has thousands of them."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"), "")

    def _write(self, value: Mapping[str, Any]) -> None:
        """Leave it in memory, where it is already."""

"""Handlers, each a coroutine of its own, so that at any call another may come between.

A handler that is paused at a call leaves the stage to whatever is due, on the same meeting too, and
goes on later, or is found to have run out of Lambda's time. Nothing is parallel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import greenlet

from chalicelib.domain.errors import ElephantError
from tests.fakes import Instance
from tests.simulation.faults import Killed
from tests.simulation.world.clock import MINUTE
from tests.simulation.world.lives import Life

if TYPE_CHECKING:
    from tests.simulation.world.stream import Record
    from tests.simulation.world.world import World

LAMBDA_TIMEOUT = timedelta(seconds=50)
RETRIES_AFTER = (MINUTE, 2 * MINUTE)


@dataclass(slots=True)
class Process:
    """One invocation of a handler."""

    name: str
    meetings: tuple[str, ...]
    began: datetime
    outcome: str = "running"
    broken: bool = False  # it was killed, or others came between
    failing: set[str] = field(default_factory=set)  # the ports of which a call failed
    cursed: set[str] = field(default_factory=set)  # the meetings that calls failed about
    ended: set[str] = field(default_factory=set)  # the meetings that it decided to end
    batch: tuple[Record, ...] = ()  # the stream records that it was given
    death: Instance | None = None  # the instance of whose end it was told
    surprise: Exception | None = None  # what it failed of, where that is none of the app's own errors
    nonsense: bool = False  # it was given what nobody can understand

    @property
    def disturbed(self) -> bool:
        """Whether something went wrong in it that is not one meeting's own."""
        return self.broken or bool(self.failing)

    @property
    def refused(self) -> bool:
        """Whether a call of it failed."""
        return bool(self.failing or self.cursed)


class Processes:
    """Runs handlers, pauses them, and tries them again as Lambda does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stage = greenlet.getcurrent()
        self.running: Process | None = None
        self.paused = 0  # how many handlers stand still at a call
        self.disturbances = 0

    def invoke(self, process: Process, call: Callable[[], Any], done: Callable[[Process], None]) -> None:
        """Run a handler as a coroutine of its own, and say when it is done, however it ends."""

        def body() -> None:
            try:
                call()
                process.outcome = "done"
            except Killed:
                process.outcome = "killed"
            except Exception as error:
                process.outcome = f"failed: {error}"
                process.surprise = None if isinstance(error, ElephantError) else error

        self._resume(process, greenlet.greenlet(body, self._stage), done)

    def invoke_async(self, name: str, call: Callable[[], Any], meeting_id: str | None = None, **told: Any) -> None:
        """Invoke as Lambda does for events and timers: tried again twice when it fails."""

        def attempt(retries: tuple[timedelta, ...]) -> None:
            def done(process: Process) -> None:
                if process.outcome == "done":
                    return
                if retries and not self._world.strikes("no_retry"):
                    self._world.after(retries[0], lambda: attempt(retries[1:]))
                else:
                    self._world.checks.given_up(self._world, process)

            meetings = (meeting_id,) if meeting_id else ()
            self.invoke(Process(name, meetings, self._world.now, **told), call, done)

        attempt(RETRIES_AFTER)

    def _resume(self, process: Process, coroutine: greenlet.greenlet, done: Callable[[Process], None]) -> None:
        world = self._world
        self.running = process
        delay = coroutine.switch()
        self.running = None
        if not coroutine.dead:
            self.paused += 1
            world.after(delay, lambda: self._go_on(process, coroutine, done))
            return
        if process.outcome not in ("done", "running"):
            for life in self._lives_of(process):
                world.tell(life, f"{process.name} {process.outcome}")
        world.checks.returned(world, process)
        done(process)
        if process.outcome == "done":
            for life in self._lives_of(process):
                world.checks.after_look(world, life, process)

    def _go_on(self, process: Process, coroutine: greenlet.greenlet, done: Callable[[Process], None]) -> None:
        self.paused -= 1
        self._resume(process, coroutine, done)

    def pause(self, delay: timedelta) -> None:
        """Let the running handler stand still for a while; past its timeout it is killed."""
        process = self.running
        if process is None:
            return
        self._stage.switch(delay)
        if self._world.now - process.began > LAMBDA_TIMEOUT:
            raise Killed("Lambda's time is up")

    def note_fault(self, kind: str, what: str) -> None:
        """Note that a fault has struck whatever is running now, in which call, or about which meeting."""
        self.disturbances += 1
        process = self.running
        if process is None:
            return
        if kind == "cursed":
            process.cursed.add(what)
        elif kind in ("outage", "call_failed", "answer_lost"):
            process.failing.add(what.partition(".")[0])
        else:
            process.broken = True
        if process.name == "sweep":
            self._world.sweeps.last_fault = self._world.now
        for life in self._lives_of(process):
            life.last_fault = self._world.now
            self._world.tell(life, f"fault: {kind} in {process.name}")

    def _lives_of(self, process: Process) -> list[Life]:
        lives = self._world.lives
        return [lives[meeting_id] for meeting_id in process.meetings if meeting_id in lives]

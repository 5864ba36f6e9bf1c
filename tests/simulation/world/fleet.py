"""What EC2 and the programs on the desktops do: they boot, report, shut down, and end themselves by their guard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import app
from chalicelib.adapters.userdata import EVERY_MIN, MARGIN_MIN
from chalicelib.domain.model import State
from chalicelib.domain.seat import Role, attribute
from chalicelib.settings import Client
from tests.fakes import Instance
from tests.simulation.world.clock import MINUTE, SECOND
from tests.simulation.world.lives import Life
from tests.simulation.world.payloads import CONTEXT, eventbridge_event

if TYPE_CHECKING:
    from tests.simulation.world.world import World


class Fleet:
    """Lives the desktops' lives, and tells the app of their states by events."""

    def __init__(self, world: World) -> None:
        self._world = world

    # --- EC2

    def launched(self, instance: Instance) -> None:
        """Draw the life of a desktop that the app has launched."""
        world, rng = self._world, self._world.rng
        self.arm_guard(instance)
        life = world.lives.get(instance.meeting_id or "")
        if life is None:
            return
        world.tell(life, f"EC2: {instance.role}'s desktop {instance.id} is launched in {instance.subnet}")
        world.checks.launched(world, life, instance)
        instance.runs_at = world.now + timedelta(seconds=rng.uniform(15, 45))
        if world.strikes("never_boots", life):
            instance.runs_at = world.now + timedelta(days=30)
        instance.has_address_at = instance.runs_at
        if world.strikes("no_address", life):
            instance.has_address_at += timedelta(seconds=rng.uniform(1, 90))
        if world.strikes("name_taken", life):
            world.foreign.take_name(instance)
        if world.strikes("unseen", life):
            instance.shown_at = world.now + timedelta(seconds=rng.uniform(1, 60))
        world.at(instance.runs_at, lambda: self._state_change(instance, State.RUNNING))
        world.at(instance.runs_at, lambda: self.boot(instance, life))
        if world.strikes("dies", life):
            world.after(timedelta(minutes=rng.expovariate(1 / 30)), lambda: world.desktops.die(instance.id))
        if world.strikes("stopped", life):
            world.after(timedelta(minutes=rng.expovariate(1 / 30)), lambda: self._stop(instance, life))
        if world.strikes("restarted", life):
            world.after(timedelta(minutes=rng.expovariate(1 / 15)), lambda: self._restart(instance, life))

    def arm_guard(self, instance: Instance) -> None:
        """Let the guest end itself at its first look that is late enough; a stopped one has no guest.

        It looks at the deadline that its tag bears by then, and obeys it where the app can have written it.
        """
        world, bears = self._world, instance.deadline
        first, last = instance.movable or (bears, bears)
        if not bears or not (first and last and first <= bears <= last):
            return

        def guard() -> None:
            if instance.deadline == bears and not instance.stopped_at:
                world.desktops.die(instance.id)

        late = bears + MARGIN_MIN * MINUTE - instance.runs_at
        looks = max(0, -(-late // (EVERY_MIN * MINUTE)))
        world.at(instance.runs_at + looks * EVERY_MIN * MINUTE, guard)

    def _stop(self, instance: Instance, life: Life) -> None:
        if instance.state(self._world.now) is State.RUNNING:
            self._world.tell(life, f"console: {instance.role}'s {instance.id} is stopped")
            instance.stopped_at = self._world.now

    def _restart(self, instance: Instance, life: Life) -> None:
        """Let somebody stop a desktop and start it again: it comes back under another address."""
        world = self._world

        def start() -> None:
            if instance.state(world.now) is not State.STOPPED:
                return
            instance.start(world.now)
            world.tell(life, f"console: {instance.role}'s {instance.id} is started again, with {instance.address}")
            self.arm_guard(instance)
            world.at(instance.runs_at, lambda: self._state_change(instance, State.RUNNING))
            world.at(instance.runs_at, lambda: self.boot(instance, life))

        self._stop(instance, life)
        world.after(world.desktops.DYING, start)

    def died(self, instance: Instance) -> None:
        """Let a desktop shut down, perhaps with a last report, and tell of it."""
        world = self._world
        if life := world.lives.get(instance.meeting_id or ""):
            world.tell(life, f"EC2: {instance.role}'s desktop {instance.id} shuts down")
            if world.strikes("last_words", life):
                soon = timedelta(seconds=world.rng.uniform(1, 25))
                world.after(soon, lambda: self._say_last_words(instance, life))
        self._state_change(instance, State.SHUTTING_DOWN)

    def _say_last_words(self, instance: Instance, life: Life) -> None:
        if self._world.client is Client.KIT:
            self._world.agents.say_last_words(instance)
        else:
            self._report(instance, life, 0, tagged=True)

    def _state_change(self, instance: Instance, state: State) -> None:
        world = self._world
        if instance.state(world.now) is not state:
            return
        life = world.lives.get(instance.meeting_id or "")
        detail = {"instance-id": instance.id, "state": state.value}
        event = eventbridge_event("aws.ec2", "EC2 Instance State-change Notification", detail)
        death = None if state is State.RUNNING else instance

        def tell() -> None:
            call = lambda: app.dns_watchdog(event, CONTEXT)  # noqa: E731
            world.processes.invoke_async(f"EC2 event {state}", call, life.id if life else None, death=death)

        self._deliver(life, SECOND, tell)

    def _deliver(self, life: Life | None, delay: timedelta, what: Callable[[], None]) -> None:
        """Deliver an event as the cloud does: soon, or late, or twice, or never."""
        world = self._world
        if world.strikes("event_lost", life):
            return
        if world.strikes("event_late", life):
            delay += timedelta(seconds=world.rng.random() * 3600)
        world.after(delay, what)
        if world.strikes("event_doubled", life):
            world.after(delay + timedelta(seconds=world.rng.random() * 120), what)

    # --- what runs on them

    def boot(self, instance: Instance, life: Life) -> None:
        """Let the programs on a desktop begin: some minutes later it reports."""
        world, rng = self._world, self._world.rng
        if instance.state(world.now) is not State.RUNNING:
            return
        if world.client is Client.KIT:
            world.agents.boot(instance, life)
            return
        if world.strikes("never_reports", life):
            return
        delay = timedelta(seconds=rng.uniform(60, 240))
        if world.strikes("reports_late", life):
            delay += timedelta(minutes=rng.uniform(10, 40))
        tagged = world.strikes("reports_by_tag", life)
        world.after(delay, lambda: self._report(instance, life, 10, tagged))
        if world.strikes("reports_again", life):
            again = delay + timedelta(minutes=rng.uniform(1, 60))
            world.after(again, lambda: self._report(instance, life, 0, tagged))

    def _own_row(self, instance: Instance) -> str | None:
        """Return the row that names this desktop, as a desktop finds it out: by a scan for its own id."""
        meeting_id = instance.meeting_id or ""
        row = self._world.meetings.rows.get(meeting_id, {})
        named = [row.get(attribute(role, "ec2_id")) for role in Role]
        return meeting_id if instance.id in named else None

    def _report(self, instance: Instance, life: Life, tries: int, tagged: bool = False) -> None:
        world = self._world
        if instance.state(world.now) not in (State.RUNNING, State.SHUTTING_DOWN):
            return
        meeting_id = life.id if tagged and life.id in world.meetings.rows else self._own_row(instance)
        if meeting_id is None:
            if tries:
                world.after(timedelta(seconds=30), lambda: self._report(instance, life, tries - 1))
            return
        row = world.meetings.rows[meeting_id]
        named = instance.id in [row.get(attribute(role, "ec2_id")) for role in Role]
        world.wire.injected["HEALTHY after the end"] += bool(row.get("termination_reason"))
        world.wire.injected["HEALTHY of a desktop that the row does not name"] += not named
        life.reported.add(instance.id)
        world.tell(life, f"desktop: {instance.role}'s {instance.id} reports HEALTHY")
        world.meetings.write(meeting_id, {"status": "HEALTHY", "instance_id": instance.id})

"""What somebody does by hand, in the console or with a script: to rows, records, desktops and payloads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import app
from chalicelib.domain import rows
from chalicelib.domain.model import Owner, State
from chalicelib.domain.seat import Role, SeatAttribute, attribute
from tests.simulation.world.clock import HOUR, MINUTE
from tests.simulation.world.lives import DOMAIN, LEAD, Booking, Life
from tests.simulation.world.payloads import CONTEXT

if TYPE_CHECKING:
    from tests.simulation.world.world import World

OF_A_ROLE: tuple[SeatAttribute, ...] = (
    "attempt",
    "attempt_at",
    "ec2_id",
    "launched_at",
    "joined_at",
    "late_boots",
)

EDITS = (
    *("status", "garbage", "terminated", "unnamed", "blank", "types"),
    *("moved", "moved", "moved", "wrong id", "wrong id"),
)


class Console:
    """Somebody with access to everything, who means well."""

    def __init__(self, world: World) -> None:
        self._world = world

    def draw(self, life: Life) -> None:
        """Draw what is done by hand to a new meeting and beside it."""
        world = self._world
        world.hostile.draw(life)
        if world.strikes("look_alikes", life):
            world.foreign.add_look_alikes(life)
        if world.strikes("launched_by_hand", life):
            world.at(life.meet_time - 13 * MINUTE, lambda: self._launch(life))
        for kind, what in (
            ("edited", self._edit),
            ("deleted", self._delete),
            ("copied", self._copy),
            ("mistagged", self._mistag),
            ("record_deleted", self._delete_record),
            ("cursed", self._curse),
            ("bad_payload", self._send_nonsense),
        ):
            if world.strikes(kind):
                world.after(world.rng.uniform(0, 60) * MINUTE, lambda what=what: what(life))  # type: ignore[misc]

    # --- rows

    def type_in(self, meeting_id: str, booking: Booking) -> None:
        """Make a row: it says when the meeting is, and nothing that only the app would write."""
        world = self._world
        since = booking.meet_time - LEAD
        life = Life(meeting_id, booking.meet_time, booking.duration, booking.people, since, world.upload_time)
        life.made_by_hand = True
        world.lives[meeting_id] = life
        world.tell(life, f"console: a row is made by hand for {life.meet_time:%H:%M:%S}, {life.duration} at most")
        minutes = int(life.duration / MINUTE)
        world.meetings.write(meeting_id, {"meet_time": rows.timestamp(life.meet_time), "duration_minutes": minutes})
        world.people.begin(life)

    def move(self, life: Life, delta: timedelta) -> None:
        """Move a meeting."""
        world = self._world
        life.meet_time += delta
        life.moved_at = life.last_fault = world.now
        world.end = max(world.end, world.now + 2 * HOUR + life.duration + life.upload_time)
        world.meetings.write(life.id, {"meet_time": rows.timestamp(life.meet_time)})

    def _delete(self, life: Life) -> None:
        world = self._world
        if life.id in world.meetings.rows:
            world.tell(life, "console: the row is deleted")
            life.edited, life.deleted_at, life.last_fault = True, world.now, world.now
            del world.meetings.rows[life.id]

    def _edit(self, life: Life) -> None:
        """Change a row, as people do."""
        world, rng = self._world, self._world.rng
        if life.id not in world.meetings.rows:
            return
        kind = rng.choice(EDITS)
        world.tell(life, f"console: the row is edited: {kind}")
        life.last_fault = world.now
        if kind == "moved":
            self.move(life, timedelta(days=rng.choice((0, 0, 0, 0, 30)), minutes=rng.choice((-20, 20, 90))))
            return
        changes = self._draw_changes(kind, life)
        if not changes:
            return
        life.edited, life.cancelled = True, kind == "terminated"
        remove = tuple(name for name, value in changes.items() if value is None)
        world.meetings.write(life.id, {k: v for k, v in changes.items() if v is not None}, remove)

    def _draw_changes(self, kind: str, life: Life) -> dict[str, Any]:
        """Return what an edit writes, None for what it removes; nothing where it cannot be made."""
        world, rng = self._world, self._world.rng
        role = rng.choice(list(Role))
        match kind:
            case "status":
                return {"status": rng.choice(("SCHEDULED", "LAUNCHED", "DONE"))}
            case "garbage":
                return {"meet_time": "half past nine"}
            case "terminated":
                return {"status": "TERMINATED"}
            case "unnamed":
                return {attribute(role, "ec2_id"): None}
            case "blank":
                return {attribute(role, "session_data"): ""}
            case "wrong id":
                others = [i for i in world.desktops.alive() if i.meeting_id not in (None, life.id)]
                if not others:
                    return {}
                wrong = rng.choice(others)
                world.tell(life, f"console: {wrong.id} of {wrong.meeting_id} is named for the {role}")
                return {attribute(role, "ec2_id"): wrong.id}
            case _:
                of_role = rng.choice(OF_A_ROLE)
                name = rng.choice(("status", "open", "created_at", "duration_minutes", attribute(role, of_role)))
                return {name: rng.choice((7, "seven", True, ["a", "list"], {"a": "map"}))}

    # --- desktops

    def _launch(self, life: Life) -> None:
        """Launch a desktop for a meeting, with no stage's tag."""
        world = self._world
        instance = world.desktops.add(life.id, world.rng.choice(list(Role)), Owner.BY_HAND)
        world.tell(life, f"console: {instance.id} is launched by hand for the {instance.role}")
        world.at(instance.runs_at, lambda: world.fleet.boot(instance, life))

    def _copy(self, life: Life) -> None:
        """Launch "more like this", with all its tags."""
        world = self._world
        living = [i for i in world.desktops.of(life.id) if i.token and i.state(world.now) is State.RUNNING]
        if not living:
            return
        model = world.rng.choice(living)
        instance = world.desktops.add(life.id, model.role, model.owner, model.subnet, deadline=model.deadline)
        world.tell(life, f"console: {instance.id} is launched by hand, tagged as {model.id} is")
        world.fleet.arm_guard(instance)
        world.at(instance.runs_at, lambda: world.fleet.boot(instance, life))

    def _mistag(self, life: Life) -> None:
        """Launch a desktop with this stage's tags whose meeting is mistyped, or not there at all."""
        world = self._world
        mistyped = world.rng.choice((None, f"{life.id}x"))
        instance = world.desktops.add(mistyped, world.rng.choice(list(Role)))
        world.tell(life, f"console: {instance.id} is launched by hand for the meeting {mistyped}")

    # --- everything else

    def _delete_record(self, life: Life) -> None:
        """Delete a desktop's record in the zone."""
        world = self._world
        names = [f"{instance.id}.{DOMAIN}" for instance in world.desktops.of(life.id)]
        if there := [name for name in names if name in world.dns.records]:
            name = world.rng.choice(there)
            del world.dns.records[name]
            life.record_deleted_at = life.last_fault = world.now
            world.tell(life, f"console: the record {name} is deleted")

    def _curse(self, life: Life) -> None:
        """Let every call about one meeting fail for a while: its row has grown too large, or the like."""
        world = self._world
        until = min(world.now + world.rng.choice((2, 10, 30)) * MINUTE, world.end)
        world.wire.curses[life.id] = life.cursed_until = life.last_fault = until
        world.tell(life, f"fault: calls about it fail until {until:%H:%M:%S}")

    def _send_nonsense(self, life: Life) -> None:
        """Send what nobody can understand to one of the handlers, among what all can."""
        world, rng = self._world, self._world.rng
        kind = rng.choice(("launch timer", "safety timer", "EC2 event", "stream", "stream", "stream"))
        if kind == "stream":
            image = rng.choice(({"id": {"N": "7"}}, {"id": "m"}, {}, {"id": {"S": "m"}, "meet_time": {"N": "x"}}))
            world.stream.add(life.id, {}, image, None)  # in the shard, and so among the records, of this meeting
            return
        handler = {"launch timer": app.launch_ec2, "safety timer": app.safety_net}.get(kind, app.dns_watchdog)
        event = rng.choice(({}, {"meeting_id": 7}, {"detail": {"instance-id": "i-7", "state": "dancing"}}))
        world.processes.invoke_async(kind, lambda: handler(event, CONTEXT), nonsense=True)

"""9. A handler that fails says so to its trigger, or the sweep repairs it; nothing is swallowed."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain import rows
from chalicelib.domain.model import Owner
from chalicelib.domain.seat import Role, attribute
from chalicelib.runtime import current
from chalicelib.settings import Client
from tests.builders import understood
from tests.fakes import Row
from tests.simulation.promises.presence import away_since, is_known_away
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.reasons import have_come
from tests.simulation.promises.said import LONGEST_SILENCE
from tests.simulation.promises.truth import GRACE, LEASE, deadline, gone_since, had_chances, is_closing, start
from tests.simulation.world.lives import CHECKPOINT, LEAD, Life
from tests.simulation.world.processes import Process
from tests.simulation.world.sweeps import FLEET_AND_ROWS
from tests.simulation.world.world import World


class NothingIsSwallowed(Promise):
    """Whatever failed is told, and was repaired two sweeps later."""

    name = "9 nothing is swallowed"

    def returned(self, world: World, process: Process) -> None:
        """A handler that fails says so. Who asks is told by a status, and stream records are the sweep's too."""
        if process.outcome != "done" or process.batch:
            return
        life = world.lives.get(process.meetings[0]) if process.meetings else None
        answers = process.name.startswith(("join", "schedule", "desktop"))
        if process.refused and not answers:
            self.broken(world, life, f"{process.name} says that all is well; a call of it failed")
        if process.nonsense:
            self.broken(world, life, f"{process.name} says nothing about what it cannot read")

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """Nobody is told that there is no room while there is."""
        running = world.processes.running
        if life is None or old is None or life.edited or running is None or running.broken:
            return
        for role in Role:
            refused = attribute(role, "refused")
            if new.get(refused) == "InsufficientInstanceCapacity" and not old.get(refused):
                room = set(world.desktops.zones) - world.desktops.full
                if room:
                    problem = f"the {role} is told that there is no room, {', '.join(sorted(room))} has some"
                    self.broken(world, life, problem)

    def meeting_swept(self, world: World, life: Life, row: Row, sweep: Sweep) -> None:
        """Who needs a desktop has one, checkpoints are held, and ends are carried out."""
        if not life.edited:
            self._judge_desktops(world, life, row)
            self._judge_end(world, life, row)
            self._judge_checkpoint(world, life, row)

    def _judge_desktops(self, world: World, life: Life, row: Row) -> None:
        """A meeting that is due has a desktop for everybody who still needs one, and another for who wants another."""
        if row.get("termination_reason") or world.now < start(life) - LEAD or is_closing(world, life):
            return
        if world.desktops.refusal or world.desktops.full.issuperset(world.desktops.zones):
            return
        for role in Role:
            self._judge_wish(world, life, row, role)
            launches = [i for i in world.desktops.of(life.id) if i.role is role and i.owner is not Owner.FOREIGN]
            if role in life.uploaded or any(i.state(world.now).serves for i in launches):
                continue
            tried_at = row.get(attribute(role, "attempt_at"))
            since = [start(life) - LEAD, *map(gone_since, launches), life.moved_at or life.scheduled_at]
            tries = int(row.get(attribute(role, "attempt"), 0))
            patience = LEASE * tries if row.get(attribute(role, "refused")) else LEASE
            since += [rows.parse_time(tried_at) + patience] if tried_at else []
            if tries >= current().policy.max_attempts:
                continue  # it may not be tried again; when the meeting ends for that is another promise's
            if had_chances(world, max(since), FLEET_AND_ROWS, life):
                self.broken(world, life, f"the {role} has no desktop since {max(since)}")

    def _judge_wish(self, world: World, life: Life, row: Row, role: Role) -> None:
        desktop_id, since = life.unwanted.get(role, ("", world.now))
        if row.get(attribute(role, "ec2_id")) != desktop_id or row.get(attribute(role, "replace_asked")) != desktop_id:
            return
        if is_known_away(world, life, row, role):
            return  # who has gone wants none any more
        attempts = int(row.get(attribute(role, "attempt"), 0))
        if attempts < current().policy.max_attempts and had_chances(world, since, FLEET_AND_ROWS, life):
            self.broken(world, life, f"the {role} wants another desktop since {since}, and has {desktop_id} still")

    def _judge_end(self, world: World, life: Life, row: Row) -> None:
        """A meeting whose end has come is ended, or ending."""
        if row.get("termination_reason"):
            return
        checkpoint = start(life) + CHECKPOINT
        ends = [deadline(life)]
        if is_closing(world, life):  # how much sooner is the recordings' own promise
            if had_chances(world, _since(ends[0], life), FLEET_AND_ROWS, life):
                self.broken(world, life, f"its deadline came at {ends[0]}, and it goes on")
            return
        away = {role: at for role in Role if (at := away_since(world, life, row, role))}
        dated = [max(at, rows.parse_time(noted)) for role, at in away.items() if (noted := _uploaded_at(row, role))]
        heard = LONGEST_SILENCE + life.upload_time if world.client is Client.KIT else timedelta(0)
        if len(away) == len(Role):
            ends.append(max(checkpoint, *away.values()) + heard)
        elif len(away) == len(dated) == 1:
            ends.append(max(checkpoint, dated[0] + GRACE) + heard)
        if had_chances(world, _since(min(ends), life), FLEET_AND_ROWS, life):
            self.broken(world, life, f"its end came at {min(ends)}, and it goes on")

    def _judge_checkpoint(self, world: World, life: Life, row: Row) -> None:
        if row.get("checkpoint_at") or row.get("termination_reason"):
            return
        if not have_come(life, row) and not life.uploaded:
            return  # then it is held as long as it takes to know whether somebody could enter
        checkpoint = start(life) + CHECKPOINT
        if had_chances(world, _since(checkpoint, life), FLEET_AND_ROWS, life):
            self.broken(world, life, f"no checkpoint was held at {checkpoint}")

    def at_the_end(self, world: World) -> None:
        """Every meeting has come to its end, and the row says so."""
        for life in world.lives.values():
            row = world.meetings.rows.get(life.id)
            if row is not None and not life.forged:
                self._judge_outcome(world, life, row)
            elif row is None and not life.deleted_at:
                self.broken(world, life, "its row is gone")

    def _judge_outcome(self, world: World, life: Life, row: Row) -> None:
        if row.get("status") != "TERMINATED" or not row.get("termination_reason"):
            if world.now < start(life) - LEAD:
                return  # it was moved to another day
            if not _could_be_heard_of(world, life, row):
                return
            self.broken(world, life, f"it has not ended: {row}")
        if row.get("open") == rows.LISTED:
            self.broken(world, life, "it is still listed as open")
        for kind in ("launch", "safety"):
            if f"{kind}-{life.id}" in world.timers.armed:
                self.broken(world, life, f"its {kind} timer is still armed")


def _uploaded_at(row: Row, role: Role) -> str | None:
    return row.get(attribute(role, "uploaded_at"))


def _since(moment: datetime, life: Life) -> datetime:
    return max(moment, life.moved_at or moment)


def _has_heard_of(row: Row, name: str) -> bool:
    """Return whether the row's history tells that somebody has typed over this attribute."""
    return any(f"{name} became" in str(entry.get("what")) for entry in row.get("history", []))


def _could_be_heard_of(world: World, life: Life, row: Row) -> bool:
    """Return whether the app had any way to know that a meeting is to be ended."""
    listed = row.get("open") == rows.LISTED
    launched = any(instance.owner is Owner.OURS for instance in world.desktops.of(life.id))
    if (life.made_by_hand or life.edited) and not listed and not launched:
        return False  # every record that told of it was lost, and it costs nothing
    if life.edited and understood(row).meet_time is None and not launched:
        return False  # it never had desktops, and nobody can tell when it was to be
    if life.edited and not listed and not _has_heard_of(row, "open"):
        return False  # it was typed off the list, and whatever told of it since failed, and said so
    # Somebody may have typed over the status of one that had left the list, and that record was lost.
    return not (life.edited and understood(row).finished and not listed)

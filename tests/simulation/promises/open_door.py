"""5. A 200 from join means that this role's own desktop is alive, has reported healthy, and resolves."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.model import DnsRecord, State
from chalicelib.domain.seat import Role, attribute
from desktop.door import Verdict
from tests.fakes import Instance, Row
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.truth import (
    SETTLING,
    SLACK,
    deadline_borne,
    death_heard,
    ends_at,
    gone_since,
    had_chances,
    stands_down,
    was_seen_serving,
)
from tests.simulation.world.agents import Agent
from tests.simulation.world.hostile import moment
from tests.simulation.world.lives import DOMAIN, Life
from tests.simulation.world.processes import Process
from tests.simulation.world.world import World


class OpenDoorIsReal(Promise):
    """A link leads to its role's own desktop, at the address that this has."""

    name = "5 an open door is real"
    asked_every = 3

    def published(self, world: World, record: DnsRecord) -> None:
        """A name is published for its own meeting, and leads to its own desktop."""
        instance = world.desktops.instances.get(record.name.removesuffix(f".{DOMAIN}"))
        if instance is None:
            return
        life = world.lives.get(record.meeting_id)
        if instance.meeting_id not in (None, record.meeting_id):
            problem = f"{record.name} is published for it, the desktop is {instance.meeting_id}'s"
            self.broken(world, life, problem)
        running = world.processes.running
        moved_meanwhile = running and instance.started_at and instance.started_at >= running.began
        if record.address != instance.address and not moved_meanwhile:
            self.broken(world, life, f"{record.name} is led to {record.address}, the desktop has {instance.address}")

    def withdrawn(self, world: World, name: str) -> None:
        """Nobody's link is made to lead nowhere."""
        instance = world.desktops.instances.get(name.removesuffix(f".{DOMAIN}"))
        life = world.lives.get(instance.meeting_id or "") if instance else None
        if instance is None or life is None or life.edited or instance.role is None:
            return
        row = world.meetings.rows.get(life.id, {})
        linked = name in str(row.get(attribute(instance.role, "ec2_link")))
        spared = row.get("termination_reason") or stands_down(world, life) or world.now >= deadline_borne(life)
        if linked and not spared and was_seen_serving(world, instance):
            self.broken(world, life, f"{name} is withdrawn, the {instance.role} has its link")

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """Nobody is noted as in after the end, and no desktop as healthy that has not said so itself."""
        if life is None or old is None or life.edited:
            return
        reason = old.get("termination_reason")
        for role in Role:
            joined, healthy = attribute(role, "joined_at"), attribute(role, "healthy_at")
            if reason and new.get(joined) and not old.get(joined):
                self.broken(world, life, f"the {role} is let in, it ends as {reason}")
            desktop_id = new.get(attribute(role, "ec2_id"))
            if new.get(healthy) and desktop_id not in life.reported:
                self.broken(world, life, f"the {role}'s {desktop_id} is noted as healthy, it has not reported")

    def let_in(self, world: World, life: Life, role: Role, link: str, asked_at: datetime) -> None:
        """Whoever is let in finds their own desktop."""
        row = world.meetings.rows.get(life.id, {})
        if (ending_at := moment(row.get("ending_at"))) and ending_at < asked_at and not life.forged:
            self.broken(world, life, f"the {role} was let in, it ended at {ending_at}")
        if asked_at > ends_at(life) + SLACK and not (life.edited or life.moved_at):
            self.broken(world, life, f"the {role} was let in, people's time ended at {ends_at(life)}")
        name = link.removeprefix("https://").removesuffix(":8443")
        instance = world.desktops.instances.get(name.removesuffix(f".{DOMAIN}"))
        if life.forged:
            if instance is None or f"{instance.id}.{DOMAIN}" != name:
                self.broken(world, life, f"the {role} was sent to {link}, which is no desktop's address")
            return
        is_named = instance is not None and row.get(attribute(role, "ec2_id")) == instance.id
        if instance and is_named and life.edited and instance.meeting_id != life.id:
            return  # somebody wrote another meeting's desktop into the row, and no sweep has looked at it yet
        if instance is None or instance.meeting_id != life.id or instance.role is not role:
            self.broken(world, life, f"the {role} was sent to {link}, not their own desktop")
        unwanted, wished_at = life.unwanted.get(role, ("", asked_at))
        if instance.id == unwanted and wished_at < asked_at and not life.edited:
            self.broken(world, life, f"the {role} was sent to {unwanted} again, another is wanted since {wished_at}")
        if instance.id not in life.reported:
            self.broken(world, life, f"the {role}'s {instance.id} has not reported healthy")
        if (since := life.shut_since.get(role)) and since < asked_at and not life.edited:
            self.broken(world, life, f"the {role}'s {instance.id} says since {since} that it is not ready")
        if not instance.state(world.now).serves:
            if had_chances(world, gone_since(instance), life=life):
                self.broken(world, life, f"the {role}'s {instance.id} is gone since {gone_since(instance)}")
        elif not _resolves(world, instance) and not _was_changed_just_now(world, life, instance):
            self.broken(world, life, f"{name} does not resolve to {instance.address}")

    def at_the_door(self, world: World, life: Life, agent: Agent, verdict: Verdict, *, good: bool) -> None:
        """A desktop that knows whose it is lets in who brings a click's token, or returns in time, and no other."""
        if verdict.opens and not good:
            self.broken(world, life, f"{agent.instance.id} opens for a token that is good no more: {verdict.why}")
        if good and not verdict.opens and agent.knows_its_seat and not life.edited:
            self.broken(world, life, f"{agent.instance.id} stays closed: {verdict.why}")

    def returned(self, world: World, process: Process) -> None:
        """Once a death is known, nobody is sent to that desktop any more."""
        if (heard := death_heard(world, process)) is None:
            return
        life, row, instance = heard
        for role in Role:
            if row.get(attribute(role, "ec2_id")) == instance.id and row.get(attribute(role, "ec2_link")):
                self.broken(world, life, f"{instance.id}'s death was told, its link stands")

    def meeting_swept(self, world: World, life: Life, row: Row, sweep: Sweep) -> None:
        """A link leads to its desktop, even if somebody deleted the record, or the desktop's address has changed."""
        if life.edited or row.get("termination_reason") or not sweep.clean:
            return
        for role in Role:
            instance = world.desktops.instances.get(row.get(attribute(role, "ec2_id"), ""))
            if instance is None or f"{instance.id}.{DOMAIN}" in world.dns.foreign or _resolves(world, instance):
                continue
            if not row.get(attribute(role, "ec2_link")) or instance.state(world.now) is not State.RUNNING:
                continue
            since = max(instance.launched_at + SETTLING, instance.has_address_at, life.record_deleted_at)
            if had_chances(world, since, life=life):
                self.broken(world, life, f"{instance.id}'s name does not resolve to {instance.address} since {since}")


def _resolves(world: World, instance: Instance) -> bool:
    record = world.dns.records.get(f"{instance.id}.{DOMAIN}")
    return record is not None and record.address == instance.address


def _was_changed_just_now(world: World, life: Life, instance: Instance) -> bool:
    """Return whether somebody has deleted a record or restarted the desktop, and no sweep could repair it yet."""
    changes = [at for at in (life.record_deleted_at, instance.started_at) if at]
    return not had_chances(world, max(changes) + SETTLING, life=life)

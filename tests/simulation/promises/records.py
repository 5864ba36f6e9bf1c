"""3. No owned record outlives its desktop by more than two sweeps."""

from __future__ import annotations

from chalicelib.domain.model import DnsRecord, Owner
from tests.fakes import Instance
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.truth import SETTLING, death_heard, gone_since, had_chances
from tests.simulation.world.lives import DOMAIN
from tests.simulation.world.processes import Process
from tests.simulation.world.world import World


class NoRecordOutlivesItsDesktop(Promise):
    """Nor does a name come back once its meeting has ended or its desktop is dead."""

    name = "3 no record outlives its desktop"

    def published(self, world: World, record: DnsRecord) -> None:
        """No handler publishes a name of a meeting that it has ended itself, or of a desktop that died before."""
        running = world.processes.running
        life = world.lives.get(record.meeting_id)
        if running and record.meeting_id in running.ended:
            self.broken(world, life, f"{record.name} comes back after the end")
        instance = _desktop_of(world, record.name)
        if running and instance and instance.dies_at and instance.dies_at < running.began:
            problem = f"{running.name} publishes {record.name}, the desktop died at {instance.dies_at}"
            self.broken(world, life, problem)

    def returned(self, world: World, process: Process) -> None:
        """Once a death is known, the desktop's name is gone."""
        if (heard := death_heard(world, process)) is None:
            return
        life, _, instance = heard
        # Whoever stands still in the midst of replacing it, or was killed there, withdraws it later.
        undisturbed = life.last_fault is None or life.last_fault <= instance.launched_at
        calm = undisturbed and not world.processes.paused and world.sweeps.last_fault < gone_since(instance)
        if calm and f"{instance.id}.{DOMAIN}" in world.dns.records:
            self.broken(world, life, f"{instance.id}'s death was told, its record stands")

    def swept(self, world: World, sweep: Sweep) -> None:
        """No record of a dead desktop lasts."""
        if not sweep.clean:
            return
        for record in world.dns.records.values():
            instance = _desktop_of(world, record.name)
            died = instance.dies_at if instance else None
            if died and died <= world.now:
                life = world.lives.get(record.meeting_id)
                if had_chances(world, max(died, (record.created_at or died) + SETTLING), life=life):
                    self.broken(world, life, f"{record.name}; it died at {died}")

    def at_the_end(self, world: World) -> None:
        """Nothing is left."""
        for record in world.dns.records.values():
            instance = _desktop_of(world, record.name)
            if instance and instance.owner is Owner.BY_HAND and instance.state(world.now).must_be_ended:
                continue  # it is served as long as it lives, and never collected
            self._figures.orphaned += 1
            self.broken(world, world.lives.get(record.meeting_id), f"{record.name} is left at the end")


def _desktop_of(world: World, name: str) -> Instance | None:
    return world.desktops.instances.get(name.removesuffix(f".{DOMAIN}"))

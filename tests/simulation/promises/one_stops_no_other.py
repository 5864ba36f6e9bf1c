"""8. One bad meeting, record or payload never stops the others."""

from __future__ import annotations

from chalicelib.domain import rows
from chalicelib.domain.actions import Launch, Terminate, Update
from tests.fakes import Row
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.truth import SETTLING, named, noted
from tests.simulation.promises.wishes import wishes
from tests.simulation.world.lives import Life
from tests.simulation.world.processes import Process
from tests.simulation.world.stream import RECORD_LASTS, Record
from tests.simulation.world.world import World


class OneNeverStopsOthers(Promise):
    """What fails of one is no other's loss."""

    name = "8 one never stops the others"

    def meeting_swept(self, world: World, life: Life, row: Row, sweep: Sweep) -> None:
        """A sweep in which something failed has done what it could for all others."""
        process = sweep.process
        if life.edited or not process.refused or life.id in process.cursed:
            return
        for action in wishes(world, life.id):
            is_note = (
                isinstance(action, Update) and action.urgent and not action.needs and action.set.keys() != {"status"}
            )
            if isinstance(action, Terminate | Launch) or is_note:
                what = ", ".join([*process.cursed, *sorted(process.failing)])
                self.broken(world, life, f"a sweep in which {what} failed left undone: {action}")

    def returned(self, world: World, process: Process) -> None:
        """A batch that is said to be done was heard: the sweep sees each meeting, each report is on its row."""
        if process.outcome == "done":
            for record in process.batch:
                self._judge_record(world, process, record)

    def _judge_record(self, world: World, process: Process, record: Record) -> None:
        life = world.lives.get(record.meeting_id)
        row = world.meetings.rows.get(record.meeting_id)
        if life is None or row is None or life.edited or row.get("termination_reason") or not record.row:
            return
        if world.now >= record.at + RECORD_LASTS or (process.refused and world.now >= record.at + SETTLING):
            return
        if row.get("open") != rows.LISTED:
            self.broken(world, life, "its row was written, and no sweep will see it")
        if record.row.get("instance_id") not in named(row) or record.row.get("status") != "HEALTHY":
            return
        if record.row["instance_id"] not in noted(row):
            self.broken(world, life, f"{record.row['instance_id']} has reported healthy, and nobody knows it any more")

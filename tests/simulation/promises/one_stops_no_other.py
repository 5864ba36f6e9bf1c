"""8. One bad meeting, record or payload never stops the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from chalicelib.domain import rows
from chalicelib.domain.actions import Launch, Terminate
from chalicelib.domain.seat import Role, attribute
from chalicelib.domain.update import Update
from chalicelib.log import Warn
from tests.fakes import Row
from tests.simulation.figures import Figures
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.truth import SETTLING, named, noted
from tests.simulation.promises.wishes import wishes
from tests.simulation.world.lives import Life
from tests.simulation.world.processes import Process
from tests.simulation.world.stream import RECORD_LASTS, Record
from tests.simulation.world.world import World

TOLD_AT_MOST = 3
"""How often the same may be told of the same row: containers forget, and a stream's image may tell of an older one."""


NOTHING_NEW = ("_waiting_at", "_seen_at", "_connected_at", "_disconnected_at", "_missing", "_missing_since", "history")
"""How attributes end that are written again and again, and of which the handler of records need make nothing."""


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

    def __init__(self, figures: Figures) -> None:
        super().__init__(figures)
        self._told: Counter[tuple[int, str]] = Counter()
        self._rows: dict[int, Row] = {}

    def logged(self, world: World, life: Life | None, facts: Mapping[str, Any], error: object) -> None:
        """No row is a surprise to the app, and what is wrong with one is told once, not by every sweep."""
        if error is not None:
            self.broken(world, life, f"{facts['event']} tells of what nobody expected: {error!r}")
        if facts["event"] != Warn.BAD_ROW or life is None or (row := world.meetings.rows.get(life.id)) is None:
            return
        self._rows[id(row)] = row  # kept, so that no other row gets its id
        self._told[id(row), facts["why"]] += 1
        if self._told[id(row), facts["why"]] > TOLD_AT_MOST:
            self.broken(world, life, f"told again and again: {facts['why']}")

    def returned(self, world: World, process: Process) -> None:
        """A batch that is said to be done was heard: the sweep sees each meeting, each report is on its row."""
        if process.surprise:
            life = world.lives.get(process.meetings[0]) if process.meetings else None
            self.broken(world, life, f"{process.name} failed of what nobody expected: {process.surprise!r}")
        if process.outcome == "done":
            for record in process.batch:
                self._judge_record(world, process, record)

    def _judge_record(self, world: World, process: Process, record: Record) -> None:
        life = world.lives.get(record.meeting_id)
        row = world.meetings.rows.get(record.meeting_id)
        if life is None or row is None or life.edited or row.get("termination_reason") or not record.row:
            return
        if record.changed and all(name.endswith(NOTHING_NEW) for name in record.changed):
            return
        if world.now >= record.at + RECORD_LASTS or (process.refused and world.now >= record.at + SETTLING):
            return
        if row.get("open") != rows.LISTED:
            self.broken(world, life, "its row was written, and no sweep will see it")
        if record.row.get("instance_id") not in named(row) or record.row.get("status") != "HEALTHY":
            return
        reporter = record.row["instance_id"]
        if reporter in [row.get(attribute(role, name)) for role in Role for name in ("given_up", "replace_asked")]:
            return  # it is about to be replaced, and who reports after that is not entered
        if reporter not in noted(row):
            self.broken(world, life, f"{reporter} has reported healthy, and nobody knows it any more")

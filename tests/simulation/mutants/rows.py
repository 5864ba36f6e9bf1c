"""Defects of what the app believes of a row: anybody with the table's rights can write one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.control.look import Looker
from chalicelib.domain import rows
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Seat
from chalicelib.rules import doors, times
from chalicelib.rules.strays import Inventory
from tests.simulation.mutants.changes import given, returns
from tests.simulation.mutants.mutant import Mutant

RULES = "tests/unit/rules"


def _believes_what_can_be_typed(original: Callable[..., bool]) -> Callable[..., bool]:
    def vouches_for(self: Meeting, seat: Seat) -> bool:
        return seat.voucher == f"{self.id}/{seat.desktop_id}" or original(self, seat)

    return vouches_for


def _believes_any_voucher(original: Callable[..., bool]) -> Callable[..., bool]:
    return lambda self, seat: bool(seat.desktop_id and seat.voucher)


def _launches_unknown(meeting: Meeting, policy: Policy, launches: object = ()) -> tuple[Any, ...]:
    return meeting, policy, ()


def _fails_on_what_it_cannot_read(original: Callable[..., Any]) -> Callable[..., Any]:
    def read(self: Any, name: Any, kind: str, parse: Callable[[Any], Any]) -> Any:
        value = self.row.get(name)
        return None if value is None or value == "" else parse(value)

    return read


def _forgets_what_it_told(original: Callable[..., None]) -> Callable[..., None]:
    def report(self: Looker, *rest: Any) -> None:
        self._problems_told.clear()
        self._strangers_told.clear()
        original(self, *rest)

    return report


MUTANTS = (
    Mutant("believes a voucher that was copied", Meeting.vouches_for, _believes_any_voucher),
    Mutant(
        "believes a voucher that anybody can type",
        Meeting.vouches_for,
        _believes_what_can_be_typed,
        "tests/unit/test_keys.py",
    ),
    # Each of these two bounds what the other lets through, so only the rules' own tests see one of them missing.
    Mutant("counts a desktop's life from what its row says", times.deadline, given(_launches_unknown), RULES),
    Mutant("never ends what outlived every limit", Inventory.outlived, returns([]), RULES),
    Mutant(
        "sends people to whatever address the row holds",
        doors.address,
        lambda original: lambda seat, policy: seat.link,
        "tests/unit/test_join.py",
    ),
    Mutant("calculates with any number", rows._count, lambda original: int),
    Mutant("fails on a row that it cannot read", rows._Reader._read, _fails_on_what_it_cannot_read),
    Mutant("tells of a bad row in every sweep", Looker.report_problems, _forgets_what_it_told),
    Mutant(
        "obeys any length that a row asks for",
        times.duration,
        lambda original: lambda meeting, policy: meeting.duration or policy.max_duration,
        RULES,
    ),
)

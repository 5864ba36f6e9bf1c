"""Mutants hit what they name, wherever it is used, and nothing is left of them afterwards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from chalicelib.domain.actions import Terminate, Withdraw
from chalicelib.domain.update import Update
from tests.builders import change
from tests.simulation.mutants.catalog import MUTANTS
from tests.simulation.mutants.changes import (
    alters,
    always,
    does_nothing,
    given,
    keeps_out,
    never,
    raises,
    returns,
    swallows,
    without,
    without_expecting,
)
from tests.simulation.mutants.hunt import Hunt
from tests.simulation.mutants.mutant import Mutant, Row, function_of


def double(number: int, *, more: int = 0) -> int:
    return 2 * number + more


imported_by_name_elsewhere = double


@contextmanager
def opened(name: str) -> Iterator[str]:
    yield name


def closed_over(number: int) -> Callable[[], int]:
    def call() -> int:
        return number

    return call


class Thing:
    number = 3

    @property
    def big(self) -> bool:
        return self.number > 2

    @cached_property
    def doubled(self) -> int:
        return double(self.number)

    @classmethod
    def made(cls) -> str:
        return cls.__name__

    def plus(self, other: int) -> int:
        return self.number + other


@dataclass(frozen=True)
class Rule:
    name: str
    applies: Callable[[int], bool]


class NamedRule(NamedTuple):
    name: str
    applies: Callable[[int], bool]


TABLES: dict[str, Any] = {
    "dataclasses": (Rule("small", lambda n: n < 2), Rule("big", lambda n: n > 2)),
    "named tuples": [NamedRule("small", lambda n: n < 2), NamedRule("big", lambda n: n > 2)],
    "plain tuples": (("small", lambda n: n < 2), ("big", lambda n: n > 2)),
    "a mapping": {"small": lambda n: n < 2, "big": lambda n: n > 2},
}


def applies(table: Any, name: str, number: int) -> bool:
    if isinstance(table, dict):
        return bool(table[name](number))
    return any(bool(each[1](number)) for each in map(_pair, table) if each[0] == name)


def _pair(rule: Any) -> tuple[str, Callable[[int], bool]]:
    return (rule.name, rule.applies) if isinstance(rule, Rule) else (rule[0], rule[1])


class TestFunctions:
    def test_a_defect_is_there_wherever_the_function_is_held_and_gone_afterwards(self) -> None:
        held = {"by": double}
        with Mutant("m", double, returns(0)).applied() as tally:
            assert (double(4), imported_by_name_elsewhere(4, more=1), held["by"](4)) == (0, 0, 0)
        assert tally.calls == 3
        assert (double(4), imported_by_name_elsewhere(4, more=1)) == (8, 9)

    def test_the_change_gets_the_function_as_it_was(self) -> None:
        with Mutant("m", double, lambda original: lambda number, more=0: original(number, more=more) + 1).applied():
            assert double(4, more=2) == 11

    @pytest.mark.parametrize(
        ("target", "use", "right"),
        [
            (Thing.big, lambda: Thing().big, True),
            (Thing.doubled, lambda: Thing().doubled, 6),
            (Thing.made, Thing.made, "Thing"),
            (Thing.plus, lambda: Thing().plus(1), 4),
            (closed_over(5), None, 5),
        ],
        ids=["a property", "a cached property", "a class method", "a method", "a closure"],
    )
    def test_whatever_has_a_function_behind_it_can_be_changed(self, target: Any, use: Any, right: object) -> None:
        use = use or target
        assert use() == right
        with Mutant("m", target, returns("wrong")).applied():
            assert use() == "wrong"
        assert use() == right

    def test_a_decorated_function_is_changed_with_its_decorator(self) -> None:
        with Mutant("m", opened, lambda original: lambda name: original(f"not {name}")).applied(), opened("it") as name:
            assert name == "not it"

    def test_what_is_no_function_is_refused(self) -> None:
        with pytest.raises(TypeError, match="is no function, method or property"), Mutant("m", 7, never).applied():
            pass

    def test_a_defect_that_fails_is_gone_all_the_same(self) -> None:
        with pytest.raises(ZeroDivisionError), Mutant("m", double, returns(0)).applied():
            raise ZeroDivisionError
        assert double(1) == 2


class TestRows:
    @pytest.fixture(params=TABLES, ids=list(TABLES))
    def holder(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
        module = ModuleType("chalicelib.made_for_this_test")
        vars(module)["RULES"] = TABLES[request.param]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return module

    def test_one_row_is_changed_and_the_others_are_not(self, holder: Any) -> None:
        table = holder.RULES
        with Mutant("m", Row(table, "big"), always).applied() as tally:
            assert applies(holder.RULES, "big", 1)
            assert not applies(holder.RULES, "small", 5)
            assert tally.reached == 1
        assert holder.RULES is table

    def test_a_row_that_is_not_there_is_refused(self, holder: Any) -> None:
        with pytest.raises(LookupError), Mutant("m", Row(holder.RULES, "huge"), never).applied():
            pass

    def test_a_table_that_no_module_holds_is_refused(self) -> None:
        table = (("small", lambda n: n < 2),)
        with pytest.raises(LookupError, match="No module"), Mutant("m", Row(table, "small"), never).applied():
            pass


class TestReached:
    def test_a_defect_that_is_not_called_was_not_reached(self) -> None:
        with Mutant("m", double, returns(0)).applied() as tally:
            pass
        assert tally.reached == 0
        assert Hunt(None, tally.reached).verdict == "nobody: it was not reached"
        assert Hunt(None, 3).verdict == "nobody: it survived"

    @pytest.mark.parametrize(
        "change",
        [alters(lambda result: result), given(lambda *args: args)],
        ids=["returns the same", "takes the same"],
    )
    def test_a_defect_that_makes_no_difference_was_not_reached(self, change: Any) -> None:
        with Mutant("m", double, change).applied() as tally:
            assert double(4) == 8
        assert (tally.calls, tally.reached) == (1, 0)


WRITE = change("why", {"teacher_ec2_id": "i-1", "status": "LAUNCHED"}, ("student_ec2_id",), {"teacher_ec2_id": None})


class TestChanges:
    def test_a_write_without_an_attribute_is_without_it_for_either_role(self) -> None:
        lacking = without("ec2_id")(lambda: WRITE)
        assert lacking() == change("why", {"status": "LAUNCHED"}, (), {"teacher_ec2_id": None})

    def test_a_write_of_which_nothing_is_left_is_none(self) -> None:
        assert without("ec2_id", "status")(lambda: WRITE)() is None
        assert without("ec2_id", "status")(lambda: [WRITE, Terminate("why", ())])() == [Terminate("why", ())]

    def test_a_write_that_expects_less_writes_the_same(self) -> None:
        assert without_expecting("ec2_id")(lambda: [WRITE])() == [Update(WRITE.why, WRITE.set, WRITE.remove, {})]

    def test_actions_of_a_kind_are_kept_out(self) -> None:
        actions = [Terminate("why", ()), Withdraw("why", ())]
        assert keeps_out(Terminate)(lambda: actions)() == actions[1:]

    def test_errors_are_swallowed_or_exchanged(self) -> None:
        def fail() -> None:
            raise KeyError("it")

        assert swallows(KeyError, returning=[])(fail)() == []
        with pytest.raises(ValueError, match="it"):
            raises(ValueError, instead_of=KeyError)(fail)()
        assert does_nothing(fail)() is None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_applies_and_leaves_nothing_behind(mutant: Mutant) -> None:
    before = None if isinstance(mutant.target, Row) else function_of(mutant.target).__code__
    with mutant.applied() as tally:
        assert tally.defect is not None
        if not isinstance(mutant.target, Row):
            assert function_of(mutant.target).__code__ is not before
    if not isinstance(mutant.target, Row):
        assert function_of(mutant.target).__code__ is before


def test_mutants_have_names_of_their_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)

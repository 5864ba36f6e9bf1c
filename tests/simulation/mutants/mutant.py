"""A mutant: a defect in one function or in one row of a table, which it names by a reference and never by its text.

So whoever renames, moves or rewrites the function takes the mutant along, and a target that is gone
fails when this is type-checked or imported. How a function is written is no concern of a mutant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from itertools import count
from types import FunctionType, MethodType
from typing import Any

Change = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Takes a function as it is, and returns the defective one."""


@dataclass(slots=True)
class Tally:
    """How often a defect was reached: was called and, where that can be told, did something else than the original."""

    calls: int = 0
    defect: Callable[..., Any] | None = None

    @property
    def reached(self) -> int:
        """How often it made, or may have made, a difference."""
        return self.defect.effects if isinstance(self.defect, Altered) else self.calls

    def count(self, defect: Callable[..., Any]) -> Callable[..., Any]:
        """Return the defective function, counted from now on."""
        self.defect = defect

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            return defect(*args, **kwargs)

        return call


class Altered:
    """A function that takes, or returns, something else than the original; it knows when that made a difference.

    What it is given by name is left as it is.
    """

    def __init__(
        self,
        original: Callable[..., Any],
        given: Callable[..., tuple[Any, ...]] | None = None,
        returned: Callable[[Any], Any] | None = None,
    ) -> None:
        self._original, self._given, self._returned = original, given, returned
        self.effects = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the original, with other arguments or for another result."""
        if self._given:
            altered = self._given(*args)
            self.effects += altered != args
            return self._original(*altered, **kwargs)
        result = self._original(*args, **kwargs)
        if self._returned is None:
            return result
        instead = self._returned(result)
        self.effects += instead != result
        return instead


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: the one that holds `key`, or that `key` leads to. What is changed is the function in it.

    Where several hold it, `nth` says which, 0 for the first.
    """

    table: Any
    key: object
    nth: int = 0


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect: the target, and what becomes of it.

    `target` is a function, a method (as `Class.method`), a property or a `Row`. `suite` says what hunts it, where
    that is not the simulation with all faults: tests, as pytest takes them (`tests/contract -k timers`), or the crash
    points of `crash/<scenario>` or `crash/<scenario>/<fault>`.
    """

    name: str
    target: object
    change: Change
    suite: str | None = None

    @property
    def place(self) -> str:
        """Where the defect is, for the report."""
        if isinstance(self.target, Row):
            return f"row {self.target.key}"
        function = function_of(self.target)
        return f"{function.__module__.removeprefix('chalicelib.')}.{function.__qualname__}"

    @contextmanager
    def applied(self) -> Iterator[Tally]:
        """Let the defect be there for as long as this lasts, wherever the target is used.

        Raises:
            TypeError: the target is nothing that can be changed.
            LookupError: the table has no such row, or nothing holds the table.
        """
        tally = Tally()
        with ExitStack() as undo:
            if isinstance(self.target, Row):
                _put_into_table(self.target, self.change, tally, undo)
            else:
                _put_into_function(function_of(self.target), self.change, tally, undo)
            yield tally


def function_of(target: object) -> FunctionType:
    """Return the function behind a target.

    Raises:
        TypeError: there is none.
    """
    if isinstance(target, property) and target.fget is not None:
        return function_of(target.fget)
    if isinstance(target, cached_property):
        return function_of(target.func)
    if isinstance(target, MethodType):
        return function_of(target.__func__)
    if not isinstance(target, FunctionType):
        raise TypeError(f"{target!r} is no function, method or property; a mutant changes one of these or a row.")
    return target


# --- functions

_numbers = count()


def _put_into_function(function: FunctionType, change: Change, tally: Tally, undo: ExitStack) -> None:
    """Let a function do what the defective one does.

    Its code is exchanged and not the function, so that whoever holds it holds the defect: modules that
    have imported it by name, classes, tables, decorators.
    """
    original = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    original.__kwdefaults__ = function.__kwdefaults__
    name = f"_defect_{next(_numbers)}"
    defect = tally.count(change(original))
    function.__globals__[name] = defect
    undo.callback(function.__globals__.pop, name)
    code, defaults, keywords = function.__code__, function.__defaults__, function.__kwdefaults__

    def restore() -> None:
        function.__code__, function.__defaults__, function.__kwdefaults__ = code, defaults, keywords

    undo.callback(restore)
    function.__code__ = _code_calling(name, function).replace(co_name=code.co_name, co_qualname=code.co_qualname)
    function.__defaults__ = function.__kwdefaults__ = None


def _code_calling(name: str, function: FunctionType) -> Any:
    """Return code that calls the global of this name; a function's code may only be exchanged for one as closed."""
    free = function.__code__.co_freevars
    held = "".join(f"\n        held_{number}" for number in range(len(free)))
    given = ", ".join(f"held_{number}" for number in range(len(free)))
    source = f"""
def close({given}):
    def call(*args, **kwargs):
        return {name}(*args, **kwargs){held}
    return call
"""
    made: dict[str, Any] = {}
    exec(compile(source, "<mutant>", "exec"), made)
    return made["close"](*free).__code__


# --- rows


def _put_into_table(row: Row, change: Change, tally: Tally, undo: ExitStack) -> None:
    """Put a table with a defective row wherever the app's modules hold the table."""
    table = _with_changed_row(row, lambda original: tally.count(change(original)))
    modules = [module for name, module in list(sys.modules.items()) if name.split(".")[0] in ("app", "chalicelib")]
    holders = [(vars(m), name) for m in modules for name, value in list(vars(m).items()) if value is row.table]
    if not holders:
        raise LookupError(f"No module of the app holds the table with the row {row.key}.")
    for names, name in holders:
        undo.callback(names.__setitem__, name, row.table)
        names[name] = table


def _with_changed_row(row: Row, change: Change) -> Any:
    if isinstance(row.table, Mapping):
        return {**row.table, row.key: _changed(row.table[row.key], change)}
    found = [index for index, each in enumerate(row.table) if row.key in _values(each)]
    if len(found) <= row.nth:
        raise LookupError(f"The table has {len(found)} rows with {row.key}; there is none that is number {row.nth}.")
    rows = list(row.table)
    rows[found[row.nth]] = _changed(rows[found[row.nth]], change)
    return type(row.table)(rows)


def _values(row: object) -> list[object]:
    if is_dataclass(row):
        return [getattr(row, each.name) for each in fields(row)]
    return list(row) if isinstance(row, tuple) else [row]


def _changed(row: Any, change: Change) -> Any:
    """Return a row in which the one function is changed."""
    if callable(row) and not is_dataclass(row):
        return change(row)
    if is_dataclass(row) and not isinstance(row, type):
        [name] = [each.name for each in fields(row) if callable(getattr(row, each.name))]
        return replace(row, **{name: change(getattr(row, name))})
    changed = [change(value) if callable(value) else value for value in row]
    return type(row)(*changed) if hasattr(row, "_fields") else tuple(changed)

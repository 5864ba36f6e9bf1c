"""Calls that threads make at once are made as one, and each thread hears what became of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import pytest

from chalicelib.adapters.threads import AT_ONCE, Joined, side_by_side


class Calls:
    """Notes every call; the first is held up until the others wait."""

    def __init__(self, others: int) -> None:
        self.made: list[list[str]] = []
        self.failed: Mapping[str, Exception] = {}
        self.down: Exception | None = None
        self.errors: dict[str, Exception] = {}
        self.joined = Joined(self._call)
        self._others = others

    def _call(self, things: list[str]) -> Mapping[str, Exception]:
        self.made.append(things)
        if len(self.made) == 1:
            while len(self.joined._waiting) < self._others:
                time.sleep(0)
            return {}
        if self.down:
            raise self.down
        return {thing: error for thing, error in self.failed.items() if thing in things}

    def bring(self, thing: str) -> None:
        try:
            self.joined([thing])
        except Exception as error:
            self.errors[thing] = error

    def bring_all(self) -> None:
        first = threading.Thread(target=self.bring, args=["first"])
        first.start()
        while not self.made:
            time.sleep(0)
        rest = [threading.Thread(target=self.bring, args=[f"{number}"]) for number in range(self._others)]
        for thread in rest:
            thread.start()
        for thread in [first, *rest]:
            thread.join()


def test_what_comes_while_a_call_is_made_is_one_call_after_it() -> None:
    calls = Calls(20)
    calls.bring_all()
    assert calls.made[0] == ["first"]
    assert [sorted(made) for made in calls.made[1:]] == [sorted(map(str, range(20)))]
    assert calls.errors == {}


def test_what_fails_for_one_is_raised_where_that_one_was_brought_and_nowhere_else() -> None:
    calls = Calls(5)
    calls.failed = {"3": ValueError("3 is protected")}
    calls.bring_all()
    assert calls.errors == calls.failed


def test_what_fails_for_all_is_raised_everywhere_and_the_next_call_is_made_as_ever() -> None:
    calls = Calls(3)
    calls.down = ValueError("The service is down.")
    calls.bring_all()
    assert calls.errors == dict.fromkeys("012", calls.down)
    calls.down = None
    calls.joined(["later"])
    assert calls.made[-1] == ["later"]


def test_one_thread_s_things_are_one_call() -> None:
    made: list[list[str]] = []

    def call(things: list[str]) -> dict[str, Exception]:
        made.append(things)
        return {}

    joined = Joined(call)
    joined(["a", "b"])
    joined(["c"])
    assert made == [["a", "b"], ["c"]]


def test_looks_are_really_made_side_by_side() -> None:
    together = threading.Barrier(AT_ONCE, timeout=30)
    side_by_side([together.wait] * AT_ONCE)
    assert not together.broken


def test_what_a_job_raises_is_not_swallowed() -> None:
    def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        side_by_side([broken])

"""Several things at once: looks of a sweep side by side, and the calls that they make in one place made as one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from threading import Lock
from typing import Generic, TypeVar

R = TypeVar("R")
T = TypeVar("T", bound=Hashable)

AT_ONCE = 32
"""How many looks of a sweep are made side by side: nearly all of their time they wait for an answer."""


def side_by_side(jobs: Iterable[Callable[[], R]]) -> list[R]:
    """Do all of these, each in a thread of its own, and return what they do, in their order; raise what one raises."""
    from concurrent.futures import ThreadPoolExecutor  # only a sweep with much to do needs it

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [done.result() for done in [pool.submit(job) for job in jobs]]


class Joined(Generic[T]):
    """A call on things, which is made by one thread at a time, on what the others have brought meanwhile as well.

    Where nobody else is at it, it is just the call. Otherwise whoever comes next makes it for all that wait, so that a
    limit on calls is met by as few as there can be, and nothing waits for more to come.
    """

    def __init__(self, call: Callable[[list[T]], Mapping[T, Exception]], turn: Lock | None = None) -> None:
        """Take the call. It returns what became of the things for which it failed, and raises where it did for all.

        Calls that share a `turn` are made by one thread at a time among them.
        """
        self._call = call
        self._turn = turn or Lock()
        self._waiting: list[_Brought[T]] = []
        self._list = Lock()

    def __call__(self, things: Iterable[T]) -> None:
        """Make the call, or have it made; raises what it raised, or what became of these things.

        What became of several for several reasons is one error, of the kind of the first, with all that they say.
        """
        brought = _Brought(list(things))
        if not brought.things:
            return
        with self._list:
            self._waiting.append(brought)
        with self._turn:
            if not brought.done:
                with self._list:
                    together, self._waiting = self._waiting, []
                self._make(together)
        if brought.error:
            raise brought.error

    def _make(self, together: list[_Brought[T]]) -> None:
        failed: Mapping[T, Exception] = {}
        for_all = None
        try:
            failed = self._call([thing for brought in together for thing in brought.things])
        except Exception as error:
            for_all = error
        for brought in together:
            brought.done = True
            brought.error = for_all or _one([failed[thing] for thing in brought.things if thing in failed])


def _one(errors: Iterable[Exception]) -> Exception | None:
    several = list(dict.fromkeys(errors))
    return several[0] if len(several) == 1 else type(several[0])(" ".join(map(str, several))) if several else None


class _Brought(Generic[T]):
    """What one thread has brought, whether the call was made on it, and what became of it if it failed."""

    def __init__(self, things: list[T]) -> None:
        self.things = things
        self.done = False
        self.error: Exception | None = None

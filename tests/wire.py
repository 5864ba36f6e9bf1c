"""The wire between whoever calls a port and its model: where tests count, fail and interrupt the calls."""

from __future__ import annotations

from dataclasses import dataclass


class Wire:
    """What lies between the app and the models. By default every call goes through."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.about: tuple[object, ...] = ()
        self.next_error: Exception | None = None

    def before(self, call: str) -> None:
        """Take note of a call that is about to be made; raising here means that it was not made.

        What it is about stands in `about`: its arguments, the meeting's or desktop's id first.
        """
        self.calls.append(call)
        if self.next_error:
            error, self.next_error = self.next_error, None
            raise error

    def after(self, call: str) -> None:
        """Take note of a call that was made; raising here means that its answer was lost."""

    def call(self, name: str, *about: object) -> _Call:
        """Pass one call: what is done with this happens between `before` and `after`."""
        return _Call(self, name, about)


@dataclass(slots=True)
class _Call:
    wire: Wire
    name: str
    about: tuple[object, ...]

    def __enter__(self) -> None:
        self.wire.about = self.about
        self.wire.before(self.name)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.wire.after(self.name)

"""The meetings of a whole day, whose pages the table gives one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chalicelib.domain.model import Meeting

Day = Callable[[str, str | None], tuple[list[Meeting], str | None]]
"""Returns a page of the meetings of a day like 2026-03-01, UTC, those that are over too, and where the next begins."""


def all_of(of_day: Day, day: str) -> Iterator[Meeting]:
    """Yield every meeting of a day, reading a page when it is needed."""
    page, after = of_day(day, None)
    yield from page
    while after is not None:
        page, after = of_day(day, after)
        yield from page

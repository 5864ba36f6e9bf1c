"""A meeting is scheduled only where there is room for its desktops; who comes too late is told when there is."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.control import recount
from chalicelib.domain import rows
from chalicelib.domain.calendar import QUARTER, Week
from chalicelib.domain.errors import Conflict, TimeFull, Unavailable
from chalicelib.rules.calendar import wanted
from tests import at_length
from tests.builders import T, at
from tests.unit.desk import NOW, Desk

HOUR: dict[str, Any] = {"duration_minutes": 60}


def refused(desk: Desk, **fields: Any) -> TimeFull:
    """Return how a form is refused."""
    before = (dict(desk.meetings.rows), dict(desk.calendar.weeks), dict(desk.timers.armed))
    with pytest.raises(TimeFull) as full:
        desk.schedule(**fields)
    assert (desk.meetings.rows, desk.calendar.weeks, desk.timers.armed) == before
    return full.value


def test_a_meeting_takes_its_time_in_the_calendar() -> None:
    desk = Desk(at_once=10)
    desk.schedule(**HOUR)
    assert [desk.wanted_at(at(minute)) for minute in (-16, -15, 0, 59, 60)] == [0, 2, 2, 2, 0]


def test_as_many_meetings_as_there_are_desktops_for_and_not_one_more() -> None:
    desk = Desk(at_once=5)
    desk.schedule(**HOUR)
    desk.schedule(**HOUR)
    assert refused(desk, **HOUR).free == (at(75), at(90), at(105), at(120))
    assert desk.wanted_at(T) == 4


def test_who_is_refused_is_told_in_words_that_a_person_understands() -> None:
    desk = Desk(at_once=2)
    desk.schedule(**HOUR)
    told = str(refused(desk, **HOUR))
    assert told.startswith("That time is full. These times are free (UTC): Sunday, 1 March 2026, 16:15; ")


def test_where_a_whole_week_is_full_a_later_day_is_advised() -> None:
    desk = Desk(at_once=1)
    full = refused(desk)
    assert (full.free, "choose a later day" in str(full)) == ((), True)


def test_another_time_is_not_full() -> None:
    desk = Desk(at_once=2)
    desk.schedule(**HOUR)
    desk.schedule(**HOUR, meet_time=rows.timestamp(refused(desk, **HOUR).free[0]))
    assert len(desk.meetings.rows) == 2


def test_a_meeting_in_the_past_is_counted_from_now() -> None:
    desk = Desk(now=T, at_once=2)
    desk.schedule(**HOUR, meet_time=rows.timestamp(at(-30)))
    assert [desk.wanted_at(at(minute)) for minute in (-1, 0, 60, 74, 75)] == [0, 2, 2, 2, 0]


def test_a_meeting_over_the_end_of_a_week_takes_its_time_in_both() -> None:
    desk = Desk(at_once=2)
    desk.schedule(**HOUR, meet_time="2026-03-01T23:45:00Z")
    assert [desk.wanted_at(at(minute)) for minute in (509, 510, 539, 540, 584, 585)] == [0, 2, 2, 2, 2, 0]
    refused(desk, **HOUR, meet_time="2026-03-02T00:30:00Z")


def test_who_books_at_the_same_moment_is_waited_for() -> None:
    desk = Desk(at_once=4)
    book, others = desk.calendar.book, iter(range(3))

    def crowded(row: Any, weeks: Any) -> bool:
        if next(others, None) is not None:
            raise Conflict("Somebody booked.")
        return book(row, weeks)

    desk.calendar.book = crowded  # type: ignore[method-assign]
    desk.schedule(**HOUR)
    assert len(desk.meetings.rows) == 1
    assert len(desk.pauses_s) == 3
    assert all(0 < pause <= 0.5 for pause in desk.pauses_s)


def test_the_last_room_is_given_once_to_two_who_ask_at_the_same_moment() -> None:
    desk = Desk(at_once=2)
    book = desk.calendar.book

    def late(row: Any, weeks: Any) -> bool:
        desk.calendar.book = book  # type: ignore[method-assign]
        desk.schedule(**HOUR)
        return book(row, weeks)

    desk.calendar.book = late  # type: ignore[method-assign]
    with pytest.raises(TimeFull):
        desk.schedule(**HOUR)
    assert len(desk.meetings.rows) == 1
    assert desk.wanted_at(T) == 2


def test_in_a_crowd_that_does_not_end_it_is_given_up_for_now() -> None:
    desk = Desk(at_once=4)

    def crowded(row: Any, weeks: Any) -> bool:
        raise Conflict("Somebody booked.")

    desk.calendar.book = crowded  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="somebody else booked first"):
        desk.schedule(**HOUR)
    assert desk.meetings.rows == {}
    assert sum(desk.pauses_s) < 5, "a person waits, and the function has fifteen seconds"


def test_without_the_calendar_nothing_is_scheduled() -> None:
    desk = Desk(at_once=4)
    desk.wire.next_error = Unavailable("The table is down.")
    with pytest.raises(Unavailable):
        desk.schedule(**HOUR)
    assert (desk.meetings.rows, desk.timers.armed) == ({}, {})


# --- whatever happens, and in whichever order


class Town:
    """People book, cancel, move and write rows by hand, while the sweep recounts; at random, from a seed."""

    AT_ONCE = 6

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.desk = Desk(at_once=self.AT_ONCE)
        self.world: Any = self
        self.by_hand = 0

    meetings = property(lambda self: self.desk.meetings)
    calendar = property(lambda self: self.desk.calendar)
    policy = property(lambda self: self.desk.policy)

    def clock(self) -> datetime:
        return self.desk.now

    def some_time(self) -> str:
        return rows.timestamp(self.desk.now + self.rng.randrange(-30, 600) * timedelta(minutes=1))

    def act(self) -> None:
        """Let somebody do something."""
        self.rng.choices((self.book, self.cancel, self.write_by_hand, self.move, self.wait), (8, 2, 1, 1, 1))[0]()

    def book(self) -> None:
        try:
            told = self.desk.schedule(meet_time=self.some_time(), duration_minutes=self.rng.choice((20, 60, 200)))
        except TimeFull as full:
            if full.free and self.rng.random() < 0.5:
                wish: dict[str, Any] = {"meet_time": rows.timestamp(full.free[0]), "duration_minutes": 20}
                self.desk.schedule(**wish)
        else:
            assert told["id"] in self.meetings.rows

    def somebodys(self) -> str | None:
        ids = sorted(self.meetings.rows)
        return self.rng.choice(ids) if ids else None

    def cancel(self) -> None:
        if meeting_id := self.somebodys():
            self.meetings.write(meeting_id, {"status": "TERMINATED", "termination_reason": "CANCELLED"})

    def move(self) -> None:
        if meeting_id := self.somebodys():
            self.meetings.write(meeting_id, {"meet_time": self.some_time()})

    def write_by_hand(self) -> None:
        self.by_hand += 1
        self.meetings.write(f"by-hand-{self.by_hand}", {"meet_time": self.some_time(), "open": "1"})

    def wait(self) -> None:
        self.desk.now += timedelta(minutes=self.rng.randrange(40))

    def sweep(self, meanwhile: int) -> None:
        """Recount as the sweep does, while this much is done between its reading, its listing and its writing."""
        weeks = recount.weeks_before(self.world)
        before = self.rng.randrange(meanwhile + 1)
        for _ in range(before):
            self.act()
        listed = [meeting for page in self.meetings.open() for meeting in page]
        for _ in range(meanwhile - before):
            self.act()
        recount.correct(self.world, weeks, listed)

    def demand(self) -> Counter[int]:
        """Return what the rows want from now on, by quarters."""
        counts: Counter[int] = Counter()
        for page in self.meetings.open():
            for meeting in page:
                counts.update(dict.fromkeys(wanted(meeting, self.policy), 2))
        return self._to_come(counts)

    def counted(self) -> Counter[int]:
        """Return what the calendar holds from now on, by quarters."""
        weeks: Iterator[Week] = iter(self.calendar.weeks.values())
        pairs = (pair for week in weeks for pair in zip(week.quarters, week.desktops, strict=True))
        return self._to_come(Counter({quarter: count for quarter, count in pairs if count}))

    def _to_come(self, counts: Counter[int]) -> Counter[int]:
        present = (self.desk.now - datetime(1970, 1, 5, tzinfo=NOW.tzinfo)) // QUARTER
        return Counter({quarter: count for quarter, count in counts.items() if quarter >= present})


@pytest.mark.parametrize("seed", at_length.split(range(40), range(12).__contains__))
def test_after_a_quiet_recount_the_calendar_says_exactly_what_the_rows_want(seed: int) -> None:
    town = Town(seed)
    for _ in range(15):
        for _ in range(town.rng.randrange(6)):
            town.act()
        town.sweep(town.rng.randrange(4))
    town.sweep(meanwhile=0)
    assert town.counted() == town.demand()
    held = dict(town.calendar.weeks)
    town.sweep(meanwhile=0)
    assert town.calendar.weeks == held, "what is right is not written"


@pytest.mark.parametrize("seed", at_length.split(range(40), range(12).__contains__))
def test_where_all_is_booked_there_are_never_more_than_the_limit(seed: int) -> None:
    town = Town(seed)
    for _ in range(30):
        for _ in range(town.rng.randrange(8)):
            town.rng.choices((town.book, town.cancel, town.wait), (8, 1, 1))[0]()
            assert max(town.demand().values(), default=0) <= Town.AT_ONCE
        weeks = recount.weeks_before(town.world)
        for _ in range(town.rng.randrange(3)):
            town.book()
        listed = [meeting for page in town.meetings.open() for meeting in page]
        town.book()
        recount.correct(town.world, weeks, listed)
        assert max(town.demand().values(), default=0) <= Town.AT_ONCE

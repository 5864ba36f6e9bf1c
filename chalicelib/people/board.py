"""What operators see: the meetings of now, those of a day, and how many desktops are wanted when.

A day is listed by the table's index, page by page: a hundred meetings take two calls; nothing is scanned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.control.ports import Calendar, Ledger, Meetings, Pausing
from chalicelib.domain.calendar import QUARTER, QUARTERS_OF_A_WEEK, moment_of, quarter_of, week_of
from chalicelib.domain.days import all_of
from chalicelib.domain.errors import BadRequest
from chalicelib.domain.model import Meeting, Status
from chalicelib.domain.policy import Policy
from chalicelib.domain.prices import CURRENCY, Prices
from chalicelib.domain.rows import may_be_id, timestamp
from chalicelib.domain.spending import month_of
from chalicelib.people.overview import cost_told, seat_told, trouble_told
from chalicelib.people.report import report
from chalicelib.rules.cost import estimate
from chalicelib.rules.times import deadline, ends_at, times
from chalicelib.rules.trouble import troubles

SOON = timedelta(hours=1)
"""What begins no later than this is among the meetings of now."""

_MINUTE = timedelta(minutes=1)
_DIGITS = 6
_WEEK = re.compile(r"\d{4}-W\d{2}", re.ASCII)
USUAL_WEEKS, MOST_WEEKS = 4, 8
_WEEKS = {"", *map(str, range(1, MOST_WEEKS + 1))}

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Board:
    """Shows operators the meetings of a stage. `clock` tells UTC; `calendar` is None where nothing is limited.

    Without `prices` no cost is told. `limit` tells what months cost, and may cost in US dollars, where there is one.
    `pausing` tells whether the stage is paused, None where nobody can pause it.
    """

    meetings: Meetings
    calendar: Calendar | None
    clock: Callable[[], datetime]
    policy: Policy
    prices: Prices | None = None
    limit: tuple[Ledger, Decimal] | None = None
    pausing: Pausing | None = None

    def now(self) -> Told:
        """Return the meetings that are due soon, alive, or lately ended in trouble: those in trouble first."""
        now = self.clock()
        first, last = now - self.policy.longest_life, now + SOON
        found = [each for each in self._all_of(_days(first, last)) if self._is_of_now(each, now)]
        told = [self.told(meeting, now) for meeting in found]
        told.sort(key=lambda each: (not each["troubles"], each.get("meet_time", "")))
        here: Told = {"at": timestamp(now), "meetings": told, "at_once": self.policy.wanted_at_most}
        return here | self._spent(now) | self._paused()

    def _paused(self) -> Told:
        """Return who has paused the stage, nothing where it is not."""
        pause = self.pausing.standing() if self.pausing else None
        if pause is None:
            return {}
        told = {"by": pause.by, "why": pause.why} | ({"since": timestamp(pause.since)} if pause.since else {})
        return {"paused": told}

    def _spent(self, now: datetime) -> Told:
        """Return what this month's meetings cost, spent and planned, against the limit; nothing where there is none."""
        if self.limit is None:
            return {}
        (ledger, limit), month = self.limit, month_of(now)
        spent = ledger.read([month])[month].amount
        return {"month": {"name": month, "spent": float(spent), "limit": float(limit), "currency": CURRENCY}}

    def would_cost(self, asked: str) -> Told:
        """Return what a meeting of so many minutes would cost, as far as prices are set.

        Raises:
            BadRequest: it is no number of minutes, or more than a meeting may last.
        """
        longest = self.policy.longest_meeting // _MINUTE
        minutes = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < _DIGITS else 0
        if not 1 <= minutes <= longest:
            problem = f"The duration must be a whole number of minutes from 1 to {longest}."
            raise BadRequest(problem, (("duration_minutes", problem),))
        if self.prices is None:
            return {}
        told: Told = {"estimate": float(estimate(minutes * _MINUTE, self.policy, self.prices)), "currency": CURRENCY}
        return (
            told | ({"prices_as_of": f"{self.prices.as_of}"} if self.prices.as_of else {}) | self._spent(self.clock())
        )

    def week(self, asked: str) -> Told:
        """Return the figures of a week's meetings, by the days of UTC.

        Raises:
            BadRequest: it is no week like 2026-W09.
        """
        try:
            monday = datetime.strptime(f"{asked}-1", "%G-W%V-%u") if _WEEK.fullmatch(asked) else None  # noqa: DTZ007
        except ValueError:
            monday = None
        if monday is None or not 1970 < monday.year < 2200:
            raise BadRequest(f"{asked!r:.40} is no week; write it like 2026-W09.", (("week", "It is no week."),))
        days = [f"{(monday + timedelta(days=ahead)).date()}" for ahead in range(7)]
        figures = report(self._all_of(days), self.clock(), self.policy, self.prices)
        return {"week": asked, "from": days[0], "to": days[-1]} | figures

    def _all_of(self, days: Iterable[str]) -> Iterator[Meeting]:
        return (meeting for day in days for meeting in all_of(self.meetings.of_day, day))

    def _is_of_now(self, meeting: Meeting, now: datetime) -> bool:
        launch_at, end = times(meeting, self.policy).launch_at, deadline(meeting, self.policy)
        if meeting.finished:
            return bool(troubles(meeting, now, self.policy)) and self.policy.is_recent(meeting.ended_at, SOON, now)
        begins = meeting.begun_at or launch_at or meeting.created_at
        return begins is not None and begins <= now + SOON and (end is None or now < end + SOON)

    def day(self, asked: str, zone: str, after: str) -> Told:
        """Return a page of the meetings on a day of a zone, earliest first, and as `next` what asks for the page after.

        Raises:
            BadRequest: there is no such day, zone or page.
        """
        now, moment = self.clock(), read_day(asked)
        begins, ends = (_in_zone(moment + timedelta(days=ahead), zone) for ahead in (0, 1))
        days = _days(begins, ends - timedelta(microseconds=1))
        day, _, key = after.partition("/") if after else (days[0], "", "")
        if day not in days or (key and not may_be_id(key)):
            raise BadRequest("There is no such page of this day; ask for its first one.", (("after", "unknown"),))
        page, rest = self.meetings.of_day(day, key or None)
        starts = ((meeting, times(meeting, self.policy).start or meeting.meet_time) for meeting in page)
        its_own = [(start, meeting) for meeting, start in starts if start and begins <= start < ends]
        its_own.sort(key=lambda each: (each[0], each[1].id))
        following = days[days.index(day) + 1 :]
        further = f"{day}/{rest}" if rest else (f"{following[0]}/" if following else "")
        told: Told = {
            "day": asked,
            "from": timestamp(begins),
            "to": timestamp(ends),
            "at_once": self.policy.wanted_at_most,
        }
        told["meetings"] = [self.told(meeting, now) for _, meeting in its_own]
        return told | ({"next": further} if further else {})

    def told(self, meeting: Meeting, now: datetime) -> Told:
        """Return what a list shows of a meeting; what is not known is left out."""
        moments, end = times(meeting, self.policy), ends_at(meeting, self.policy)
        texts = {name: meeting.row.get(name) for name in ("teacher_name", "student_name", "time_zone", "scheduled_by")}
        told: Told = {name: text for name, text in texts.items() if isinstance(text, str)}
        known = {
            "meet_time": meeting.meet_time or moments.start,
            "launch_at": meeting.begun_at or moments.launch_at,
            "ends_at": end,
            "deadline": deadline(meeting, self.policy),
            "ended_at": meeting.ended_at,
        }
        told |= {name: timestamp(moment) for name, moment in known.items() if moment}
        told |= {"id": meeting.id, "status": meeting.status.value}
        told |= {"reason": meeting.reason} if meeting.reason else {}
        told["seats"] = {seat.role.value: seat_told(meeting, seat, now, self.policy) for seat in meeting.seats}
        told |= cost_told(meeting, now, self.policy, self.prices)
        told["troubles"] = [trouble_told(each) for each in troubles(meeting, now, self.policy)]
        told["lives"] = not meeting.over and (meeting.begun_at is not None or meeting.status.rank > _SCHEDULED)
        return told

    def strip(self, first: str, asked: str) -> Told:
        """Return how many desktops are wanted in each quarter of an hour of so many weeks, from that of a day on.

        `weeks` are none where nothing limits how many desktops there are, so that nobody counts.

        Raises:
            BadRequest: there is no such day, or it is no number of weeks, or too many.
        """
        begin = week_of(quarter_of(read_day(first).replace(tzinfo=UTC)))
        weeks = int(asked or USUAL_WEEKS) if asked in _WEEKS else 0
        if not weeks:
            problem = f"The weeks must be a whole number from 1 to {MOST_WEEKS}."
            raise BadRequest(problem, (("weeks", problem),))
        found = self.calendar.read(range(begin, begin + weeks)) if self.calendar else {}
        return {
            "at_once": self.policy.wanted_at_most,
            "minutes": QUARTER // timedelta(minutes=1),
            "from": timestamp(moment_of(begin * QUARTERS_OF_A_WEEK)),
            "weeks": [
                {"monday": f"{week.monday}", "desktops": list(week.desktops)} for _, week in sorted(found.items())
            ],
        }


_SCHEDULED = Status.SCHEDULED.rank


def read_day(text: str) -> datetime:
    """Return the midnight, of no zone, with which a day begins.

    Raises:
        BadRequest: it is no day like 2026-03-01, or one that nobody's clock reaches.
    """
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-03-01") else None
    except ValueError:
        day = None
    if day is None or not 1970 < day.year < 2200:
        raise BadRequest(f"{text!r:.40} is no day; write it like 2026-03-01.", (("day", "It is no day."),))
    return datetime.combine(day, time())


def _in_zone(moment: datetime, name: str) -> datetime:
    """Return a moment of a zone's clocks in UTC.

    Raises:
        BadRequest: there is no such zone.
    """
    try:
        return moment.replace(tzinfo=ZoneInfo(name) if name else UTC).astimezone(UTC)
    except (ValueError, OSError, LookupError):  # also of names that are paths
        problem = f"{name!r:.60} is no time zone that is known here; write one like Europe/Berlin."
        raise BadRequest(problem, (("tz", problem),)) from None


def _days(first: datetime, last: datetime) -> list[str]:
    """Return the days (UTC) that these moments lie on, and those between."""
    return [f"{first.date() + timedelta(days=ahead)}" for ahead in range((last.date() - first.date()).days + 1)]

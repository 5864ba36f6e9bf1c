"""When a meeting wants its desktops, which times have room for it, and what the calendar should say.

A meeting that has its time in the calendar already, and is to have another one, counts nowhere against itself: `own`
are the quarters that are counted for it.

A meeting wants a desktop for each role from its launch to its hard deadline, rounded outward to quarters of an hour.
What may be wanted at once is the operator's number, `Policy.wanted_at_most`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.domain.calendar import MONDAY, QUARTER, Week, moment_of, quarter_of, week_of
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.rules.times import deadline, times

OF_A_MEETING = len(Role)
"""The desktops that one meeting wants."""

AHEAD = timedelta(days=380)
"""How far ahead the calendar reaches: a meeting may be scheduled a year ahead, and last for a week."""

NONE = range(0)
"""No quarters: those of a meeting that is not in the calendar yet."""

_SEARCHED = timedelta(days=7)
_OFFERED = 4

Weeks = Mapping[int, Week]
"""Weeks by their numbers; every week that a question is about must be there."""


def wanted(meeting: Meeting, policy: Policy) -> range:
    """Return the quarters in which this meeting wants its desktops; none where it is over, or its row tells no time."""
    launch_at, end = times(meeting, policy).launch_at, deadline(meeting, policy)
    starts = [moment for moment in (launch_at, meeting.begun_at) if moment]
    if meeting.over or not starts or end is None:
        return range(0)
    return range(quarter_of(min(starts)), -((MONDAY - end) // QUARTER))


def wanted_from(now: datetime, meeting: Meeting, policy: Policy) -> range:
    """Return the quarters that this meeting wants and that have not passed yet: these can be taken or given back."""
    quarters = wanted(meeting, policy)
    return range(max(quarters.start, quarter_of(now)), quarters.stop)


def weeks_of(quarters: range) -> range:
    """Return the numbers of the weeks that these quarters lie in."""
    return range(week_of(quarters.start), week_of(quarters.stop - 1) + 1)


def weeks_ahead(now: datetime) -> range:
    """Return the numbers of all weeks that the calendar holds, the present one first."""
    return range(week_of(quarter_of(now)), week_of(quarter_of(now + AHEAD)) + 1)


def weeks_to_search(quarters: range) -> range:
    """Return the numbers of the weeks in which `free_times` looks for a meeting that wants these quarters."""
    return weeks_of(range(quarters.start, quarters.stop + _SEARCHED // QUARTER))


def has_room(quarters: range, weeks: Weeks, policy: Policy, own: range = NONE) -> bool:
    """Return whether a meeting may want these quarters, of which it has its `own` already."""
    most = policy.wanted_at_most
    if most is None:
        return True
    room = most - OF_A_MEETING
    return all(quarter in own or _desktops(quarter, weeks) <= room for quarter in quarters)


def _desktops(quarter: int, weeks: Weeks) -> int:
    week = weeks[week_of(quarter)]
    return week.desktops[quarter - week.quarters.start]


def booked(quarters: range, weeks: Weeks, own: range = NONE) -> list[Week]:
    """Return the weeks as they are once a meeting wants these quarters instead of its `own`; only those that change."""
    changed = {*weeks_of(quarters), *weeks_of(own)}
    news = (_counting(week, quarters, own) for number, week in weeks.items() if number in changed)
    return [week for week in news if week.desktops != weeks[week.number].desktops]


def _counting(week: Week, quarters: range, own: range) -> Week:
    counts = (
        max(0, count + OF_A_MEETING * ((quarter in quarters) - (quarter in own)))
        for quarter, count in zip(week.quarters, week.desktops, strict=True)
    )
    return replace(week, desktops=tuple(counts))


def free_times(meeting: Meeting, weeks: Weeks, policy: Policy, now: datetime, own: range = NONE) -> list[datetime]:
    """Return the next few times, UTC, at which this meeting would find room; none where a week has no such time."""
    return list(islice(_free(meeting, weeks, policy, now, own), _OFFERED))


def _free(meeting: Meeting, weeks: Weeks, policy: Policy, now: datetime, own: range) -> Iterator[datetime]:
    asked = max(meeting.meet_time or now, now)
    first = quarter_of(asked) + 1
    for quarter in range(first, first + _SEARCHED // QUARTER):
        moment = moment_of(quarter)
        if has_room(wanted(replace(meeting, meet_time=moment), policy), weeks, policy, own):
            yield moment


def to_lengthen(meeting: Meeting, policy: Policy) -> range:
    """Return the quarters that this meeting would want beside its own if it lasted as long as the operator allows."""
    longest = replace(meeting, duration=policy.longest_meeting)
    return range(wanted(meeting, policy).stop, wanted(longest, policy).stop)


def room_after(meeting: Meeting, weeks: Weeks, policy: Policy) -> timedelta | None:
    """Return by how much this meeting may last longer until there is no room for it; None where nothing is in the way.

    `weeks` hold what `to_lengthen` asks for.
    """
    later, end = to_lengthen(meeting, policy), deadline(meeting, policy)
    full = next((quarter for quarter in later if not has_room(range(quarter, quarter + 1), weeks, policy)), None)
    return moment_of(full) - end if full is not None and end else None


def corrected(weeks: Weeks, meetings: Iterable[Meeting], policy: Policy, now: datetime) -> list[Week]:
    """Return the weeks whose count is not what these meetings want, as they should be.

    They are all meetings that are not over. What has passed is left as it was.
    """
    counts: Counter[int] = Counter()
    for meeting in meetings:
        counts.update(wanted(meeting, policy))
    present = quarter_of(now)
    right = (
        replace(
            week,
            desktops=tuple(
                count if quarter < present else counts[quarter] * OF_A_MEETING
                for quarter, count in zip(week.quarters, week.desktops, strict=True)
            ),
        )
        for week in weeks.values()
    )
    return [week for week in right if week.desktops != weeks[week.number].desktops]

"""What a meeting costs: how long its desktops are paid for and used, times the operator's prices. Pure.

A row tells when the present desktops were launched, and how long those before were paid for; so what is worked out here
rests on no call. All moments are UTC. Amounts are US dollars, exact until they are rounded once, by `amount`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.prices import Prices
from chalicelib.domain.seat import Role, Seat, span
from chalicelib.rules.people import tells_presence, uploaded_at
from chalicelib.rules.times import deadline, times

_SMALLEST = Decimal("0.0001")
_HOUR = 3600 * 1_000_000
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Use:
    """How long desktops were paid for, all of them together, and how long somebody was connected to one.

    `is_estimate` says that desktops did not tell who was connected, or that the row does not tell it of all of them.
    """

    paid: timedelta = timedelta()
    used: timedelta = timedelta()
    is_estimate: bool = False

    def __add__(self, other: Use) -> Use:
        return Use(self.paid + other.paid, self.used + other.used, self.is_estimate or other.is_estimate)


def use(meeting: Meeting, now: datetime, policy: Policy) -> Use:
    """Return how long this meeting's desktops were paid for and used until now."""
    return sum((_use_of(meeting, seat, now, policy) for seat in meeting.seats), Use())


def amount(paid: timedelta, prices: Prices) -> Decimal:
    """Return what so much time of desktops costs, rounded to hundredths of a cent."""
    return (Decimal(paid // _MICROSECOND) / _HOUR * prices.hourly).quantize(_SMALLEST, ROUND_HALF_UP)


def tenths(span: timedelta) -> float:
    """Return a time in minutes, rounded to tenths."""
    return round(span / timedelta(minutes=1), 1)


def cost(meeting: Meeting, now: datetime, policy: Policy, prices: Prices) -> Decimal:
    """Return what this meeting has cost until now."""
    return amount(use(meeting, now, policy).paid, prices)


def estimate(duration: timedelta, policy: Policy, prices: Prices) -> Decimal:
    """Return what a meeting of this length costs whose desktops live as long as they may, and are not replaced."""
    return amount(len(Role) * (policy.lead + duration + policy.upload_time), prices)


def expected(meeting: Meeting, now: datetime, policy: Policy) -> timedelta:
    """Return how long its desktops will have been paid for once it is over, if they live as long as they may from now.

    Of one that is over that is what they were.
    """
    end = deadline(meeting, policy)
    if meeting.over or end is None:
        return use(meeting, now, policy).paid
    return sum((_expected_of(meeting, seat, now, max(end, now), policy) for seat in meeting.seats), timedelta())


def _expected_of(meeting: Meeting, seat: Seat, now: datetime, end: datetime, policy: Policy) -> timedelta:
    paid = _paid(meeting, seat, end, policy)
    if seat.desktop_id:
        return paid
    return paid + min(span(max(times(meeting, policy).launch_at or now, now), end), policy.longest_life)


def _use_of(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> Use:
    end = min(moment for moment in (seat.gone_at, meeting.ended_at, now) if moment)
    paid = _paid(meeting, seat, end, policy)
    used, is_estimate = _used(meeting, seat, end, policy)
    return Use(paid, min(used, paid), is_estimate or (seat.paid is None and bool(seat.replaced)))


def _paid(meeting: Meeting, seat: Seat, end: datetime, policy: Policy) -> timedelta:
    """Return how long the seat's desktops were paid for; none of them lives longer than the operator allows."""
    since = seat.launched_at or seat.attempt_at
    if since:
        end = min(end, since + policy.longest_life)
    return meeting.paid_until(seat, end)


def _used(meeting: Meeting, seat: Seat, end: datetime, policy: Policy) -> tuple[timedelta, bool]:
    """Return how long somebody was connected, and whether that is an estimate.

    Of a desktop that tells nothing, it is from when its person came until their side uploaded, or until its end.
    """
    if not (seat.used or tells_presence(seat, policy)):
        left_at = uploaded_at(meeting, seat) or end
        return (span(seat.joined_at, min(left_at, end)), True) if seat.joined_at else (timedelta(), False)
    first = min((moment for moment in (seat.joined_at, seat.connected_at) if moment), default=None)
    if seat.used is None and seat.disconnected_at and not seat.is_connected and first:  # a row of an earlier version
        return span(first, min(seat.disconnected_at, end)), True
    return seat.used_until(end), False

"""What one row holds can only ever spoil that row: sweep, timers, stream, door and desk meet it beside a sound one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from chalicelib.control import events
from chalicelib.control.events import StateChange, TimerEvent
from chalicelib.domain import rows
from chalicelib.domain.errors import BadRequest, Forbidden, MeetingOver, NoSuchAddress, NoSuchMeeting, NotPossible
from chalicelib.domain.model import State
from chalicelib.domain.seat import Role
from chalicelib.guests import desk
from chalicelib.people.join import Open, Visit, resolve_join
from chalicelib.people.links import Link
from tests import fuzz, wild
from tests.builders import SEAL
from tests.unit.control.house import MINUTE, T
from tests.unit.own import CALLED_OFF, HALF_AN_HOUR, LATER, NAMED, QUARTER_MORE, Own

ROWS = fuzz.inputs(40, worth=50)
ANSWERED = (BadRequest, Forbidden, MeetingOver, NoSuchAddress, NoSuchMeeting, NotPossible)
"""What whoever asks is told with a status below 500."""
SOUND: wild.Item = {
    name: rows.encode(value)
    for name, value in {
        "id": "m",
        "open": "1",
        "status": "SCHEDULED",
        "meet_time": rows.timestamp(T),
        "teacher_ec2_id": "i-mine",
        "duration_minutes": 60,
    }.items()
}


class Town(Own):
    """The row `m`, which is spoilt, and the meeting `sound`, whose people sit at their desktops."""

    def __init__(self, at_once: int | None) -> None:
        super().__init__(at_once=at_once)
        self.meeting("sound", duration_minutes=60)
        self.now = T - 10 * MINUTE
        self.triggers.launch_timer(TimerEvent("sound"))
        self.pass_time(2 * MINUTE)
        self.sweep()
        for role in Role:
            self.meetings.write("sound", {f"{role}_healthy_at": rows.timestamp(self.now)})
        self.pass_time(MINUTE)
        self.sweep()

    def spoil(self, item: wild.Item) -> None:
        self.meetings.rows["m"] = rows.decode(item)

    def deeds(self, item: wild.Item) -> Iterator[Callable[[], object]]:
        """Yield all that meets the row, each to be done."""
        record = {"eventName": "MODIFY", "dynamodb": {"OldImage": SOUND, "NewImage": item}}
        record["dynamodb"]["ApproximateCreationDateTime"] = self.now.timestamp()  # type: ignore[index]
        for seen in ([record], [record | {"dynamodb": {"OldImage": item, "NewImage": item}}]):
            yield lambda seen=seen: self.triggers.row_changes(events.row_changes({"Records": seen}, SEAL))  # type: ignore[misc]
        for role in Role:
            for visit in Visit:
                yield answered(lambda role=role, visit=visit: self.knock("m", role, visit))  # type: ignore[misc]
        yield answered(lambda: json.dumps(self.show()))
        for wish in (LATER, HALF_AN_HOUR, NAMED, QUARTER_MORE):
            yield answered(lambda wish=wish: json.dumps(self.grant(wish)))  # type: ignore[misc]
        yield answered(self.say)
        yield lambda: self.triggers.launch_timer(events.timer({"meeting_id": "m", "row": item}, SEAL))
        yield lambda: self.triggers.safety_timer(TimerEvent("m"))
        mine = self.desktops.add("m", Role.TEACHER).id
        for state in (State.RUNNING, State.SHUTTING_DOWN):
            yield lambda state=state: self.triggers.state_change(StateChange(mine, state))  # type: ignore[misc]
        yield self.sweep
        yield answered(lambda: self.grant(CALLED_OFF))
        self.pass_time(timedelta(minutes=1))
        yield self.sweep

    def knock(self, meeting_id: str, role: Role, visit: Visit) -> object:
        shown = Link(meeting_id, role, signed=True)
        answer = resolve_join(self.meetings, shown, self.clock, self.policy, visit=visit, recorded=True, consents=True)
        json.dumps(answer.told)
        return answer

    def say(self) -> None:
        """A desktop asks whose it is, and says all that it can."""
        place = desk.desk_of(self.meetings, "m", "i-mine", though_over=True)
        desk.report_ready(self.meetings, place, ("It is broken.",), self.now)
        place = desk.desk_of(self.meetings, "m", "i-mine", though_over=True)
        desk.report_presence(self.meetings, place, True, self.now, said_at=self.now, since=None)
        place = desk.desk_of(self.meetings, "m", "i-mine", though_over=True)
        desk.report_upload(self.meetings, place, "https://files.example.com/1", self.now, said_at=self.now)


def answered(ask: Callable[[], object]) -> Callable[[], object]:
    """Return what is asked for, whose refusal is an answer as well."""

    def asked() -> None:
        with suppress(*ANSWERED):
            ask()

    return asked


def what_fell(item: wild.Item, at_once: int | None) -> str:
    """Return what went wrong with a row, beside a calendar where there is a limit; empty where nothing did."""
    town = Town(at_once)
    desktops = {seat.role: seat.desktop_id for seat in town.meetings.understood("sound").seats}
    town.spoil(item)
    for deed in town.deeds(item):
        try:
            deed()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    wrong = [f"the sound {role} is not let in" for role in Role if not is_let_in(town, role)]
    now = {seat.role: seat.desktop_id for seat in town.meetings.understood("sound").seats}
    return "; ".join([*wrong, *(["the sound desktops were replaced"] if now != desktops else [])])


def is_let_in(town: Town, role: Role) -> bool:
    return isinstance(town.knock("sound", role, Visit.PEEK), Open)


@pytest.mark.fuzz
def test_a_row_that_nobody_means_spoils_no_other() -> None:
    dice = fuzz.dice("rows gone wild in a house")
    for number in range(ROWS):
        item = wild.spoilt(dice, SOUND, T)
        at_once = None if number % 10 else 40  # a calendar of a year takes longer than all the rest
        if wrong := what_fell(item, at_once):
            for name in [name for name in item if name not in SOUND]:  # what it does not take to fall over
                rest = {each: value for each, value in item.items() if each != name}
                item = rest if what_fell(rest, at_once) else item
            told = {name: value for name, value in item.items() if SOUND.get(name) != value}
            pytest.fail(f"row {number}: {what_fell(item, at_once) or wrong} with {json.dumps(told):.2000}")
    fuzz.tell(ROWS)

"""Events that nobody means, at every handler that takes one: what is bad is refused by name, and nothing comes of it.

Whoever may invoke a function can hand it anything, and a record of the stream may hold anything. A bad one never keeps
the others of its batch from being seen to.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from chalicelib.control import events
from chalicelib.control.announce import Announcing
from chalicelib.control.events import TimerEvent
from chalicelib.domain import rows
from chalicelib.domain.errors import BadEvent, NoSuchMeeting
from chalicelib.domain.seat import Role
from tests import fuzz, thrown
from tests.builders import SEAL
from tests.unit.control.house import MINUTE, House, T

EVENTS = fuzz.inputs(100, worth=20)
REFUSED = (BadEvent, NoSuchMeeting)
"""What leaves a handler, so that Lambda counts it as failed."""


class Nobody:
    """A bus that nobody listens to."""

    def announce(self, announcements: Any) -> None:
        json.dumps([each.detail for each in announcements])


class Town(House):
    """`sound`, whose people sit at their desktops; `ahead`, not due for hours; `over`, which was called off."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting("sound", duration_minutes=60)
        self.meeting("over", duration_minutes=60)
        self.meeting("ahead", meet_time=rows.timestamp(T + 600 * MINUTE))
        for name in ("sound", "over"):
            self.triggers.launch_timer(TimerEvent(name))
        self.pass_time(2 * MINUTE)
        self.sweep()
        said = {f"{role}_{what}": rows.timestamp(self.now) for role in Role for what in ("healthy_at", "joined_at")}
        self.meetings.write("sound", {"status": "IN_PROGRESS", **said})
        self.meetings.write("over", {"termination_reason": "CANCELLED"})
        self.announcing = Announcing(Nobody(), self.clock, self.policy)

    def serving(self, name: str) -> set[str]:
        return {instance.id for instance in self.desktops.alive() if instance.meeting_id == name}

    def record(self, name: str) -> dict[str, Any]:
        """Return the stream's record of a row as it is now."""
        item = {attribute: rows.encode(value) for attribute, value in self.row(name).items()}
        stream: dict[str, Any] = {
            "Keys": {"id": item["id"]},
            "OldImage": item | {"status": {"S": "LAUNCHED"}},
            "NewImage": item,
        }
        stream |= {"ApproximateCreationDateTime": self.now.timestamp(), "StreamViewType": "NEW_AND_OLD_IMAGES"}
        return {"eventName": "MODIFY", "eventID": "1", "eventSource": "aws:dynamodb", "dynamodb": stream}

    def stream(self, event: Any) -> None:
        try:
            self.triggers.row_changes(events.row_changes(event, SEAL))
        finally:
            self.announcing.row_changes(events.images(event))

    def handlers(self) -> dict[str, tuple[Callable[[Any], None], Any]]:
        """Return each handler that takes an event, with a good one."""
        desktop = min(self.serving("sound"))
        row = {"meet_time": {"S": rows.timestamp(T)}, "status": {"S": "SCHEDULED"}, "duration_minutes": {"N": "60"}}
        state = {"source": "aws.ec2", "detail": {"instance-id": desktop, "state": "running"}}
        return {
            "launch_ec2": (
                lambda event: self.triggers.launch_timer(events.timer(event, SEAL)),
                {"meeting_id": "ahead", "row": row, "force": False},
            ),
            "safety_net": (
                lambda event: self.triggers.safety_timer(events.timer(event)),
                {"meetingId": "sound", "meeting_id": "sound"},
            ),
            "dns_watchdog": (lambda event: self.triggers.state_change(events.state_change(event)), state),
            "stream_terminator": (self.stream, {"Records": [self.record("sound"), self.record("ahead")]}),
        }


def what_fell(town: Town, handler: str, event: Any) -> tuple[str, str]:
    """Return what went wrong with an event, empty where nothing did, and how the handler ended."""
    sound, handle = town.serving("sound"), town.handlers()[handler][0]
    ended = "done"
    try:
        handle(event)
    except REFUSED as error:
        ended = type(error).__name__
    except Exception as error:
        return f"{type(error).__name__}: {error}", ""
    if town.serving("sound") != sound:
        return "the sound desktops were ended", ended
    if town.serving("ahead") and not (isinstance(event, dict) and event.get("force") is True):
        return "desktops were launched hours before their time", ended
    if town.record("over") in records_of(event) and ended == "done" and town.serving("over"):
        return "the meeting that was called off was not seen to", ended
    return "", ended


def records_of(event: Any) -> list[Any]:
    records = event.get("Records") if isinstance(event, dict) else None
    return records if isinstance(records, list) else []


def event_for(town: Town, handler: str, dice: random.Random) -> Any:
    """Return an event; one for the stream may have records that nobody means around one that is to be seen to."""
    spoilt = thrown.spoilt(dice, town.handlers()[handler][1])
    if (records := records_of(spoilt)) and dice.random() < 0.3:
        return {**spoilt, "Records": [*records, town.record("over"), thrown.any_json(dice), *records]}
    return spoilt


@pytest.mark.fuzz
@pytest.mark.parametrize("handler", ["launch_ec2", "safety_net", "dns_watchdog", "stream_terminator"])
def test_an_event_that_nobody_means_is_refused_by_name_and_nothing_comes_of_it(handler: str) -> None:
    dice, got, town = fuzz.dice(f"events of {handler}"), Counter[str](), Town()
    untouched = deepcopy(town.meetings.rows)
    for number in range(EVENTS):
        if town.meetings.rows != untouched:
            town = Town()
        event = event_for(town, handler, dice)
        wrong, ended = what_fell(town, handler, event)
        if wrong:
            while less := next((each for each in thrown.less(event) if what_fell(Town(), handler, each)[0]), None):
                event = less
            pytest.fail(f"event {number}: {what_fell(Town(), handler, event)[0] or wrong} with {event!r:.2000}")
        got[ended] += 1
    fuzz.tell(EVENTS, got)
    assert got["BadEvent"]
    assert got["done"]

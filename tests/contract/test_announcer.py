"""The port `Announcer` on EventBridge's API: what arrives on a bus, and what becomes of what it does not take."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from moto.events.models import events_backends

from chalicelib.adapters.announcer import MOST_AT_ONCE, BusAnnouncer, region_of
from chalicelib.domain import recordings
from chalicelib.domain.announcement import Announcement, Kind
from chalicelib.domain.errors import NotAnnounced
from chalicelib.domain.seat import Role
from chalicelib.rules.announcements import LONGEST_WHY
from localcloud.aws import ACCOUNT, REGION
from tests import schema

from .conftest import NO_NETWORK, NOW, Account

BUS = "school"


def events(count: int, meeting_id: str = "m") -> list[Announcement]:
    """Return as many events, a second apart."""
    ended = [NOW + number * timedelta(seconds=1) for number in range(count)]
    return [Announcement(Kind.ENDED, meeting_id, at, 0, (str(at),), {"reason": "SUCCESS"}) for at in ended]


@pytest.fixture
def announcer(account: Account) -> BusAnnouncer:
    api = account.client("events")
    api.create_event_bus(Name=BUS)
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{BUS}"
    api.create_archive(ArchiveName="all", EventSourceArn=arn)
    return BusAnnouncer(account.watched_client("events"), BUS, "dev")


def arrived() -> list[dict[str, Any]]:
    return [dict(event) for event in events_backends[ACCOUNT][REGION].archives["all"].events]


def offered(account: Account) -> list[int]:
    """Return how many events each call has offered."""
    return [len(request["Entries"]) for request in account.requests.to("PutEvents")]


def answer(codes: Iterable[str]) -> dict[str, Any]:
    """Return EventBridge's answer for so many events: an error's code, or none, for each."""
    entries = [{"ErrorCode": code, "ErrorMessage": "x"} if code else {"EventId": "e"} for code in codes]
    return {"FailedEntryCount": sum(map(bool, codes)), "Entries": entries}


def test_events_arrive_in_their_order_as_the_schema_says_with_as_few_calls_as_there_can_be(
    account: Account, announcer: BusAnnouncer
) -> None:
    told = events(2 * MOST_AT_ONCE + 1)
    announcer.announce(told)
    assert offered(account) == [MOST_AT_ONCE, MOST_AT_ONCE, 1]
    assert [event["detail"] for event in arrived()] == [each.detail for each in told]
    assert {event["source"] for event in arrived()} == {"elephant.dev"}
    assert [event["time"] for event in arrived()] == [each.at.timestamp() for each in told]
    for event in arrived():
        schema.hold(event)


def test_nothing_to_tell_is_no_call(account: Account, announcer: BusAnnouncer) -> None:
    announcer.announce([])
    assert offered(account) == []


def test_what_the_bus_did_not_take_is_offered_once_more_and_nothing_else(
    account: Account, announcer: BusAnnouncer
) -> None:
    account.instead["PutEvents"] = answer(["", "InternalFailure", "ThrottlingException"])
    with pytest.raises(ValueError, match="zip"):  # the answer is of three events, and two are offered again
        announcer.announce(events(3))
    again = account.requests.to("PutEvents")[1]["Entries"]
    assert [entry["Time"] for entry in again] == [each.at for each in events(3)[1:]]


def test_what_it_does_not_take_then_either_is_named(account: Account, announcer: BusAnnouncer) -> None:
    account.instead["PutEvents"] = answer(["InternalFailure"] * 2)
    with pytest.raises(NotAnnounced, match=r"2 events could not be put on the bus school: InternalFailure") as refused:
        announcer.announce(events(2))
    assert refused.value.passes
    assert [left["id"] for left in refused.value.left] == [each.id for each in events(2)]
    assert {left["detail-type"] for left in refused.value.left} == {"Meeting Ended"}
    assert offered(account) == [2, 2]


@pytest.mark.parametrize(
    ("failure", "passes", "calls"),
    [
        (("InternalException", 500), True, 2),
        (("ThrottlingException", 400), True, 2),
        (NO_NETWORK, True, 2),
        (("AccessDeniedException", 400), False, 1),
        (("ResourceNotFoundException", 400), False, 1),
        (answer(["ResourceNotFoundException"]), False, 1),
    ],
    ids=["down", "too fast", "no network", "denied", "no such bus", "no such bus, said of the event"],
)
def test_a_bus_that_cannot_be_reached_may_be_later_and_one_that_is_not_there_is_not_asked_again(
    account: Account, announcer: BusAnnouncer, failure: Any, passes: bool, calls: int
) -> None:
    account.instead["PutEvents"] = failure
    with pytest.raises(NotAnnounced) as refused:
        announcer.announce(events(1))
    assert refused.value.passes is passes
    assert offered(account) == [1] * calls


def test_a_call_of_the_largest_events_is_not_too_large() -> None:
    """EventBridge takes 256 KiB a call; a key of the table, and so a meeting's id, has 2,048 bytes at the most."""
    meeting_id, desktop_id, why = "\x01" * 2048, "i" * 128, "\x01" * LONGEST_WHY
    facts = {"role": "teacher", "desktop_id": desktop_id, "why": why}
    prefix = recordings.prefix(NOW, meeting_id, Role.TEACHER, desktop_id)
    facts_of_recording = {"role": "teacher", "desktop_id": desktop_id, "prefix": prefix, "complete": False}
    largest = [
        Announcement(Kind.REPLACED, meeting_id, NOW, 10_000, (), facts),
        Announcement(Kind.SAFE, meeting_id, NOW, 10_000, (), facts_of_recording),
    ]
    announcer = BusAnnouncer(None, "b" * 256, "s" * 12)
    sizes = [len(str(announcer._entry(each))) for each in largest]
    assert MOST_AT_ONCE * max(sizes) < 256 * 1024


def test_a_bus_that_is_named_by_its_arn_is_reached_in_its_own_region() -> None:
    assert region_of("arn:aws:events:eu-central-1:123456789012:event-bus/school") == "eu-central-1"
    assert region_of("school") is None

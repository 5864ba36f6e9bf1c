"""The sweep among records that version 0.1.0 marked, its own and those of another installation of the stage's name."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import SomeFailed
from chalicelib.domain.model import DnsRecord
from tests.unit.control.house import MINUTE, House, launched


def leave(house: House, desktop_id: str, meeting_id: str) -> str:
    """Leave a record in the zone as version 0.1.0 published it an hour ago; return its name."""
    name = house.policy.record_name(desktop_id)
    house.dns.records[name] = DnsRecord(name, "203.0.113.7", meeting_id, house.now - 60 * MINUTE, old_mark=True)
    return name


def test_what_people_have_links_to_is_marked_anew_and_then_left_alone(house: House) -> None:
    launched(house)
    published = dict(house.dns.records)
    house.dns.records |= {name: record._replace(old_mark=True) for name, record in published.items()}
    house.pass_time(5 * MINUTE)
    house.sweep()
    assert house.dns.records == published
    house.calls()
    house.sweep()
    assert house.calls() == ["meetings.open", "desktops.fleet", "dns.owned"]


def test_one_of_a_meeting_that_ended_long_ago_goes_with_the_second_sweep_at_the_latest(house: House) -> None:
    house.meeting("over", status="TERMINATED", termination_reason="NO_SHOW_TIMEOUT", open=None, teacher_ec2_id="i-1")
    leave(house, "i-1", "over")
    house.sweep()
    house.sweep()
    assert house.dns.records == {}


@pytest.mark.parametrize("meeting_id", ["theirs", ""])
def test_one_of_another_installation_stays_and_is_asked_about_once(house: House, meeting_id: str) -> None:
    name = leave(house, "i-theirs", meeting_id)
    house.sweep()
    house.calls()
    for _ in range(3):
        house.pass_time(MINUTE)
        house.sweep()
    assert name in house.dns.records
    assert house.calls() == ["meetings.open", "desktops.fleet", "dns.owned"] * 3


def test_one_stays_that_a_row_of_the_same_id_does_not_name(house: House) -> None:
    house.meeting("1", status="TERMINATED", termination_reason="NO_SHOW_TIMEOUT", open=None, teacher_ec2_id="i-1")
    name = leave(house, "i-theirs", "1")
    house.sweep()
    house.sweep()
    assert name in house.dns.records


def test_one_whose_row_cannot_be_read_waits_and_is_asked_about_again(house: House) -> None:
    house.meeting("over", status="TERMINATED", termination_reason="NO_SHOW_TIMEOUT", open=None, teacher_ec2_id="i-1")
    name = leave(house, "i-1", "over")
    read = house.meetings.get
    house.make_unreadable("over")
    with pytest.raises(SomeFailed):
        house.sweep()
    assert name in house.dns.records
    house.meetings.get = read  # type: ignore[method-assign]
    house.sweep()
    assert house.dns.records == {}

"""At the door: who may come in, and what is written when somebody comes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest

from chalicelib.domain.errors import Forbidden, MeetingOver, Unavailable
from chalicelib.domain.model import Status
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.people.join import NotYet, Open, Visit
from tests.builders import (
    ENDED,
    HEALTHY,
    IN_PROGRESS,
    PUBLISHED,
    link,
    published,
    uploaded,
)
from tests.fakes import FakeMeetings, Wire
from tests.unit.door import ask, enter, table, wait, without

# --- come in


@pytest.mark.parametrize("role", list(Role))
def test_who_finds_the_own_desktop_ready_comes_in_and_is_remembered(role: Role) -> None:
    meetings = table(HEALTHY)
    answer = enter(meetings, role)
    assert (answer.link, answer.status, answer.desktop_id) == (link(f"i-{role}"), Status.IN_PROGRESS, f"i-{role}")
    stored = meetings.rows["m1"]
    assert stored[f"{role}_joined_at"] == "2026-03-01T15:02:00Z"
    assert stored["status"] == "IN_PROGRESS"


def test_only_the_own_coming_is_remembered() -> None:
    meetings = table(HEALTHY)
    before = dict(meetings.rows["m1"])
    ask(meetings, Role.TEACHER)
    changed = {name for name, value in meetings.rows["m1"].items() if before.get(name) != value}
    assert changed == {"teacher_joined_at", "status", "history"}


def test_who_comes_again_comes_in_without_a_write() -> None:
    meetings = table(IN_PROGRESS)
    assert enter(meetings).link == link("i-teacher")
    assert meetings.wire.calls == ["meetings.get"]


def test_a_late_report_does_not_shut_out_who_is_in_it() -> None:
    assert isinstance(ask(table(IN_PROGRESS, status="HEALTHY")), Open)


def test_a_report_that_nobody_has_noted_yet_counts() -> None:
    assert isinstance(ask(table(PUBLISHED, instance_id="i-teacher", status="HEALTHY")), Open)


def test_a_row_that_a_hand_calls_healthy_is_taken_at_its_word() -> None:
    assert isinstance(ask(table(status="HEALTHY", teacher_ec2_id="i-1", teacher_ec2_link=link("i-1"))), Open)


def test_who_comes_again_after_an_upload_has_come_back() -> None:
    meetings = table(IN_PROGRESS, uploaded("teacher", 20))
    enter(meetings, minutes=22)
    assert meetings.rows["m1"]["teacher_returned_at"] == "2026-03-01T15:22:00Z"
    written = meetings.wire.calls.count("meetings.update")
    enter(meetings, minutes=23)
    assert meetings.wire.calls.count("meetings.update") == written == 1


@pytest.mark.parametrize("visit", [Visit.LOOK, Visit.PEEK])
@pytest.mark.parametrize(
    "attributes",
    [HEALTHY, HEALTHY | {"status": "DNS_WRITTEN"}, IN_PROGRESS, IN_PROGRESS | uploaded("teacher", 1)],
    ids=["nobody is in", "reported", "both are", "uploaded"],
)
def test_who_does_not_click_is_let_in_the_same_way_and_has_not_come(attributes: dict[str, Any], visit: Visit) -> None:
    meetings = table(attributes)
    before = dict(meetings.rows["m1"])
    looked = enter(meetings, visit=visit)
    assert without(meetings.rows["m1"], "teacher_waiting_at", "history") == before
    clicked = enter(meetings)
    assert looked._replace(told={}) == clicked._replace(told={})
    by_clicking = ("you", "closes_at")  # who clicks is in then, and who comes back keeps the meeting going
    assert without(looked.told, *by_clicking) == without(clicked.told, *by_clicking)


# --- links from before links were signed


@pytest.mark.parametrize("status", [HEALTHY, ENDED], ids=["ready", "over"])
def test_a_link_without_a_signature_opens_no_meeting_whose_links_are_signed(status: dict[str, Any]) -> None:
    """Not even what became of it is told."""
    meetings = table(status, links="signed")
    with pytest.raises(Forbidden, match="not valid"):
        ask(meetings, signed=False)
    assert "teacher_joined_at" not in meetings.rows["m1"]


@pytest.mark.parametrize("links", [None, "", "unsigned", True, 1])
def test_it_opens_one_whose_people_were_never_sent_another(links: object) -> None:
    """Scheduled before links were signed, or written by hand: it keeps them until it is over."""
    assert isinstance(ask(table(HEALTHY, links=links), signed=False), Open)
    with pytest.raises(MeetingOver):
        ask(table(ENDED, links=links), signed=False)


# --- where to

FORGED = [
    "https://evil.example:8443",
    "https://i-student.desktops.example.com:8443",
    "https://i-teacher.desktops.example.com.evil.example:8443",
    "https://i-teacher.desktops.example.com:8443@evil.example",
    "http://i-teacher.desktops.example.com:8443",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("forged", FORGED)
def test_nobody_is_sent_where_a_wrong_link_leads(forged: str) -> None:
    """It says nothing of the desktop that the row names: the next look at the meeting writes its own."""
    meetings = table(HEALTHY, teacher_ec2_link=forged)
    assert wait(meetings).step == "publishing"
    assert "teacher_joined_at" not in meetings.rows["m1"]
    assert isinstance(ask(meetings, Role.STUDENT), Open)


def test_nobody_is_sent_to_a_desktop_whose_id_was_typed_into_the_row() -> None:
    """The link is still that of the desktop that was launched; with an id of another meeting's it leads nowhere."""
    meetings = table(HEALTHY, teacher_ec2_id="i-another-meetings")
    assert wait(meetings).step == "publishing"
    assert "teacher_joined_at" not in meetings.rows["m1"]


def test_nobody_is_sent_to_a_name_of_the_domain_that_the_stage_had_before() -> None:
    assert wait(table(HEALTHY), policy=Policy(domain="elsewhere.example")).step == "publishing"


@pytest.mark.parametrize(
    "desktop_id", ["evil.example/", "evil.example:8443/#", "i-1@evil.example/?", "", "x" * 64], ids=repr
)
def test_an_id_that_would_lead_elsewhere_is_no_desktops(desktop_id: str) -> None:
    forged = {"teacher_ec2_id": desktop_id, "teacher_ec2_link": link(desktop_id)}
    assert isinstance(ask(table(HEALTHY, forged)), NotYet)


@pytest.mark.parametrize(
    ("address", "opens"),
    [
        ("https://i-teacher.desktops.example.com:8443", True),
        ("https://i-teacher.elsewhere.example:8443", True),
        ("https://i-student.desktops.example.com:8443", False),
        ("https://i-teacher:8443", False),
        ("https://i-teacher.desktops.example.com", False),
        ("https://i-teacher.x/:8443", False),
        ("https://i-teacher.x@evil.example:8443", False),
    ],
)
def test_where_no_domain_is_set_a_link_counts_if_it_bears_the_desktops_id(address: str, opens: bool) -> None:
    answer = ask(table(HEALTHY, teacher_ec2_link=address), policy=Policy())
    assert isinstance(answer, Open) == opens
    assert not isinstance(answer, Open) or answer.link == address


# --- between the look and the write


def between(meetings: FakeMeetings, change: Callable[[], None]) -> None:
    """Let this happen after each read of the table, before whatever is written next."""

    class Interrupted(Wire):
        def after(self, call: str) -> None:
            if call == "meetings.get":
                change()

    meetings.wire = Interrupted()


def test_who_comes_while_the_meeting_ends_is_not_let_in() -> None:
    meetings = table(HEALTHY)
    between(meetings, lambda: meetings.write("m1", {"termination_reason": "NO_SHOW_TIMEOUT"}))
    with pytest.raises(MeetingOver):
        ask(meetings)
    assert meetings.rows["m1"]["status"] == "HEALTHY"


def test_who_comes_while_a_hand_ends_the_meeting_does_not_bring_it_back() -> None:
    meetings = table(HEALTHY)
    between(meetings, lambda: meetings.write("m1", {"status": "TERMINATED"}))
    with pytest.raises(MeetingOver):
        ask(meetings)
    assert meetings.rows["m1"]["status"] == "TERMINATED"


def test_who_comes_while_the_own_desktop_is_replaced_waits() -> None:
    meetings = table(HEALTHY)
    gone = ("teacher_ec2_id", "teacher_ec2_link", "teacher_healthy_at", "teacher_launched_at")
    between(meetings, lambda: meetings.write("m1", {"teacher_attempt": 2}, gone))
    assert isinstance(ask(meetings), NotYet)
    assert "teacher_joined_at" not in meetings.rows["m1"]


def test_who_comes_while_the_desktops_report_comes_in() -> None:
    meetings = table(HEALTHY)
    between(meetings, lambda: meetings.write("m1", {"status": "HEALTHY", "instance_id": "i-student"}))
    assert isinstance(ask(meetings), Open)


def test_two_who_come_at_once_both_come_in() -> None:
    meetings = table(HEALTHY)
    assert isinstance(ask(meetings, Role.TEACHER), Open)
    between(meetings, lambda: meetings.write("m1", {"teacher_joined_at": "2026-03-01T15:01:00Z"}))
    assert isinstance(ask(meetings, Role.STUDENT), Open)


def test_a_row_that_never_holds_still_is_not_waited_for_forever() -> None:
    meetings = table(HEALTHY)
    statuses = cycle(["DNS_WRITTEN", "HEALTHY"])
    between(meetings, lambda: meetings.write("m1", {"status": next(statuses)}))
    with pytest.raises(Unavailable, match="m1"):
        ask(meetings)
    assert len(meetings.wire.calls) < 20


@pytest.mark.parametrize("call", ["meetings.get", "meetings.update"])
def test_while_the_table_is_down_nobody_is_told_anything_wrong(call: str) -> None:
    class Down(Wire):
        def before(self, name: str) -> None:
            if name == call:
                raise Unavailable("The table is down.")

    meetings = table(HEALTHY)
    meetings.wire = Down()
    with pytest.raises(Unavailable):
        ask(meetings)
    assert "teacher_joined_at" not in meetings.rows["m1"]


def test_a_published_desktop_of_nobodys_report_stays_shut() -> None:
    assert isinstance(ask(table(published("teacher"), {"status": "HEALTHY", "instance_id": "i-other"})), NotYet)

"""At the door: who may come in, who is told to wait and for what, and what is written when somebody comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import writes
from chalicelib.domain.errors import Forbidden, MeetingOver, NoSuchMeeting, Unavailable
from chalicelib.domain.model import Status
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.people.join import NotYet, Open, progress, resolve_join
from tests.builders import (
    ENDED,
    HEALTHY,
    IN_PROGRESS,
    LAUNCHED,
    OVER,
    POLICY,
    PUBLISHED,
    RECORDED,
    SCHEDULED,
    at,
    healthy,
    link,
    meeting,
    published,
    row,
)
from tests.fakes import FakeMeetings, Wire


def table(*parts: dict[str, Any], **attributes: Any) -> FakeMeetings:
    """Return a table that holds this one meeting."""
    meetings = FakeMeetings()
    meetings.rows["m1"] = row(*parts, **attributes)
    return meetings


def ask(
    meetings: FakeMeetings,
    role: Role = Role.TEACHER,
    minutes: float = 2,
    *,
    policy: Policy = POLICY,
    signed: bool = True,
    records: bool = True,
) -> Open | NotYet:
    return resolve_join(meetings, "m1", role, lambda: at(minutes), policy, signed=signed, records=records)


# --- come in


@pytest.mark.parametrize("role", list(Role))
def test_who_finds_the_own_desktop_ready_comes_in_and_is_remembered(role: Role) -> None:
    meetings = table(HEALTHY)
    assert ask(meetings, role) == Open(link(f"i-{role}"), Status.IN_PROGRESS, f"i-{role}")
    stored = meetings.rows["m1"]
    assert stored[f"{role}_joined_at"] == "2026-03-01T15:02:00Z"
    assert stored["status"] == "IN_PROGRESS"


def test_only_the_own_coming_is_remembered() -> None:
    meetings = table(HEALTHY)
    before = dict(meetings.rows["m1"])
    ask(meetings, Role.TEACHER)
    changed = {name for name, value in meetings.rows["m1"].items() if before.get(name) != value}
    assert changed == {"teacher_joined_at", "status"}


def test_who_comes_again_comes_in_without_a_write() -> None:
    meetings = table(IN_PROGRESS)
    assert ask(meetings) == Open(link("i-teacher"), Status.IN_PROGRESS, "i-teacher")
    assert meetings.wire.calls == ["meetings.get"]


def test_a_late_report_does_not_shut_out_who_is_in_it() -> None:
    assert isinstance(ask(table(IN_PROGRESS, status="HEALTHY")), Open)


def test_a_report_that_nobody_has_noted_yet_counts() -> None:
    assert isinstance(ask(table(PUBLISHED, instance_id="i-teacher", status="HEALTHY")), Open)


def test_a_row_that_a_hand_calls_healthy_is_taken_at_its_word() -> None:
    assert isinstance(ask(table(status="HEALTHY", teacher_ec2_id="i-1", teacher_ec2_link=link("i-1"))), Open)


@pytest.mark.parametrize(
    "attributes",
    [HEALTHY, HEALTHY | {"status": "DNS_WRITTEN"}, IN_PROGRESS],
    ids=["nobody is in", "reported", "both are"],
)
def test_who_only_peeks_is_told_the_same_and_leaves_no_trace(attributes: dict[str, Any]) -> None:
    meetings = table(attributes)
    before = dict(meetings.rows["m1"])
    told = ask(meetings, records=False)
    assert meetings.rows["m1"] == before
    assert meetings.wire.calls == ["meetings.get"]
    assert told == ask(meetings)


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
def test_whatever_a_hand_made_of_its_link_a_published_desktop_is_found_where_it_is(forged: str) -> None:
    assert ask(table(HEALTHY, teacher_ec2_link=forged)) == Open(link("i-teacher"), Status.IN_PROGRESS, "i-teacher")


@pytest.mark.parametrize("forged", FORGED)
def test_nobody_is_sent_to_a_desktop_of_which_nothing_but_a_wrong_link_says_that_it_is_published(forged: str) -> None:
    meetings = table(HEALTHY, teacher_ec2_link=forged, teacher_published_at=None)
    answer = ask(meetings)
    assert isinstance(answer, NotYet)
    assert answer.step == "publishing"
    assert "teacher_joined_at" not in meetings.rows["m1"]


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


# --- not yet


def test_who_waits_for_a_meeting_that_gave_its_desktops_back_is_told_when_it_begins() -> None:
    moved = meeting(PUBLISHED, meet_time=at(1440))
    away = writes.after(moved, writes.stood_down(moved, list(Role), "it was moved", at(0)))
    answer = ask(table(dict(away.row)))
    assert isinstance(answer, NotYet)
    assert (answer.step, answer.launch_at) == ("scheduled", at(1430))


@pytest.mark.parametrize(
    ("attributes", "step"),
    [
        (SCHEDULED, "launching"),
        (SCHEDULED | {"teacher_attempt": 1, "teacher_attempt_at": at(-1)}, "launching"),
        (LAUNCHED, "starting"),
        (PUBLISHED, "booting"),
        (PUBLISHED | healthy("student") | {"status": "HEALTHY"}, "booting"),
        (IN_PROGRESS | {"teacher_joined_at": None, "teacher_healthy_at": None}, "booting"),
        (IN_PROGRESS | {"teacher_ec2_link": None}, "publishing"),
        (HEALTHY | {"teacher_ec2_link": ""}, "publishing"),
        ({}, "launching"),
        ({"meet_time": "soon"}, "launching"),
    ],
    ids=[
        "due and nothing is begun",
        "a launch is under way",
        "an instance starts",
        "its name resolves",
        "only the other's is healthy",
        "only the other one is in it",
        "the own desktop is being replaced",
        "an empty link is none",
        "a row with only an id",
        "garbage in meet_time",
    ],
)
def test_who_has_to_wait_is_told_for_what_and_changes_nothing(attributes: dict[str, Any], step: str) -> None:
    meetings = table(attributes)
    before = dict(meetings.rows["m1"])
    answer = ask(meetings)
    assert isinstance(answer, NotYet)
    assert (answer.step, answer.ask_again) == (step, timedelta(seconds=5))
    assert meetings.rows["m1"] == before


@pytest.mark.parametrize(
    ("attributes", "since"),
    [
        (LAUNCHED, at(-10)),
        (PUBLISHED, at(-9)),
        (HEALTHY | {"teacher_ec2_link": None}, at(-4)),
        (SCHEDULED, at(-10)),
        ({}, None),
    ],
    ids=["launched", "published", "healthy without a name", "due", "nobody knows"],
)
def test_who_waits_is_told_since_when(attributes: dict[str, Any], since: object) -> None:
    answer = ask(table(attributes))
    assert isinstance(answer, NotYet)
    assert answer.since == since


@pytest.mark.parametrize(("minutes", "ask_again_s"), [(-600, 60), (-11.5, 60), (-10.5, 30), (-10 - 1 / 60, 5)], ids=str)
def test_who_comes_early_is_told_when_desktops_are_launched_and_to_ask_about_then(
    minutes: float, ask_again_s: int
) -> None:
    answer = ask(table(SCHEDULED), minutes=minutes)
    assert isinstance(answer, NotYet)
    assert (answer.step, answer.launch_at) == ("scheduled", at(-10))
    assert answer.ask_again == timedelta(seconds=ask_again_s)


def test_a_meeting_that_was_launched_by_force_is_not_called_scheduled() -> None:
    answer = ask(table(LAUNCHED), minutes=-300)
    assert isinstance(answer, NotYet)
    assert answer.step == "starting"


def test_the_progress_is_told_in_utc_and_without_what_is_not_known() -> None:
    early = ask(table(SCHEDULED), minutes=-60)
    assert isinstance(early, NotYet)
    assert progress(early) == {
        "step": "scheduled",
        "since": "2026-02-28T15:00:00Z",
        "launch_at": "2026-03-01T14:50:00Z",
    }
    unknown = ask(table())
    assert isinstance(unknown, NotYet)
    assert progress(unknown) == {"step": "launching"}


# --- not any more


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        (OVER, "SUCCESS"),
        (OVER | {"status": "HEALTHY"}, "SUCCESS"),
        (IN_PROGRESS | {"termination_reason": "MAX_DURATION"}, "MAX_DURATION"),
        (HEALTHY | {"status": "TERMINATED"}, None),
        (HEALTHY | ENDED, "SUCCESS"),
    ],
    ids=["over", "though a desktop reported since", "ending", "by hand, without a reason", "with links left over"],
)
def test_who_comes_after_the_end_is_told_why_and_changes_nothing(
    attributes: dict[str, Any], reason: str | None
) -> None:
    meetings = table(attributes)
    with pytest.raises(MeetingOver) as over:
        ask(meetings)
    assert over.value.reason == reason
    assert meetings.wire.calls == ["meetings.get"]


HOUR = {"duration_minutes": 60}


@pytest.mark.parametrize("policy", [POLICY, RECORDED], ids=["as it is", "recorded"])
@pytest.mark.parametrize("records", [True, False], ids=["a click", "a peek"])
@pytest.mark.parametrize("attributes", [SCHEDULED, PUBLISHED, HEALTHY, IN_PROGRESS], ids=lambda row: row["status"])
def test_from_the_end_of_people_s_time_the_door_is_closed_though_the_row_still_says_otherwise(
    attributes: dict[str, Any], records: bool, policy: Policy
) -> None:
    meetings = table(attributes, HOUR)
    before = dict(meetings.rows["m1"])
    with pytest.raises(MeetingOver, match=r"has ended \(MAX_DURATION\)") as over:
        ask(meetings, minutes=60, policy=policy, records=records)
    assert over.value.reason == "MAX_DURATION"
    assert meetings.rows["m1"] == before


@pytest.mark.parametrize("policy", [POLICY, RECORDED], ids=["as it is", "recorded"])
def test_up_to_then_it_is_open(policy: Policy) -> None:
    assert isinstance(ask(table(HEALTHY, HOUR), minutes=60 - 1 / 60, policy=policy), Open)


@pytest.mark.parametrize(("policy", "end"), [(POLICY, 240), (RECORDED, 230)], ids=["as it is", "recorded"])
def test_the_longest_meeting_s_door_closes_when_its_desktops_begin_to_upload(policy: Policy, end: int) -> None:
    assert isinstance(ask(table(HEALTHY), minutes=end - 1 / 60, policy=policy), Open)
    with pytest.raises(MeetingOver):
        ask(table(HEALTHY), minutes=end, policy=policy)


def test_a_row_that_tells_no_time_closes_no_door() -> None:
    untimed = table(HEALTHY, meet_time=None, created_at=None, begun_at=None)
    untimed.write("m1", {}, ["teacher_attempt_at", "student_attempt_at"])
    assert isinstance(ask(untimed, minutes=9999), Open)


def test_a_reason_that_the_row_has_is_the_one_that_is_told() -> None:
    with pytest.raises(MeetingOver) as over:
        ask(table(IN_PROGRESS, HOUR, termination_reason="SUCCESS"), minutes=61)
    assert over.value.reason == "SUCCESS"


def test_an_unknown_meeting_is_unknown() -> None:
    with pytest.raises(NoSuchMeeting):
        ask(FakeMeetings())


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
    links = iter(f"https://i-{n}:8443" for n in range(1000))
    between(meetings, lambda: meetings.write("m1", {"teacher_ec2_link": next(links)}))
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

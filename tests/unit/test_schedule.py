"""A form's fields become a request, or every problem at once; a request becomes a row, two timers and two links."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain import rows
from chalicelib.domain.errors import BadRequest, ConfigError, Unavailable
from chalicelib.domain.policy import Policy
from chalicelib.environment import TimerSettings
from chalicelib.people.schedule import MeetingRequest, parse
from chalicelib.people.timers import Targets, targets
from tests.builders import POLICY, T, at
from tests.unit.desk import FORM, NOW, Desk


def problems(body: object, policy: Policy = POLICY) -> dict[str, str]:
    """Return what is wrong with a form by field."""
    with pytest.raises(BadRequest) as refused:
        parse(body, NOW, policy)
    return dict(refused.value.problems)


# --- what is taken


def test_a_form_with_what_is_needed_is_a_request() -> None:
    assert parse(FORM, NOW, POLICY) == MeetingRequest("Ann", "Bo", None, T, "https://school.example.com/meet", None)


def test_a_form_may_hold_more() -> None:
    more = {"teacher_email": " ann@example.com ", "duration_minutes": 50, "time_zone": "Asia/Kathmandu"}
    read = parse(FORM | more | {"newsletter": True}, NOW, POLICY)
    assert (read.teacher_email, read.duration_minutes) == ("ann@example.com", 50)
    assert read.time_zone == "Asia/Kathmandu"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-03-01T15:00:00Z", T),
        ("2026-03-01T16:00+01:00", T),
        ("2026-03-01T10:00:00-05:00", T),
        (" 2026-03-01T15:00:00.000Z ", T),
        ("2026-03-01T13:30:00Z", at(-90)),
        ("2027-03-01T14:00:00Z", NOW + timedelta(days=365)),
    ],
    ids=["in UTC", "east", "west", "with blanks", "thirty minutes ago", "a year ahead"],
)
def test_a_moment_with_its_offset_is_understood_in_utc(given: str, expected: datetime) -> None:
    assert parse(FORM | {"meet_time": given}, NOW, POLICY).meet_time == expected


@pytest.mark.parametrize(
    "name",
    [
        "A",
        "Zoë Ångström-O'Neil",
        "李小龍",
        "علی\u200cرضا",
        "ශ්\u200dරී",
        "Zoë \U0001f469\u200d\U0001f3eb",
        "Ann\xa0Bo",
        "x" * 100,
        "  Ann  ",
    ],
)
def test_names_of_all_kinds_are_taken(name: str) -> None:
    assert parse(FORM | {"teacher_name": name}, NOW, POLICY).teacher_name == name.strip()


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/meeting", "https://school.example.com", "https://x.example/?lang=de#top"]
)
def test_addresses_of_pages_are_taken(url: str) -> None:
    assert parse(FORM | {"frontend_base_url": url}, NOW, POLICY).frontend_base_url == url


@pytest.mark.parametrize("field", ["teacher_email", "duration_minutes"])
@pytest.mark.parametrize("empty", [None, ""], ids=repr)
def test_what_need_not_be_there_may_be_empty(field: str, empty: str | None) -> None:
    assert getattr(parse(FORM | {field: empty}, NOW, POLICY), field) is None


@pytest.mark.parametrize("minutes", [1, 240])
def test_a_length_up_to_the_longest_is_taken(minutes: int) -> None:
    assert parse(FORM | {"duration_minutes": minutes}, NOW, POLICY).duration_minutes == minutes


# --- what is refused


@pytest.mark.parametrize("field", ["teacher_name", "student_name"])
@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "   ",
        7,
        ["Ann"],
        {},
        True,
        "x" * 101,
        "Ann\nBo",
        "Ann\tBo",
        "Ann\x00",
        "Ann\x1b[31m",
        "\ud800",
        "Ann\u2028Bo",
        "\u202enna",
        "\u2066Ann",
        "\u200b",
        "\xad",
    ],
    ids=repr,
)
def test_a_name_that_cannot_be_shown_is_refused(field: str, name: object) -> None:
    assert set(problems(FORM | {field: name})) == {field}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "missing"),
        ("", "missing"),
        (1772377200, "date and time"),
        (["2026-03-01T15:00:00Z"], "date and time"),
        (True, "date and time"),
        ("tomorrow", "date and time"),
        ("2026-02-30T15:00:00Z", "no such day"),
        ("2026-03-01T25:00:00Z", "date and time"),
        ("2026-03-01T15:00:00", "time zone"),
        ("2026-03-01", "time zone"),
        ("1970-01-01T00:00:00Z", "in the past"),
        ("2199-01-01T00:00:00Z", "ahead"),
        ("0001-01-01T00:00:00Z", "in the past"),
        ("9999-12-31T23:59:59Z", "ahead"),
        ("2026-03-01T13:29:59Z", "in the past"),
        ("2027-03-01T14:00:01Z", "ahead"),
    ],
)
def test_a_moment_that_no_meeting_can_have_is_refused_with_why(given: object, says: str) -> None:
    found = problems(FORM | {"meet_time": given})
    assert set(found) == {"meet_time"}
    assert says in found["meet_time"]


@pytest.mark.parametrize(
    "given", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "0001-01-01", "9999-12-31T23:59:59"]
)
def test_a_moment_at_the_edge_of_the_calendar_is_refused_like_any_other(given: str) -> None:
    assert set(problems(FORM | {"meet_time": given})) == {"meet_time"}


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        7,
        "school.example.com",
        "//school.example.com",
        "ftp://school.example.com",
        "javascript:alert(1)",
        "https://",
        "https:///meet",
        "http://[::1",
        "https://school.example.com/a b",
        "https://school.example.com/\n",
        "https://x.example/\x00",
        "https://x.example/" + "x" * 2000,
        "https://x.example:port/",
        "https://x.example:99999/",
        "https://x.example/?id=1",
        "https://x.example/?a=b&role=student",
        "https://x.example/#/meeting?role=student",
    ],
    ids=lambda url: repr(url)[:40],
)
def test_an_address_that_is_no_pages_is_refused(url: object) -> None:
    body = FORM | {"frontend_base_url": url}
    if isinstance(url, str) and url.endswith("\n"):  # a line break at the end is only a slip of the pen
        assert parse(body, NOW, POLICY).frontend_base_url == url.strip()
    else:
        assert set(problems(body)) == {"frontend_base_url"}


@pytest.mark.parametrize(
    "email",
    ["ann", "ann@", "@example.com", "a@b@c", "ann @example.com", "a\n@b", 7, ["a@b"], "x" * 65 + "@b"],
    ids=repr,
)
def test_an_address_that_no_mail_reaches_is_refused(email: object) -> None:
    assert set(problems(FORM | {"teacher_email": email})) == {"teacher_email"}


@pytest.mark.parametrize("minutes", [0, -5, 241, 10**30, 1.5, "50", True, [50]], ids=repr)
def test_a_length_that_no_meeting_can_have_is_refused(minutes: object) -> None:
    assert set(problems(FORM | {"duration_minutes": minutes})) == {"duration_minutes"}


def test_the_longest_meeting_is_the_policys() -> None:
    found = problems(FORM | {"duration_minutes": 91}, Policy(max_duration=timedelta(minutes=90)))
    assert "1 to 90" in found["duration_minutes"]


def test_where_meetings_are_recorded_the_longest_leaves_room_for_its_uploads() -> None:
    policy = Policy(max_duration=timedelta(minutes=90), records=True)
    assert "1 to 80" in problems(FORM | {"duration_minutes": 81}, policy)["duration_minutes"]
    assert parse(FORM | {"duration_minutes": 80}, NOW, policy).duration_minutes == 80
    shortest = Policy(max_duration=timedelta(minutes=1), records=True)
    assert parse(FORM | {"duration_minutes": 1}, NOW, shortest).duration_minutes == 1


def test_all_problems_are_told_at_once_and_in_the_forms_order() -> None:
    with pytest.raises(BadRequest) as refused:
        parse({"teacher_email": "ann", "duration_minutes": "long"}, NOW, POLICY)
    fields = ["teacher_name", "student_name", "teacher_email", "meet_time", "frontend_base_url", "duration_minutes"]
    assert [field for field, _ in refused.value.problems] == fields


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "The teacher's name is missing."),
        ({"teacher_name": "Ann"}, "The student's name is missing."),
        (FORM | {"student_name": " "}, "The student's name is missing."),
        (FORM | {"teacher_email": "ann", "meet_time": ""}, "The teacher's e-mail is not an e-mail address"),
        (FORM | {"meet_time": "", "duration_minutes": 0}, "The meeting's time is missing."),
        (FORM | {"meet_time": "2020-01-01T00:00:00Z"}, "The meeting's time is more than 30 minutes in the past."),
        (FORM | {"frontend_base_url": "x"}, "The address of the meeting page cannot be used"),
        (FORM | {"duration_minutes": "50"}, "The meeting's length must be a whole number of minutes from 1 to 240."),
        (FORM | {"time_zone": "Berlin, Europe"}, "The time zone 'Berlin, Europe' is not one like Europe/Berlin;"),
    ],
)
def test_the_first_problem_is_told_in_words_for_whoever_fills_in_the_form(fields: object, sentence: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse(fields, NOW, POLICY)
    assert str(refused.value) == refused.value.problems[0][1]
    assert str(refused.value).startswith(sentence)


def test_every_problem_is_a_sentence_without_the_fields_name() -> None:
    forms: list[dict[str, Any]] = [{}, dict.fromkeys(FORM, 7), dict.fromkeys(FORM, "x" * 3000)]
    for body in (*forms, {"teacher_email": 7, "duration_minutes": 0, "frontend_base_url": "https://x?id=1"}):
        for field, problem in problems(body).items():
            assert problem[0].isupper()
            assert problem.endswith(".")
            assert field not in problem


@pytest.mark.parametrize("body", [None, [], "text", 7, True, [FORM]], ids=repr)
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(BadRequest, match="JSON object"):
        parse(body, NOW, POLICY)


# --- whom timers call

OWN = "arn:aws:lambda:us-west-2:123456789012:function:elephant-dev"
CONFIGURED = Targets("arn:launcher", "arn:safety-net")


def test_timers_call_what_is_configured() -> None:
    assert targets(TimerSettings("role", "default", "arn:launcher", "arn:safety-net"), None) == CONFIGURED
    assert targets(TimerSettings("role", "default", "arn:launcher", "arn:safety-net"), OWN) == CONFIGURED


@pytest.mark.parametrize("qualifier", ["", ":7", ":live"])
def test_else_the_siblings_of_the_running_function(qualifier: str) -> None:
    derived = targets(TimerSettings("role", "default", None, None), OWN + qualifier)
    assert derived == Targets(f"{OWN}-launch_ec2", f"{OWN}-safety_net")


def test_one_may_be_configured_and_the_other_derived() -> None:
    mixed = targets(TimerSettings("role", "default", "arn:launcher", None), OWN)
    assert mixed == Targets("arn:launcher", f"{OWN}-safety_net")


@pytest.mark.parametrize(("launcher", "net", "named"), [(None, "n", "LAUNCHER_ARN"), ("l", None, "SAFETY_NET_ARN")])
def test_outside_lambda_what_is_not_set_is_named(launcher: str | None, net: str | None, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        targets(TimerSettings("role", "default", launcher, net), None)


# --- what is stored and armed


def test_a_meeting_is_stored_listed_and_as_the_contract_names_it() -> None:
    desk = Desk()
    told = desk.schedule(teacher_email="ann@example.com", duration_minutes=50, time_zone="Europe/Berlin")
    assert re.fullmatch(r"https://meet\.example\.com/[0-9a-f]{32}", told["jitsi_url"])
    assert desk.meetings.rows[told["id"]] == {
        "id": told["id"],
        "teacher_name": "Ann",
        "student_name": "Bo",
        "teacher_email": "ann@example.com",
        "meet_time": "2026-03-01T15:00:00Z",
        "created_at": "2026-03-01T14:00:00Z",
        "duration_minutes": 50,
        "time_zone": "Europe/Berlin",
        "jitsi_url": told["jitsi_url"],
        "status": "SCHEDULED",
        "open": "1",
        "day": "2026-03-01",
        "history": [
            {
                "at": "2026-03-01T14:00:00Z",
                "what": "scheduled for 2026-03-01 15:00 UTC",
                "by": "whoever scheduled it",
            }
        ],
    }


def test_the_form_is_told_the_links() -> None:
    told = Desk().schedule()
    assert set(told) == {"message", "id", "jitsi_url", "teacher_link", "student_link"}
    assert told["teacher_link"] == f"https://school.example.com/meet?id={told['id']}&role=teacher"
    assert told["student_link"] == f"https://school.example.com/meet?id={told['id']}&role=student"


def test_what_was_not_given_is_not_stored() -> None:
    desk = Desk()
    (stored,) = (desk.meetings.rows[desk.schedule()["id"]],)
    assert not {"teacher_email", "duration_minutes"} & set(stored)


def test_both_timers_are_armed_for_their_moments() -> None:
    desk = Desk()
    told = desk.schedule()
    row = {"meet_time": {"S": rows.timestamp(T)}, "status": {"S": "SCHEDULED"}}
    assert desk.timers.armed == {
        f"launch-{told['id']}": (at(-10), "arn:launcher", {"meeting_id": told["id"], "row": row}),
        f"safety-{told['id']}": (at(15), "arn:safety-net", {"meetingId": told["id"]}),
    }


def test_a_meeting_for_now_gets_its_quarter_of_an_hour_and_no_timer_in_the_past() -> None:
    desk = Desk(now=T)
    told = desk.schedule()
    assert desk.timers.armed[f"launch-{told['id']}"][0] == at(1)
    assert desk.timers.armed[f"safety-{told['id']}"][0] == at(25)


def test_two_forms_are_two_meetings() -> None:
    desk = Desk()
    assert desk.schedule()["id"] != desk.schedule()["id"]
    assert desk.schedule("one")["id"] != desk.schedule("two")["id"]


def test_a_retry_arms_what_the_first_try_could_not() -> None:
    desk = Desk()
    desk.timers.wire.next_error = Unavailable("Scheduler is down.")
    told = desk.schedule("key")
    assert set(desk.timers.armed) == {f"safety-{told['id']}"}
    desk.schedule("key")
    assert set(desk.timers.armed) == {f"launch-{told['id']}", f"safety-{told['id']}"}


def test_a_retry_after_the_end_arms_nothing() -> None:
    desk = Desk()
    told = desk.schedule("key")
    desk.meetings.write(told["id"], {"status": "TERMINATED", "termination_reason": "CANCELLED"})
    desk.timers.drop(list(desk.timers.armed))
    desk.schedule("key")
    assert desk.timers.armed == {}


def test_where_the_table_is_down_nothing_is_armed() -> None:
    desk = Desk()
    desk.meetings.wire.next_error = Unavailable("The table is down.")
    with pytest.raises(Unavailable):
        desk.schedule()
    assert desk.timers.armed == {}

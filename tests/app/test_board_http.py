"""What whoever brings a key sees and changes: which key is good for what, the lists, a meeting, its recordings."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from chalice.test import HTTPResponse

from chalicelib.adapters.keys import access_item
from chalicelib.domain.access import AccessKey, Scope, digest_of
from localcloud.cloud import ACCESS_KEYS, BUCKET, STATE_TABLE
from tests.app.world import NOW, World, form, utc
from tests.fakes import PAGE

AT = NOW + timedelta(hours=2)
TODAY = f"{NOW:%Y-%m-%d}"


def ask(world: World, method: str, path: str, body: object = None, scope: Scope | None = Scope.OPERATE) -> HTTPResponse:
    headers = {"Authorization": f"Bearer {ACCESS_KEYS[scope]}"} if scope else {}
    content = b"" if body is None else json.dumps(body).encode()
    return world.http.request(method, path, headers=headers, body=content)


def told(answer: HTTPResponse) -> Any:
    assert answer.status_code == 200, answer.json_body
    return answer.json_body


def scheduled(world: World, **fields: Any) -> str:
    answer = world.schedule(form(meet_time=utc(AT), duration_minutes=60) | fields)
    return str(told(answer)["id"])


# --- which key is good for what


@pytest.mark.parametrize(
    ("method", "path", "body", "scopes"),
    [
        ("GET", "/meetings", None, {Scope.READ, Scope.OPERATE}),
        ("GET", f"/meetings?day={TODAY}", None, {Scope.READ, Scope.OPERATE}),
        ("GET", "/calendar", None, {Scope.READ, Scope.OPERATE}),
        ("GET", "/meetings/{id}", None, {Scope.READ, Scope.OPERATE}),
        ("PATCH", "/meetings/{id}", {"student_name": "Bo"}, {Scope.OPERATE}),
        ("DELETE", "/meetings/{id}", None, {Scope.OPERATE}),
        ("POST", "/meetings/{id}/extend", {"minutes": 5}, {Scope.OPERATE}),
        ("POST", "/meetings/{id}/links", {"role": "student"}, {Scope.OPERATE}),
        ("POST", "/meetings/{id}/recordings", {}, {Scope.OPERATE}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_key_is_good_for_its_scope_alone(
    world: World, method: str, path: str, body: object, scopes: set[Scope]
) -> None:
    meeting = scheduled(world)
    answered = {scope: ask(world, method, path.format(id=meeting), body, scope).status_code for scope in (None, *Scope)}
    by_link = "/meetings/{id}" in path  # there a link does as well, and this is none
    assert answered == {None: 403 if by_link else 401} | {scope: 200 if scope in scopes else 403 for scope in Scope}


def test_whoever_brings_no_key_is_told_what_it_takes(world: World) -> None:
    answer = ask(world, "GET", "/meetings", scope=None)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json_body == {
        "message": "This takes a key of the scope read; send it as Authorization: Bearer, or as X-Schedule-Key."
    }


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", "Bearer {key}"),
        ("authorization", "bearer  {key} "),
        ("X-Schedule-Key", "{key}"),
    ],
)
def test_a_key_comes_as_a_bearer_s_or_as_before(world: World, header: str, value: str) -> None:
    headers = {header: value.format(key=ACCESS_KEYS[Scope.READ])}
    assert world.http.get("/meetings", headers=headers).status_code == 200


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Basic eDp5", "AWS4-HMAC-SHA256 Credential=x", ""])
def test_what_is_no_bearer_s_key_is_none(world: World, value: str) -> None:
    assert world.http.get("/meetings", headers={"Authorization": value}).status_code == 401


def test_a_key_that_is_revoked_opens_nothing_a_minute_later(world: World) -> None:
    assert ask(world, "GET", "/meetings").status_code == 200
    world.cloud.operator("dynamodb").put_item(TableName=STATE_TABLE, Item=access_item({}))
    world.move(seconds=60)
    assert ask(world, "GET", "/meetings").status_code == 403


def test_a_key_that_was_just_made_is_good_at_once(world: World) -> None:
    assert ask(world, "GET", "/meetings").status_code == 200
    keys = {"new": AccessKey("new", Scope.READ, digest_of("just made"))}
    world.cloud.operator("dynamodb").put_item(TableName=STATE_TABLE, Item=access_item(keys))
    world.move(seconds=1)
    assert world.http.get("/meetings", headers={"Authorization": "Bearer just made"}).status_code == 200


# --- how often


def limited(world: World, daily: int) -> None:
    keys = {"office": AccessKey("office", Scope.OPERATE, digest_of(ACCESS_KEYS[Scope.OPERATE]), daily)}
    world.cloud.operator("dynamodb").put_item(TableName=STATE_TABLE, Item=access_item(keys))


def test_a_key_is_used_as_often_as_its_day_allows_and_reading_costs_none(world: World) -> None:
    world.configure(SCHEDULING="locked")
    limited(world, 2)
    key = {"X-Schedule-Key": ACCESS_KEYS[Scope.OPERATE]}
    first = world.schedule(form(meet_time=utc(AT)), headers=key)
    for _ in range(3):
        assert ask(world, "GET", f"/meetings/{first.json_body['id']}").status_code == 200
    assert ask(world, "PATCH", f"/meetings/{first.json_body['id']}", {"student_name": "Bo"}).status_code == 200
    refused = world.schedule(form(meet_time=utc(AT)), headers=key)
    assert (refused.status_code, len(world.rows())) == (429, 1)
    assert "The key office was used 2 times today" in refused.json_body["message"]
    assert 0 < int(refused.headers["Retry-After"]) <= 24 * 3600
    world.move(days=1)
    assert world.schedule(form(meet_time=utc(AT + timedelta(days=1))), headers=key).status_code == 200


def test_what_is_not_understood_is_not_counted(world: World) -> None:
    limited(world, 1)
    meeting = scheduled(world)
    assert ask(world, "PATCH", f"/meetings/{meeting}", {"duration_minutes": "long"}).status_code == 400
    assert ask(world, "POST", f"/meetings/{meeting}/replace", []).status_code == 400
    assert ask(world, "PATCH", f"/meetings/{meeting}", {"student_name": "Bo"}).status_code == 200
    assert ask(world, "PATCH", f"/meetings/{meeting}", {"student_name": "Bea"}).status_code == 429


# --- lists


def test_a_day_lists_its_meetings_of_one_zone_the_earliest_first(world: World) -> None:
    late = scheduled(world, meet_time=f"{TODAY}T23:30:00Z")
    early = scheduled(world, meet_time=f"{TODAY}T21:00:00Z")
    other = scheduled(world, meet_time=utc(NOW + timedelta(days=1)))
    of_utc = told(ask(world, "GET", f"/meetings?day={TODAY}"))
    assert [each["id"] for each in of_utc["meetings"]] == [early, late]
    assert (of_utc["from"], of_utc["to"]) == (f"{TODAY}T00:00:00Z", utc(NOW.replace(hour=0) + timedelta(days=1)))
    seen: list[str] = []
    path, after = f"/meetings?day={(NOW + timedelta(days=1)):%Y-%m-%d}&tz=Europe/Berlin", ""
    while True:
        page = told(ask(world, "GET", f"{path}&after={after}"))
        seen += [each["id"] for each in page["meetings"]]
        if not (after := page.get("next", "")):
            break
    assert seen == [late, other]


def test_a_long_day_comes_by_pages_of_two_calls_each_and_nothing_is_scanned(world: World) -> None:
    row = {"meet_time": utc(AT), "status": "SCHEDULED", "open": "1"}
    ids = {world.put(**row) for _ in range(PAGE + 5)}
    world.cloud.ledger.calls.clear()
    first = told(ask(world, "GET", f"/meetings?day={TODAY}"))
    asked = [call.operation for call in world.calls() if call.service == "dynamodb"]
    assert sorted(asked) == ["BatchGetItem", "GetItem", "Query"]  # and the keys, once a minute
    second = told(ask(world, "GET", f"/meetings?day={TODAY}&after={first['next']}"))
    assert [len(page["meetings"]) for page in (first, second)] == [PAGE, 5]
    assert {each["id"] for page in (first, second) for each in page["meetings"]} == ids
    assert "next" not in second


@pytest.mark.parametrize(
    "query",
    [
        "day=tomorrow",
        "day=2026-13-01",
        "day=20260301",
        "day=0001-01-01",
        "day=9999-12-31",
        "day=2026-03-01&tz=Mars/Olympus",
        "day=2026-03-01&tz=../../etc/passwd",
        "day=2026-03-01&tz=%00",
        "day=2026-03-01&after=2020-01-01/x",
        "day=2026-03-01&after=nonsense",
        f"day=2026-03-01&after=2026-03-01/{'x' * 2049}",
    ],
)
def test_no_such_day_zone_or_page_is_said_in_a_sentence(world: World, query: str) -> None:
    answer = ask(world, "GET", f"/meetings?{query}")
    assert answer.status_code == 400
    assert answer.json_body["message"].endswith((".", "one."))


def test_now_shows_trouble_first_and_nothing_that_is_far_or_over(world: World) -> None:
    soon, far = scheduled(world, meet_time=utc(NOW + timedelta(minutes=50))), scheduled(world)
    shut_out = world.put(
        meet_time=utc(NOW), status="LAUNCHED", open="1", begun_at=utc(NOW - timedelta(minutes=10)),
        teacher_ec2_id="i-1", teacher_attempt=1, teacher_launched_at=utc(NOW - timedelta(minutes=9)),
        teacher_waiting_at=utc(NOW - timedelta(seconds=30)),
    )  # fmt: skip
    over = world.put(meet_time=utc(NOW), status="TERMINATED", termination_reason="SUCCESS", ended_at=utc(NOW), open="1")
    now = told(ask(world, "GET", "/meetings"))
    assert [each["id"] for each in now["meetings"]] == [shut_out, soon]
    assert {far, over}.isdisjoint(each["id"] for each in now["meetings"])
    wrong = now["meetings"][0]["troubles"]
    assert [each["what"] for each in wrong] == ["shut out", "not launched", "unpublished", "not ready"]
    assert wrong[0]["told"] == "The teacher waits at a door that is closed."


def test_a_row_by_hand_is_listed_once_somebody_has_seen_it(world: World) -> None:
    meeting = world.put(meet_time=utc(AT), status="SCHEDULED")
    assert told(ask(world, "GET", f"/meetings?day={TODAY}"))["meetings"] == []
    world.invoke("stream_terminator", world.change_of(meeting))
    [listed] = told(ask(world, "GET", f"/meetings?day={TODAY}"))["meetings"]
    assert listed["id"] == meeting


def test_a_spoilt_row_spoils_no_list(world: World) -> None:
    sound = scheduled(world)
    world.put(
        id="spoilt", day=TODAY, meet_time=utc(AT), teacher_name=["x"], student_name=1, teacher_attempt="1E+125",
        teacher_replaced="no list", history={"a": 1}, status="WHATEVER", open="1", time_zone=b"\x00",
    )  # fmt: skip
    for path in ("/meetings", f"/meetings?day={TODAY}"):
        answer = told(ask(world, "GET", path))
        assert path == "/meetings" or sound in {each["id"] for each in answer["meetings"]}
    assert "bad row" in {each["what"] for each in told(ask(world, "GET", "/meetings/spoilt"))["troubles"]}


def test_the_calendar_tells_what_is_wanted_against_the_limit(world: World) -> None:
    world.configure(DESKTOPS_AT_ONCE="4")
    scheduled(world)
    strip = told(ask(world, "GET", "/calendar?weeks=2"))
    assert (strip["at_once"], strip["minutes"], [len(week["desktops"]) for week in strip["weeks"]]) == (
        4,
        15,
        [672, 672],
    )
    quarters = [count for week in strip["weeks"] for count in week["desktops"]]
    assert {count for count in quarters if count} == {2}
    assert strip["weeks"][0]["monday"] <= TODAY
    for weeks in ("0", "9", "-1", "x", "1e3", "٣"):
        assert ask(world, "GET", f"/calendar?weeks={weeks}").status_code == 400
    assert ask(world, "GET", "/calendar?day=x").status_code == 400


def test_where_nothing_limits_desktops_nobody_counts_them(world: World) -> None:
    assert told(ask(world, "GET", "/calendar"))["weeks"] == []


# --- one meeting


def test_a_meeting_is_known_by_its_id_or_by_that_of_a_link(world: World) -> None:
    made = told(world.schedule(form(meet_time=utc(AT))))
    [public_id] = parse_qs(urlsplit(made["student_link"]).query)["id"]
    for name in (made["id"], public_id):
        assert told(ask(world, "GET", f"/meetings/{name}"))["id"] == made["id"]
    assert ask(world, "GET", "/meetings/nobody").status_code == 404


def test_who_reads_sees_no_link_and_who_operates_does(world: World) -> None:
    meeting = scheduled(world)
    path = f"/meetings/{meeting}"
    seen = {scope: told(ask(world, "GET", path, scope=scope)) for scope in (Scope.READ, Scope.OPERATE)}
    assert "link_ids" not in seen[Scope.READ]
    assert set(seen[Scope.OPERATE]["link_ids"]) == {"teacher", "student"}
    assert {timer["name"] for timer in seen[Scope.READ]["timers"]} == {f"launch-{meeting}", f"safety-{meeting}"}


def test_what_a_key_changes_bears_its_name_and_the_reason_on_the_row_and_in_the_log(world: World) -> None:
    meeting = scheduled(world)
    why = {"reason": "The teacher called."}
    later = utc(AT + timedelta(hours=1))
    for method, path, body in (
        ("PATCH", "", {"meet_time": later} | why),
        ("POST", "/extend", {"minutes": 5} | why),
        ("POST", "/links", {"role": "student"} | why),
    ):
        answer = told(ask(world, method, f"/meetings/{meeting}{path}", body))
        assert answer["history"][-1] | {"at": "", "what": ""} == {
            "at": "", "what": "", "by": "the key operate", "why": "The teacher called.",
        }  # fmt: skip
    told(ask(world, "DELETE", f"/meetings/{meeting}?reason=The%20teacher%20is%20ill."))
    row = world.row(meeting)
    assert row["termination_reason"] == "CANCELLED"
    assert row["history"][-1]["why"] == "The teacher is ill."
    noted = [line for line in world.log if line.get("event") == "manage"]
    assert {line["by"] for line in noted} == {"the key operate"}
    assert [line["reason"] for line in noted] == ["The teacher called."] * 3 + ["The teacher is ill."]


def test_who_schedules_with_a_key_is_named_on_the_row(world: World) -> None:
    made = told(world.schedule(form(meet_time=utc(AT)), headers={"X-Schedule-Key": ACCESS_KEYS[Scope.SCHEDULE]}))
    row = world.row(made["id"])
    assert (row["scheduled_by"], row["history"][0]["by"]) == ("schedule", "the key schedule")
    assert "scheduled_by" not in world.row(scheduled(world))


def test_a_meeting_that_has_begun_is_ended_now_in_the_ordinary_way(world: World) -> None:
    running = world.put(
        meet_time=utc(NOW - timedelta(minutes=20)), begun_at=utc(NOW - timedelta(minutes=30)), duration_minutes=60,
        status="IN_PROGRESS", open="1", teacher_joined_at=utc(NOW - timedelta(minutes=19)),
    )  # fmt: skip
    for _ in range(2):
        answer = told(ask(world, "POST", f"/meetings/{running}/end", {"reason": "Noise."}))
        assert (answer["ends_at"], answer["duration_minutes"]) == (utc(NOW), 20)
    assert "reason" not in answer
    assert ask(world, "POST", f"/meetings/{scheduled(world)}/end", {}).status_code == 409


# --- recordings


def test_an_operator_gets_links_to_recordings_and_the_history_tells_it(world: World) -> None:
    meeting = world.put(meet_time=utc(NOW - timedelta(hours=2)), status="TERMINATED", ended_at=utc(NOW), open="1")
    key = f"{TODAY}/{meeting}/teacher/i-1-1.mkv"
    world.cloud.operator("s3").put_object(Bucket=BUCKET, Key=key, Body=b"a voice")
    answer = told(ask(world, "POST", f"/meetings/{meeting}/recordings", {"reason": "A complaint."}))
    assert answer["good_for_s"] == 300
    [one] = answer["recordings"]
    assert (one["name"], one["bytes"]) == (key, 7)
    assert requests.get(one["url"], timeout=30).content == b"a voice"
    assert parse_qs(urlsplit(one["url"]).query)["X-Amz-Expires"] == ["300"]
    last = world.row(meeting)["history"][-1]
    assert (last["what"], last["by"], last["why"]) == ("links to 1 recordings taken", "the key operate", "A complaint.")


def test_who_is_in_a_meeting_gets_no_recording_of_it(world: World) -> None:
    made = told(world.schedule(form(meet_time=utc(AT))))
    [public_id] = parse_qs(urlsplit(made["teacher_link"]).query)["id"]
    answer = ask(world, "POST", f"/meetings/{public_id}/recordings", {}, scope=None)
    assert (answer.status_code, "by the operator alone" in answer.json_body["message"]) == (403, True)

"""POST /schedule: what the form is told, what is stored, which timers are armed, and who is refused."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from chalice.config import Config
from chalice.local import LambdaEventConverter, LocalGateway, RouteMatcher

import app
from chalicelib import runtime
from localcloud.cloud import STATE_TABLE
from localcloud.functions import Context, arn
from tests.app.world import NOW, World, form, utc

LOCKED = {"STATE_TABLE": None, "SCHEDULING": None, "SCHEDULE_KEY": "let-me-in"}
"""A run at home that is locked."""


def at(text: str) -> dict[str, Any]:
    """Return what every timer that fires at this moment is made of, but for its target."""
    return {
        "ScheduleExpression": f"at({text})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
    }


# --- what the form is told


def test_the_form_is_told_the_id_the_video_room_and_both_links(world: World) -> None:
    answer = world.schedule()
    assert answer.status_code == 200
    told = answer.json_body
    assert set(told) == {"message", "id", "jitsi_url", "teacher_link", "student_link", "consent"}
    assert told["jitsi_url"] == world.row(told["id"])["jitsi_url"]
    for role in ("teacher", "student"):
        signed = rf"https://school\.example/meeting\?id={told['id']}\.[0-9a-f]{{32}}&role={role}"
        assert re.fullmatch(signed, told[f"{role}_link"])


def test_in_a_run_at_home_that_has_no_key_links_are_not_signed(world: World) -> None:
    world.configure(STATE_TABLE=None)
    told = world.schedule().json_body
    assert told["teacher_link"] == f"https://school.example/meeting?id={told['id']}&role=teacher"
    assert told["student_link"] == f"https://school.example/meeting?id={told['id']}&role=student"
    assert "links" not in world.row(told["id"])


def test_the_video_room_is_at_the_configured_host(world: World) -> None:
    world.configure(JITSI_DOMAIN="video.example.org")
    told = world.schedule().json_body
    assert re.fullmatch(r"https://video\.example\.org/[0-9a-f]{32}", told["jitsi_url"])


def test_who_knows_the_video_room_does_not_know_the_meeting(world: World) -> None:
    told = world.schedule(headers={"Idempotency-Key": "form-1"}).json_body
    room = told["jitsi_url"].rpartition("/")[2]
    assert room not in told["teacher_link"]
    assert told["id"].replace("-", "") not in room
    assert world.join(room, "teacher").status_code == 404


def test_every_meeting_has_a_video_room_of_its_own(world: World) -> None:
    assert len({world.schedule().json_body["jitsi_url"] for _ in range(3)}) == 3


def test_without_a_video_domain_a_meeting_is_scheduled_and_offers_no_room(world: World) -> None:
    world.configure(JITSI_DOMAIN=None)
    answer = world.schedule()
    assert (answer.status_code, answer.json_body["jitsi_url"]) == (200, "")
    assert "jitsi_url" not in world.row(answer.json_body["id"])
    [warning] = world.said("no_video_room")
    assert warning["meeting"] == answer.json_body["id"]
    assert "JITSI_DOMAIN" in warning["why"]


def test_a_page_address_that_has_a_query_keeps_it(world: World) -> None:
    told = world.schedule(form(frontend_base_url="https://school.example/m?lang=de")).json_body
    query = parse_qs(urlsplit(told["teacher_link"]).query)
    assert {name: values for name, values in query.items() if name != "id"} == {"lang": ["de"], "role": ["teacher"]}
    assert query["id"][0].startswith(told["id"])


def test_links_lead_to_the_operators_hosts_alone_where_these_are_named(world: World) -> None:
    world.configure(LINK_HOSTS="School.Example., münchen.example")
    for good in ("https://school.example/meeting", "https://xn--mnchen-3ya.example:8443/m"):
        told = world.schedule(form(frontend_base_url=good)).json_body
        assert told["teacher_link"].startswith(f"{good}?id=")
    answer = world.schedule(form(frontend_base_url="https://evil.example/meeting"))
    assert answer.status_code == 400
    assert "may not lead to evil.example." in answer.json_body["message"]
    assert len(world.rows()) == 2
    world.configure(LINK_HOSTS="https://school.example")
    assert world.schedule().status_code == 500
    assert "LINK_HOSTS" in world.errors()


def test_a_link_leads_to_the_meeting(world: World) -> None:
    told = world.schedule().json_body
    query = parse_qs(urlsplit(told["student_link"]).query)
    assert world.join(query["id"][0], query["role"][0]).status_code == 202


# --- what is stored


def test_the_row_holds_the_contracts_attributes_in_utc(world: World) -> None:
    told = world.schedule(form(teacher_email="ann@school.example", duration_minutes=90)).json_body
    assert world.rows() == [
        {
            "id": told["id"],
            "teacher_name": "Ann Ash",
            "student_name": "Ben Birch",
            "teacher_email": "ann@school.example",
            "meet_time": "2026-03-02T17:30:00Z",
            "created_at": utc(NOW),
            "duration_minutes": 90,
            "jitsi_url": told["jitsi_url"],
            "links": "signed",
            "status": "SCHEDULED",
            "open": "1",
            "day": "2026-03-02",
            "history": [
                {
                    "at": utc(NOW),
                    "what": "scheduled for 2026-03-02 17:30 UTC",
                    "by": "whoever scheduled it",
                }
            ],
        }
    ]


@pytest.mark.parametrize("empty", [..., None, ""])
def test_what_may_be_left_out_is_not_stored(world: World, empty: object) -> None:
    assert world.schedule(form(teacher_email=empty, duration_minutes=empty)).status_code == 200
    (row,) = world.rows()
    assert not {"teacher_email", "duration_minutes"} & set(row)


# --- timers


def test_two_timers_are_armed_ten_minutes_before_and_fifteen_after(world: World) -> None:
    meeting_id = world.schedule().json_body["id"]
    timers = world.timers()
    assert set(timers) == {f"launch-{meeting_id}", f"safety-{meeting_id}"}
    launch, safety = timers[f"launch-{meeting_id}"], timers[f"safety-{meeting_id}"]
    assert at("2026-03-02T17:20:00").items() <= launch.items()
    assert at("2026-03-02T17:45:00").items() <= safety.items()
    assert launch["Target"]["Arn"] == arn("launch_ec2")
    assert safety["Target"]["Arn"] == arn("safety_net")
    assert launch["Target"]["RoleArn"] == safety["Target"]["RoleArn"] == world.cloud.environ["SCHEDULER_ROLE_ARN"]
    row = {"meet_time": {"S": "2026-03-02T17:30:00Z"}, "status": {"S": "SCHEDULED"}}
    assert json.loads(launch["Target"]["Input"]) == {"meeting_id": meeting_id, "row": row}
    assert json.loads(safety["Target"]["Input"]) == {"meetingId": meeting_id}


@pytest.mark.parametrize(
    "meet_time",
    [
        pytest.param(NOW - timedelta(minutes=20), id="in the past"),
        pytest.param(NOW - timedelta(minutes=30), id="as far in the past as it may be"),
        pytest.param(NOW + timedelta(minutes=5), id="at the last minute"),
    ],
)
def test_a_meeting_with_no_time_to_spare_launches_at_once_and_gets_its_quarter_of_an_hour(
    world: World, meet_time: Any
) -> None:
    meeting_id = world.schedule(form(meet_time=utc(meet_time))).json_body["id"]
    timers = world.timers()
    # T is created_at + 10 min. A timer needs a moment that has not passed by the time it is armed.
    assert timers[f"launch-{meeting_id}"]["ScheduleExpression"] == "at(2026-03-02T15:01:00)"
    assert timers[f"safety-{meeting_id}"]["ScheduleExpression"] == "at(2026-03-02T15:25:00)"
    assert world.row(meeting_id)["meet_time"] == utc(meet_time)


def test_a_timer_never_fires_early_for_a_fraction_of_a_second(world: World) -> None:
    meeting_id = world.schedule(form(meet_time="2026-03-02T17:30:00.250Z")).json_body["id"]
    assert world.timers()[f"launch-{meeting_id}"]["ScheduleExpression"] == "at(2026-03-02T17:20:01)"


@pytest.mark.parametrize("alias", ["", ":live"])
def test_the_timers_targets_are_derived_from_the_running_functions_arn(world: World, alias: str) -> None:
    world.configure(LAUNCHER_ARN=None, SAFETY_NET_ARN=None)
    converter = LambdaEventConverter(RouteMatcher(list(app.app.routes)), app.app.api.binary_types)
    event = converter.create_lambda_event("POST", "/schedule", {}, json.dumps(form()).encode())
    context = Context("api_handler", world.clock)
    context.invoked_function_arn = arn("x").removesuffix("-x") + alias
    answer = app.app(event, context)
    meeting_id = json.loads(answer["body"])["id"]
    targets = {name: timer["Target"]["Arn"] for name, timer in world.timers().items()}
    assert targets == {f"launch-{meeting_id}": arn("launch_ec2"), f"safety-{meeting_id}": arn("safety_net")}


@pytest.mark.parametrize("queue", [None, "arn:aws:sqs:us-west-2:123456789012:elephant-dev-timers"])
def test_a_timer_that_cannot_be_delivered_goes_to_the_queue_that_is_set(world: World, queue: str | None) -> None:
    world.configure(TIMER_DEAD_LETTERS_ARN=queue)
    world.schedule()
    queues = [timer["Target"].get("DeadLetterConfig") for timer in world.timers().values()]
    assert queues == [{"Arn": queue} if queue else None] * 2


def test_without_timers_the_meeting_is_scheduled_all_the_same_and_the_sweep_will_see_it(world: World) -> None:
    world.cut_off("scheduler")
    answer = world.schedule()
    assert answer.status_code == 200
    meeting_id = answer.json_body["id"]
    assert world.row(meeting_id)["open"] == "1"
    assert {(fact["meeting"], fact["timer"]) for fact in world.said("timer_not_armed")} == {
        (meeting_id, f"launch-{meeting_id}"),
        (meeting_id, f"safety-{meeting_id}"),
    }
    assert "could not be armed" in world.errors()


def test_the_app_goes_by_the_clock_of_its_machine(world: World) -> None:
    runtime.use(environ=world.cloud.environ)
    before = datetime.now(UTC)
    assert world.schedule(form(meet_time=utc(before + timedelta(hours=1)))).status_code == 200
    (row,) = world.rows()
    assert before <= datetime.fromisoformat(row["created_at"]) <= datetime.now(UTC)


# --- once


def test_the_same_idempotency_key_gives_the_same_meeting(world: World) -> None:
    first = world.schedule(headers={"Idempotency-Key": "form-1"})
    again = world.schedule(headers={"idempotency-key": "form-1"})
    assert again.status_code == 200
    assert again.json_body == first.json_body
    assert len(world.rows()) == 1
    assert len(world.timers()) == 2


def test_the_first_of_two_requests_with_one_key_stands(world: World) -> None:
    meeting_id = world.schedule(headers={"Idempotency-Key": "form-1"}).json_body["id"]
    before = world.row(meeting_id)
    world.move(minutes=1)
    other = world.schedule(form(teacher_name="Somebody Else"), headers={"Idempotency-Key": "form-1"})
    assert other.status_code == 409
    assert "Idempotency-Key" in other.json_body["message"]
    assert meeting_id not in other.body.decode()
    assert world.rows() == [before]


@pytest.mark.parametrize("key", ["", " ", None])
def test_an_empty_key_is_none(world: World, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    ids = {world.schedule(headers=headers).json_body["id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_meetings_id_is_made_with_a_key_that_only_a_request_with_a_name_needs(world: World) -> None:
    """Where that key is gone, no id is made that could be guessed."""
    world.cloud.operator("dynamodb").delete_item(TableName=STATE_TABLE, Key={"id": {"S": "key/ids"}})
    world.configure()
    assert world.schedule().status_code == 200
    assert world.schedule(headers={"Idempotency-Key": "form-1"}).status_code == 500
    assert f"The table {STATE_TABLE} holds no key for ids; deploy again" in world.errors()
    assert len(world.rows()) == 1


def test_after_a_crash_between_row_and_timers_the_same_key_arms_them(world: World) -> None:
    world.cut_off("scheduler")
    meeting_id = world.schedule(headers={"Idempotency-Key": "form-1"}).json_body["id"]
    assert world.timers() == {}
    world.reconnect("scheduler")
    assert world.schedule(headers={"Idempotency-Key": "form-1"}).json_body["id"] == meeting_id
    assert set(world.timers()) == {f"launch-{meeting_id}", f"safety-{meeting_id}"}
    assert len(world.rows()) == 1


def test_a_key_that_is_used_again_after_its_meeting_has_ended_arms_nothing(world: World) -> None:
    world.cut_off("scheduler")
    meeting_id = world.schedule(headers={"Idempotency-Key": "form-1"}).json_body["id"]
    world.write(meeting_id, status="TERMINATED", termination_reason="CANCELLED", ended_at=utc(NOW))
    world.reconnect("scheduler")
    assert world.schedule(headers={"Idempotency-Key": "form-1"}).status_code == 200
    assert world.timers() == {}


def test_other_keys_and_no_key_give_other_meetings(world: World) -> None:
    keys: list[dict[str, str]] = [{"Idempotency-Key": "form-1"}, {"Idempotency-Key": "form-2"}, {}, {}]
    ids = {world.schedule(headers=headers).json_body["id"] for headers in keys}
    assert len(ids) == len(world.rows()) == 4


# --- who may


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-Schedule-Key": ""}, 401),
        ({"X-Schedule-Key": "let-me-inn"}, 403),
        ({"X-Schedule-Key": "schlüssel"}, 403),
        ({"X-Schedule-Key": "let-me-in"}, 200),
        ({"x-schedule-key": "let-me-in"}, 200),
    ],
)
def test_where_scheduling_is_locked_only_the_key_opens_it(world: World, headers: dict[str, str], status: int) -> None:
    world.configure(**LOCKED)
    answer = world.schedule(headers=headers)
    assert answer.status_code == status
    assert "message" in answer.json_body
    assert "let-me-in" not in answer.body.decode()
    assert len(world.rows()) == (status == 200)


def test_where_scheduling_is_locked_the_key_is_asked_for_before_the_form_is_read(world: World) -> None:
    world.configure(**LOCKED)
    assert world.schedule(b"not JSON").status_code == 401


# --- failures on our side


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SCHEDULER_ROLE_ARN", None), ("LAUNCHER_ARN", None), ("SAFETY_NET_ARN", None), ("MAX_MEETING_MINUTES", "long")],
)
def test_a_variable_that_is_unset_or_unusable_is_named_in_the_log_and_not_to_the_public(
    world: World, variable: str, value: str | None
) -> None:
    world.configure(**{variable: value})
    answer = world.schedule()
    assert answer.status_code == 500
    assert set(answer.json_body) == {"message"}
    assert variable not in answer.body.decode()
    assert "ConfigError" in world.errors()
    assert variable in world.errors()
    assert world.rows() == []


def test_without_the_table_nothing_is_scheduled_and_the_form_may_try_again(world: World) -> None:
    world.cut_off("dynamodb")
    answer = world.schedule()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert set(answer.json_body) == {"message"}
    assert "127.0.0.1" not in answer.body.decode()
    assert "elephant-state" in world.errors(), "the key comes first"
    assert world.timers() == {}


# --- pages elsewhere


@pytest.mark.parametrize(
    ("status", "body", "headers", "variables"),
    [
        pytest.param(200, form(), {}, {}, id="scheduled"),
        pytest.param(400, {}, {}, {}, id="bad fields"),
        pytest.param(400, b"?", {}, {}, id="not JSON"),
        pytest.param(401, form(), {}, LOCKED, id="no key"),
        pytest.param(403, form(), {"X-Schedule-Key": "x"}, LOCKED, id="wrong key"),
        pytest.param(500, form(), {}, {"SCHEDULER_ROLE_ARN": None}, id="unset variable"),
    ],
)
def test_a_page_on_any_host_may_read_every_answer(
    world: World, status: int, body: object, headers: dict[str, str], variables: dict[str, str | None]
) -> None:
    world.configure(**variables)
    answer = world.schedule(body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_page_on_any_host_may_read_that_the_table_is_away(world: World) -> None:
    world.cut_off("dynamodb")
    assert world.schedule().headers["Access-Control-Allow-Origin"] == "*"


def test_a_page_on_any_host_may_send_what_the_form_sends() -> None:
    answer = LocalGateway(app.app, Config.create()).handle_request("OPTIONS", "/schedule", {}, None)
    assert answer["statusCode"] == 200
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer["headers"]["Access-Control-Allow-Methods"]
    allowed = {name.strip() for name in answer["headers"]["Access-Control-Allow-Headers"].split(",")}
    assert {"Content-Type", "Idempotency-Key", "X-Schedule-Key"} <= allowed

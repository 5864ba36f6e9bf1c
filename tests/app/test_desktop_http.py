"""What a desktop asks over HTTP: as API Gateway passes it on once it has checked who signed it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import app
from chalicelib.domain.keys import Purpose
from chalicelib.guests import desk
from desktop.door import Door, Presence, Seat
from desktop.state import State
from localcloud.cloud import KEYS, STATE_TABLE, TABLE
from localcloud.cloudflare import DOMAIN
from tests.app.world import NOW, World, image, record, stream_event, utc

ME, OTHER = "i-0123456789abcdef0", "i-0fedcba9876543210"
ROLE_ARN = "arn:aws:iam::123456789012:role/elephant-dev-desktop"
PATHS = {"": "GET", "/ready": "POST", "/presence": "POST", "/uploaded": "POST", "/certificate": "GET"}
URL = "https://sessions.example.com/m-1/teacher.zip"
GOOD: dict[str, Any] = {
    "": None,
    "/ready": {"missing": []},
    "/presence": {"connected": True},
    "/uploaded": {"url": URL},
    "/certificate": None,
}


def signed_by(session: str, role: str = "elephant-dev-desktop") -> dict[str, Any]:
    return {"userArn": f"arn:aws:sts::123456789012:assumed-role/{role}/{session}", "sourceIp": "203.0.113.7"}


def ask(identity: dict[str, Any], path: str = "", body: Any = None, meeting: str = "m-1") -> tuple[int, dict[str, Any]]:
    """Hand the app a request as the gateway does; return the status and the body."""
    event = {
        "requestContext": {
            "httpMethod": PATHS[path],
            "resourcePath": f"/desktop/{{meetingId}}{path}",
            "identity": identity,
        },
        "headers": {"content-type": "application/json"},
        "multiValueQueryStringParameters": None,
        "pathParameters": {"meetingId": meeting},
        "stageVariables": None,
        "body": body if isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }
    answer = app.app(event, None)
    assert answer["headers"]["Elephant"] == "1"
    return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def meeting(world: World) -> str:
    """A meeting of a stage with the kit, with a desktop for each role, whose records are published."""
    world.configure(DESKTOP_CLIENT="kit", DESKTOP_ROLE_ARN=ROLE_ARN)
    seats = {"teacher": ME, "student": OTHER}
    row: dict[str, Any] = {f"{role}_ec2_id": desktop for role, desktop in seats.items()}
    row |= {f"{role}_ec2_link": f"https://{desktop}.{DOMAIN}:8443" for role, desktop in seats.items()}
    row |= {f"{role}_published_at": utc(NOW) for role in seats} | {f"{role}_attempt": 1 for role in seats}
    names = {"teacher_name": "Ada", "student_name": "Boonki", "status": "DNS_WRITTEN", "meet_time": utc(NOW)}
    return world.put(**row, **names, id="m-1", open="1")


def test_a_desktop_is_told_whose_it_is(world: World, meeting: str) -> None:
    status, told = ask(signed_by(ME))
    assert status == 200
    assert (told["role"], told["name"], told["other_name"]) == ("teacher", "Ada", "Boonki")
    assert told["host_name"] == f"{ME}.{DOMAIN}"


def test_it_is_told_whose_root_its_certificate_must_have_at_the_cost_of_the_keys(world: World, meeting: str) -> None:
    assert ask(signed_by(ME))[1]["issuer_root"] is None
    item = {"id": "key/tokens", "present": KEYS[Purpose.TOKENS], "earlier": [], "issuer_root": "a root, as PEM"}
    world.cloud.operator("dynamodb").put_item(TableName=STATE_TABLE, Item=image(item))
    world.configure()
    before = len(world.calls())
    assert ask(signed_by(ME))[1]["issuer_root"] == "a root, as PEM"
    assert [call.operation for call in world.calls()[before:]] == ["TransactGetItems"], "the row, and keys with root"


def test_ready_leads_to_an_open_door_whose_token_the_desktop_itself_takes(
    world: World, meeting: str, tmp_path: Path
) -> None:
    """The two ends of the door's protocol, one of them on the desktop."""
    assert world.http.get("/join/m-1/teacher").status_code == 202
    assert ask(signed_by(ME), "/ready", {"missing": []}) == (200, {"message": "It is noted."})
    answer = world.http.get("/join/m-1/teacher")
    assert answer.status_code == 200
    _, told = ask(signed_by(ME))
    seat = Seat(ME, told["role"], tuple(told["door_keys"]))
    door = Door(lambda: seat, lambda: Presence(0), lambda: NOW, State(tmp_path / "door.json", ME))
    assert door.judge(answer.json_body["auth_token"]).opens
    _, of_the_other = ask(signed_by(OTHER))
    others = Seat(OTHER, of_the_other["role"], tuple(of_the_other["door_keys"]))
    elsewhere = Door(lambda: others, lambda: Presence(0), lambda: NOW, State(tmp_path / "other.json", OTHER))
    assert not elsewhere.judge(answer.json_body["auth_token"]).opens


def test_a_token_from_before_the_key_was_rotated_still_opens(world: World, meeting: str, tmp_path: Path) -> None:
    ask(signed_by(ME), "/ready", {"missing": []})
    token = world.http.get("/join/m-1/teacher").json_body["auth_token"]
    item = {"id": "key/tokens", "present": "the-next", "earlier": [KEYS[Purpose.TOKENS]]}
    world.cloud.operator("dynamodb").put_item(TableName=STATE_TABLE, Item=image(item))
    world.configure()
    _, told = ask(signed_by(ME))
    seat = Seat(ME, "teacher", tuple(told["door_keys"]))
    assert Door(lambda: seat, lambda: Presence(0), lambda: NOW, State(tmp_path / "d", ME)).judge(token).opens


def test_who_was_late_gets_in_by_clicking_again(world: World, meeting: str, tmp_path: Path) -> None:
    """What DCV's own message says: go back to the meeting page."""
    ask(signed_by(ME), "/ready", {"missing": []})
    _, told = ask(signed_by(ME))
    seat = Seat(ME, told["role"], tuple(told["door_keys"]))
    door = Door(lambda: seat, lambda: Presence(0), world.clock.now, State(tmp_path / "door.json", ME))
    late = world.http.get("/join/m-1/teacher").json_body["auth_token"]
    world.move(minutes=3)
    assert not door.judge(late).opens
    assert door.judge(world.http.get("/join/m-1/teacher").json_body["auth_token"]).opens


def test_only_a_click_gets_a_token_and_each_gets_another(world: World, meeting: str) -> None:
    ask(signed_by(ME), "/ready", {"missing": []})
    assert "auth_token" not in world.http.get("/join/m-1/teacher?peek=1").json_body
    first, second = (world.http.get("/join/m-1/teacher").json_body["auth_token"] for _ in range(2))
    assert first != second


def test_desktops_with_scripts_ask_for_no_token(world: World, meeting: str) -> None:
    ask(signed_by(ME), "/ready", {"missing": []})
    world.configure(DESKTOP_CLIENT="scripts")
    assert "auth_token" not in world.http.get("/join/m-1/teacher").json_body


def test_who_waits_is_told_what_is_missing(world: World, meeting: str) -> None:
    ask(signed_by(ME), "/ready", {"missing": ["The DCV service is not running."]})
    answer = world.http.get("/join/m-1/teacher")
    assert answer.status_code == 202
    assert answer.json_body["progress"]["missing"] == ["The DCV service is not running."]
    assert "missing" not in world.http.get("/join/m-1/student").json_body["progress"]
    assert {"event": "desktop_not_ready", "why": "The DCV service is not running."}.items() <= world.log[-1].items()


def test_presence_is_noted(world: World, meeting: str) -> None:
    assert ask(signed_by(ME), "/presence", {"connected": True})[0] == 200
    assert world.row("m-1")["teacher_connected_at"] == utc(NOW)
    assert "student_connected_at" not in world.row("m-1")


@pytest.mark.parametrize(
    "name",
    [
        "محمد عبد الله",
        "王小明",
        "👩🏽‍🏫 Zoë d’Été",
        "\u200fשלום\u200e (\u2067x\u2069)",
        "e\u0301" * 100,
        'Ann "Bo" <b>O\'Hara</b> & \\ \u2028',
    ],
    ids=["arabic", "chinese", "emoji", "marks of direction", "200 characters", "signs"],
)
def test_a_name_in_any_script_reaches_the_desktop_unharmed(world: World, meeting: str, name: str) -> None:
    world.write("m-1", teacher_name=name)
    assert ask(signed_by(ME))[1]["name"] == name
    assert ask(signed_by(OTHER))[1]["other_name"] == name


# --- desktops that come and go


def test_one_that_was_replaced_is_told_and_believed_nothing_any_more(world: World, meeting: str) -> None:
    world.write("m-1", teacher_ec2_id="i-00000000000000002", teacher_replaced=[f"{utc(NOW)} {ME}: its desktop is gone"])
    before = world.row("m-1")
    assert {ask(signed_by(ME), path, body)[0] for path, body in GOOD.items()} == {404}
    assert world.row("m-1") == before


def test_a_clone_has_an_id_of_its_own_and_no_seat(world: World, meeting: str) -> None:
    """Whatever it holds of the one that it was copied from: AWS says which instance has signed."""
    assert {ask(signed_by("i-0c10ec10ec10ec10e"), path, body)[0] for path, body in GOOD.items()} == {404}


def test_one_that_was_stopped_and_started_goes_on_where_it_was(world: World, meeting: str) -> None:
    ask(signed_by(ME), "/ready", {"missing": []})
    _, told = ask(signed_by(ME))
    world.move(minutes=3)
    ask(signed_by(ME), "/ready", {"missing": ["DCV has no session yet."]})
    assert world.http.get("/join/m-1/teacher").status_code == 202
    ask(signed_by(ME), "/ready", {"missing": []})
    assert world.http.get("/join/m-1/teacher").status_code == 200
    assert ask(signed_by(ME))[1] == told
    assert world.row("m-1")["teacher_healthy_at"] == utc(NOW)


@pytest.mark.parametrize(
    ("path", "meanwhile"),
    [
        ("/ready", {"teacher_missing": ["It is broken."]}),
        ("/presence", {"teacher_connected_at": utc(NOW)}),
        ("/uploaded", {"teacher_session_data": "https://elsewhere.example/1"}),
    ],
)
def test_who_meets_another_write_is_asked_to_tell_it_again(
    world: World, meeting: str, monkeypatch: pytest.MonkeyPatch, path: str, meanwhile: dict[str, Any]
) -> None:
    find = desk.desk_of

    def find_and_be_overtaken(*given: Any, **more: Any) -> Any:
        place = find(*given, **more)
        world.write("m-1", **meanwhile)
        return place

    with monkeypatch.context() as patch:
        patch.setattr(desk, "desk_of", find_and_be_overtaken)
        assert ask(signed_by(ME), path, GOOD[path])[0] == 503
    assert ask(signed_by(ME), path, GOOD[path])[0] == 200


def test_both_may_get_ready_at_once(world: World, meeting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both would set the status: whoever is second is asked to tell it again, and neither is lost."""
    find = desk.desk_of

    def let_the_other_be_first(*given: Any, **more: Any) -> Any:
        place = find(*given, **more)
        monkeypatch.setattr(desk, "desk_of", find)
        assert ask(signed_by(OTHER), "/ready", GOOD["/ready"])[0] == 200
        return place

    monkeypatch.setattr(desk, "desk_of", let_the_other_be_first)
    assert [ask(signed_by(ME), "/ready", GOOD["/ready"])[0] for _ in range(2)] == [503, 200]
    assert {"teacher_healthy_at", "student_healthy_at"} <= world.row("m-1").keys()


# --- who is refused, and learns nothing


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("identity", "status"),
    [
        ({"sourceIp": "127.0.0.1"}, 403),
        ({"userArn": None, "user": ME}, 403),
        (signed_by("ann"), 403),
        (signed_by(ME, role="elephant-prod-desktop"), 403),
        (signed_by("i-00000000000000000"), 404),
    ],
    ids=["unsigned", "claimed", "no instance", "another stage's", "not on the row"],
)
def test_nobody_else_is_told_or_believed_anything(
    world: World, meeting: str, path: str, identity: dict[str, Any], status: int
) -> None:
    before = world.row("m-1")
    answered, told = ask(identity, path, GOOD[path])
    assert answered == status
    assert set(told) == {"message"}
    assert world.row("m-1") == before


def test_just_the_routes_that_a_desktop_s_profile_may_call_take_a_signature() -> None:
    """So the right to call them is worth nothing at any other."""
    signed = {(path, bool(route.authorizer)) for path, methods in app.app.routes.items() for route in methods.values()}
    assert {path for path, takes in signed if takes} == {path for path, _ in signed if path.startswith("/desktop/")}


@pytest.mark.parametrize("path", PATHS)
def test_where_nothing_checks_signatures_everybody_is_refused(world: World, meeting: str, path: str) -> None:
    """Chalice's own gateway admits whoever asks."""
    body = json.dumps(GOOD[path]).encode()
    with pytest.warns(UserWarning, match="IAMAuthorizer is not a supported"):
        answer = world.http.request(PATHS[path], f"/desktop/m-1{path}", body=body)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_meeting_that_is_not_there_is_as_one_that_is_another_s(world: World, meeting: str, path: str) -> None:
    missing = ask(signed_by(ME), path, GOOD[path], meeting="m-2")
    world.put(id="m-2", teacher_ec2_id=OTHER)
    assert ask(signed_by(ME), path, GOOD[path], meeting="m-2") == missing
    assert missing[0] == 404


@pytest.mark.parametrize("path", ["", "/ready", "/presence", "/certificate"])
def test_after_the_end_the_desktop_is_told_so(world: World, meeting: str, path: str) -> None:
    world.write("m-1", status="TERMINATED", termination_reason="CANCELLED")
    status, told = ask(signed_by(ME), path, GOOD[path])
    assert (status, told["status"], told["reason"]) == (410, "TERMINATED", "CANCELLED")


def test_an_upload_is_noted_after_the_end_too_and_takes_nothing_back(world: World, meeting: str) -> None:
    world.write("m-1", status="TERMINATED", termination_reason="MAX_DURATION")
    assert ask(signed_by(ME), "/uploaded", {"url": URL}) == (200, {"message": "It is noted."})
    row = world.row("m-1")
    assert (row["teacher_session_data"], row["status"], row["termination_reason"]) == (
        URL,
        "TERMINATED",
        "MAX_DURATION",
    )
    assert "student_session_data" not in row


@pytest.mark.parametrize("path", ["/ready", "/presence", "/uploaded"])
@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"instance_id": "i-0fedcba9876543210"}', "9" * 5000])
def test_what_cannot_be_meant_is_refused_with_a_sentence(world: World, meeting: str, path: str, body: str) -> None:
    before = world.row("m-1")
    status, told = ask(signed_by(ME), path, body)
    assert status == 400
    assert told["message"].endswith(".")
    assert world.row("m-1") == before


def test_a_desktop_cannot_speak_for_the_other_one(world: World, meeting: str) -> None:
    """Not by a body that names it, nor by its role: it is answered about its own seat, or refused."""
    ask(signed_by(ME), "/ready", {"missing": [], "role": "student"})
    ask(signed_by(ME), "/ready", {"missing": []})
    row = world.row("m-1")
    assert "teacher_healthy_at" in row
    assert "student_healthy_at" not in row


# --- what it costs


def test_each_takes_one_read_and_one_write_at_most(world: World, meeting: str) -> None:
    ask(signed_by(ME))  # what is kept beside the rows is read once in a while
    for path in ("/ready", "/presence", "/uploaded"):
        for writes in (1, 0):
            world.forget_calls()
            ask(signed_by(ME), path, GOOD[path])
            assert [call.operation for call in world.calls()] == ["GetItem"] + ["UpdateItem"] * writes


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/presence", {"connected": True}),
        ("/presence", {"connected": False}),
        ("/ready", {"missing": ["It is broken."]}),
    ],
    ids=["presence", "a sign of life", "missing"],
)
def test_what_no_rule_acts_on_at_once_costs_nothing_more_through_the_stream(
    world: World, meeting: str, path: str, body: dict[str, Any]
) -> None:
    """Also where there would be something to do, which is somebody else's: here the student's next launch."""
    gone = ("student_ec2_id", "student_ec2_link", "student_published_at")
    before = {name: value for name, value in world.row("m-1").items() if name not in gone}
    world.cloud.operator("dynamodb").put_item(TableName=TABLE, Item=image(before))
    assert ask(signed_by(ME), path, body)[0] == 200
    after = world.row("m-1")
    assert after != before
    world.forget_calls()
    world.invoke("stream_terminator", stream_event(record(after, NOW, before=before)))
    assert world.calls() == []
    world.invoke("stream_terminator", stream_event(record(after, NOW)))
    assert world.calls() != []

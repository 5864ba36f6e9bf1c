"""Whatever is asked, the answer is the app's word: marked, dated, readable from any host, and JSON with a message.

Chalice's test client and `chalice local` hand everything to the app. API Gateway, and the embedded cloud's gateway like
it, answers for itself what no route is for: in the same form, without the mark.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from chalice.config import Config
from chalice.deploy.swagger import TemplatedSwaggerGenerator
from chalice.local import LocalGateway
from chalice.test import HTTPResponse

import app
from chalicelib.people import pages
from tests.app.world import NOW, World, form, utc

ROUTES = {"/": "GET HEAD POST", "/meeting": "GET HEAD", "/schedule": "POST", "/join/m-1/teacher": "GET HEAD"}
ROUTES |= {"/manage": "GET HEAD", "/logo": "GET HEAD", "/meetings/m-1": "GET HEAD PATCH DELETE"}
ROUTES |= {f"/meetings/m-1/{part}": "POST" for part in ("extend", "replace", "links", "end", "recordings")}
ROUTES |= dict.fromkeys(("/ops", "/days", "/meetings", "/calendar"), "GET HEAD")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
NOWHERE = ["/nope", "/schedule/x", "/join", "/join/m-1", "/join/m-1/teacher/x", "//", "/a/b/c/d/e/f/g", "/favicon.ico"]


def refused(path: str) -> list[str]:
    return [method for method in METHODS if method not in ROUTES[path].split()]


def assert_the_apps_word(answer: HTTPResponse) -> None:
    assert answer.headers["Elephant"] == "1"
    assert answer.headers["Elephant-Time"] == utc(NOW)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    exposed = answer.headers["Access-Control-Expose-Headers"].split(",")
    assert {"Elephant", "Elephant-Time", "Retry-After"} <= set(exposed)


def assert_refused_by_the_app(answer: HTTPResponse, status: int) -> None:
    assert answer.status_code == status
    assert_the_apps_word(answer)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json_body["message"].endswith(".")


# --- every route


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/meeting", 200),
        ("GET", "/logo", 404),
        ("POST", "/schedule", 200),
        ("POST", "/", 200),
        ("POST", "/schedule/", 200),
        ("GET", "/join/m-1/teacher", 202),
        ("GET", "/join/m-2/teacher", 404),
        ("GET", "/join/m-1/pupil", 400),
    ],
)
@pytest.mark.parametrize("claim", ["application/json", "text/plain", "", "nonsense", "image/png"])
def test_every_answer_is_marked_dated_and_readable_whatever_the_request_says_of_itself(
    world: World, method: str, path: str, status: int, claim: str
) -> None:
    world.put(id="m-1")
    headers = {"Content-Type": claim, "Accept": claim}
    answer = world.http.request(method, path, headers=headers, body=json.dumps(form()).encode())
    assert answer.status_code == status
    assert_the_apps_word(answer)


KEPT = dict.fromkeys(("/", "/meeting", "/manage", "/ops", "/days"), "no-cache") | {"/logo": "public, max-age=3600"}
"""What may be kept of an answer: pages, which are asked for anew each time, and a picture."""


@pytest.mark.parametrize("kind", ["as it should be", "of nobody's meeting", "that cannot be read"])
def test_nothing_keeps_an_answer_but_pages_and_the_logo(world: World, kind: str) -> None:
    """Whichever route, whatever the outcome: what is not a page may be personal."""
    world.configure(OPERATOR_NAME="Example School", OPERATOR_LOGO="logo.svg")
    world.put(id="m-1", teacher_name="Ann", status="SCHEDULED")
    for path, methods in app.app.routes.items():
        asked = path.replace("{meetingId}", "m-1" if kind == "as it should be" else "m-2").replace("{role}", "teacher")
        for method in methods:
            body = b"{" if kind == "that cannot be read" else json.dumps(form()).encode()
            answer = world.http.request(method, asked, body=body)
            can_be_kept = method in ("GET", "HEAD") and answer.status_code == 200
            kept = KEPT.get(path, "no-store") if can_be_kept else "no-store"
            assert answer.headers["Cache-Control"] == kept, f"{method} {path}"


@pytest.mark.parametrize("path", ["/", "/meeting", "/manage"])
def test_a_page_holds_nothing_of_any_meeting(world: World, path: str) -> None:
    """It is the same for everybody, whatever link it is opened by: what it shows, its script asks for."""
    told = world.schedule(form(teacher_name="Ann Ash")).json_body
    without = world.http.get(path).body
    for role in ("teacher", "student"):
        assert world.http.get(f"{path}?{urlsplit(told[f'{role}_link']).query}").body == without
    assert world.http.get(f"{path}?id={told['id']}&role=parent&teacher_name=Ann%20Ash").body == without
    assert not [text for text in ("Ann Ash", told["id"]) if text.encode() in without]


# --- the root is the schedule form's address too


def test_what_is_posted_to_the_root_of_the_stage_is_scheduled(world: World) -> None:
    sent = {"headers": {"Idempotency-Key": "form-1"}, "body": json.dumps(form()).encode()}
    answer = world.http.post("/", **sent)
    assert answer.status_code == 200
    assert answer.json_body == world.http.post("/schedule", **sent).json_body
    (row,) = world.rows()
    assert row["id"] == answer.json_body["id"]


def test_the_root_is_locked_as_scheduling_is(world: World) -> None:
    world.configure(SCHEDULING="locked")
    assert world.http.post("/", body=json.dumps(form()).encode()).status_code == 401
    assert world.rows() == []


# --- what there is no route for


@pytest.mark.parametrize(("path", "method"), [(path, method) for path in ROUTES for method in refused(path)])
def test_a_method_that_an_address_does_not_take_is_refused_in_the_same_form(
    world: World, path: str, method: str
) -> None:
    answer = world.http.request(method, path)
    if method == "HEAD":
        assert (answer.status_code, answer.body) == (405, b"")
        assert_the_apps_word(answer)
    else:
        assert_refused_by_the_app(answer, 405)
        assert answer.headers["Allow"].replace(",", "") == ROUTES[path]


@pytest.mark.parametrize("path", NOWHERE)
@pytest.mark.parametrize("method", METHODS)
def test_an_unknown_address_is_refused_in_the_same_form(world: World, path: str, method: str) -> None:
    answer = world.http.request(method, path)
    if method == "HEAD":
        assert (answer.status_code, answer.body) == (404, b"")
        assert_the_apps_word(answer)
    else:
        assert_refused_by_the_app(answer, 404)


@pytest.mark.parametrize("path", [*ROUTES, *NOWHERE])
def test_a_page_on_any_host_may_ask_at_every_address(path: str) -> None:
    answer = LocalGateway(app.app, Config.create()).handle_request("OPTIONS", path, {}, None)
    assert answer["statusCode"] == 200
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
    allowed = set(answer["headers"]["Access-Control-Allow-Methods"].split(","))
    assert set(ROUTES.get(path, "GET").split()) <= allowed
    headers = set(answer["headers"]["Access-Control-Allow-Headers"].split(","))
    assert {"Content-Type", "Idempotency-Key", "X-Schedule-Key"} <= headers
    assert "Elephant" not in answer["headers"], "a preflight is answered by the gateway"


def test_what_is_deployed_are_the_apps_routes_alone() -> None:
    paths = TemplatedSwaggerGenerator().generate_swagger(app.app)["paths"]
    assert {path: set(methods) - {"options"} for path, methods in paths.items()} == {
        "/": {"get", "head", "post"},
        "/meeting": {"get", "head"},
        "/manage": {"get", "head"},
        "/ops": {"get", "head"},
        "/days": {"get", "head"},
        "/logo": {"get", "head"},
        "/schedule": {"post"},
        "/join/{meetingId}/{role}": {"get", "head"},
        "/meetings": {"get", "head"},
        "/calendar": {"get", "head"},
        "/cost": {"get", "head"},
        "/report": {"get", "head"},
        "/meetings/{meetingId}": {"get", "head", "patch", "delete"},
        "/meetings/{meetingId}/extend": {"post"},
        "/meetings/{meetingId}/end": {"post"},
        "/meetings/{meetingId}/replace": {"post"},
        "/meetings/{meetingId}/recordings": {"post"},
        "/meetings/{meetingId}/links": {"post"},
        "/desktop/{meetingId}": {"get"},
        "/desktop/{meetingId}/ready": {"post"},
        "/desktop/{meetingId}/presence": {"post"},
        "/desktop/{meetingId}/uploaded": {"post"},
        "/desktop/{meetingId}/recordings": {"post"},
        "/desktop/{meetingId}/recordings/safe": {"post"},
        "/desktop/{meetingId}/certificate": {"get"},
    }


def test_desktops_must_sign_what_they_ask_and_people_need_not() -> None:
    paths = TemplatedSwaggerGenerator().generate_swagger(app.app)["paths"]
    for path, methods in paths.items():
        for method in set(methods) - {"options"}:
            signed = {"sigv4": []} in methods[method].get("security", [])
            assert signed == path.startswith("/desktop/"), f"{method} {path}"


# --- what fails outside a view


def test_a_page_that_cannot_be_read_is_a_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_FOLDER", pages._FOLDER / "gone")
    pages.page.cache_clear()
    assert_refused_by_the_app(world.http.get("/"), 500)


@pytest.mark.parametrize(
    "broken",
    [
        {"pathParameters": None},
        {"requestContext": {"resourcePath": "/join/{meetingId}/{role}", "httpMethod": "GET"}, "pathParameters": {}},
        {"requestContext": {}},
    ],
    ids=["no parameters", "none of those that the route names", "no path"],
)
def test_a_request_that_is_none_of_the_gateways_is_answered_with_a_sentence(
    world: World, broken: dict[str, Any]
) -> None:
    event = {
        "requestContext": {"resourcePath": "/join/{meetingId}/{role}", "httpMethod": "GET"},
        "multiValueQueryStringParameters": None,
        "headers": {},
        "pathParameters": {"meetingId": "m-1", "role": "teacher"},
        "body": None,
        "stageVariables": None,
    }
    answer = app.app(event | broken, None)
    assert answer["statusCode"] == 500
    assert answer["headers"]["Elephant"] == "1"
    assert json.loads(answer["body"])["message"].endswith(".")


# --- the embedded cloud's gateway, like API Gateway


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nope"), ("GET", "/schedule"), ("PUT", "/"), ("GET", "/join/m-1")]
)
def test_the_gateways_own_answers_are_readable_json_and_not_the_apps_word(world: World, method: str, path: str) -> None:
    answer = requests.request(method, world.cloud.url + path, timeout=10)
    assert answer.status_code == 403
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "message" in answer.json()
    assert "Elephant" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 200), ("HEAD", "/meeting", 200), ("POST", "/", 400)]
)
def test_the_gateway_hands_on_the_apps_word(world: World, method: str, path: str, status: int) -> None:
    answer = requests.request(method, world.cloud.url + path, timeout=10)
    assert answer.status_code == status
    assert answer.headers["Elephant"] == "1"
    assert answer.headers["Elephant-Time"] == utc(NOW)

"""How the trial asks the API: as form and page do, patient with what passes, and in a sentence where it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from chalicelib.domain.seat import Role
from tests.tools.smoke.story import NOW
from tools.trial.api import Api, Lost, Trouble
from tools.trial.steps import Failed

SCHEDULED = {"id": "m1", "teacher_link": "https://a/meeting?id=m1.t&role=teacher", "student_link": "https://a/meeting"}
Reply = tuple[int, Any, dict[str, str]] | Exception


class Http(requests.Session):
    """Answers what it is told to, in turn, the last for ever; and remembers what it was asked."""

    def __init__(self, *replies: Reply) -> None:
        super().__init__()
        self._replies = list(replies)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def request(self, method: Any, url: Any, **more: Any) -> requests.Response:  # type: ignore[override]
        self.asked.append((method, url, more))
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, Exception):
            raise reply
        answer = requests.Response()
        answer.status_code, body, headers = reply
        answer.reason = "Reason"
        answer._content = (body if isinstance(body, str) else json.dumps(body)).encode()
        answer.headers.update(headers)
        return answer


OURS = {"Elephant": "1"}


def api(http: Http, sleep: Callable[[float], None] = lambda _: None) -> Api:
    return Api("https://api.example.com/dev/", http, sleep)


def schedule(http: Http) -> Any:
    return api(http).schedule(NOW, 10, "the key", "make doctor STAGE=dev")


def test_a_meeting_is_scheduled_with_the_stage_s_key_and_lasts_as_long_as_it_is_told() -> None:
    http = Http((200, SCHEDULED, OURS))
    invitation = schedule(http)
    assert (invitation.meeting_id, invitation.links[Role.TEACHER]) == ("m1", SCHEDULED["teacher_link"])
    [(method, url, sent)] = http.asked
    assert (method, url) == ("POST", "https://api.example.com/dev/schedule")
    assert sent["headers"]["X-Schedule-Key"] == "the key"
    assert sent["json"]["duration_minutes"] == 10
    assert sent["json"]["meet_time"] == "2026-03-01T15:00:00Z"
    assert sent["json"]["frontend_base_url"] == "https://api.example.com/dev/meeting"


def test_a_lost_answer_is_asked_for_again_and_makes_no_second_meeting() -> None:
    http = Http(requests.ConnectionError("cut"), (503, {"message": "Later."}, OURS), (200, SCHEDULED, OURS))
    assert schedule(http).meeting_id == "m1"
    assert len({sent["headers"]["Idempotency-Key"] for _, _, sent in http.asked}) == 1


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        (requests.ConnectionError("name not known"), "The API at https://api.example.com/dev/ cannot be reached"),
        (
            (403, {"message": "Missing Authentication Token"}, {}),
            "not the app: 403 Reason Missing Authentication Token.",
        ),
        ((200, "<html>sign in</html>", OURS), "What answers at https://api.example.com/dev/ is not the app"),
        ((500, {"message": "Something is wrong on our side."}, OURS), "The app answers 500: Something is wrong"),
    ],
    ids=["unreachable", "gateway", "sign-in page", "fault"],
)
def test_an_api_that_does_not_answer(reply: Reply, what: str) -> None:
    with pytest.raises(Lost) as caught:
        schedule(Http(reply))
    assert what in caught.value.what
    assert "ends by itself in half an hour" in caught.value.what
    assert "make doctor" in caught.value.remedy


@pytest.mark.parametrize(
    ("status", "what", "remedy"),
    [
        (401, "does not take the stage's key for scheduling: No", "wait a minute"),
        (403, "does not take the stage's key for scheduling: No", "make doctor"),
        (409, "no meeting can be scheduled now: No", "desktops.at_once"),
        (400, "the API refuses the meeting (400): No", "make doctor"),
    ],
)
def test_a_meeting_that_is_refused_was_not_scheduled(status: int, what: str, remedy: str) -> None:
    with pytest.raises(Failed) as caught:
        schedule(Http((status, {"message": "No."}, OURS)))
    assert not isinstance(caught.value, Lost)
    assert what in caught.value.what
    assert remedy in caught.value.remedy


LINK = "https://api.example.com/dev/meeting?id=m1.signature&role=teacher"


def test_a_peek_is_a_peek_and_a_click_is_a_click() -> None:
    http = Http((202, {"message": "Wait."}, OURS | {"Retry-After": "7"}))
    assert api(http).join(LINK, Role.TEACHER, peek=True).retry_after_s == 7
    assert api(http).join(LINK, Role.TEACHER, peek=False).message == "Wait."
    assert [url.removeprefix("https://api.example.com/dev/") for _, url, _ in http.asked] == [
        "join/m1.signature/teacher?peek=1",
        "join/m1.signature/teacher",
    ]


def test_too_many_questions_pass() -> None:
    with pytest.raises(Trouble, match="429"):
        api(Http((429, {"message": "Slower."}, OURS))).join(LINK, Role.TEACHER, peek=True)

"""The stage's API, as the form and the meeting page ask it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from chalicelib.domain import rows
from chalicelib.domain.seat import Role
from tools.trial.steps import Failed

_TIMEOUT_S = 35
"""A little longer than the gateway waits for a function."""

_TRIES = 3
_PAUSE_S = 5.0


class Trouble(Exception):
    """The app's own word did not come, for now: the text says what came instead."""


class Lost(Failed):
    """Whether the meeting was scheduled is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The app's own answer. `retry_after_s` is 0 where it names no time to ask again."""

    status: int
    body: Mapping[str, Any]
    retry_after_s: float = 0

    @property
    def message(self) -> str:
        """The app's sentence."""
        return str(self.body.get("message", ""))


@dataclass(frozen=True, slots=True)
class Invitation:
    """A meeting that was scheduled: its id, and the link of each role."""

    meeting_id: str
    links: Mapping[Role, str]


class Api:
    """The API at this address, which ends in a slash."""

    def __init__(self, address: str, http: requests.Session, sleep: Callable[[float], None]) -> None:
        self._address = address
        self._http = http
        self._sleep = sleep

    def schedule(self, meet_time: datetime, minutes: int, key: str, doctor: str) -> Invitation:
        """Schedule a meeting for this time (UTC); asked again, it never makes a second one.

        Raises:
            Failed: it was not scheduled; Lost, where that is not known.
        """
        form = {
            "teacher_name": "Smoke test, teacher",
            "student_name": "Smoke test, student",
            "meet_time": rows.timestamp(meet_time.replace(microsecond=0)),
            "duration_minutes": minutes,
            "frontend_base_url": f"{self._address}meeting",
        }
        headers = {"X-Schedule-Key": key, "Idempotency-Key": secrets.token_hex(16)}
        answer = self._insist("POST", "schedule", doctor, json=form, headers=headers)
        if answer.status != 200:
            raise _refused(answer, doctor)
        return Invitation(str(answer.body["id"]), {role: str(answer.body[f"{role}_link"]) for role in Role})

    def join(self, link: str, role: Role, *, peek: bool) -> Answer:
        """Ask what the page behind a link asks: whether the door is open or, without `peek`, to be let in.

        Raises:
            Trouble: the app did not answer.
        """
        [link_id] = parse_qs(urlsplit(link).query)["id"]
        return self._ask("GET", f"join/{link_id}/{role}{'?peek=1' if peek else ''}")

    def _insist(self, method: str, path: str, doctor: str, **request: Any) -> Answer:
        for _ in range(_TRIES - 1):
            try:
                return self._ask(method, path, **request)
            except Trouble:
                self._sleep(_PAUSE_S)
        try:
            return self._ask(method, path, **request)
        except Trouble as trouble:
            what = f"{trouble} If the meeting was made nonetheless, nobody comes, and it ends by itself in half an hour"
            raise Lost(what, f"{doctor} says what the API lacks; then try again") from trouble

    def _ask(self, method: str, path: str, **request: Any) -> Answer:
        try:
            found = self._http.request(method, self._address + path, timeout=_TIMEOUT_S, **request)
        except requests.RequestException as error:
            raise Trouble(f"The API at {self._address} cannot be reached: {error}.") from error
        try:
            body = found.json()
        except ValueError:
            body = None
        if found.headers.get("Elephant") != "1" or not isinstance(body, dict):
            said = body.get("message", "") if isinstance(body, dict) else ""
            raise Trouble(
                f"What answers at {self._address} is not the app: {found.status_code} {found.reason} {said}".rstrip()
                + "."
            )
        if found.status_code == 429 or found.status_code >= 500:
            raise Trouble(f"The app answers {found.status_code}: {str(body.get('message', '')).rstrip('.')}.")
        return Answer(found.status_code, body, _seconds(found.headers.get("Retry-After", "")))


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0


def _refused(answer: Answer, doctor: str) -> Failed:
    said = answer.message.rstrip(".")
    if answer.status in (401, 403):
        what = f"the API does not take the stage's key for scheduling: {said}"
        return Failed(what, "wait a minute, for a new key is known that late, and try again; then " + doctor)
    if answer.status == 409:
        return Failed(f"no meeting can be scheduled now: {said}", "try again at such a time, or raise desktops.at_once")
    return Failed(f"the API refuses the meeting ({answer.status}): {said}", doctor)

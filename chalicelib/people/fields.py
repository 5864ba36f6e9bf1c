"""What people fill in, read: each field is checked where it is read, and all problems are told at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.errors import BadRequest
from chalicelib.domain.seat import Role
from chalicelib.people import links
from chalicelib.people.addresses import page_address

EARLIEST = timedelta(minutes=-30)
LATEST = timedelta(days=365)
"""How far from now a meeting may be."""

_NAME_LENGTH = 100
_REASON_LENGTH = 200
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}")  # the names of IANA's time zones, which only browsers need to know
_CONTROLS = {"Cc", "Cs", "Zl", "Zp"}  # Unicode's categories; joiners, which many scripts need, are in none of them
_TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # would turn the text around the name too

_NAMES = {"teacher_name": "teacher's name", "student_name": "student's name"}


class Fields:
    """Reads a form's fields and collects what is wrong with them.

    Each problem is a sentence that names its field as people do: a form may show nothing but the first.
    """

    def __init__(self, body: object, what: str) -> None:
        """Take the body that was sent, and what its fields are, in words.

        Raises:
            BadRequest: it is no JSON object.
        """
        if not isinstance(body, Mapping):
            raise BadRequest(f"The body must be a JSON object with {what}.")
        self._body: Mapping[str, Any] = body
        self.problems: list[tuple[str, str]] = []

    def __contains__(self, field: str) -> bool:
        """Whether this field was sent, whatever it holds."""
        return field in self._body

    def refuse(self) -> None:
        """Refuse what was sent where something is wrong with it.

        Raises:
            BadRequest: with every problem so far, the first in its message.
        """
        if self.problems:
            _, first = self.problems[0]
            raise BadRequest(first, tuple(self.problems))

    def _wrong(self, field: str, problem: str) -> None:
        self.problems.append((field, problem))

    def name(self, field: str) -> str:
        """Return a person's name, blanks around it left out."""
        value = self._body.get(field)
        text = value.strip() if isinstance(value, str) else ""
        name = _NAMES[field]
        if not any(sign.isprintable() and not sign.isspace() for sign in text):
            self._wrong(field, f"The {name} is missing.")
        elif len(text) > _NAME_LENGTH:
            self._wrong(field, f"The {name} is too long: {len(text)} characters, of {_NAME_LENGTH} at most.")
        elif _spoils(text):
            self._wrong(field, f"The {name} holds a line break or another sign that cannot be shown; type it anew.")
        return text

    def email(self, field: str) -> str | None:
        """Return an e-mail address, None where there is none."""
        value = self._body.get(field)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or not value.isprintable() or not _EMAIL.fullmatch(value.strip()):
            self._wrong(
                field, "The teacher's e-mail is not an e-mail address; write one like ann@example.com, or leave it out."
            )
            return None
        return value.strip()

    def moment(self, field: str, earliest: datetime, latest: datetime) -> datetime:
        """Return when a meeting is to be, UTC, between these two moments."""
        moment = self.instant(field, "The meeting's time")
        if moment is None:
            return earliest
        if moment < earliest:
            passed = -EARLIEST // timedelta(minutes=1)
            self._wrong(field, f"The meeting's time is more than {passed} minutes in the past.")
        elif moment > latest:
            self._wrong(field, f"The meeting's time is more than {LATEST.days} days ahead.")
        return moment

    def instant(self, field: str, name: str) -> datetime | None:
        """Return a moment in UTC, None where there is none; `name` is the field's, as people say it."""
        value = self._body.get(field)
        shape = "like 2026-03-01T15:00:00Z"
        if value is None or value == "" or (isinstance(value, str) and not value.strip()):
            self._wrong(field, f"{name} is missing.")
            return None
        if not isinstance(value, str):
            self._wrong(field, f"{name} must be a date and time written {shape}.")
            return None
        try:
            given = datetime.fromisoformat(value.strip())
            moment = given.astimezone(UTC)
        except (ValueError, OverflowError):
            self._wrong(field, f"{name} {value!r:.60} is not a date and time {shape}, or there is no such day or hour.")
            return None
        if given.tzinfo is None:
            self._wrong(field, f"{name} {value!r:.60} does not say in which time zone; write it {shape}.")
            return None
        return moment

    def url(self, field: str, hosts: Collection[str]) -> str:
        """Return the address of a page that can take `id` and `role` in its query, at one of these hosts, if any."""
        value = self._body.get(field)
        text = value.strip() if isinstance(value, str) else ""
        page = "The address of the meeting page"
        if not text:
            self._wrong(field, f"{page} is missing; the form itself must send it.")
            return text
        try:
            address = page_address(text, hosts)
        except ValueError as error:
            self._wrong(field, f"{page} cannot be used: {error}.")
            return text
        if links.names_a_seat(address):
            self._wrong(field, f"{page} may not hold id or role itself; links add these.")
        return address

    def minutes(self, field: str, at_most: int) -> int | None:
        """Return a meeting's length, None where there is none."""
        value = self._body.get(field)
        if value is None or value == "":
            return None
        return self.whole(
            field, f"The meeting's length must be a whole number of minutes from 1 to {at_most}.", 1, at_most
        )

    def zone(self, field: str) -> str | None:
        """Return the name of a time zone, None where there is none."""
        value = self._body.get(field)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or not _ZONE.fullmatch(value):
            self._wrong(field, f"The time zone {value!r:.60} is not one like Europe/Berlin; name one, or leave it out.")
            return None
        return value

    def whole(self, field: str, problem: str, at_least: int, at_most: int) -> int | None:
        """Return a whole number within these bounds, None with this problem where it is none."""
        value = self._body.get(field)
        if isinstance(value, bool) or not isinstance(value, int) or not at_least <= value <= at_most:
            self._wrong(field, problem)
            return None
        return value

    def role(self, field: str) -> Role | None:
        """Return one of the two roles, None where it is neither."""
        value = self._body.get(field)
        if not isinstance(value, str) or value not in list(Role):
            self._wrong(field, f"The {field} must be teacher or student.")
            return None
        return Role(value)

    def reason(self) -> str:
        """Return why somebody wants a change, empty where they say nothing: for the meeting's history."""
        return self.line("reason", "The reason", _REASON_LENGTH) or ""

    def line(self, field: str, name: str, at_most: int) -> str | None:
        """Return one line of text, None where there is none; `name` is the field's, as people say it."""
        value = self._body.get(field)
        if value is None:
            return None
        text = value.strip() if isinstance(value, str) else None
        if text is None or len(text) > at_most or _spoils(text):
            self._wrong(field, f"{name} must be one line of up to {at_most} characters.")
        return text or None


def _spoils(text: str) -> bool:
    """Return whether a text holds what would spoil the line that it is shown in."""
    return any(unicodedata.category(sign) in _CONTROLS or sign in _TURNS for sign in text)

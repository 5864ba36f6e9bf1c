"""Requests that nobody means, for every operation of docs/openapi.yaml: near what is described, or far from it.

Near: values that the description's schemas make, one of them spoilt. Far: any JSON, text damaged on the way, and what
attackers send: bodies of megabytes, ten thousand levels, numbers beyond any range, lines in headers, names twice.
"""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.rows import timestamp
from tests import description, thrown
from tests.app.asking import Asked
from tests.description import Operation
from tests.thrown import WORDS

MEGABYTE = 2**20
TEXTS: Mapping[str, Sequence[str]] = {
    "teacher_name": ("Ann Ash", "小", "Ω" * 100),
    "student_name": ("Ben Birch", "x"),
    "teacher_email": ("ann@school.example", ""),
    "frontend_base_url": (
        "https://school.example/meeting",
        "https://school.example/#/meeting",
        "http://localhost:8000/meeting",
        "https://user:secret@school.example/",
        "https://192.0.2.1/",
        "https://school.example/?id=1",
        "javascript:alert(1)",
        "https://[",
        "https://school.example:99999/",
    ),
    "time_zone": ("Europe/Berlin", "UTC", "", "../zone"),
    "url": ("https://sessions.example.com/m-1/teacher.zip", "https://[", "https:// a", "https:x"),
    "piece": ("0001.mkv", "a"),
    "upload": ("", "an-upload"),
    "sha256": (f"{'A' * 43}=", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", "-" * 44),
    "desktop_id": ("i-0123456789abcdef0", "i-0fedcba9876543210"),
    "day": ("2026-03-02", "2026-03-03"),
    "week": ("2026-W10", "2026-W01"),
    "tz": ("Europe/Berlin", "Asia/Kathmandu"),
    "after": ("2026-03-02/", "2026-03-02/m-ahead", f"2026-03-02/{'x' * 3000}", "2026-03-02/\ud800"),
    "lang": ("de", "en"),
    "peek": ("1", "0", ""),
    "consent": ("1", "0"),
    "format": ("csv",),
    "duration_minutes": ("60", "1"),
}
"""What texts of these names are, well meant or not; of any other name they are `WORDS`."""
HEADERS = (
    "Idempotency-Key",
    "Content-Type",
    "Accept",
    "Accept-Language",
    "X-Amz-Date",
    "Purpose",
    "Sec-Purpose",
    "Authorization",
    "X-Schedule-Key",
    "X-Forwarded-For",
    "Content-Length",
)
MOMENTS = ("meet_time", "since", "from")
_MINUTES = (-525_600, -31, -30, -1, 0, 1, 30, 600, 1440, 525_600, 525_601)
RAW = (
    "",
    "{",
    "[" * 10_000,
    "[" * 10_000 + "]" * 10_000,
    '{"a":' * 10_000 + "1" + "}" * 10_000,
    "9" * 100_000,
    "1e400",
    "-Infinity",
    "NaN",
    "\ufeff{}",
    "{}{}",
    '"\\ud800"',
    "null",
    "true",
    "\x00",
    "--x\r\nContent-Disposition: form-data\r\n\r\n",
    "teacher_name=Ann&student_name=Ben",
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
)


class Thrower:
    """Makes requests: `ids` may stand for meetings, `sessions` for whoever signs, `keys` for what is brought."""

    def __init__(
        self,
        dice: random.Random,
        now: datetime,
        ids: Sequence[str],
        keys: Sequence[str],
        sessions: Sequence[str | None],
    ) -> None:
        self._dice = dice
        self._now = now
        self._ids = ids
        self._keys = keys
        self._sessions = sessions
        self._operations = sorted(description.operations())

    def request(self) -> Asked:
        """Return a request to one of the operations."""
        dice = self._dice
        operation = dice.choice(self._operations)
        method, route = operation
        body = self._body(operation)
        is_encoded = body is not None and dice.random() < 0.05
        if body is not None and is_encoded:
            body = self._encoded(body)
        return Asked(
            method,
            route,
            {name: self._in_path(name) for name in re.findall(r"{(\w+)}", route)},
            self._query(description.operations()[operation]),
            self._headers(),
            body,
            dice.choice(self._sessions) if route.startswith("/desktop/") else None,
            is_encoded,
        )

    def meant(self, schema: Any, name: str = "") -> Any:
        """Return a value that a schema takes, as far as it says what it takes."""
        dice, schema = self._dice, description.resolved(schema)
        if "const" in schema or "enum" in schema:
            return schema.get("const", dice.choice(schema.get("enum", [None])))
        for several in ("oneOf", "anyOf"):
            if several in schema and "properties" not in schema:
                return self.meant(dice.choice(schema[several]), name)
        kinds = schema["type"]
        kind = dice.choice(kinds) if isinstance(kinds, list) else kinds
        match kind:
            case "object":
                needed = schema.get("required", ())
                wanted = [each for each in schema["properties"] if each in needed or dice.random() < 0.5]
                return {each: self.meant(schema["properties"][each], each) for each in wanted}
            case "array":
                most = min(schema.get("maxItems", 3), 21)
                count = dice.choice((schema.get("minItems", 0), 1, dice.randint(1, most)))
                return [self.meant(schema["items"], name) for _ in range(count)]
            case "integer" | "number":
                least = schema.get("minimum", 0)
                return dice.choice((least, least + 1, 30, 60, schema.get("maximum", 10**6)))
            case "boolean":
                return dice.random() < 0.5
            case "null":
                return None
            case _:
                return self._text(name)

    def _text(self, name: str) -> str:
        if name in MOMENTS:
            moment = self._now + timedelta(minutes=self._dice.choice(_MINUTES))
            return self._dice.choice(
                (timestamp(moment), moment.isoformat(), timestamp(moment)[:-1], "0001-01-01T00:00+14:00")
            )
        return self._dice.choice(TEXTS.get(name, WORDS))

    def _in_path(self, name: str) -> str:
        dice = self._dice
        if name == "role":
            return dice.choice(("teacher", "student", "teacher", "student", "Teacher.", dice.choice(WORDS)))
        text = dice.choice(self._ids)
        match dice.randrange(8):
            case 0:
                return dice.choice(WORDS)
            case 1:
                at = dice.randrange(len(text))
                return text[:at] + chr(dice.randrange(0x3000)) + text[at + dice.randrange(2) :]
            case 2:
                return text[: dice.randrange(len(text))] + dice.choice(WORDS)
            case _:
                return text

    def _query(self, operation: Any) -> dict[str, list[str]]:
        dice = self._dice
        described = [description.resolved(each) for each in operation.get("parameters", ())]
        query: dict[str, list[str]] = {}
        for each in described:
            if each["in"] == "query" and dice.random() < 0.7:
                meant = str(self.meant(each["schema"], each["name"]))
                query[each["name"]] = [meant if dice.random() < 0.7 else dice.choice(WORDS)]
        if dice.random() < 0.1:
            query.setdefault(dice.choice((*TEXTS, *WORDS)), []).extend(dice.choices(WORDS, k=dice.randrange(3)))
        return query

    def _headers(self) -> dict[str, str]:
        dice = self._dice
        headers = {}
        if dice.random() < 0.7:
            key = dice.choice(self._keys)
            headers = dice.choice(({"Authorization": f"Bearer {key}"}, {"X-Schedule-Key": key}, {"authorization": key}))
        for _ in range(dice.choice((0, 0, 1, 2))):
            headers[dice.choice(HEADERS)] = dice.choice(
                (*WORDS, "one", "application/json", "text/plain", "20260302T150000Z")
            )
        return headers

    def _body(self, operation: Operation) -> str | None:
        at, dice = description.body_schema(operation), self._dice
        if at is None:
            return dice.choice((None, None, "", "{}", dice.choice(RAW)))
        schema = {"$ref": f"#{at}"}
        kind = dice.random()
        if kind < 0.3:
            return json.dumps(self.meant(schema))
        if kind < 0.7:
            return json.dumps(self._spoilt(self.meant(schema)))
        if kind < 0.8:
            return json.dumps(thrown.any_json(self._dice))
        if kind < 0.9:
            text = json.dumps(self.meant(schema))
            spot = dice.randrange(len(text))
            return dice.choice(
                (text[:spot], text[:spot] + chr(dice.randrange(0x2FFF)) + text[spot:], text * 2, twice(text))
            )
        if kind < 0.998:
            return dice.choice((None, *RAW))
        return dice.choice(
            (json.dumps({"reason": "x" * 6 * MEGABYTE}), "[" + "1," * MEGABYTE + "1]", " " * 6 * MEGABYTE)
        )

    def _spoilt(self, meant: Any) -> Any:
        """Return a value of which one part is another, gone, or one too many."""
        if not isinstance(meant, dict) or self._dice.random() < 0.1:
            return thrown.any_json(self._dice)
        spoilt, names = dict(meant), [*meant]
        match self._dice.randrange(3):
            case 0 if names:
                del spoilt[self._dice.choice(names)]
            case 1:
                spoilt[self._dice.choice((*TEXTS, *WORDS))] = thrown.any_json(self._dice, 1)
            case _ if names:
                spoilt[self._dice.choice(names)] = thrown.any_json(self._dice, 2)
        return spoilt

    def _encoded(self, body: str) -> str:
        content = body.encode("utf-8", "surrogatepass")
        rough = (
            content,
            content[:-1] + b"\xff\xfe",
            b"\xc3\x28" + content,
            b"\xff\xfe" + body.encode("utf-16-le", "surrogatepass"),
        )
        return self._dice.choice((base64.b64encode(self._dice.choice(rough)).decode(), body, "=" * 5))


def twice(text: str) -> str:
    """Return a JSON object whose names stand in it twice."""
    return text[:-1] + ", " + text[1:] if text.startswith("{") and len(text) > 2 else text


def smaller(asked: Asked) -> Iterator[Asked]:
    """Yield requests with less in them: what is left of one that falls over is what it takes."""
    for name in asked.query:
        yield replace(asked, query={each: value for each, value in asked.query.items() if each != name})
    for name in asked.headers:
        yield replace(asked, headers={each: value for each, value in asked.headers.items() if each != name})
    if asked.body:
        try:
            sent = json.loads(asked.body)
        except (ValueError, RecursionError):
            sent = None
        for less in thrown.less(sent):
            yield replace(asked, body=json.dumps(less))
        yield replace(asked, body=None)
        yield replace(asked, body=asked.body[: len(asked.body) // 2])
    for name, value in asked.path.items():
        if len(value) > 1:
            yield replace(asked, path={**asked.path, name: value[: len(value) // 2]})

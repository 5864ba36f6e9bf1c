"""Requests that nobody means, to every operation that docs/openapi.yaml describes: each is answered as it says there.

Never a status of 500 or more, never anything of the app's inside, and what is refused changes nothing. `make fuzz`
throws far more of them; a request that falls over is told as what it takes to fall over.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from chalicelib.adapters.uses import item_id
from chalicelib.domain.access import Scope
from localcloud.cloud import ACCESS_KEYS, STATE_TABLE
from tests import description, fuzz
from tests.app.asking import ME, OTHER, STRANGER, Answer, Asked, Town, ask, stored
from tests.app.thrower import Thrower, smaller
from tests.app.world import NOW, World
from tests.thrown import WORDS

REQUESTS = fuzz.inputs(1200)
ANEW = 40
"""After so many requests the meetings are as they were at first."""
INSIDE = ("Traceback", 'File "', ".py", "chalicelib", "botocore", "dynamodb")
"""What no answer tells."""
USED = {f"{STATE_TABLE}/{item_id(scope, f'{NOW:%Y-%m-%d}')}" for scope in Scope}
"""Where the uses of keys are counted: a request that is understood counts, even where it cannot be had."""
UNDERSTOOD = (404, 409)


def what_is_wrong(town: Town, asked: Asked, before: Mapping[str, str]) -> tuple[str, int, Mapping[str, str]]:
    """Ask; return what is wrong with the answer, empty where nothing is, its status, and what is stored then."""
    town.world.log.clear()
    try:
        answer = ask(asked)
    except Exception as error:  # also what docs/openapi.yaml does not describe
        return f"{type(error).__name__}: {str(error)[:500]}", 0, stored()
    after = stored()
    return wrong_with(town, asked, answer, before, after), answer.status, after


def wrong_with(town: Town, asked: Asked, answer: Answer, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    if answer.status >= 500:
        return f"{answer.status}: {town.world.errors()[-600:]}"
    if any(word in answer.body for word in INSIDE) and "pages" not in tags(asked):
        return f"something of the inside in {answer.body:.300}"
    if any(sign in value for value in answer.headers.values() for sign in "\r\n"):
        return "a line break in a header"
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    may = changed if answer.status < 300 and asked.method != "HEAD" else USED if answer.status in UNDERSTOOD else set()
    if changed - may:
        return f"{answer.status} has changed {changed - may}"
    if answer.status < 300 and not (is_meant(asked) and all(are_meant(asked))):
        return f"what was sent is not described, and was taken: {answer.body:.100}"
    return ""


def tags(asked: Asked) -> list[str]:
    return list(description.operations()[asked.method, asked.route]["tags"])


def is_meant(asked: Asked) -> bool:
    """Return whether a body that was taken is one that is described."""
    at = description.body_schema((asked.method, asked.route))
    if at is None or asked.encoded:
        return True
    return bool(description.validator(at).is_valid(json.loads((asked.body or "").encode("utf-8", "surrogatepass"))))


def are_meant(asked: Asked) -> Iterator[bool]:
    """Yield whether each part of a query that was taken is one that is described."""
    for parameter in description.operations()[asked.method, asked.route].get("parameters", ()):
        told = description.resolved(parameter)
        if told["in"] == "query" and len(asked.query.get(told["name"], ())) == 1:
            yield Draft202012Validator(told["schema"]).is_valid(asked.query[told["name"]][0])


def least(town: Town, asked: Asked) -> Asked:
    """Return what it takes of a request to fall over."""
    found: Asked | None = asked
    while found:
        asked, found = found, None
        for less in smaller(asked):
            town.restore()
            if what_is_wrong(town, less, stored())[0]:
                found = less
                break
    return asked


@pytest.mark.fuzz
def test_whatever_is_asked_is_answered_as_described_and_what_is_refused_changes_nothing(world: World) -> None:
    town = Town(world)
    ids = [*town.ids.values(), *(link for links in town.links.values() for link in links.values())]
    sessions = (*[ME] * 12, *[OTHER] * 4, STRANGER, None, *WORDS[:6])
    keys = (*[ACCESS_KEYS[Scope.OPERATE]] * 60, *[*ACCESS_KEYS.values()] * 5, "nobody's", *WORDS)
    thrower = Thrower(fuzz.dice("requests"), NOW, ids, keys, sessions)
    got: Counter[int] = Counter()
    before: Mapping[str, str] = stored()
    for number in range(REQUESTS):
        if number % ANEW == 0:
            town.restore()
            before = stored()
        asked = thrower.request()
        wrong, status, before = what_is_wrong(town, asked, before)
        if wrong:
            town.restore()
            if what_is_wrong(town, asked, stored())[0]:
                asked = least(town, asked)
                town.restore()
                wrong, *_ = what_is_wrong(town, asked, stored())
            pytest.fail(f"request {number}: {wrong}\n{asked!r:.3000}")
        got[status] += 1
    fuzz.tell(REQUESTS, got)
    assert {200, 400, 401, 403, 404, 409, 410} <= got.keys()

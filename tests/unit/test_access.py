"""Keys that an operator gives out: which one was brought, and what it is good for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.keys import KEPT, GivenKeys
from chalicelib.domain.access import Access, AccessKey, Scope, digest_of, find
from chalicelib.domain.errors import Forbidden, KeyMissing
from chalicelib.people.admission import admit

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
OFFICE = AccessKey("office", Scope.SCHEDULE, digest_of("a key"))
ENDS = AccessKey("guest", Scope.READ, digest_of("another"), expires_at=NOW)
KEYS = {key.name: key for key in (OFFICE, ENDS)}


class Store(GivenKeys):
    """Keys as they were a minute ago, and as they are."""

    def __init__(self, before: Access, now: Access) -> None:
        super().__init__({})
        self._before, self._now = before, now
        self.asked: list[timedelta] = []

    def access(self, kept: timedelta = KEPT) -> Access:
        self.asked.append(kept)
        return self._before if kept == KEPT else self._now


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("a key", "office"),
        ("A key", None),
        (" a key", None),
        ("", None),
        (OFFICE.digest, None),
        ("another", None),
        ("schl\u00fcssel\ud800", None),
        ("x" * 100_000, None),
    ],
)
def test_a_key_is_known_by_its_hash_alone_and_until_it_ends(given: str, found: str | None) -> None:
    key = find(given, KEYS, NOW)
    assert (key.name if key else None) == found


def test_a_key_is_good_up_to_the_moment_at_which_it_ends() -> None:
    assert find("another", KEYS, NOW - timedelta(microseconds=1)) == ENDS


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope.SCHEDULE, {Scope.SCHEDULE}),
        (Scope.READ, {Scope.READ}),
        (Scope.OPERATE, {Scope.SCHEDULE, Scope.READ, Scope.OPERATE}),
    ],
)
def test_scopes_are_apart_and_who_operates_may_all(scope: Scope, covered: set[Scope]) -> None:
    assert {other for other in Scope if scope.covers(other)} == covered


def test_a_key_of_another_scope_is_told_by_its_name_which_one_it_takes() -> None:
    with pytest.raises(
        Forbidden, match="The key office is for the scope schedule, and this takes one of the scope operate;"
    ):
        admit("a key", Store(KEYS, KEYS), Scope.OPERATE, NOW)


def test_no_key_is_asked_for_and_a_wrong_one_refused() -> None:
    store = Store(KEYS, KEYS)
    with pytest.raises(KeyMissing, match="This takes a key of the scope read; send it as Authorization: Bearer"):
        admit("", store, Scope.READ, NOW)
    assert store.asked == []
    with pytest.raises(Forbidden, match="not valid here, or not any more"):
        admit("guessed", store, Scope.READ, NOW)


def test_a_key_that_was_just_made_is_looked_for_once_more() -> None:
    """Whoever opens the board with a key of its own does so the moment that it was made."""
    assert admit("a key", Store({}, KEYS), Scope.SCHEDULE, NOW) == OFFICE


def test_no_key_shows_in_what_python_says_of_one() -> None:
    assert OFFICE.digest not in repr(OFFICE)

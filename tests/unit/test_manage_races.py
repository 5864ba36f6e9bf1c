"""What a teacher wants of their own meeting while others write its row: who comes first stands, and is looked at."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.domain import rows
from chalicelib.domain.errors import NotPossible, Unavailable
from chalicelib.people.wishes import Otherwise
from tests.unit.control.house import MINUTE, T
from tests.unit.own import CALLED_OFF, JOINED, LATER, NAMED, QUARTER_MORE, Own


def meanwhile(own: Own, deed: Callable[[], object]) -> None:
    """Let something be done just before the next write is made, once."""
    before = own.wire.before

    def hook(call: str) -> None:
        if call in ("meetings.update", "calendar.rebook"):
            own.wire.before = before  # type: ignore[method-assign]
            about = own.wire.about
            deed()
            own.wire.about = about
        before(call)

    own.wire.before = hook  # type: ignore[method-assign]


def test_two_moves_at_once_are_made_one_after_the_other() -> None:
    own = Own()
    meanwhile(own, lambda: own.grant(Otherwise(T + 300 * MINUTE, None, {}, None)))
    own.grant(LATER)
    assert (own.row()["meet_time"], own.row()["sequence"]) == ("2026-03-01T15:00:00Z", 2)
    assert own.timers.armed["launch-m"][0] == T + 170 * MINUTE
    assert len(own.pauses_s) == 1


def test_who_comes_while_the_meeting_is_moved_keeps_it_where_it_is() -> None:
    own = Own()
    meanwhile(own, lambda: own.meetings.write("m", JOINED))
    with pytest.raises(NotPossible, match="Somebody has come"):
        own.grant(LATER)
    assert own.row()["meet_time"] == rows.timestamp(T)


def test_an_end_that_comes_first_stands() -> None:
    for wish in (LATER, CALLED_OFF, QUARTER_MORE):
        own = Own()
        meanwhile(own, lambda own=own: own.meetings.write("m", {"termination_reason": "NO_SHOW_TIMEOUT"}))  # type: ignore[misc]
        with pytest.raises(NotPossible, match="NO_SHOW_TIMEOUT"):
            own.grant(wish)


def test_a_launch_that_begins_while_the_meeting_is_moved_does_not_go_on_for_the_old_time() -> None:
    own = Own()
    own.now = T - 10 * MINUTE
    meanwhile(own, lambda: own.grant(LATER))
    own.look()
    assert own.desktops.instances == {}


def test_where_many_change_it_without_end_it_is_given_up_for_now() -> None:
    own = Own()

    def crowded(call: str) -> None:
        if call == "meetings.update":
            own.meetings.write("m", {"sequence": own.row().get("sequence", 0) + 1})

    own.wire.before = crowded  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="by many at once"):
        own.grant(NAMED)
    assert sum(own.pauses_s) < 5

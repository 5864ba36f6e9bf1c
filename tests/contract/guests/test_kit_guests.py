"""What desktops of the kit do beside: say who is there and what they lack, and open their door to clicks alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.contract.guests.guests import READY_WITHIN, KitGuest, Stage

PRESENCE_WITHIN_S = 15
REPAIRED_WITHIN_S = 45
LACK = "The DCV service is not running."


@pytest.fixture
def guest(kit: Stage) -> KitGuest:
    """A teacher's desktop that is ready."""
    guest: KitGuest = kit.boot()
    kit.name()
    kit.passes(seconds=READY_WITHIN.total_seconds())
    assert "teacher_healthy_at" in kit.row
    return guest


def test_who_comes_and_goes_is_told_within_a_quarter_of_a_minute(kit: Stage, guest: KitGuest) -> None:
    assert guest.admit(kit.token())
    kit.passes(seconds=PRESENCE_WITHIN_S)
    assert "teacher_connected_at" in kit.row
    assert "teacher_disconnected_at" not in kit.row
    guest.leave()
    kit.passes(seconds=PRESENCE_WITHIN_S)
    assert kit.row["teacher_disconnected_at"] > kit.row["teacher_connected_at"]


def test_a_sign_of_life_is_written_once_in_five_minutes_at_most(kit: Stage, guest: KitGuest) -> None:
    kit.calls()
    seen_at = [kit.row["teacher_seen_at"]]
    for _ in range(60):
        kit.passes(seconds=30)
        seen_at += [kit.row["teacher_seen_at"]] if kit.row["teacher_seen_at"] != seen_at[-1] else []
    moments = [datetime.fromisoformat(at) for at in seen_at]
    between = [later - earlier for earlier, later in pairwise(moments)]
    assert min(between) >= timedelta(minutes=5)
    assert max(between) <= timedelta(minutes=6)
    assert [call.operation for call in kit.calls()].count("UpdateItem") == len(between)


def test_the_door_opens_to_the_token_of_a_click_alone(kit: Stage, guest: KitGuest) -> None:
    other: KitGuest = kit.boot("student")
    kit.name("student")
    kit.passes(seconds=READY_WITHIN.total_seconds())
    token = kit.token()
    assert not other.admit(token)
    assert not guest.admit(kit.token("student"))
    for nonsense in ("", "open", token[:-1], f"{token}0", token.upper()):
        assert not guest.admit(nonsense)
    assert guest.admit(token)


def test_who_only_looks_gets_no_token(kit: Stage, guest: KitGuest) -> None:
    status, told = kit.click(query="?peek=1")
    assert (status, "auth_token" in told) == (200, False)
    assert guest.admit(kit.token())


def test_a_token_that_nobody_brings_for_two_minutes_opens_no_more(kit: Stage, guest: KitGuest) -> None:
    token = kit.token()
    kit.passes(seconds=125)
    assert not guest.admit(token)


def test_who_reloads_comes_back_by_the_same_token_within_two_minutes(kit: Stage, guest: KitGuest) -> None:
    token = kit.token()
    for away_s, comes_back in ((60, True), (110, True), (130, False)):
        guest.admit(token)
        guest.leave()
        kit.passes(seconds=away_s)
        assert guest.admit(token) is comes_back


def test_who_was_away_for_longer_clicks_again_and_the_earlier_token_is_worth_nothing_then(
    kit: Stage, guest: KitGuest
) -> None:
    first = kit.token()
    assert guest.admit(first)
    guest.leave()
    kit.passes(seconds=30)
    assert guest.admit(kit.token())
    assert not guest.admit(first)


def test_used_tokens_survive_a_restart(kit: Stage, guest: KitGuest) -> None:
    first, second = kit.token(), ""
    kit.passes(seconds=1)
    second = kit.token()
    assert guest.admit(second)
    guest.restart()
    kit.passes(seconds=10)
    assert not guest.admit(first)
    assert guest.admit(second)


def test_what_it_lacks_is_told_shuts_the_door_and_is_withdrawn(kit: Stage, guest: KitGuest) -> None:
    guest.lack(LACK)
    kit.passes(seconds=REPAIRED_WITHIN_S)
    status, told = kit.click()
    assert (status, told["progress"]["missing"]) == (202, [LACK])
    guest.lack()
    kit.passes(seconds=REPAIRED_WITHIN_S)
    assert guest.admit(kit.token())


def test_one_that_another_has_replaced_lets_nobody_in_and_changes_nothing(kit: Stage, guest: KitGuest) -> None:
    kit.boot()
    kit.name()
    guest.lack(LACK)
    kit.passes(minutes=6)
    row = kit.row
    guest.upload()
    assert "teacher_missing" not in row
    assert "teacher_session_data" not in kit.row
    assert not guest.admit(kit.token())


def test_after_the_end_only_an_upload_is_taken(kit: Stage, guest: KitGuest) -> None:
    kit.end()
    before = kit.row
    guest.lack(LACK)
    kit.passes(minutes=10)
    assert kit.row == before
    guest.upload()
    assert kit.row.keys() - before.keys() == {"teacher_session_data", "teacher_uploaded_at", "teacher_saved_at"}
    assert kit.row["termination_reason"] == "CANCELLED"

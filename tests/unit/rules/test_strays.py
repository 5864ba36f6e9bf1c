"""What belongs to no meeting is taken away; what belongs to one, to somebody else, or to the unknown is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from chalicelib.domain.model import Desktop, DnsRecord, Meeting, Owner, State
from chalicelib.rules.strays import Inventory, plan_strays
from tests.builders import ADDRESSES, OVER, POLICY, PUBLISHED, SECOND, at, desktop, meeting, published, spell

NOW = at(60)
FIVE_MINUTES_OLD = NOW - POLICY.settling
YOUNG = FIVE_MINUTES_OLD + SECOND
LIVE = meeting(PUBLISHED)
TEACHER = desktop("teacher")
STUDENT = desktop("student")


def record(of: str, created_at: datetime | None = FIVE_MINUTES_OLD, address: str | None = None) -> DnsRecord:
    """Return the record of `i-<of>` as the zone lists it."""
    name = POLICY.record_name(f"i-{of}")
    return DnsRecord(name, address or ADDRESSES.get(of, "198.51.100.9"), "m1", created_at)


RECORDS = [record("teacher"), record("student")]


def strays(
    desktops: list[Desktop],
    records: list[DnsRecord] | None,
    meetings: dict[str, Meeting | None],
) -> list[str]:
    return spell(plan_strays(Inventory(desktops, records, meetings, NOW, POLICY)))


def test_a_fleet_in_order_asks_for_nothing() -> None:
    assert strays([TEACHER, STUDENT], RECORDS, {"m1": LIVE}) == []


def test_nothing_asks_for_nothing() -> None:
    assert strays([], [], {}) == []


# --- desktops


@pytest.mark.parametrize("launched_at", [FIVE_MINUTES_OLD, FIVE_MINUTES_OLD - SECOND])
def test_a_desktop_whose_meeting_does_not_exist_is_terminated(launched_at: datetime) -> None:
    assert strays([replace(TEACHER, launched_at=launched_at)], [], {"m1": None}) == ["terminate i-teacher"]


def test_a_desktop_of_no_meeting_is_terminated() -> None:
    assert strays([replace(TEACHER, meeting_id=None)], [], {}) == ["terminate i-teacher"]


def test_a_desktop_that_a_live_meeting_names_is_served_though_its_tag_is_gone() -> None:
    assert strays([replace(TEACHER, meeting_id=None), STUDENT], RECORDS, {"m1": LIVE}) == []


@pytest.mark.parametrize("state", [State.PENDING, State.RUNNING, State.STOPPING, State.STOPPED])
def test_an_orphan_is_terminated_in_every_state_that_costs(state: State) -> None:
    assert strays([replace(TEACHER, state=state)], [], {"m1": None}) == ["terminate i-teacher"]


@pytest.mark.parametrize("state", [State.SHUTTING_DOWN, State.TERMINATED])
def test_an_orphan_that_is_dying_is_left_alone(state: State) -> None:
    assert strays([replace(TEACHER, state=state)], [], {"m1": None}) == []


@pytest.mark.parametrize("meeting_id", ["m1", None])
def test_an_orphan_younger_than_five_minutes_is_left_alone(meeting_id: str | None) -> None:
    assert strays([replace(TEACHER, meeting_id=meeting_id, launched_at=YOUNG)], [], {"m1": None}) == []


@pytest.mark.parametrize("owner", [Owner.BY_HAND, Owner.FOREIGN])
def test_an_orphan_that_is_not_ours_is_left_alone(owner: Owner) -> None:
    assert strays([replace(TEACHER, owner=owner, deadline=at(0))], [], {"m1": None}) == []


def test_a_desktop_whose_meeting_could_not_be_read_is_left_alone() -> None:
    assert strays([TEACHER], [], {}) == []


def test_unless_it_is_past_the_deadline_it_bears() -> None:
    assert strays([replace(TEACHER, deadline=NOW)], [], {}) == ["terminate i-teacher"]


def test_before_the_deadline_it_bears_it_is_left_alone() -> None:
    assert strays([replace(TEACHER, deadline=NOW + SECOND)], [], {}) == []


def test_a_deadline_is_left_to_the_meeting_where_that_can_be_read() -> None:
    assert strays([replace(TEACHER, deadline=at(0))], RECORDS[:1], {"m1": LIVE}) == []


def test_a_desktop_that_is_both_an_orphan_and_overdue_is_terminated_once() -> None:
    assert strays([replace(TEACHER, meeting_id=None, deadline=at(0))], [], {}) == ["terminate i-teacher"]


def test_one_orphan_does_not_keep_another_from_being_seen() -> None:
    fleet = [TEACHER, *(replace(TEACHER, id=name, meeting_id="gone") for name in ("i-1", "i-2")), STUDENT]
    assert strays(fleet, RECORDS, {"gone": None, "m1": LIVE}) == ["terminate i-1 i-2"]


# --- records


def test_a_record_without_a_desktop_is_withdrawn_as_it_was_listed() -> None:
    (action,) = plan_strays(Inventory([], [record("teacher")], {}, NOW, POLICY))
    assert spell([action]) == ["withdraw i-teacher"]
    assert getattr(action, "records") == (record("teacher"),)  # noqa: B009  one of many kinds of action


def test_a_record_younger_than_five_minutes_is_left_alone() -> None:
    assert strays([], [record("teacher", YOUNG)], {}) == []


@pytest.mark.parametrize("state", [State.SHUTTING_DOWN, State.TERMINATED])
def test_a_record_of_a_dead_desktop_is_withdrawn_at_once(state: State) -> None:
    assert strays([replace(TEACHER, state=state)], [record("teacher", YOUNG)], {"m1": meeting(OVER)}) == [
        "withdraw i-teacher"
    ]


@pytest.mark.parametrize("owner", [Owner.OURS, Owner.BY_HAND])
@pytest.mark.parametrize("state", [State.PENDING, State.RUNNING, State.STOPPED])
def test_a_record_of_a_desktop_that_lives_is_left_alone(owner: Owner, state: State) -> None:
    assert strays([replace(TEACHER, owner=owner, state=state)], [record("teacher")], {"m1": LIVE}) == []


def test_the_record_of_an_orphan_goes_with_it() -> None:
    assert strays([TEACHER], [record("teacher", YOUNG)], {"m1": None}) == ["terminate i-teacher", "withdraw i-teacher"]


def test_where_the_zone_could_not_be_listed_only_desktops_are_concluded_about() -> None:
    assert strays([TEACHER], None, {"m1": None}) == ["terminate i-teacher"]
    assert strays([TEACHER, STUDENT], None, {"m1": LIVE}) == []


# --- records with the mark of version 0.1.0, which may be another installation's of the same stage name


def old(of: str, created_at: datetime | None = FIVE_MINUTES_OLD) -> DnsRecord:
    return record(of, created_at)._replace(old_mark=True)


@pytest.mark.parametrize("meetings", [{}, {"m1": None}], ids=["its row could not be read", "it has no row"])
def test_one_of_a_desktop_and_a_meeting_that_nobody_knows_here_is_left_alone(
    meetings: dict[str, Meeting | None],
) -> None:
    assert strays([], [old("teacher")], meetings) == []


def test_one_that_a_row_of_the_same_id_does_not_name_is_left_alone() -> None:
    assert strays([], [old("theirs")], {"m1": meeting(OVER)}) == []


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"teacher_ec2_id": None, "teacher_replaced": ["2026-03-01T14:55:00Z i-teacher: it did not boot: too late"]},
        {"teacher_ec2_id": "i-3", "teacher_replaced": ["2026-03-01T14:55:00Z i-2: gone", "x i-teacher: gone"]},
    ],
    ids=["names it", "named it", "named it among others"],
)
def test_one_without_a_desktop_that_its_meeting_s_row(row: dict[str, Any]) -> None:
    assert strays([], [old("teacher")], {"m1": meeting(OVER, row)}) == ["withdraw i-teacher"]
    assert strays([], [old("teacher", YOUNG)], {"m1": meeting(OVER, row)}) == []


@pytest.mark.parametrize("known", [{}, {"m1": None}, {"m1": meeting(OVER)}])
def test_one_of_a_desktop_of_ours_that_is_dead_is_withdrawn(known: dict[str, Meeting | None]) -> None:
    dead = replace(TEACHER, state=State.TERMINATED)
    assert strays([dead], [old("teacher", YOUNG)], known) == ["withdraw i-teacher"]


def test_one_that_people_have_a_link_to_is_marked_anew() -> None:
    assert strays([TEACHER, STUDENT], [old("teacher"), record("student")], {"m1": LIVE}) == ["publish i-teacher"]
    (action,) = plan_strays(Inventory([TEACHER], [old("teacher")], {"m1": LIVE}, NOW, POLICY))
    assert getattr(action, "records") == (record("teacher", None),)  # noqa: B009  one of many kinds of action
    assert getattr(action, "repair")  # noqa: B009


def test_one_that_nobody_has_a_link_to_is_left_to_its_meeting() -> None:
    without_links = meeting(PUBLISHED, teacher_ec2_link=None, student_ec2_link=None)
    assert strays([TEACHER, STUDENT], [old("teacher"), old("student")], {"m1": without_links}) == []


def test_only_those_whose_desktops_are_not_in_the_fleet_are_in_doubt() -> None:
    dead = replace(STUDENT, state=State.TERMINATED)
    listed = [old("teacher"), old("student"), old("theirs"), record("gone")]
    assert Inventory([TEACHER, dead], listed, {}, NOW, POLICY).doubtful == [old("theirs")]
    assert Inventory([TEACHER, dead], None, {}, NOW, POLICY).doubtful == []


# --- records that people have links to


def test_a_record_that_is_missing_behind_a_link_is_published_again() -> None:
    assert strays([TEACHER, STUDENT], [record("teacher")], {"m1": LIVE}) == ["publish i-student"]


def test_a_record_that_points_elsewhere_is_put_right() -> None:
    astray = record("student", address="192.0.2.66")
    (action,) = plan_strays(Inventory([TEACHER, STUDENT], [record("teacher"), astray], {"m1": LIVE}, NOW, POLICY))
    assert spell([action]) == ["publish i-student"]
    (mended,) = getattr(action, "records")  # noqa: B009  one of many kinds of action
    assert (mended.address, mended.meeting_id) == (ADDRESSES["student"], "m1")


@pytest.mark.parametrize("wrong_first", [True, False])
def test_a_record_beside_which_another_points_elsewhere_is_put_right(wrong_first: bool) -> None:
    both = [record("teacher", address="192.0.2.9"), record("teacher")]
    listed = [*(both if wrong_first else reversed(both)), record("student")]
    assert strays([TEACHER, STUDENT], listed, {"m1": LIVE}) == ["publish i-teacher"]


def test_a_missing_record_that_nobody_has_a_link_to_is_left_to_its_meeting() -> None:
    only_the_teacher_has_one = meeting(PUBLISHED, student_ec2_link=None)
    assert strays([TEACHER, STUDENT], [record("teacher")], {"m1": only_the_teacher_has_one}) == []


def test_a_missing_record_of_a_meeting_that_is_over_stays_missing() -> None:
    over = meeting(OVER, published("teacher"), published("student"))
    assert strays([TEACHER, STUDENT], [record("teacher")], {"m1": over}) == []


@pytest.mark.parametrize(
    "student",
    [
        replace(STUDENT, state=State.PENDING),
        replace(STUDENT, state=State.STOPPED),
        replace(STUDENT, address=None),
        replace(STUDENT, launched_at=YOUNG),
    ],
    ids=["it does not run yet", "it is stopped", "it has no address", "it was launched a moment ago"],
)
def test_a_missing_record_is_not_published_while(student: Desktop) -> None:
    assert strays([TEACHER, student], [record("teacher")], {"m1": LIVE}) == []

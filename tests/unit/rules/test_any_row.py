"""What holds whatever the row: thrown by dice, some of it garbage."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain import rows
from chalicelib.domain.actions import Action, Launch, Observe, Publish, Terminate
from chalicelib.domain.model import Desktop, Meeting, Observation, Owner, Reason, State, Status
from chalicelib.domain.pause import Pause
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.domain.update import Update
from chalicelib.rules.facts import Hints
from chalicelib.rules.plan import plan
from tests.builders import POLICY, RECORDED, T, applied, at, bearing_its_deadline, link, row, spell, understood

FAR = ("2199-06-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
COUNTS = (-1, 10**13, 10**30, Decimal("1E+125"), Decimal("-1E-120"), Decimal("1.5"), "1E+125")
HOSTILE = (*FAR, *COUNTS, "x" * 100_000, "\u202e\x00", ["a"], {"a": "map"}, True, rows.AsStored("SS", ["a", "b"]))
"""What nobody means: numbers beyond any sense, huge texts, times of another age, values of any type."""


def random_row(dice: random.Random) -> dict[str, Any]:
    """Return a row as apps, desktops and hands may leave it behind; some of it is garbage."""

    def moment() -> Any:
        usual = at(dice.choice([-60, -10, -5, 0, 10, 15, 29, 60, 240]))
        return dice.choice([*[None, None, usual, "", "garbage"] * 4, dice.choice(FAR)])

    attributes: dict[str, Any] = {
        "open": dice.choice(["1", "1", None]),
        "status": dice.choice([*Status, *Status, None, "", "garbage", 7]),
        "meet_time": dice.choice([T, T, T, at(120), at(1440), moment()]),
        "begun_at": dice.choice([None, None, moment()]),
        "forced": dice.choice([None] * 6 + [True, "yes"]),
        "created_at": dice.choice([at(-1440), at(-3), moment()]),
        "duration_minutes": dice.choice([None, None, 45, 0, "garbage", 7 * 24 * 60, dice.choice(COUNTS)]),
        "termination_reason": dice.choice([None] * 8 + [*Reason, "", "because"]),
        "checkpoint_at": dice.choice([None, moment()]),
        "ended_at": dice.choice([None] * 6 + [moment()]),
        "instance_id": dice.choice([None, "i-teacher", "i-student", "i-other"]),
    }
    others = {Role.TEACHER: "i-other", Role.STUDENT: "i-double"}
    for role in Role:
        attributes |= {
            f"{role}_ec2_id": dice.choice([None, f"i-{role}", f"i-{role}", f"i-{role}", others[role], ""]),
            f"{role}_ec2_link": dice.choice([None, link(f"i-{role}"), "https://elsewhere"]),
            f"{role}_session_data": dice.choice([None, None, "", f"https://files.example.com/{role}"]),
            f"{role}_attempt": dice.choice([None, 1, 2, 10, "garbage", dice.choice(COUNTS)]),
            f"{role}_subnet": dice.choice([None, "subnet-1"]),
            f"{role}_launched": dice.choice(
                [None, f"m1/{role}/i-{role}", f"m1/{role}/i-{role}", f"m2/{role}/i-{role}"]
            ),
            f"{role}_refused": dice.choice([None, None, None, "NoRoom"]),
            f"{role}_missing": dice.choice([None, None, None, ["It is broken."], [], "garbage"]),
            f"{role}_missing_since": dice.choice([None, moment()]),
            f"{role}_connected_at": dice.choice([None, None, moment()]),
            f"{role}_disconnected_at": dice.choice([None, moment()]),
            f"{role}_late_boots": dice.choice([None, None, None, None, 1, 1, dice.choice(COUNTS)]),
        }
        for name in ("attempt_at", "launched_at", "healthy_at", "joined_at", "uploaded_at"):
            attributes[f"{role}_{name}"] = moment()
    kept = dice.random()
    thrown = row({name: value for name, value in attributes.items() if dice.random() < kept})
    if dice.random() < 0.1:
        thrown |= {name: dice.choice(HOSTILE) for name in dice.sample(sorted(attributes), dice.randint(1, 4))}
    if dice.random() < 0.1:
        thrown["id"] = "copy"  # of the row of a meeting whose desktops these are
    return thrown


def random_sight(dice: random.Random, named: set[str | None], now: datetime) -> Observation:
    """Return a sight of what a look may find, all of it or a part: what is tagged with M, and what its row names."""
    ids = dice.sample(["i-teacher", "i-student", "i-other", "i-double"], dice.randrange(5))
    roles = {"i-teacher": [Role.TEACHER] * 6, "i-student": [Role.STUDENT] * 6}
    desktops = tuple(
        Desktop(
            id=desktop_id,
            state=dice.choice([*State, State.RUNNING, State.RUNNING]),
            owner=dice.choice([Owner.OURS, Owner.OURS, Owner.OURS, Owner.BY_HAND, Owner.FOREIGN]),
            meeting_id=dice.choice(["m1", "m1", "m1", "m2", None]) if desktop_id in named else "m1",
            role=dice.choice([*Role, None, *roles.get(desktop_id, [])]),
            address=dice.choice(["198.51.100.7", "198.51.100.7", None]),
            launched_at=now - timedelta(minutes=dice.choice([0, 4, 5, 14, 15, 60])),
        )
        for desktop_id in ids
    )
    if dice.random() < 0.4:
        return Observation(desktops)
    return Observation(desktops, complete=True, looked_for=frozenset(filter(None, named)))


@dataclass(frozen=True)
class Throw:
    """One throw of the dice: a row, a sight, a moment, and what a timer adds."""

    row: dict[str, Any]
    seen: Observation
    now: datetime
    hints: dict[str, Any]
    policy: Policy = POLICY

    def plan(self) -> list[Action]:
        return plan(self.meeting, self.seen, self.now, Hints(**self.hints), policy=self.policy)

    @property
    def meeting(self) -> Meeting:
        return understood(self.row)


def throw(seed: int) -> Throw:
    dice = random.Random(seed)
    now = at(dice.choice([-60, -10, -9, -4, 0, 5, 15, 20, 45, 100, 229, 230, 239, 240, 300]))
    hints: dict[str, Any] = {name: dice.random() < 0.1 for name in ("checkpoint", "due", "force")}
    is_paused = random.Random(f"paused {seed}").random() < 0.1
    hints["pause"] = Pause("an operator", "a reason", now) if is_paused else None
    thrown = random_row(dice)
    named = {seat.desktop_id for seat in understood(thrown).seats}
    sight = random_sight(dice, named, now)
    policy = dice.choice([POLICY, RECORDED])
    for role in Role:
        if dice.random() < 0.5:
            thrown |= row({f"{role}_saved_at": at(dice.choice([-4, 10, 228, 231]))}, id=thrown["id"])
    return Throw(thrown, bearing_its_deadline(understood(thrown), sight, policy), now, hints, policy)


BLOCKS = [range(begin, begin + 400) for begin in range(0, 4000, 400)]


@pytest.mark.parametrize("seeds", BLOCKS, ids=str)
def test_whatever_the_row_planning_again_after_applying_yields_nothing(seeds: range) -> None:
    for seed in seeds:
        thrown = throw(seed)
        actions = thrown.plan()
        if any(isinstance(action, Observe) for action in actions):
            assert spell(actions) == ["observe"], thrown
            assert not thrown.seen.complete, thrown
            continue
        after, seen = applied(actions, thrown.row, thrown.seen, thrown.now, thrown.policy)
        again = replace(thrown, row=after, seen=seen).plan()
        assert spell(again) == [], f"seed {seed}: after {spell(actions)} of {thrown}"


@pytest.mark.parametrize("seeds", BLOCKS, ids=str)
def test_whatever_the_row_the_plan_keeps_what_must_always_hold(seeds: range) -> None:
    for seed in seeds:
        thrown = throw(seed)
        check_invariants(thrown, thrown.plan())


def check_invariants(thrown: Throw, actions: list[Action]) -> None:
    row_, seen = thrown.meeting, thrown.seen
    ending = row_.over or any("termination_reason" in action.set for action in actions if isinstance(action, Update))
    named = {seat.desktop_id for seat in row_.seats}
    vouched = {seat.desktop_id for seat in row_.seats if row_.vouches_for(seat)}
    for action in actions:
        match action:
            case Update(set=values, remove=names):
                assert values or names, thrown
                assert not set(values) & set(names), thrown
                assert not (row_.over and values.get("status", Status.TERMINATED) is not Status.TERMINATED), thrown
            case Launch(attempts=attempts):
                assert not ending, thrown
                assert seen.complete, thrown
                for begun in attempts:
                    assert not _has_left(row_, begun.role), thrown
                    assert 1 <= begun.number <= POLICY.max_attempts, thrown
                    assert not _lives(thrown, begun.role, except_for=_terminated(actions)), thrown
            case Publish(records=records):
                assert not ending, thrown
                assert records, thrown
                assert all(record.address and record.meeting_id == row_.id for record in records), thrown
            case Terminate(desktop_ids=ids):
                assert ids, thrown
                assert len(set(ids)) == len(ids), thrown
                for desktop_id in ids:
                    found = seen.find(desktop_id)
                    assert ending or found or desktop_id in vouched, f"what is not observed is not ended: {thrown}"
                    assert found is None or found.owner is not Owner.FOREIGN, thrown
                    assert found is None or found.owner is Owner.OURS or desktop_id in named, thrown
            case _:
                assert action.why, thrown


def _terminated(actions: list[Action]) -> set[str]:
    return {desktop_id for action in actions if isinstance(action, Terminate) for desktop_id in action.desktop_ids}


def _has_left(row_: Meeting, role: Role) -> bool:
    """Whether this role's side has uploaded, and no sign of its person is on the row beside that."""
    seat = row_.seat(role)
    back = seat.connected_at or seat.returned_at or seat.waiting_at
    return seat.uploaded and not back


def _lives(thrown: Throw, role: Role, except_for: set[str]) -> bool:
    """Whether a desktop is seen that this role has, by the row's word or by its own tags."""
    named = thrown.meeting.seat(role).desktop_id
    return any(
        d.state.serves
        and d.id not in except_for
        and (d.id == named or (d.owner is Owner.OURS and d.meeting_id == thrown.meeting.id and d.role is role))
        for d in thrown.seen.desktops
    )

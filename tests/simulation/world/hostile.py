"""Somebody who may read and write every row, and means no good: a desktop of the seeds' kind that was taken over.

They type whatever they like, and copy what they have seen. What is made with the app's own key they cannot make.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from chalicelib.domain import rows
from chalicelib.domain.model import Attribute, MeetingAttribute
from chalicelib.domain.rows import AsStored
from chalicelib.domain.seat import Role, SeatAttribute, attribute
from tests.simulation.world.clock import HOUR, MINUTE
from tests.simulation.world.lives import LEAD, LONGEST_LIFE, Life

if TYPE_CHECKING:
    from tests.simulation.world.world import World

MOMENTS = ("2199-06-01T00:00:00Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "always", "9999-12-31T23:59:59Z")
COUNTS = (Decimal("1E+125"), Decimal("-1E-120"), 10**13, 10**30, -1, 0, Decimal("1.5"), "1E+125", True)
LENGTHS = (7 * 24 * 60, -5, 0, Decimal("1E+125"), 10**13, "for ever")
ANYTHING = (
    *(*MOMENTS[:2], *COUNTS[:5], "", "x" * 100_000, "\u202e\x00", ["a", {"list": None}], {"a": {"map": 1}}, None),
    *(AsStored("SS", ["a", "b"]), AsStored("NS", ["1", "2"]), AsStored("B", "AAEC"), False),
)
TIMES: tuple[MeetingAttribute, ...] = ("meet_time", "created_at", "begun_at", "checkpoint_at", "ended_at")
TIMES_OF_A_ROLE: tuple[SeatAttribute, ...] = (
    *("launched_at", "attempt_at", "joined_at", "healthy_at", "published_at", "uploaded_at"),
)
EVERYTHING: tuple[Attribute, ...] = (
    *(name for name in get_args(MeetingAttribute) if name != "id"),
    *(attribute(role, name) for role in Role for name in get_args(SeatAttribute)),
)
EDITS = (
    "times",
    "times",
    "length",
    "counts",
    "link",
    "link",
    "another's",
    "another's",
    "anything",
    "anything",
    "list",
    "end",
)


class Hostile:
    """Writes rows as no person would, and copies those that others have."""

    def __init__(self, world: World) -> None:
        self._world = world

    def draw(self, life: Life) -> None:
        """Draw what they do to a new meeting, about the time at which its desktops live."""
        world = self._world
        for kind, what in (("forged", self._forge), ("row_copied", self._copy)):
            if world.strikes(kind):
                soon = life.meet_time - LEAD - world.now + timedelta(minutes=world.rng.uniform(-5, 45))
                world.after(max(soon, timedelta(0)), lambda what=what: what(life))  # type: ignore[misc]

    def _forge(self, life: Life) -> None:
        """Type over a meeting's row, once or some times."""
        world = self._world
        if life.id not in world.meetings.rows:
            return
        self._mark(life)
        for _ in range(world.rng.choice((1, 1, 2, 5))):
            kind = world.rng.choice(EDITS)
            values = self._draw_values(kind, life)
            self._write(life, kind, values)
            if kind == "link":  # and again, whatever the app makes of it
                for seconds in range(5, 65, 5):
                    world.after(timedelta(seconds=seconds), partial(self._write, life, kind, values))

    def _copy(self, life: Life) -> None:
        """Put a copy of a meeting's row under an id of its own, and go on with it."""
        world, rng = self._world, self._world.rng
        row = world.meetings.rows.get(life.id)
        copy_id = f"copy-of-{life.id}"
        if row is None or copy_id in world.meetings.rows:
            return
        copy = Life(copy_id, life.meet_time, life.duration, {}, world.now, life.upload_time)
        copy.made_by_hand = True
        world.lives[copy_id] = copy
        self._mark(copy)
        now = rows.timestamp(world.now)
        changes = rng.choice(
            (
                {"status": "TERMINATED"},
                {"status": "TERMINATED", "termination_reason": "SUCCESS", "ended_at": now},
                {"termination_reason": "CANCELLED"},
                {"termination_reason": "CANCELLED", "teacher_launched_at": now, "student_launched_at": now},
                {"meet_time": MOMENTS[0], "teacher_joined_at": None, "student_joined_at": None},
                {"teacher_session_data": "s3://x", "student_session_data": "s3://y", "meet_time": MOMENTS[1]},
                {},
            )
        )
        world.tell(life, f"forger: its row is copied as {copy_id} with {changes}")
        self._write(copy, "a copy", {**row, "id": copy_id, "open": rows.LISTED, **changes})

    def _mark(self, life: Life) -> None:
        """Note that nothing can be said of this meeting any more but that its desktops end, and harm nobody."""
        world = self._world
        life.edited = life.forged = True
        life.last_fault = world.now
        world.end = max(world.end, world.now + LONGEST_LIFE + HOUR)

    def _write(self, life: Life, kind: str, values: dict[Any, Any]) -> None:
        world = self._world
        if life.id not in world.meetings.rows and kind != "a copy":
            return
        world.tell(life, f"forger: {kind}: {values!r:.300}")
        remove = tuple(name for name, value in values.items() if value is None and world.rng.random() < 0.7)
        world.meetings.write(life.id, {k: v for k, v in values.items() if k not in remove}, remove)

    def _draw_values(self, kind: str, life: Life) -> dict[Any, Any]:
        """Return what is typed, None for what is removed, or sometimes made NULL."""
        rng = self._world.rng
        role = rng.choice(list(Role))
        match kind:
            case "times":
                names = [*TIMES, *(attribute(role, name) for name in TIMES_OF_A_ROLE for role in Role)]
                moment = rng.choice((*MOMENTS, rows.timestamp(self._world.now)))
                return dict.fromkeys(rng.sample(names, rng.randint(1, 6)), moment)
            case "length":
                return {"duration_minutes": rng.choice(LENGTHS), "teacher_joined_at": self._long_ago()}
            case "counts":
                names = [attribute(role, name) for name in ("attempt", "late_boots") for role in Role]
                values: dict[Any, Any] = {name: rng.choice(COUNTS) for name in names}
                refused = {attribute(role, "refused"): "NoRoom", attribute(role, "attempt_at"): self._long_ago()}
                return values | rng.choice(({}, refused, {**refused, attribute(role, "ec2_id"): None}))
            case "link":
                return {attribute(role, "ec2_link"): rng.choice(self._addresses()), "status": "HEALTHY"}
            case "another's":
                return self._claim_another(life, role)
            case "list":
                return {"open": rng.choice((None, "0", 1, ["1"]))}
            case "end":
                reason = rng.choice(("SUCCESS", "because", "", 7))
                ended_at = rng.choice((None, *MOMENTS, self._long_ago()))
                status = rng.choice(("TERMINATED", "HEALTHY"))
                return {"status": status, "termination_reason": reason, "ended_at": ended_at}
            case _:
                return {name: rng.choice(ANYTHING) for name in rng.sample(EVERYTHING, rng.randint(1, 12))}

    def _long_ago(self) -> str:
        return rows.timestamp(self._world.now - 20 * MINUTE)

    def _addresses(self) -> list[str]:
        links = [row.get(attribute(role, "ec2_link")) for row in self._world.meetings.rows.values() for role in Role]
        return ["https://desktops.example.org:8443", *(link for link in links if isinstance(link, str))]

    def _claim_another(self, life: Life, role: Role) -> dict[Any, Any]:
        """Name a desktop of another meeting, or what is nobody's here, with all that vouches for it, and end that."""
        world, rng = self._world, self._world.rng
        others = [i for i in world.desktops.alive() if i.meeting_id != life.id] + world.foreign.instances
        if not others:
            return {}
        claimed = rng.choice(others)
        theirs = world.meetings.rows.get(claimed.meeting_id or "", {})
        copied = theirs.get(attribute(claimed.role, "launched")) if claimed.role else None
        voucher = rng.choice((copied, f"{life.id}/{claimed.id}", f"{claimed.meeting_id}/{claimed.id}"))
        values: dict[Any, Any] = {
            attribute(role, "ec2_id"): claimed.id,
            attribute(role, "launched"): voucher,
            attribute(role, "launched_at"): rows.timestamp(world.now),
            attribute(role, "attempt_at"): rows.timestamp(world.now),
            attribute(role, "healthy_at"): rng.choice((None, rows.timestamp(world.now))),
        }
        world.tell(life, f"forger: {claimed.id} of {claimed.meeting_id} is claimed for the {role}")
        return values | rng.choice(({}, {"status": "TERMINATED"}, {"termination_reason": "SUCCESS"}))


def moment(value: object) -> datetime | None:
    """Return the time that a row's attribute tells, None where somebody has written what tells none."""
    try:
        return rows.parse_time(value) if isinstance(value, str) else None
    except ValueError:
        return None

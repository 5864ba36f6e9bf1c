"""A trial that is told beforehand: what the stage looks like at which second, with no time spent and nothing there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain import rows
from chalicelib.domain.model import State
from chalicelib.domain.seat import Role
from tools.findings import Finding
from tools.trial.api import Answer, Invitation, Trouble
from tools.trial.chain import Chain
from tools.trial.reach import Way
from tools.trial.stand import Look
from tools.trial.steps import Failed, Steps
from tools.trial.world import Plan

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
INVITATION = Invitation("m1", {role: f"https://meet.example.org/meeting?id=m1.{role}&role={role}" for role in Role})
PLAN = Plan(
    boot_limit=timedelta(minutes=15),
    records=True,
    hands=False,
    doctor="make doctor STAGE=dev",
    image="make image STAGE=dev",
    certificate="make certificate STAGE=dev",
    log="aws logs tail",
)
Change = tuple[float, dict[str, Any]]
"""What becomes of the row so many seconds after the beginning."""


def moment(seconds: float) -> str:
    return rows.timestamp(NOW + timedelta(seconds=seconds))


def both(seconds: float, **attributes: Any) -> Change:
    """Return what becomes of both roles; `ROLE` in a value is the role's name."""
    spelled = {
        f"{role}_{name}": value.replace("ROLE", role) if isinstance(value, str) else value
        for role in Role
        for name, value in attributes.items()
    }
    return seconds, spelled


GOOD: tuple[Change, ...] = (
    (0, {"id": "m1", "created_at": moment(0), "meet_time": moment(0)}),
    both(3, ec2_id="i-ROLE", launched_at=moment(3)),
    both(30, ec2_link="https://i-ROLE.example.com:8443", published_at=moment(30)),
    both(200, healthy_at=moment(200)),
)
ENTERED = both(230, connected_at=moment(230))
LEFT = both(352, disconnected_at=moment(352))
RECORDED = both(500, session_data="https://sessions.example.com/ROLE", uploaded_at=moment(500))
ENDED: Change = (1200, {"status": "TERMINATED", "termination_reason": "MAX_DURATION", "ended_at": moment(1200)})


@dataclass
class Story:
    """The stage of a story, and its clock."""

    changes: tuple[Change, ...]
    states: Mapping[float, State] = field(default_factory=lambda: {3: State.PENDING, 20: State.RUNNING})
    seconds: float = 0
    trouble: Mapping[float, str] = field(default_factory=dict)
    """Seconds from which on the app does not answer, and what comes instead; empty: it answers again."""
    ways: Mapping[Role, Failed] = field(default_factory=dict)
    token: str = "token"
    remains: list[Finding] = field(default_factory=list)
    left_until: float = 1230
    opened: dict[Role, str] = field(default_factory=dict)
    exits: dict[Role, int] = field(default_factory=dict)
    closed: bool = False
    ends_at: datetime | None = NOW + timedelta(minutes=20)
    said: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.seconds += seconds

    @property
    def row(self) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for since, change in self.changes:
            merged |= change if since <= self.seconds else {}
        return merged

    def look(self) -> Look:
        meeting = rows.meeting(self.row)
        state = [state for since, state in self.states.items() if since <= self.seconds][-1:]
        return Look(meeting, {each: state[0] for each in meeting.desktop_ids if state})

    def ends_at_the_latest(self) -> datetime | None:
        return self.ends_at

    def join(self, role: Role, *, peek: bool) -> Answer:
        if what := "".join([text for since, text in self.trouble.items() if since <= self.seconds][-1:]):
            raise Trouble(what)
        row = self.row
        if "termination_reason" in row:
            return Answer(410, {"message": "This meeting has ended.", "reason": row["termination_reason"]})
        if f"{role}_healthy_at" in row and f"{role}_ec2_link" in row and not row.get(f"{role}_missing"):
            token = {} if peek else {"auth_token": self.token}
            return Answer(200, {"message": "Your desktop is ready.", "dcv_url": row[f"{role}_ec2_link"]} | token)
        missing = {"missing": row[f"{role}_missing"]} if row.get(f"{role}_missing") else {}
        return Answer(202, {"message": "…", "progress": {"step": "booting"} | missing}, 5)

    def reach(self, url: str) -> Way:
        for role, failed in self.ways.items():
            if role in url:
                raise failed
        return Way(("192.0.2.1",), "Google Trust Services", NOW + timedelta(days=90))

    def open_door(self, role: Role, address: str) -> None:
        self.opened[role] = address

    def browsers_ended(self) -> Mapping[Role, int]:
        return self.exits

    def close_doors(self) -> None:
        self.closed = True

    def left(self) -> list[Finding]:
        return self.remains if self.seconds < self.left_until else []


def chain(story: Story, plan: Plan = PLAN) -> Chain:
    """Return the chain that is to be proven on this story's stage."""
    return Chain(story, Steps(story.now, story.sleep, story.said.append), plan, INVITATION)

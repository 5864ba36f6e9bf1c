"""What tests speak in: a meeting at three o'clock, its row at every step of its life, and its desktops.

Times are minutes from `T`. A row is a plain dict, so that a case is one step of the life plus what is special.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain import rows
from chalicelib.domain.actions import Action, Attempt, DropTimers, Launch, Observe, Publish, Rearm, Terminate, Withdraw
from chalicelib.domain.keys import Seal
from chalicelib.domain.model import Desktop, DnsRecord, Meeting, Observation, Owner, State, Status
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.domain.update import Update
from chalicelib.rules.facts import Facts

T = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
POLICY = Policy(domain="desktops.example.com")
RECORDED = replace(POLICY, records=True)
"""Where meetings are recorded, on desktops of the kit: ten minutes to upload, of four hours at the most."""


class PlainSeal(Seal):
    """Vouches in plain text, so that a plan can be read: `m1/teacher/i-teacher`."""

    def on(self, *parts: str) -> str:
        return "/".join(parts)

    def holds(self, signature: str | None, *parts: str) -> bool:
        return signature == self.on(*parts)


SEAL = PlainSeal(lambda: None)
ADDRESSES = {"teacher": "198.51.100.1", "student": "198.51.100.2"}


def at(minutes: float) -> datetime:
    """Return the moment this many minutes after T."""
    return T + timedelta(minutes=minutes)


def row(*parts: Mapping[str, Any], **attributes: Any) -> dict[str, Any]:
    """Return a row: these parts one over the other; moments as the table stores them, None for none.

    It is listed under its day, unless a part says otherwise.
    """
    merged: dict[str, Any] = {"id": "m1", "open": rows.LISTED}
    for part in (*parts, attributes):
        merged |= part
    stored = {name: plain(value) for name, value in merged.items() if value is not None}
    return stored if "day" in merged else listed(stored)


def listed(stored: dict[str, Any]) -> dict[str, Any]:
    """Return a row with the day that it is listed under, where it tells one."""
    day = understood(stored).day
    return stored | {"day": day} if day else stored


def plain(value: Any) -> Any:
    """Return a value as it comes back from the table."""
    return rows.decode({"value": rows.encode(value)})["value"]


def meeting(*parts: Mapping[str, Any], **attributes: Any) -> Meeting:
    """Return the meeting that such a row tells of."""
    return understood(row(*parts, **attributes))


def understood(stored: Mapping[str, Any]) -> Meeting:
    """Return the meeting that a row tells of, whose vouchers are in plain text."""
    return rows.meeting(stored, SEAL)


def change(why: str, values: Any = None, remove: Any = (), expect: Any = None) -> Update:
    """Return a write on attributes of any name: the table takes them all, the app's own have a type."""
    return Update(why, values or {}, remove, expect or {})


def link(desktop_id: str) -> str:
    """Return the link to a desktop."""
    return POLICY.link(desktop_id)


# --- steps of a life, to be laid one over the other

SCHEDULED: dict[str, Any] = {"status": "SCHEDULED", "meet_time": T, "created_at": at(-1440)}


def launched(role: str, minutes: float = -10, attempt: int = 1) -> dict[str, Any]:
    """Return what a row says of a role whose desktop `i-<role>` was launched then."""
    return {
        f"{role}_ec2_id": f"i-{role}",
        f"{role}_attempt": attempt,
        f"{role}_attempt_at": at(minutes),
        f"{role}_subnet": "subnet-1",
        f"{role}_launched_at": at(minutes),
        f"{role}_launched": SEAL.on("m1", role, f"i-{role}"),
    }


def published(role: str, minutes: float = -10) -> dict[str, Any]:
    """Return what a row says of a role whose desktop resolves, a minute after its launch."""
    named = {f"{role}_ec2_link": link(f"i-{role}"), f"{role}_published_at": at(minutes + 1)}
    return launched(role, minutes) | named


def healthy(role: str, minutes: float = -10) -> dict[str, Any]:
    """Return what a row says of a role whose desktop has reported, six minutes after its launch."""
    return published(role, minutes) | {f"{role}_healthy_at": at(minutes + 6), "opened_at": at(minutes + 6)}


def joined(role: str, minutes: float = 1) -> dict[str, Any]:
    """Return what a row says of a role whose person came then."""
    return healthy(role) | {f"{role}_joined_at": at(minutes)}


def saved(role: str, minutes: float) -> dict[str, Any]:
    """Return what a row says of a role whose desktop said then, and not before, that all is safe."""
    return uploaded(role, minutes) | {f"{role}_saved_at": at(minutes)}


def connected(role: str, came: float, left: float | None = None) -> dict[str, Any]:
    """Return what a row says of a role whose person has connected then, and gone then, None for still there."""
    gone = {} if left is None else {f"{role}_disconnected_at": at(left)}
    return joined(role, came) | {f"{role}_connected_at": at(came)} | gone


def uploaded(role: str, minutes: float | None) -> dict[str, Any]:
    """Return what a row says of a role whose upload was seen then; None: it came and was not seen yet."""
    seen_at = {} if minutes is None else {f"{role}_uploaded_at": at(minutes)}
    return {f"{role}_session_data": f"https://files.example.com/{role}"} | seen_at


LAUNCHED = SCHEDULED | launched("teacher") | launched("student") | {"status": "LAUNCHED"}
PUBLISHED = LAUNCHED | published("teacher") | published("student") | {"status": "DNS_WRITTEN"}
HEALTHY = PUBLISHED | healthy("teacher") | healthy("student") | {"status": "HEALTHY"}
ONE_CAME = HEALTHY | joined("teacher") | {"status": "IN_PROGRESS"}
IN_PROGRESS = HEALTHY | joined("teacher") | joined("student") | {"status": "IN_PROGRESS"}
HELD = {"checkpoint_at": at(15)}
EXPIRES = rows.seconds(at(60) + POLICY.keep_meetings)
ENDED = {"status": "TERMINATED", "termination_reason": "SUCCESS", "ending_at": at(60), "ended_at": at(60)}
ENDED |= {"expires": EXPIRES}
OVER = (
    {name: value for name, value in IN_PROGRESS.items() if not name.endswith("_link")}
    | HELD
    | uploaded("teacher", 50)
    | uploaded("student", 59)
    | ENDED
)

# --- desktops


def desktop(role: str, /, state: State = State.RUNNING, minutes: float = -10, **attributes: Any) -> Desktop:
    """Return the desktop `i-<role>` of the meeting, launched then."""
    usual: dict[str, Any] = {
        "id": f"i-{role}",
        "owner": Owner.OURS,
        "meeting_id": "m1",
        "role": Role(role),
        "address": ADDRESSES[role] if state is State.RUNNING else None,
        "launched_at": at(minutes),
    }
    return Desktop(state=state, **(usual | attributes))


def all_of(*desktops: Desktop) -> Observation:
    """Return the sight of every desktop of the meeting."""
    return Observation(desktops, complete=True, looked_for=frozenset({"i-teacher", "i-student", "i-elsewhere"}))


def some_of(*desktops: Desktop) -> Observation:
    """Return a glimpse of these desktops; what else there is stays unknown."""
    return Observation(desktops)


def bearing_its_deadline(of: Meeting, sight: Observation, policy: Policy = POLICY) -> Observation:
    """Return the sight with the meeting's hard deadline on every desktop that bears none yet."""
    moment = Facts(of, sight, T, policy).deadline
    return replace(sight, desktops=tuple(replace(d, deadline=d.deadline or moment) for d in sight.desktops))


NONE_LIVE = all_of()
BOTH_RUN = all_of(desktop("teacher"), desktop("student"))


# --- plans


def spell(actions: Iterable[Action]) -> list[str]:
    """Return a plan as short sentences, one an action; of a moment that is written, only the attribute's name."""
    return [_spell(action) for action in actions]


def _spell(action: Action) -> str:
    match action:
        case Observe():
            return "observe"
        case Update(set=values) if "ending_at" in values:
            return f"end {values['termination_reason']}"
        case Update(set=values, remove=names) if "ended_at" in values:
            return " ".join([f"close {values['termination_reason']}", *(f"-{name}" for name in names)])
        case Update(set=values, remove=names):
            written = [name if isinstance(value, datetime) else f"{name}={value}" for name, value in values.items()]
            return " ".join(["write", *sorted(written), *(f"-{name}" for name in sorted(names))])
        case Launch(attempts=attempts):
            return "launch " + ", ".join(
                f"{a.role} {a.number}" + (f" again in {a.subnet}" if a.subnet else "") for a in attempts
            )
        case Publish(records=records):
            return " ".join(["publish", *(_desktop_of(record) for record in records)])
        case Withdraw(records=records):
            return " ".join(["withdraw", *(_desktop_of(record) for record in records)])
        case Terminate(desktop_ids=ids):
            return " ".join(["terminate", *ids])
        case Rearm(desktop_ids=ids):
            return " ".join(["rearm", *ids])
        case DropTimers(names=names):
            return " ".join(["drop", *names])


def _desktop_of(record: DnsRecord) -> str:
    return record.name.removesuffix(f".{POLICY.domain}")


def applied(
    actions: Iterable[Action], before: Mapping[str, Any], sight: Observation, now: datetime, policy: Policy = POLICY
) -> tuple[dict[str, Any], Observation]:
    """Return the row and the desktops as they are once a plan was carried out, every call having gone well.

    Raises:
        AssertionError: a write expects something that is not, or no longer, on the row.
    """
    after = dict(before)
    for action in actions:
        match action:
            case Update():
                _write(after, action)
            case Launch(attempts=attempts):
                for attempt in attempts:
                    sight = replace(sight, desktops=(*sight.desktops, _launch(after, attempt, now)))
                sight = bearing_its_deadline(understood(after), sight, policy)
                if understood(after).status.rank < Status.LAUNCHED.rank:
                    after["status"] = Status.LAUNCHED.value
            case Terminate(desktop_ids=ids):
                dying = (replace(d, state=State.SHUTTING_DOWN) if d.id in ids else d for d in sight.desktops)
                sight = replace(sight, desktops=tuple(dying))
            case Rearm(desktop_ids=ids, deadline=deadline):
                rearmed = (replace(d, deadline=deadline) if d.id in ids else d for d in sight.desktops)
                sight = replace(sight, desktops=tuple(rearmed))
            case _:
                pass
    return after, sight


def _launch(after: dict[str, Any], attempt: Attempt, now: datetime) -> Desktop:
    role = attempt.role.value
    newcomer = desktop(role, State.PENDING, id=f"i-{role}-{attempt.number}", meeting_id=after["id"], launched_at=now)
    for name in ("ec2_link", "healthy_at", "missing", "missing_since", "refused"):
        after.pop(f"{role}_{name}", None)
    begun = {"ec2_id": newcomer.id, "attempt": attempt.number, "subnet": attempt.subnet or "subnet-1"}
    begun["launched"] = SEAL.on(after["id"], role, newcomer.id)
    begun |= {"attempt_at": now, "launched_at": now} | ({"late_boots": 1} if attempt.cause.is_lateness else {})
    after |= {f"{role}_{name}": plain(value) for name, value in begun.items()}
    if not understood(after).begun_at:
        after["begun_at"] = plain(now)
    return newcomer


def _write(after: dict[str, Any], change: Update) -> None:
    for name, value in change.expect.items():
        found = after.get(name)
        assert found == plain(value), f"{change.why!r} expects {name} to be {value!r}; it is {found!r}"
    after |= {name: plain(value) for name, value in change.set.items()}
    for name in change.remove:
        after.pop(name, None)


def without_history(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row holds beside its history."""
    return {name: value for name, value in row.items() if name != "history"}

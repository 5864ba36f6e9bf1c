"""The rules of a meeting's life: what is seen in, what is to be done out.

`plan` is a pure function of one meeting's row, what is known of its desktops, and the time. It
knows no clock and no network, so a rule is tested by calling it. Every action says why. Planning
again after applying yields nothing: that is how repeated, late and doubled triggers stay harmless.

For a meeting that is not over, in this order:

| when                                                           | then                             |
|----------------------------------------------------------------|----------------------------------|
| after the checkpoint, both have uploaded                       | end: SUCCESS                     |
| at the checkpoint, once: both have uploaded                    | end: 15_MIN_SUCCESS              |
| at the checkpoint, once: one has uploaded                      | end: PARTIAL_NO_SHOW_TIMEOUT     |
| at the checkpoint, once: nobody has uploaded, nobody has come  | end: NO_SHOW_TIMEOUT             |
| after it, one has uploaded longer ago than the grace           | end: PARTIAL_UPLOAD_TIMEOUT      |
| past the hard deadline                                         | end: MAX_DURATION                |
| a role needs a desktop and no attempts are left                | end: LAUNCH_FAILED               |
| both desktops gone, nothing to replace                         | end: DESKTOPS_GONE               |
| a desktop reported healthy; an upload came; status went back   | note it on the row               |
| a live desktop of a role whose row names none that lives       | adopt it                         |
| the named desktop runs and has an address                      | publish it, then write its link  |
| a desktop did not boot in time, before the checkpoint, once    | replace it                       |
| a desktop is gone and its role has not uploaded                | withdraw its record, replace it  |
| a desktop is gone and its role has uploaded                    | withdraw its record              |
| due, and a role has no desktop                                 | launch one                       |
| a desktop bears another deadline than the meeting has          | let it bear this one             |
| a second live desktop of a role, older than `settling`         | terminate it                     |
| moved to much later (`standby`), nobody has come, not forced   | stand down until it is due again |

For one that is over: terminate what lives, withdraw what is published, put the status back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any

from chalicelib.model import (
    UNKNOWN,
    Action,
    Attempt,
    Cause,
    Desktop,
    DnsRecord,
    DropTimers,
    Launch,
    Meeting,
    Observation,
    Observe,
    Owner,
    Policy,
    Publish,
    Rearm,
    Reason,
    Role,
    Seat,
    State,
    Status,
    Terminate,
    Update,
    Withdraw,
    attribute,
    voucher,
)
from chalicelib.rows import LISTED, timestamp
from chalicelib.rows import meeting as understood

DEFAULTS = Policy()


def plan(
    meeting: Meeting,
    desktops: Observation,
    now: datetime,
    checkpoint: bool = False,
    *,
    due: bool = False,
    force: bool = False,
    policy: Policy = DEFAULTS,
) -> list[Action]:
    """Return what is to be done for this meeting now, in order; nothing where all is as it should be.

    `checkpoint` and `due` are what a timer adds: evidence that its time has come, which counts
    where the row itself says nothing (see `at_checkpoint`, `is_due`); `force` makes the meeting due
    whatever the row says. A plan that holds an `Observe` could not be decided: look at the desktops
    and plan again. `now` is UTC.
    """
    desktops = _of(meeting, desktops)
    if meeting.over:
        return _close(meeting, desktops, now, policy)
    retreat: list[Action] = []
    if not force and is_far(meeting, now, policy):
        retreat, meeting, desktops = _stand_down(meeting, desktops, now, policy)
        if any(isinstance(action, Observe) for action in retreat):
            return retreat
    in_time = is_due(meeting, now, due, policy)
    forced, due = force and not in_time, force or in_time
    table = [_stand(meeting, seat, desktops, now, due, policy) for seat in meeting.seats]
    if not desktops.complete and due and any(stand.wants_launch for stand in table):
        return [Observe("a desktop is wanted: see first which ones there are")]
    reason = _reason_by_time(meeting, desktops, now, checkpoint, policy) or _reason_by_desktops(table, due, policy)
    if reason:
        return _end(meeting, desktops, now, reason, policy)
    actions = _carry_on(meeting, table, desktops, now, checkpoint, due, policy)
    return retreat + [replace(a, forced=True) if forced and isinstance(a, Launch) else a for a in actions]


def _of(meeting: Meeting, desktops: Observation) -> Observation:
    """Return what was observed with what is another meeting's marked as foreign, even if the row names it."""
    its_own = (None, meeting.id)
    if all(d.meeting_id in its_own for d in desktops.desktops):
        return desktops
    judged = (d if d.meeting_id in its_own else replace(d, owner=Owner.FOREIGN) for d in desktops.desktops)
    return replace(desktops, desktops=tuple(judged))


# --- when


def start(meeting: Meeting, policy: Policy = DEFAULTS) -> datetime | None:
    """Return T, the moment that a meeting's rules count from; None where the row does not say.

    It is `meet_time`, or `created_at` where that is missing. A meeting scheduled at the last
    minute gets its quarter of an hour too: not before `created_at` + lead.
    """
    if meeting.row.get("meet_time"):
        if meeting.meet_time is None:  # it holds garbage: unknown, not missing
            return None
        return max(meeting.meet_time, meeting.created_at + policy.lead) if meeting.created_at else meeting.meet_time
    return meeting.created_at


def hard_deadline(meeting: Meeting, desktops: Observation = UNKNOWN, policy: Policy = DEFAULTS) -> datetime | None:
    """Return the moment that no desktop of this meeting may outlive, None where nothing tells it.

    T + duration; but wherever T was moved to, desktops that run are not kept for it beyond `standby`.
    A row without any time still has desktops that cost: their launch counts instead.
    """
    duration = meeting.duration or policy.max_duration
    if begin := start(meeting, policy):
        latest = [meeting.begun_at + policy.lead + policy.standby] if meeting.begun_at else []
        return min([begin, *latest]) + duration
    launches = [seat.attempt_at for seat in meeting.seats] + [d.launched_at for d in _ours(desktops)]
    known = [meeting.begun_at] if meeting.begun_at else [moment for moment in launches if moment]
    return min(known) + policy.lead + duration if known else None


def is_due(meeting: Meeting, now: datetime, hinted: bool = False, policy: Policy = DEFAULTS) -> bool:
    """Return whether this meeting should have its desktops by now: from `lead` before T on, or once begun.

    A timer's word counts where the row has no `meet_time`.
    """
    timed = bool(meeting.row.get("meet_time"))
    begin = start(meeting, policy) if timed else None
    if begin is not None and now >= begin - policy.lead:
        return True
    if any(seat.attempt_at for seat in meeting.seats):
        return not is_far(meeting, now, policy)
    return hinted and not timed


def is_far(meeting: Meeting, now: datetime, policy: Policy = DEFAULTS) -> bool:
    """Return whether nobody needs this meeting's desktops for longer than `standby`: it was moved to later."""
    begin = start(meeting, policy) if meeting.meet_time else None
    if begin is None or now >= begin - policy.lead - policy.standby:
        return False
    return not (meeting.forced or meeting.in_progress or any(seat.uploaded for seat in meeting.seats))


def at_checkpoint(meeting: Meeting, now: datetime, hinted: bool, policy: Policy = DEFAULTS) -> bool:
    """Return whether T + 15 min has come; a timer's word counts where the row has no `meet_time`."""
    begin = start(meeting, policy)
    if begin is not None and now >= begin + policy.checkpoint:
        return True
    return hinted and not meeting.row.get("meet_time")


# --- whether it ends


def _reason_by_time(
    meeting: Meeting, desktops: Observation, now: datetime, hinted: bool, policy: Policy
) -> Reason | None:
    if at_checkpoint(meeting, now, hinted, policy):
        reason = _reason_at_checkpoint(meeting, now, hinted, policy)
        if reason:
            return reason
    deadline = hard_deadline(meeting, desktops, policy)
    return Reason.MAX_DURATION if deadline and now >= deadline else None


def _reason_at_checkpoint(meeting: Meeting, now: datetime, hinted: bool, policy: Policy) -> Reason | None:
    begin = start(meeting, policy)
    moment = begin + policy.checkpoint if begin else now
    uploaded = [seat for seat in meeting.seats if seat.uploaded]
    # What is known to have been uploaded later does not count at a checkpoint that is held late.
    by_then = [s for s in uploaded if (s.uploaded_at <= moment if s.uploaded_at else hinted)]
    pending = meeting.checkpoint_at is None
    if len(uploaded) == 2:
        return Reason.EARLY_SUCCESS if pending and (hinted or len(by_then) == 2) else Reason.SUCCESS
    if pending and by_then:
        return Reason.PARTIAL_NO_SHOW
    if pending and not uploaded and not meeting.in_progress:
        return Reason.NO_SHOW
    if uploaded and uploaded[0].uploaded_at and now >= uploaded[0].uploaded_at + policy.upload_grace:
        return Reason.PARTIAL_UPLOAD
    return None


def _reason_by_desktops(table: list[_Stand], due: bool, policy: Policy) -> Reason | None:
    given_up = due and any(stand.wants_launch and _is_spent(stand, policy) for stand in table)
    if given_up and not any(stand.keeps and stand.seat.joined_at for stand in table):
        return Reason.LAUNCH_FAILED
    gone = [s.kind is _Kind.WANTED and s.seat.desktop_id is not None for s in table]
    replaceable = [due and s.wants_launch for s in table]
    return Reason.DESKTOPS_GONE if all(gone) and not any(replaceable) else None


# --- how each role stands


class _Kind(Enum):
    UNKNOWN = auto()  # not observed, or not long enough ago: no conclusion
    SERVED = auto()  # the named desktop is there
    FOUND = auto()  # another live desktop of the role is there, the row does not name it
    WAITING = auto()  # a launch is under way, or was refused a moment ago
    WANTED = auto()  # known to have no desktop of use


@dataclass(frozen=True, slots=True)
class _Stand:
    seat: Seat
    kind: _Kind
    desktop: Desktop | None = None
    late: bool = False  # the named desktop lives but did not boot in time

    @property
    def wants_launch(self) -> bool:
        return self.kind is _Kind.WANTED and not self.seat.uploaded

    @property
    def keeps(self) -> Desktop | None:
        """The live desktop that this role has, if any."""
        return self.desktop if self.kind in (_Kind.SERVED, _Kind.FOUND) else None


def _stand(meeting: Meeting, seat: Seat, desktops: Observation, now: datetime, due: bool, policy: Policy) -> _Stand:
    named = desktops.find(seat.desktop_id)
    if named and named.owner is Owner.FOREIGN:
        return _Stand(seat, _Kind.UNKNOWN)  # somebody wrote a wrong id on the row; it is theirs to correct
    serves = named is not None and named.state.serves
    late = named is not None and serves and due and _boots_late(meeting, seat, named, now, policy)
    if serves and not late:
        return _Stand(seat, _Kind.SERVED, named)
    if seat.desktop_id and not named:
        # Unknown is never gone: neither unseen, nor launched a moment ago, nor vouched for by hand only.
        settled = seat.launched_at is not None and now >= seat.launched_at + policy.settling
        if not desktops.complete or not settled:
            return _Stand(seat, _Kind.UNKNOWN)
    others = [d for d in desktops.desktops if _usable(d, meeting, seat) and d.id != seat.desktop_id]
    if others:
        return _Stand(seat, _Kind.FOUND, min(others, key=lambda d: (d.launched_at or now, d.id)))
    # Each refusal is waited out longer, so that the attempts last through half an hour without room.
    patience = policy.lease * (seat.attempt if seat.refused else 1)
    leased = seat.attempt_at is not None and now < seat.attempt_at + patience
    if leased and (seat.refused or (seat.attempt and not seat.desktop_id)):
        return _Stand(seat, _Kind.WAITING)
    return _Stand(seat, _Kind.WANTED, named, late=late)


def _boots_late(meeting: Meeting, seat: Seat, desktop: Desktop, now: datetime, policy: Policy) -> bool:
    launched_at = seat.launched_at or desktop.launched_at
    if meeting.is_ready(seat.role) or seat.joined_at or seat.uploaded or seat.late_boots or launched_at is None:
        return False
    if desktop.owner is not Owner.OURS or seat.attempt >= policy.max_attempts:
        return False
    if at_checkpoint(meeting, now, False, policy):
        return False
    return now >= launched_at + policy.boot_limit


def _usable(desktop: Desktop, meeting: Meeting, seat: Seat) -> bool:
    its_own = desktop.meeting_id == meeting.id and desktop.owner is not Owner.FOREIGN
    return its_own and desktop.role is seat.role and desktop.state.serves


def _ours(desktops: Observation) -> Iterable[Desktop]:
    return (d for d in desktops.desktops if d.owner is Owner.OURS)


def _next_attempt(stand: _Stand) -> Attempt:
    """Return the attempt that a launch for this seat would make: the open one again, or a new one."""
    seat = stand.seat
    if seat.attempt and not seat.desktop_id and not seat.refused and seat.subnet:
        return Attempt(seat.role, seat.attempt, seat.subnet, Cause.RESUMED)
    if stand.late:
        cause = Cause.LATE_BOOT
    elif seat.desktop_id:
        cause = Cause.GONE
    else:
        cause = Cause.REFUSED if seat.refused else Cause.DUE
    return Attempt(seat.role, seat.attempt + 1, None, cause)


def _is_spent(stand: _Stand, policy: Policy) -> bool:
    """Whether no attempts are left for this seat."""
    return _next_attempt(stand).number > policy.max_attempts


# --- while it lives


def _carry_on(
    meeting: Meeting,
    table: list[_Stand],
    desktops: Observation,
    now: datetime,
    hinted: bool,
    due: bool,
    policy: Policy,
) -> list[Action]:
    """Return what is to be done, desktops first: names can wait for a provider that is down, people can't."""
    adopted = {s.seat.role: s.desktop for s in table if s.kind is _Kind.FOUND and s.desktop}
    standing = _with_adopted(meeting, adopted, now)
    note = _note(meeting, standing, adopted, now, at_checkpoint(meeting, now, hinted, policy))
    given_up: list[Action] = []
    launches: list[Attempt] = []
    farewells: list[Action] = []
    names: list[Action] = []
    status = standing.status
    for stand in table:
        seat = standing.seat(stand.seat.role)
        gone = stand.kind is _Kind.WANTED
        if gone and due and stand.wants_launch and not _is_spent(stand, policy):
            given_up += _give_up(stand)
            launches.append(_next_attempt(stand))
        elif gone and seat.link:
            names.append(_forget_link(meeting, seat))
        if stand.late:  # it lives until its successor is under way
            farewells += _withdraw_of(meeting, stand.seat, policy, after=1 + len(farewells))
        elif gone or stand.seat.role in adopted:
            names += _withdraw_of(meeting, stand.seat, policy)
        if stand.keeps and _publishable(seat, stand.keeps, policy):
            names += _publish(meeting, seat, stand.keeps, status, now, policy)
            status = max(status, Status.DNS_WRITTEN, key=lambda s: s.rank)
    why = "; ".join(f"{attempt.role}: {attempt.why}" for attempt in launches)
    launch = [Launch(why, tuple(launches), after=len(given_up))] if launches else []
    doubles = _drop_doubles(table, desktops, now, policy)
    if launches and not meeting.begun_at:
        meeting = replace(meeting, begun_at=now)
    rearm = _rearm(meeting, table, desktops, policy)
    return [*([note] if note else []), *given_up, *launch, *farewells, *names, *doubles, *rearm]


def _with_adopted(meeting: Meeting, adopted: Mapping[Role, Desktop], now: datetime) -> Meeting:
    """Return the meeting as it stands once the row names the desktops that were found, and the status follows."""
    for role, desktop in adopted.items():
        # Its boot limit counts from now: whoever launched it, nobody has waited for it until now.
        seat = replace(
            meeting.seat(role),
            desktop_id=desktop.id,
            launched_at=now,
            vouched=desktop.owner is Owner.OURS,
            link=None,
            healthy_at=None,
            refused=None,
        )
        meeting = replace(meeting, teacher=seat) if role is Role.TEACHER else replace(meeting, student=seat)
    status = _status_by_facts(meeting)
    return replace(meeting, status=status) if status.rank > meeting.status.rank else meeting


def _note(
    meeting: Meeting, standing: Meeting, adopted: Mapping[Role, Desktop], now: datetime, checkpoint_reached: bool
) -> Update | None:
    """Return the one write that records all that was learnt, None where the row says it already."""
    notes: dict[str, Any] = {}
    stale: list[str] = []
    rests_on = meeting.as_stored("termination_reason")
    why: list[str] = []
    for seat in standing.seats:
        named = seat.attribute("ec2_id")
        if seat.role in adopted:
            notes |= {
                named: seat.desktop_id,
                seat.attribute("launched_at"): seat.launched_at,
            }
            if seat.vouched:
                notes[seat.attribute("launched")] = voucher(meeting.id, seat.desktop_id or "")
            replaced = [seat.attribute(name) for name in ("launched", "ec2_link", "healthy_at", "refused")]
            rests_on |= meeting.as_stored(named, *replaced)
            stale += replaced
            why.append(f"the {seat.role}'s desktop {seat.desktop_id} lives and the row names none that does")
        if seat.desktop_id in meeting.reported and not seat.healthy_at:
            notes[seat.attribute("healthy_at")] = now
            rests_on |= meeting.as_stored(named)
            why.append(f"the {seat.role}'s desktop reported healthy")
    if standing.status is not meeting.status:
        notes["status"] = standing.status
        rests_on |= meeting.as_stored("status")
        why.append(f"the status is {meeting.status}, the meeting has come to {standing.status}")
    if checkpoint_reached and not meeting.checkpoint_at:
        notes["checkpoint_at"] = now
        rests_on |= meeting.as_stored("checkpoint_at", "meet_time")
        why.append("the checkpoint was held and the meeting goes on")
    if not meeting.listed:
        notes["open"] = LISTED
        why.append("the sweep must see it")
    urgent = bool(notes)
    for seat in meeting.seats:
        if seat.uploaded and not seat.uploaded_at:
            notes[seat.attribute("uploaded_at")] = now
            why.append(f"the {seat.role} has uploaded")
    remove = tuple(name for name in stale if name in meeting.row and name not in notes)
    return Update("; ".join(why), notes, remove, rests_on, urgent) if notes else None


def _status_by_facts(meeting: Meeting) -> Status:
    if any(seat.joined_at for seat in meeting.seats):
        return Status.IN_PROGRESS
    if any(seat.healthy_at or seat.desktop_id in meeting.reported for seat in meeting.seats if seat.desktop_id):
        return Status.HEALTHY
    if any(seat.link for seat in meeting.seats):
        return Status.DNS_WRITTEN
    if any(seat.desktop_id for seat in meeting.seats):
        return Status.LAUNCHED
    return meeting.status


def _publishable(seat: Seat, desktop: Desktop, policy: Policy) -> bool:
    return desktop.state is State.RUNNING and bool(desktop.address) and seat.link != policy.link(desktop.id)


def _publish(
    meeting: Meeting, seat: Seat, desktop: Desktop, status: Status, now: datetime, policy: Policy
) -> list[Action]:
    """Publish first, link second: a name that is handed out too early is remembered as missing for minutes."""
    record = DnsRecord(policy.record_name(desktop.id), desktop.address or "", meeting.id)
    link: dict[str, Any] = {seat.attribute("ec2_link"): policy.link(desktop.id), seat.attribute("published_at"): now}
    named = seat.attribute("ec2_id")
    adopted = seat is not meeting.seat(seat.role)
    rests_on = meeting.as_stored("termination_reason") | {named: desktop.id if adopted else meeting.row.get(named)}
    if status.rank < Status.DNS_WRITTEN.rank:
        link["status"] = Status.DNS_WRITTEN
        rests_on["status"] = status if status is not meeting.status else meeting.row.get("status")
    return [
        Publish(f"the desktop of {seat.role} runs and has an address", (record,)),
        Update(f"the record of {seat.role} is published", link, (), rests_on, after=1),
    ]


def _give_up(stand: _Stand) -> list[Action]:
    """Return what ends a desktop that lives and is of no use, before another takes its place."""
    desktop = stand.desktop
    if not desktop or not desktop.state.costs or desktop.owner is not Owner.OURS:
        return []
    why = "did not become healthy within the boot limit" if stand.late else f"is {desktop.state}"
    return [Terminate(f"the {stand.seat.role}'s desktop {why}; it is replaced", (desktop.id,))]


def _withdraw_of(meeting: Meeting, seat: Seat, policy: Policy, after: int = 0) -> list[Action]:
    if not (seat.link and seat.desktop_id):
        return []
    records = _records_of(meeting, [seat.desktop_id], policy)
    return [Withdraw(f"the {seat.role}'s desktop {seat.desktop_id} serves no more", records, after)]


def _records_of(meeting: Meeting, desktop_ids: Iterable[str], policy: Policy) -> tuple[DnsRecord, ...]:
    """Return the records that these desktops may have as the meeting's own: what is to be withdrawn of them."""
    return tuple(DnsRecord(policy.record_name(name), meeting_id=meeting.id) for name in desktop_ids)


def _forget_link(meeting: Meeting, seat: Seat) -> Update:
    return Update(
        f"the {seat.role}'s desktop is gone and is not replaced",
        remove=(seat.attribute("ec2_link"),),
        expect=meeting.as_stored(seat.attribute("ec2_id")),
    )


def _rearm(meeting: Meeting, table: Collection[_Stand], desktops: Observation, policy: Policy) -> list[Action]:
    deadline = hard_deadline(meeting, desktops, policy)
    astray = [s.keeps.id for s in table if s.keeps and s.keeps.owner is Owner.OURS and s.keeps.deadline != deadline]
    if deadline is None or not astray:
        return []
    return [Rearm("the meeting's hard deadline is not the one they bear", tuple(astray), deadline)]


def _drop_doubles(table: Collection[_Stand], desktops: Observation, now: datetime, policy: Policy) -> list[Action]:
    if not desktops.complete:
        return []
    kept = {stand.seat.role: stand.keeps.id for stand in table if stand.keeps}
    named = {*kept.values(), *(stand.seat.desktop_id for stand in table if stand.seat.role not in kept)}
    doubles = [
        d
        for d in _ours(desktops)
        if d.state.costs
        and d.id not in named
        and (d.role is None or d.role in kept or not d.state.serves)
        and _settled(d.launched_at, now, policy)
    ]
    return _put_away("its role in the meeting is not its own", doubles, policy)


def _settled(since: datetime | None, now: datetime, policy: Policy) -> bool:
    return since is None or now >= since + policy.settling


def _put_away(why: str, desktops: Collection[Desktop], policy: Policy) -> list[Action]:
    """Return what takes away live desktops and the records they may have; nothing for none."""
    if not desktops:
        return []
    records = tuple(DnsRecord(policy.record_name(d.id), meeting_id=d.meeting_id or "") for d in desktops)
    return [Terminate(why, tuple(d.id for d in desktops)), Withdraw(why, records)]


# --- when it is put off

_OF_A_LAUNCH = (
    "ec2_id",
    "ec2_link",
    "launched_at",
    "launched",
    "published_at",
    "healthy_at",
    "attempt_at",
    "subnet",
    "refused",
    "late_boots",
)


def _stand_down(
    meeting: Meeting, desktops: Observation, now: datetime, policy: Policy
) -> tuple[list[Action], Meeting, Observation]:
    """Return what takes away the desktops of a meeting that is far, and the meeting and its desktops as they are then.

    The row lets go of them first, resting on nobody having come. Attempts go on being counted, since
    each has a launch token of its own.
    """
    ours = {desktop.id for desktop in _ours(desktops)}
    begun = [s for s in meeting.seats if s.vouched or s.desktop_id in ours or (s.attempt_at and not s.desktop_id)]
    if begun and not desktops.complete and not all(map(_accounted, begun)):
        return [Observe("the meeting was moved and the row may not name all its desktops")], meeting, desktops
    why = "the meeting was moved to later; it gets desktops when it is due"
    let_go = [seat.desktop_id for seat in begun if seat.desktop_id]
    living = [d.id for d in _ours(desktops) if d.state.costs]
    living += [name for name in let_go if name not in living and _may_live(name, meeting, desktops, now, policy)]
    actions: list[Action] = []
    if begun:
        given_up = {
            seat.attribute("replaced"): [*seat.replaced, f"{timestamp(now)} {seat.desktop_id}: {why}"]
            for seat in begun
            if seat.desktop_id
        }
        stale = [*(seat.attribute(name) for seat in begun for name in _OF_A_LAUNCH), "begun_at", "checkpoint_at"]
        remove = tuple(name for name in stale if name in meeting.row)
        joined = (seat.attribute("joined_at") for seat in meeting.seats)
        rests_on = meeting.as_stored("termination_reason", "meet_time", "status", *joined, *stale)
        actions.append(Update(why, given_up, remove, rests_on))
        row = {name: value for name, value in meeting.row.items() if name not in remove} | given_up
        meeting = understood(row)
    if living:
        actions.append(Terminate(why, tuple(living)))
    if names := dict.fromkeys(let_go + living):
        actions.append(Withdraw(why, _records_of(meeting, names, policy)))
    left = tuple(desktop for desktop in desktops.desktops if desktop.id not in living)
    return actions, meeting, replace(desktops, desktops=left)


# --- when it ends, and after


def _end(meeting: Meeting, desktops: Observation, now: datetime, reason: Reason, policy: Policy) -> list[Action]:
    """Persist the intent to end before anything is ended, resting on all that the decision rested on.

    So nobody who joins, uploads or launches in between is overlooked, nothing is launched any more,
    and a crash at any point is finished by whoever looks next, with the same reason.
    """
    by_seat = ("ec2_id", "attempt", "joined_at", "session_data")
    rests_on = meeting.as_stored(
        "termination_reason",
        "meet_time",
        "duration_minutes",
        "checkpoint_at",
        *(attribute(seat.role, name) for seat in meeting.seats for name in by_seat),
    )
    if reason is Reason.NO_SHOW:
        rests_on |= meeting.as_stored("status")
    ends = {"termination_reason": reason, "ending_at": now} | ({} if meeting.listed else {"open": LISTED})
    intent = Update(f"the meeting ends: {reason}", ends, (), rests_on)
    ending = replace(meeting, reason=reason, listed=True)
    rest = _close(ending, desktops, now, policy)
    return rest if any(isinstance(action, Observe) for action in rest) else [intent, *rest]


def _close(meeting: Meeting, desktops: Observation, now: datetime, policy: Policy) -> list[Action]:
    if meeting.finished:
        return _keep_closed(meeting, desktops, now, policy)
    if not desktops.complete and not all(_accounted(seat) for seat in meeting.seats):
        return [Observe("the meeting ends and the row may not name all its desktops")]
    reason = meeting.reason or Reason.CANCELLED
    why = f"the meeting ends: {reason}"
    named = list(dict.fromkeys(seat.desktop_id for seat in meeting.seats if seat.desktop_id))
    living = [name for name in named if _may_live(name, meeting, desktops, now, policy)]
    living += [d.id for d in _ours(desktops) if d.state.costs and d.id not in named]
    names = dict.fromkeys(named + [d.id for d in _ours(desktops)])
    actions: list[Action] = []
    if not meeting.listed:  # first of all: should anything fail, the sweep must see it
        actions.append(Update("the sweep must see it", {"open": LISTED}, (), meeting.as_stored("termination_reason")))
    if living:
        actions.append(Terminate(why, tuple(living)))
    if any(seat.link for seat in meeting.seats) or (desktops.complete and names):
        actions.append(Withdraw(why, _records_of(meeting, names, policy)))
    if timers := _timers_ahead(meeting, now, policy):
        actions.append(DropTimers(why, timers))
    closed = {"status": Status.TERMINATED, "termination_reason": reason, "ended_at": now}
    rests_on = {"termination_reason": reason} if meeting.reason else meeting.as_stored("status", "termination_reason")
    rests_on |= meeting.as_stored("ended_at", *(seat.attribute("ec2_link") for seat in meeting.seats))
    return [*actions, Update(why, closed, _links(meeting), rests_on, after=len(actions))]


def _accounted(seat: Seat) -> bool:
    """Whether the row names every desktop that was launched for this seat, and the app wrote that name there."""
    return bool(seat.attempt_at and seat.vouched) or not (seat.attempt_at or seat.desktop_id)


def _may_live(desktop_id: str, meeting: Meeting, desktops: Observation, now: datetime, policy: Policy) -> bool:
    seen = desktops.find(desktop_id)
    if seen:
        return seen.state.costs and seen.owner is not Owner.FOREIGN
    seat = next(seat for seat in meeting.seats if seat.desktop_id == desktop_id)
    if desktops.complete:
        return seat.launched_at is not None and now < seat.launched_at + policy.settling
    return True


def _timers_ahead(meeting: Meeting, now: datetime, policy: Policy) -> tuple[str, ...]:
    """Return the names of the timers that have not fired yet by the row's own times."""
    begin = start(meeting, policy)
    if begin is None or meeting.meet_time is None:
        return ()
    at = {f"launch-{meeting.id}": begin - policy.lead, f"safety-{meeting.id}": begin + policy.checkpoint}
    return tuple(name for name, moment in at.items() if now < moment)


def _links(meeting: Meeting) -> tuple[str, ...]:
    return tuple(name for name in (seat.attribute("ec2_link") for seat in meeting.seats) if name in meeting.row)


def _keep_closed(meeting: Meeting, desktops: Observation, now: datetime, policy: Policy) -> list[Action]:
    """Return what undoes anything that happened to a meeting after its end."""
    named = list(dict.fromkeys(seat.desktop_id for seat in meeting.seats))
    living = [
        d
        for d in desktops.desktops
        if d.state.costs and (d.owner is Owner.OURS or (d.owner is Owner.BY_HAND and d.id in named))
    ]
    actions = _put_away("the meeting is over", living, policy)
    links = _links(meeting)
    records = _records_of(meeting, (name for name in named if name), policy)
    if links and records:
        actions.append(Withdraw("the meeting is over", records))
    repair: dict[str, Any] = {} if meeting.reason else {"termination_reason": Reason.CANCELLED}
    if meeting.status is not Status.TERMINATED:
        repair["status"] = Status.TERMINATED
    drop = list(links)
    settled = meeting.ended_at is None or now >= meeting.ended_at + policy.linger
    if meeting.listed and settled and desktops.complete:
        drop.append("open")
    if repair or drop:
        rests_on = meeting.as_stored("termination_reason")
        actions.append(Update("the meeting is over", repair, tuple(drop), rests_on, after=len(actions)))
    return actions


# --- what belongs to no meeting


def plan_strays(
    desktops: Collection[Desktop],
    records: Collection[DnsRecord] | None,
    meetings: Mapping[str, Meeting | None],
    now: datetime,
    policy: Policy = DEFAULTS,
) -> list[Action]:
    """Return what is to be done about owned desktops and records that no meeting answers for.

    `meetings` holds, for every meeting id that a desktop bears, its row, None where there is no such
    row, and no entry where it could not be read (then nothing is concluded). `records` is None where
    the zone could not be listed. Foreign instances and records must not be among the arguments'
    OURS; anything else is left alone.
    """
    living = [d for d in desktops if d.owner is Owner.OURS and d.state.costs]
    served = {seat.desktop_id for m in meetings.values() if m and not m.over for seat in m.seats if seat.vouched}
    orphans = [
        d
        for d in living
        if _settled(d.launched_at, now, policy)
        and d.id not in served
        and (d.meeting_id is None or (d.meeting_id in meetings and meetings[d.meeting_id] is None))
    ]
    unread = [d for d in living if d.meeting_id and d.meeting_id not in meetings]
    overdue = [d for d in unread if d.deadline and now >= d.deadline]
    actions: list[Action] = []
    if orphans:
        actions.append(Terminate("its meeting does not exist", tuple(d.id for d in orphans)))
    if overdue:
        why = "it is past the deadline it bears, and its meeting cannot be read"
        actions.append(Terminate(why, tuple(d.id for d in overdue)))
    if records is None:
        return actions
    by_name = {policy.record_name(d.id): d for d in desktops}
    lost = {d.id for d in orphans + overdue}
    stale = tuple(r for r in records if _stale(r, by_name.get(r.name), lost, now, policy))
    if stale:
        actions.append(Withdraw("its desktop does not live", stale))
    if mended := _unresolved(records, by_name, meetings, now, policy):
        actions.append(Publish("the link stands and the record is missing or points elsewhere", mended, repair=True))
    return actions


def _stale(record: DnsRecord, desktop: Desktop | None, lost: Collection[str], now: datetime, policy: Policy) -> bool:
    if desktop is None:
        return _settled(record.created_at, now, policy)
    return not desktop.state.costs or desktop.id in lost


def _unresolved(
    records: Collection[DnsRecord],
    by_name: Mapping[str, Desktop],
    meetings: Mapping[str, Meeting | None],
    now: datetime,
    policy: Policy,
) -> tuple[DnsRecord, ...]:
    """Return the records that people have links to and that are not, or no longer, in the zone as they should be."""
    listed: dict[str, set[str]] = {}
    for record in records:
        listed.setdefault(record.name, set()).add(record.address)
    linked = {
        policy.record_name(seat.desktop_id)
        for meeting in meetings.values()
        if meeting and not meeting.over
        for seat in meeting.seats
        if seat.link and seat.desktop_id
    }
    return tuple(
        DnsRecord(name, desktop.address, desktop.meeting_id or "")
        for name, desktop in by_name.items()
        if name in linked
        and desktop.state is State.RUNNING
        and desktop.address
        and listed.get(name) != {desktop.address}
        and _settled(desktop.launched_at, now, policy)
    )

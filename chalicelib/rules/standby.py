"""What a meeting gives back that was moved to much later: its desktops, until it is due again."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain import writes
from chalicelib.domain.actions import Action, Observe, Step, Terminate, Withdraw
from chalicelib.rules.facts import Facts

WHEN = "moved to much later (`standby`), nobody has come, not forced"
THEN = "give the desktops back until it is due again"
WHY = "the meeting was moved to later; it gets desktops when it is due"


def stand_down(facts: Facts) -> tuple[list[Action], Facts]:
    """Return what takes away the desktops of a meeting that is far, and the facts as they are then.

    The row lets go of them first, resting on nobody having come.
    """
    meeting = facts.meeting
    ours = [desktop.id for desktop in facts.ours]
    begun = [
        s
        for s in meeting.seats
        if (s.attempt_at and not s.desktop_id) or s.desktop_id in ours or meeting.vouches_for(s)
    ]
    if not all(map(facts.sees, begun)):
        return [Observe("the meeting was moved and the row may not name all its desktops")], facts
    let_go = [seat.desktop_id for seat in begun if seat.desktop_id]
    living = [desktop.id for desktop in facts.ours if desktop.state.must_be_ended]
    living += [name for name in let_go if name not in living and facts.may_live(name)]
    steps: list[Step] = []
    if begun:
        change = writes.stood_down(meeting, [seat.role for seat in begun], WHY, facts.now)
        steps.append(change)
        meeting = writes.after(meeting, change)
    if living:
        steps.append(Terminate(WHY, tuple(living)))
    if names := dict.fromkeys(let_go + living):
        steps.append(Withdraw(WHY, facts.records_of(names)))
    left = tuple(desktop for desktop in facts.seen.desktops if desktop.id not in living)
    return [*steps], replace(facts, meeting=meeting, seen=replace(facts.seen, desktops=left))

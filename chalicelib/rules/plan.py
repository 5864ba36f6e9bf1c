"""The rules of a meeting's life: what is seen in, what is to be done out.

`plan` is a pure function of one meeting's row, what is known of its desktops, and the time. It
knows no clock and no network, so a rule is tested by calling it. Every action says why. Planning
again after applying yields nothing: that is how repeated, late and doubled triggers stay harmless.

For a meeting that is not over, in this order (`make texts` prints the table from the rules themselves):

# rules:begin
| when                                                                  | then                                         |
|-----------------------------------------------------------------------|----------------------------------------------|
| moved to much later (`standby`), nobody has come, not forced          | give the desktops back until it is due again |
| people's time is up, a recording is awaited, before the hard deadline | wait: end nothing, launch nothing            |
| at the checkpoint, once: both are done: uploaded, and away            | end: 15_MIN_SUCCESS                          |
| after the checkpoint: both are done                                   | end: SUCCESS                                 |
| at the checkpoint, once: one is done, the other neither in nor waits  | end: PARTIAL_NO_SHOW_TIMEOUT                 |
| from then on: nobody came, though a door was open for `entering`      | end: NO_SHOW_TIMEOUT                         |
| from then on: no door was ever open; or one waits past `patience`     | end: LAUNCH_FAILED                           |
| after that: one is done longer than the grace that the other was told | end: PARTIAL_UPLOAD_TIMEOUT                  |
| the same beside a desktop that tells of no connections: never sooner  | end: PARTIAL_UPLOAD_TIMEOUT                  |
| people's time is up; no recording is awaited, or past the deadline    | end: MAX_DURATION                            |
| a role's attempts are used up, and nobody who came has a desktop      | end: LAUNCH_FAILED                           |
| both desktops are gone, and there is nothing to replace               | end: DESKTOPS_GONE                           |
| a desktop reported healthy; an upload came; the status went back      | note it on the row                           |
| the first door stands open; the checkpoint is past and somebody came  | note it on the row                           |
| the row says when it expires, though the meeting is not over          | take that off the row                        |
| a live desktop of a role whose row names none that lives              | adopt it                                     |
| the stage is paused; due or nearly, no launch begun, not forced       | note it, launch nothing                      |
| due, and a role has no desktop                                        | launch one                                   |
| a desktop is gone, due, and its role is not done, or somebody waits   | withdraw its record, replace it              |
| a desktop is not ready by the boot limit, before the checkpoint, once | replace it                                   |
| one stops being ready, is not again for as long, nobody has come      | replace it                                   |
| either again, or later, while its person waits, up to `patience`      | replace it                                   |
| another is asked for, whoever is at it, until people's time is up     | give it up, replace it                       |
| a desktop is gone and is not replaced                                 | withdraw its record, drop its link           |
| the named desktop runs and has an address                             | publish it, then write its link              |
| a second live desktop of a role, older than `settling`                | terminate it                                 |
| a desktop bears another deadline than the meeting has                 | let it bear this one                         |
# rules:end

For one that is over: terminate what lives, withdraw what is published, put the status back.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.actions import Action, Observe, is_undecided
from chalicelib.domain.model import Meeting, Observation
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Seat
from chalicelib.rules import standby
from chalicelib.rules.endings import close, end, reason_to_end
from chalicelib.rules.facts import NO_HINTS, Facts, Hints
from chalicelib.rules.seats import RULES


def plan(
    meeting: Meeting,
    seen: Observation,
    now: datetime,
    hints: Hints = NO_HINTS,
    *,
    policy: Policy,
) -> list[Action]:
    """Return what is to be done for this meeting now, in order; nothing where all is as it should be.

    `seen` is what was observed of its desktops, `hints` are what a trigger knows beside the row. A plan that
    holds an `Observe` could not be decided: look at the desktops and plan again. `now` is UTC.
    """
    facts = Facts(meeting, seen, now, policy, hints)
    if meeting.over:
        return close(facts)
    retreat: list[Action] = []
    if facts.is_far and not hints.force:
        retreat, facts = standby.stand_down(facts)
        if is_undecided(retreat):
            return retreat
    may_launch = facts.is_due and facts.pause is None
    if may_launch and not facts.desktops.complete and any(view.wants_launch for view in facts.seats):
        return [Observe("a desktop is wanted: see first which ones there are")]
    if facts.has_a_forged_link:
        return [Observe("a link does not lead to the desktop that the row names: see first where that is")]
    if reason := reason_to_end(facts):
        ending = end(facts, reason)
        return ending if is_undecided(ending) else retreat + ending
    return retreat + [step for rule in RULES for step in rule.act(facts)]


def strangers(meeting: Meeting, seen: Observation, now: datetime, policy: Policy) -> tuple[tuple[Seat, str], ...]:
    """Return the seats whose row names what is no desktop of theirs, and what it is instead; `now` is UTC."""
    return Facts(meeting, seen, now, policy).strangers

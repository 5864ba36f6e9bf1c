"""What people do at the door and lose on the way: `make stories` tells how each story ends.

Each is played on desktops of the kit, whose people come by a page that peeks, and on desktops with scripts, whose page
clicks each time that it asks: nobody leaves that open in a tab, and no program that follows a link clicks. The exit
code is 0 only if every story ended as it says.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from rich.table import Table

from chalicelib.domain.model import Reason
from chalicelib.settings import Client
from desktop.config import Config
from localcloud import display
from localcloud.conditions import Conditions
from localcloud.play import play
from localcloud.scenario import Promise, Run, Scenario, Visit, both_are_safe, is_told_that_it_is_over

_AWAY = Config().away_minutes
"""How long a desktop of the kit waits whether its person comes back before it uploads, in minutes."""

_GRACE = 30
"""How long who is in keeps their desktop once the other one is done, in minutes."""

_SOON = 2.3
"""What a look of the agent, a sweep and an instance's end take, in minutes."""

_NEVER = 24 * 60.0
_BY_SCRIPTS = "-scripts"
_CHECKPOINT = 15
_WHILE_MAIL_IS_LOOKED_AT = tuple(
    Visit(role, at, at + 0.3, clicks=False) for role in ("teacher", "student") for at in (-11.9, 8)
)

Outcome = tuple[Reason, float]
"""Why a meeting ends, and when: in minutes after T."""


def _told(
    name: str, story: str, *visits: Visit, kit: Outcome, scripts: Outcome | None = None, **more: Any
) -> dict[str, Scenario]:
    """Return a story on the kit, and on desktops with scripts where it can happen there, by their names."""
    conditions = Conditions(failing=more.pop("failing", 0))
    promises = {Client.KIT: more.pop("promises_of_the_kit", ())}
    outcomes = {Client.KIT: kit, Client.SCRIPTS: scripts}
    return {
        scenario.name: scenario
        for scenario in (
            Scenario(
                name if client is Client.KIT else name + _BY_SCRIPTS,
                story,
                outcome[0],
                (outcome[1], outcome[1] + _SOON),
                visits,
                replace(conditions, client=client),
                promises=promises.get(client, ()),
                **more,
            )
            for client, outcome in outcomes.items()
            if outcome
        )
    }


STORIES: dict[str, Scenario] = {
    **_told(
        "one-reload",
        "The student's page is loaded anew, three minutes after the beginning.",
        Visit("teacher", -1.3, 42.2),
        Visit("student", 1.2, 42.8, loses_at=3),
        kit=(Reason.SUCCESS, 42.8 + _AWAY),
        scripts=(Reason.PARTIAL_UPLOAD, 42.2 + _GRACE),
    ),
    **_told(
        "network-lost",
        "Both lose the network at T+20, and are back two minutes later.",
        Visit("teacher", -1.3, 42.2, loses_at=20, for_s=120),
        Visit("student", 1.2, 42.8, loses_at=20, for_s=120),
        kit=(Reason.SUCCESS, 42.8 + _AWAY),
        scripts=(Reason.SUCCESS, 20),
    ),
    **_told(
        "one-leaves",
        "The teacher leaves ten minutes after the beginning, the student works on for twenty.",
        Visit("teacher", -1.3, 10),
        Visit("student", 1.2, 30),
        kit=(Reason.SUCCESS, 30 + _AWAY),
        scripts=(Reason.SUCCESS, 30),
    ),
    **_told(
        "open-tab",
        "The student has left the link open in a tab, and nobody comes.",
        Visit("student", -11.5, _NEVER, clicks=False),
        kit=(Reason.NO_SHOW, _CHECKPOINT),
    ),
    **_told(
        "mail-scanner",
        "A program looks at both links when they are sent and once more, and nobody comes.",
        *_WHILE_MAIL_IS_LOOKED_AT,
        kit=(Reason.NO_SHOW, _CHECKPOINT),
    ),
    **_told(
        "fails-while-both-wait",
        "Both wait, and the first two desktops that each gets are never ready.",
        Visit("teacher", -2, 60),
        Visit("student", -1, 60),
        kit=(Reason.SUCCESS, 60 + _AWAY),
        scripts=(Reason.SUCCESS, 60),
        failing=2,
        replaced=4,
    ),
    **_told(
        "fails-while-nobody-waits",
        "The first two desktops that each gets are never ready, and nobody comes.",
        kit=(Reason.LAUNCH_FAILED, _CHECKPOINT),
        scripts=(Reason.LAUNCH_FAILED, _CHECKPOINT),
        failing=2,
        replaced=2,
    ),
    **_told(
        "late-doors",
        "The first desktops are never ready, so the doors open at T+9; both come at T+17.",
        Visit("teacher", 17.5, 50),
        Visit("student", 17, 50),
        kit=(Reason.SUCCESS, 50 + _AWAY),
        scripts=(Reason.SUCCESS, 50),
        failing=1,
        replaced=2,
    ),
    **_told(
        "whole-time",
        "They work until their hour is up; what was recorded is safe before the desktops go.",
        Visit("teacher", -1.3, _NEVER),
        Visit("student", 1.2, _NEVER),
        kit=(Reason.MAX_DURATION, 60),
        scripts=(Reason.MAX_DURATION, 60),
        duration_min=60,
        promises_of_the_kit=(
            Promise("both recordings are safe", both_are_safe),
            Promise("who wanted to come back was told that it is over", is_told_that_it_is_over),
        ),
    ),
}
"""The stories, by the names that `make demo` knows them by."""


def main() -> int:
    """Play every story and print how it ended; return the exit code."""
    runs = [play(story) for story in STORIES.values()]
    table = Table("story", "desktops", "ended", "reason", "paid", title="How the stories end", title_justify="left")
    for run in runs:
        name, client = run.scenario.name.removesuffix(_BY_SCRIPTS), run.scenario.conditions.client
        table.add_row(name, client.value, *_outcome(run))
    out = display.console()
    out.print(table)
    for run in runs:
        for problem in run.broken:
            out.print(f"[red]Not as promised:[/] {run.scenario.name}: {display.short(problem)}.")
    return 0 if all(run.kept for run in runs) else 1


def _outcome(run: Run) -> tuple[str, str, str]:
    ended = "never" if run.ended is None else f"T{run.ended:+.1f}"
    return ended, run.reason or "none", f"{run.paid_min:.0f} min"


if __name__ == "__main__":
    sys.exit(main())

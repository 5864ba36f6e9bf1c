"""`python -m tools.rotate --stage dev`: sign links with a new key from now on.

The key before becomes an earlier one, which opens the links of meetings that were made in its time, until these are
over: then this, or a deploy, drops it. With `--forget` no earlier key counts any more, for one that has got out: all
links that were sent are dead at once, and the new ones are shown.

All of it is one write, which expects what was read: of two at once one is refused, and one that is killed has changed
all or nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.keys import KEPT
from chalicelib.domain.keys import Keys
from chalicelib.domain.model import Meeting
from chalicelib.domain.rows import timestamp
from chalicelib.domain.seat import Role
from chalicelib.people import links
from tools import inventory, providers, rotation
from tools.account import Clients, clients, enter
from tools.meeting import now
from tools.site import Site
from tools.stage import Stage, StageError, load
from tools.terminal import say


def main() -> int:
    """Replace the key of the stage that the command line names, after asking where that ends links."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--forget", action="store_true", help="let no link that was sent open anything any more")
    arguments.add_argument("--yes", action="store_true", help="do not ask")
    given = arguments.parse_args()
    try:
        stage = load(given.stage)
        client = clients(stage.region)
        enter(stage, client)
        if given.forget:
            forget(stage, client, sure=None if given.yes else input)
        else:
            rotate(stage, client)
    except (StageError, ClientError, BotoCoreError) as error:
        say(f"Not replaced: {error}", sys.stderr)
        return 1
    return 0


def rotate(stage: Stage, client: Clients, clock: Callable[[], datetime] = now) -> None:
    """Sign links with a new key, and drop those earlier ones that no open meeting needs. `clock` tells UTC.

    Raises:
        StageError: there is no key to be replaced, or it was replaced meanwhile.
    """
    site = Site(stage, client, providers.of(stage), clock)
    table, before = _kept(site)
    meetings = rotation.open_meetings(site.outputs["TableName"], client)
    at = clock()
    after = rotation.anew(before, meetings, at)
    rotation.write(table, before, after, at, client)
    say(
        f"Links of stage {stage.name} are signed with a new key. The one before opens those of meetings that were made "
        f"in its time; when of {_counted(meetings)} none is left, the next deploy or {site.make('rotate')} drops it."
    )
    if dropped := len(before.all) - len(after.earlier):
        say(f"{dropped} earlier {'key was' if dropped == 1 else 'keys were'} dropped: no open meeting is so old.")


def forget(
    stage: Stage, client: Clients, *, sure: Callable[[str], str] | None = None, clock: Callable[[], datetime] = now
) -> None:
    """Sign links with a new key and let no other count, then show the new links. `sure` asks, None to ask nobody.

    Raises:
        StageError: whoever was asked is not sure; there is no key to be replaced, or it was replaced meanwhile.
    """
    site = Site(stage, client, providers.of(stage), clock)
    table, before = _kept(site)
    meetings = rotation.open_meetings(site.outputs["TableName"], client)
    told = [each for each in meetings if not each.over and (each.links_signed or before.all_signed)]
    say(f"All links that were sent so far open nothing any more then: the people of {_counted(told)} need new ones.")
    if sure and sure("Type the stage's name to go on: ") != stage.name:
        raise StageError("the name that was typed is not the stage's; nothing was changed")
    page = f"{inventory.address(stage, site.api)}meeting"
    after = rotation.alone(before)
    rotation.write(table, before, after, clock(), client)
    say(
        f"Links of stage {stage.name} are signed with a new key, and no earlier one counts. The functions hear of it "
        f"within {KEPT.total_seconds():.0f} seconds: a meeting that is scheduled meanwhile may get dead links too."
    )
    for meeting in told:
        print(f"\n{meeting.id}, {timestamp(meeting.meet_time) if meeting.meet_time else 'without a time'}:")
        for role in Role:
            print(f"  {role}: {links.link(page, meeting, role, after)}")


def _kept(site: Site) -> tuple[str, Keys]:
    """Return the table of the stage's keys, and those for links.

    Raises:
        StageError: there is none, or it cannot be read.
    """
    table = site.outputs.get("StateTable", "")
    found = rotation.kept(table, site.client) if table else None
    if found is None:
        raise StageError(
            f"Stage {site.stage.name} has no key for links, or none that can be read; {site.make('deploy')} makes one."
        )
    return table, found


def _counted(meetings: Collection[Meeting]) -> str:
    return "1 open meeting" if len(meetings) == 1 else f"{len(meetings)} open meetings"


if __name__ == "__main__":
    sys.exit(main())

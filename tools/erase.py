"""`python -m tools.erase --stage dev --meeting ID`: erase all that is kept of what was recorded of a meeting.

With `--person NAME` it erases that person's meetings, rows too.
"""

from __future__ import annotations

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from tools.account import clients
from tools.erasing import erase
from tools.person import erase_person
from tools.stage import StageError, load
from tools.terminal import say


def main() -> int:
    """Erase what the command line names, after asking."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--meeting", default="", help="the meeting's id, as its row has it")
    arguments.add_argument("--person", default="", help="whose meetings are erased: a name or address, as rows have it")
    arguments.add_argument("--why", default="", help="on whose wish; it is kept with who erased them")
    arguments.add_argument("--yes", action="store_true", help="do not ask")
    given = arguments.parse_args()
    try:
        stage, sure = load(given.stage), None if given.yes else _ask
        if given.person:
            erase_person(stage, given.person, clients(stage.region), why=given.why, only=given.meeting, sure=sure)
        else:
            erase(stage, given.meeting, clients(stage.region), why=given.why, sure=sure)
    except (StageError, ClientError, BotoCoreError) as error:
        say(f"Not erased: {error}", sys.stderr)
        return 1
    return 0


def _ask(what: str) -> str:
    return input(what)


if __name__ == "__main__":
    sys.exit(main())

"""`make ops`: open the operators' board of a stage in the browser, with a key of its own that is good for an hour.

The key stands in the address's fragment, which no browser sends anywhere; the page takes it out at once.
"""

from __future__ import annotations

import argparse
import sys
import webbrowser
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.access import Scope
from tools import inventory
from tools.account import Clients, clients, enter
from tools.given_keys import lent
from tools.limits import apis
from tools.stage import Stage, StageError, load
from tools.terminal import say

LASTS = timedelta(hours=1)


def board(stage: Stage, client: Clients, meeting: str = "") -> str:
    """Return the address of the board with a new key, at a meeting where one is named.

    Raises:
        StageError: the stage has no API, or can have no keys.
    """
    found = list(apis(stage, client("apigateway")))
    if not found:
        raise StageError(f"Stage {stage.name} has no API; make deploy STAGE={stage.name} makes it.")
    key = lent(stage, client, "ops", Scope.OPERATE, LASTS)
    place = urlencode({"key": key} | ({"meeting": meeting} if meeting else {}))
    return f"{inventory.address(stage, found[0]).rstrip('/')}/ops#{place}"


def show(address: str, opens: Callable[[str], bool]) -> None:
    """Open the board; where no browser can be opened here, print its address."""
    if opens(address):
        say("The board is open in your browser, with a key that is good for an hour.")
        return
    say("No browser can be opened here. This address has a key in it that is good for an hour:", sys.stderr)
    print(address)


def main() -> int:
    """Open the board of the stage that the command line names; return 0 where it could be."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--meeting", default="", help="the id of a meeting to begin with")
    arguments.add_argument("--print", action="store_true", help="print the address instead of opening it")
    asked = arguments.parse_args()
    try:
        stage = load(asked.stage)
        client = clients(stage.region)
        enter(stage, client)
        address = board(stage, client, asked.meeting)
    except (StageError, ClientError, BotoCoreError) as error:
        say(f"Not opened: {error}", sys.stderr)
        return 1
    show(address, (lambda _: False) if asked.print else webbrowser.open)
    return 0


if __name__ == "__main__":
    sys.exit(main())

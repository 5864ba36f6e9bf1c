"""`make key`: the keys that an operator gives out, each with a name and a scope: made, shown once, listed, revoked."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.access import DAILY, Scope
from tools.account import clients, enter
from tools.given_keys import of_stage
from tools.stage import StageError, load
from tools.terminal import say

_MOST_DAILY = 1_000_000
_MOST_DAYS = 3660


def _options() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--name", default="", help="the key's name; without it, all keys are listed")
    arguments.add_argument("--scope", default="", help=f"one of {', '.join(Scope)}")
    arguments.add_argument("--daily", default=str(DAILY), help="how often it may be used on a day")
    arguments.add_argument("--days", default="", help="for how many days it is good; for ever where none is given")
    arguments.add_argument("--revoke", action="store_true", help="let it open nothing any more")
    return arguments.parse_args()


def _number(text: str, what: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= most):
        raise StageError(f"{what} must be a whole number from 1 to {most:,}, not {text!r}.")
    return int(text)


def _do(options: argparse.Namespace) -> None:
    stage = load(options.stage)
    client = clients(stage.region)
    enter(stage, client)
    keys = of_stage(stage, client)
    if options.revoke:
        keys.revoke(options.name)
        say(f"The key {options.name} opens nothing any more, within a minute.")
        return
    if not options.name:
        lines = keys.lines()
        none = f"No key was given out yet. Make one: make key STAGE={stage.name} NAME=… SCOPE=…"
        print("\n".join(lines) if lines else none)
        return
    if options.scope not in list(Scope):
        raise StageError(f"SCOPE must be one of {', '.join(Scope)}, not {options.scope!r}.")
    daily = _number(options.daily, "DAILY", _MOST_DAILY)
    lasts = timedelta(days=_number(options.days, "DAYS", _MOST_DAYS)) if options.days else None
    key = keys.make(options.name, Scope(options.scope), daily, lasts)
    say(f"The key {options.name}, which nobody can be shown again; it is good within a minute:", sys.stderr)
    print(key)


def main() -> int:
    """Make, list or revoke keys as the command line says; return 0 where that was done."""
    try:
        _do(_options())
    except (StageError, ClientError, BotoCoreError) as error:
        say(f"Not done: {error}", sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

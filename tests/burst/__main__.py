"""Let many meetings be due at once and report: `make burst MEETINGS=1000 SEED=1 CASE=due`."""

from __future__ import annotations

import argparse
import gc
import sys
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from tests.burst.cases import CASES
from tests.burst.drawing import draw
from tests.burst.functions import AT_ONCE
from tests.burst.report import play, report
from tests.simulation.world.clock import MINUTE


def main() -> int:
    """Run from the command line; the exit code is 0 only if nothing was left and nothing was there twice."""
    cases = "; ".join(f"{name}: {case.about}" for name, case in CASES.items())
    parser = argparse.ArgumentParser(prog="python -m tests.burst", description=__doc__)
    parser.add_argument("--meetings", type=int, default=1000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--case", choices=CASES, default="due", metavar="CASE", help=f"meetings… {cases}")
    parser.add_argument("--draw", type=Path, metavar="FILE.svg", help="draw the minutes around the meetings' time")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="how many invocations the account may run at once")
    options = parser.parse_args()
    console = Console()
    console.print(f"{options.meetings:,} meetings {CASES[options.case].about}.", highlight=False)
    gc.set_threshold(100_000, 20, 100)  # a world keeps nearly all that it makes
    with console.status("They are booked.") as status:

        def show(since: timedelta) -> None:
            status.update(f"It is {since / MINUTE:+.0f} minutes from their time.")

        outcome = play(options.case, options.meetings, options.seed, options.at_once, show)
    report(console, outcome)
    if options.draw:
        options.draw.write_text(draw(outcome, CASES[options.case].about), encoding="utf-8")
        console.print(f"The picture is in {options.draw}.", highlight=False)
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())

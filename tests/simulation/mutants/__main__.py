"""Hunt every mutant and report who caught what: `make mutants`. The exit code is 0 only if all were caught."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.simulation.mutants.catalog import MUTANTS
from tests.simulation.mutants.hunt import SOUND, be, hunt

SHORT_HUNTS_ONE_IN = 8


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--be", help="be this mutant, in this process")
    parser.add_argument("--only", default="", help="hunt the mutants with this text in their name")
    parser.add_argument("--short", action="store_true", help="hunt an eighth of those that a test of theirs catches")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if options.be:
        be(options.be)
        return 0
    wanted = [mutant for mutant in MUTANTS if options.only in mutant.name]
    if options.short:
        wanted = [mutant for mutant in wanted if mutant.suite][::SHORT_HUNTS_ONE_IN]
    table = Table("mutant", "where", "caught by", "s", title="Who caught what", title_justify="left")
    console = Console(width=180)
    at_large = []
    with ThreadPoolExecutor(options.jobs) as pool:
        sound = None if options.short else pool.submit(hunt, SOUND)  # no world at random catches any of the short hunt
        hunts = track(pool.map(hunt, [mutant.name for mutant in wanted]), "mutants", len(wanted), console=console)
        for mutant, result in zip(wanted, hunts, strict=True):
            if not result.caught_by:
                at_large.append(f"{mutant.name} ({result.verdict})")
            style = "" if result.caught_by else "[red]"
            table.add_row(mutant.name, mutant.place, style + result.verdict, f"{result.seconds:.0f}")
    console.print(table)
    if sound and (false_alarm := sound.result().caught_by):
        console.print(f"[red]The app as it is was caught, so nothing is shown:[/] {false_alarm}.")
        return 1
    console.print(f"{len(wanted) - len(at_large)} of {len(wanted)} mutants caught.", *at_large, sep="\n")
    return 1 if at_large else 0


if __name__ == "__main__":
    sys.exit(main())

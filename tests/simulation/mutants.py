"""Does the net hold? Deliberate defects, each applied to the source as it is imported, each to be caught.

A mutant is a change of one place in `chalicelib`. A simulation with all faults on (or, for what only
the real adapters do, the contract suites) must notice it. `make mutants` hunts them all and reports
who caught what; one that survives is a check that is missing.
"""

from __future__ import annotations

import argparse
import importlib.machinery
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).parents[2]
MEETINGS = 2000
"""A mutant that this many meetings do not catch has survived."""

CAUGHT = 3
"""The exit code of a mutant that was caught."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect: in this file, `old` (which must stand there just once) becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    suite: str | None = None  # hunted by these tests, or the crash points of `crash/<scenario>`, not at random

    def source(self) -> str:
        """Return the file's source with the defect in it.

        Raises:
            ValueError: `old` is not in the file just once, so the mutant must be written anew.
        """
        text = (ROOT / "chalicelib" / self.file).read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"Mutant {self.name!r}: {self.old!r} stands {text.count(self.old)} times in {self.file}.")
        return text.replace(self.old, self.new)


CONTRACT = "tests/contract"
UNIT = "tests/unit"

MUTANTS = [
    # --- adapters, hunted by the contract suites
    Mutant(
        "trusts a 200 that says it failed",
        "dns/cloudflare.py",
        'if answer.ok and reply.get("success") is True:',
        "if answer.ok:",
        CONTRACT,
    ),
    Mutant(
        "takes a foreign record for its own",
        "dns/cloudflare.py",
        'return str(found.get("comment") or "").startswith(self._mark)',
        "return True",
        CONTRACT,
    ),
    Mutant(
        "ignores that Cloudflare has had enough",
        "dns/cloudflare.py",
        "        self._respect_block()\n        fresh_token",
        "        fresh_token",
        CONTRACT,
    ),
    Mutant(
        "keeps a token that was changed", "dns/cloudflare.py", "                self._token.forget()\n", "", CONTRACT
    ),
    Mutant(
        "reads the first page of records only",
        "dns/cloudflare.py",
        'if page >= (reply.get("result_info") or {}).get("total_pages", 1):',
        "if True:",
        CONTRACT,
    ),
    Mutant(
        "makes the token from the attempt alone",
        "ec2.py",
        "parts = (self._stage, meeting_id, attempt.role, attempt.number, attempt.subnet)",
        "parts = (self._stage, meeting_id, attempt.role, attempt.number)",
        CONTRACT,
    ),
    Mutant("takes a full zone for a refusal", "ec2.py", "        if code in NO_ROOM:", "        if False:", CONTRACT),
    Mutant(
        "takes a throttle for a refusal", "ec2.py", "        if code in PASSING or error", "        if error", CONTRACT
    ),
    Mutant(
        "stops at an unknown id among those to end",
        "ec2.py",
        "                self._terminate_each(ids)",
        "                return",
        CONTRACT,
    ),
    Mutant(
        "collects other stages' desktops", "ec2.py", ' and tags.get("Stage", self._stage) == self._stage', "", CONTRACT
    ),
    Mutant(
        "writes whatever has changed",
        "repository.py",
        "conditions += [request.condition(name, value) for name, value in change.expect.items()]",
        "pass",
        CONTRACT,
    ),
    Mutant(
        "makes rows by accident",
        "repository.py",
        'conditions = ["attribute_exists(id)"]',
        'conditions = ["attribute_not_exists(nothing)"]',
        CONTRACT,
    ),
    Mutant("reads what may be old", "repository.py", ", ConsistentRead=True", "", CONTRACT),
    Mutant(
        "fails on a timer that is armed already",
        "timers.py",
        '            if not _is(error, "ConflictException"):\n                raise',
        "            raise",
        CONTRACT,
    ),
]


def hunt(mutant: Mutant) -> tuple[str | None, float]:
    """Run one mutant in a process of its own; return what caught it, None if nothing did, and the seconds it took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "tests.simulation.mutants", "--be", mutant.name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    seconds = time.perf_counter() - began
    if done.returncode not in (0, CAUGHT):
        raise RuntimeError(f"The hunt for {mutant.name!r} broke off:\n{done.stdout}\n{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return (lines[-1] if done.returncode else None), seconds


def _be(mutant: Mutant) -> int:
    """Put the defect into the source as it is imported, and let the net try to catch it."""
    path = str(ROOT / "chalicelib" / mutant.file)
    source = mutant.source()
    load = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader: importlib.machinery.SourceFileLoader, name: str) -> object:
        return compile(source, path, "exec") if loader.path == path else load(loader, name)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]
    if mutant.suite and mutant.suite.startswith("crash/"):
        return _be_crashed(mutant.suite.removeprefix("crash/"))
    if mutant.suite:
        return _be_tested(mutant.suite)
    from tests.simulation.simulate import A_WORLD, play

    for number in range(MEETINGS // A_WORLD):
        _, violation = play(f"defect/{number}/{A_WORLD}")
        if violation:
            print(f"{violation.split(' broken in')[0]} after {(number + 1) * A_WORLD} meetings")
            return CAUGHT
    return 0


def _be_crashed(scenario: str) -> int:
    from tests.simulation.crash import attempt, points
    from tests.simulation.invariants import Violation

    try:
        violation = next(filter(None, map(attempt, points(scenario))), None)
    except Violation as not_even_undisturbed:
        violation = str(not_even_undisturbed)
    if violation:
        print(f"{violation.partition(' broken in')[0]} in crash point {violation.rpartition('WORLD=crash/')[2]}")
    return CAUGHT if violation else 0


def _be_tested(suite: str) -> int:
    import pytest

    class First:
        name = ""

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed and not self.name:
                self.name = report.nodeid

    first = First()
    caught = pytest.main([suite, "-x", "-q", "--no-header", "-p", "no:cacheprovider"], plugins=[first]) != 0
    print(first.name or "the suite could not even be collected")
    return CAUGHT if caught else 0


def main() -> int:
    """Hunt every mutant; the exit code is 0 only if all were caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--be", help="be this mutant, in this process")
    parser.add_argument("--only", help="hunt the mutants with this text in their name")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if options.be:
        return _be(next(mutant for mutant in MUTANTS if mutant.name == options.be))
    wanted = [mutant for mutant in MUTANTS if (options.only or "") in mutant.name]
    table = Table("mutant", "where", "caught by", "s", title="Who caught what", title_justify="left")
    console = Console(width=160)
    survivors = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        hunts = track(pool.map(hunt, wanted), "mutants", total=len(wanted), console=console)
        for mutant, (caught, seconds) in zip(wanted, hunts, strict=True):
            survivors += caught is None
            table.add_row(mutant.name, mutant.file, caught or "[red]nobody", f"{seconds:.0f}")
    console.print(table)
    console.print(f"{len(wanted) - survivors} of {len(wanted)} mutants caught.")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

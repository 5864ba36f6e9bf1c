"""Lets one defect loose in a process of its own, and says who caught it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.simulation import crash
from tests.simulation.mutants.catalog import MUTANTS
from tests.simulation.promises.promise import Violation
from tests.simulation.simulate import A_WORLD, play

ROOT = Path(__file__).parents[3]
MEETINGS = 1800
"""A mutant that this many meetings do not catch has survived."""


SOUND = "nothing is wrong"
"""The name by which the app is hunted as it is: whatever catches that is a false alarm, and catches mutants falsely."""


@dataclass(frozen=True, slots=True)
class Hunt:
    """What a hunt came to: who caught the defect, how often it was reached, and how long it took."""

    caught_by: str | None
    reached: int
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """What became of the defect."""
        if self.caught_by:
            return self.caught_by
        return "nobody: it was not reached" if self.reached == 0 else "nobody: it survived"


def hunt(name: str) -> Hunt:
    """Hunt the mutant of this name in a process of its own.

    Raises:
        RuntimeError: the hunt itself broke off.
    """
    began = time.perf_counter()
    command = [sys.executable, "-m", "tests.simulation.mutants", "--be", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    if done.returncode:
        raise RuntimeError(f"The hunt for {name!r} broke off:\n{done.stdout}\n{done.stderr}")
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return Hunt(said["caught_by"], said["reached"], time.perf_counter() - began)


def be(name: str) -> None:
    """Become the mutant of this name, let the net try to catch it, and print what came of it as a line of JSON."""
    if name == SOUND:
        print(json.dumps(asdict(Hunt(_catch(None), 0))))
        return
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    with mutant.applied() as tally:
        caught_by = _catch(mutant.suite)
    print(json.dumps(asdict(Hunt(caught_by if tally.reached else None, tally.reached))))


def _catch(suite: str | None) -> str | None:
    if suite and suite.startswith("crash/"):
        return _catch_at_crash_points(*suite.split("/")[1:])
    return _catch_by_tests(suite) if suite else _catch_at_random()


def _catch_at_random() -> str | None:
    for number in range(MEETINGS // A_WORLD):
        _, broken = play(f"defect/{number}/{A_WORLD}")
        if broken:
            return f"{broken.split(' broken in')[0]} after {(number + 1) * A_WORLD} meetings"
    return None


def _catch_at_crash_points(scenario: str, *faults: str) -> str | None:
    points = (point for point in crash.points(scenario) if not faults or point.fault in faults)
    try:
        broken = next(filter(None, map(crash.attempt, points)), None)
    except Violation as not_even_undisturbed:
        broken = str(not_even_undisturbed)
    if broken is None:
        return None
    return f"{broken.partition(' broken in')[0]} in crash point {broken.rpartition('WORLD=crash/')[2]}"


def _catch_by_tests(suite: str) -> str | None:

    class First:
        name = ""

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed and not self.name:
                self.name = report.nodeid

    first = First()
    options = [*suite.split(maxsplit=2), "-x", "-q", "--no-header", "-p", "no:cacheprovider"]
    code = pytest.main(options, plugins=[first])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"The tests {suite} could not be run; pytest said {code}.")
    return first.name or None

"""`python -m tests.fuzz --inputs 100000`: what strangers send and rows hold, tried far longer than `make test` does.

A part is any test that is marked `fuzz` and asks here how many inputs it tries. `make test` runs it too, in short.
What it throws follows from its own name and the seed, so that it can be thrown again.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Mapping
from typing import Any

_INPUTS, _SEED = "FUZZ_INPUTS", "FUZZ_SEED"
_told: dict[str, tuple[int, str]] = {}
"""How many inputs each part had, and what they got, by the name of its test."""


def inputs(short: int, worth: int = 1) -> int:
    """Return how many inputs a part tries: `short` of them unless more are asked for.

    Where one takes as long as so many requests take, it is `worth` these, so that no part takes most of the time.
    """
    return int(os.environ[_INPUTS]) // worth if _INPUTS in os.environ else short


def dice(part: str) -> random.Random:
    """Return what a part throws its inputs with; another seed throws others."""
    return random.Random(f"{part} {os.environ.get(_SEED, '')}".strip())


def tell(count: int, got: Mapping[Any, int] | None = None) -> None:
    """Say how many inputs the present part has tried, and how often they got what."""
    name, _, _ = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")
    _told[name] = count, ", ".join(f"{what}: {often}" for what, often in sorted((got or {}).items(), key=str))


class Report:
    """Says at the end of a run what each part has tried, how fast, and what came of it."""

    def __init__(self) -> None:
        self._took_s: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note how long a part took."""
        if report.when == "call":
            self._took_s[report.nodeid] = report.duration

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write a line for each part, and one for all."""
        seed = os.environ[_SEED] or "none"
        for name, (count, got) in _told.items():
            took_s = self._took_s[name]
            terminalreporter.write_line(f"{name}: {count:,} inputs in {took_s:.0f} s, {count / took_s:.0f}/s; {got}")
        total, took_s = sum(count for count, _ in _told.values()), sum(self._took_s.values())
        terminalreporter.write_line(f"all: {total:,} inputs in {took_s:.0f} s, seed {seed}")


def main() -> int:
    """Run every part; return 0 where nothing fell over."""
    import pytest

    from tests import fuzz  # as the parts know it: this here is __main__

    arguments = argparse.ArgumentParser(description="Try many inputs.")
    arguments.add_argument(
        "--inputs", type=int, default=100_000, help="how many requests; of what takes longer there are fewer"
    )
    arguments.add_argument("--seed", default="", help="throws others than a run without one")
    arguments.add_argument("parts", nargs="*", default=["tests"], help="files of tests; all without")
    given = arguments.parse_args()
    os.environ |= {_INPUTS: str(given.inputs), _SEED: given.seed}
    without = ("-p", "no:xdist", "-p", "no:logging")  # what the app logs of so many inputs would fill the memory
    return int(pytest.main(["-m", "fuzz", "-q", "-x", *without, *given.parts], plugins=[fuzz.Report()]))


if __name__ == "__main__":
    sys.exit(main())

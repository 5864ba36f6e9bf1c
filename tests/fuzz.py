"""`python -m tests.fuzz --inputs 100000`: what strangers send and rows hold, tried far longer than `make test` does.

A part is any test that is marked `fuzz` and asks here how many inputs it tries. `make test` runs it too, in short.
What it throws follows from its own name and the seed, so that it can be thrown again.
"""

from __future__ import annotations

import argparse
import os
import random
import sys

_INPUTS, _SEED = "FUZZ_INPUTS", "FUZZ_SEED"


def inputs(short: int, worth: int = 1) -> int:
    """Return how many inputs a part tries: `short` of them unless more are asked for; each may be `worth` several."""
    return int(os.environ[_INPUTS]) // worth if _INPUTS in os.environ else short


def dice(part: str) -> random.Random:
    """Return what a part throws its inputs with; another seed throws others."""
    return random.Random(f"{part} {os.environ.get(_SEED, '')}".strip())


def main() -> int:
    """Run every part; return 0 where nothing fell over."""
    import pytest

    arguments = argparse.ArgumentParser(description="Try many inputs.")
    arguments.add_argument("--inputs", type=int, default=100_000, help="how many, each part")
    arguments.add_argument("--seed", default="", help="throws others than a run without one")
    arguments.add_argument("parts", nargs="*", default=["tests"], help="files of tests; all without")
    given = arguments.parse_args()
    os.environ |= {_INPUTS: str(given.inputs), _SEED: given.seed}
    return int(pytest.main(["-m", "fuzz", "-s", "-q", "-x", "-p", "no:xdist", *given.parts]))


if __name__ == "__main__":
    sys.exit(main())

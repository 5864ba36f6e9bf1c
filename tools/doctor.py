"""`python -m tools.doctor --stage dev [--json]`: what is wrong with a stage, and what puts it right.

The exit code is 0 where meetings work; warnings do not change it.
"""

from __future__ import annotations

import argparse
import sys

from tools import providers
from tools.account import clients
from tools.checks import examine
from tools.findings import report
from tools.site import Site
from tools.stage import StageError, load
from tools.terminal import say


def main() -> int:
    """Examine the stage that the command line names and report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    given = arguments.parse_args()
    try:
        stage = load(given.stage)
    except StageError as error:
        say(str(error), sys.stderr)
        return 1
    return report(examine(Site(stage, clients(stage.region), providers.of(stage))), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())

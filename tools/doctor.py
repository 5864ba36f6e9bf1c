"""`python -m tools.doctor --stage dev [--json]`: what is wrong with a stage, and what mends it.

The exit code is 0 where meetings work; warnings do not change it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator

import requests
from botocore.exceptions import BotoCoreError, ClientError

from tools.account import Clients, clients
from tools.checks import AFTER, BEFORE, CHANGED_BY_HAND, Check, Finding, Level, Patient, fail, warn
from tools.gone import is_gone
from tools.stage import Stage, StageError, load

_COLOURS = {Level.OK: "32", Level.WARN: "33", Level.FAIL: "31"}


def main() -> int:
    """Examine the stage that the command line names and report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    given = arguments.parse_args()
    try:
        stage = load(given.stage)
    except StageError as error:
        print(error, file=sys.stderr)
        return 1
    return report(examine(stage, clients(stage.region)), as_json=given.json)


def examine(stage: Stage, client: Clients, patient: Patient | None = None) -> Iterator[tuple[str, Finding]]:
    """Yield what every check finds, with the check's name; a check that cannot look is a finding too."""
    patient = patient or Patient(stage, client)
    sound = True
    for name, check in BEFORE.items():
        for finding in _look(check, patient):
            sound = sound and not (name == "credentials" and finding.level is Level.FAIL)
            yield name, finding
        if not sound:
            return
    if not patient.outputs:
        yield "stack", fail("the stage is not deployed", f"make deploy STAGE={stage.name}")
        return
    for name, check in AFTER.items():
        for finding in _look(check, patient):
            yield name, finding


def _look(check: Check, patient: Patient) -> Iterator[Finding]:
    try:
        yield from check(patient)
    except ClientError as error:
        denied = error.response["Error"]["Code"].startswith(("AccessDenied", "Unauthorized"))
        verdict = warn if denied else fail
        mend = "use credentials that may read this" if denied else "mend what AWS says, then run the doctor again"
        if is_gone(error):
            mend = CHANGED_BY_HAND
        yield verdict(f"{check.__name__} could not be looked at: {error}", mend)
    except (BotoCoreError, requests.RequestException) as error:
        mend = f"see that this machine reaches the internet, and that {patient.stage.region} has the service"
        yield fail(f"{check.__name__} could not be looked at: {error}", mend)


def report(findings: Iterator[tuple[str, Finding]], *, as_json: bool = False) -> int:
    """Print the findings, as they come or as one JSON object; return the exit code."""
    seen = []
    for name, finding in findings:
        seen.append((name, finding))
        if not as_json:
            print(_line(finding), flush=True)
    failed = sum(finding.level is Level.FAIL for _, finding in seen)
    warned = sum(finding.level is Level.WARN for _, finding in seen)
    if as_json:
        listed = [{"check": name, "level": f.level, "what": f.what, "mend": f.mend} for name, f in seen]
        print(json.dumps({"ready": not failed, "failed": failed, "warned": warned, "findings": listed}, indent=2))
    else:
        verdict = f"{failed} to mend" if failed else "ready for meetings"
        print(f"\n{len(seen)} findings: {verdict}{f', {warned} to look at' if warned else ''}.")
    return 1 if failed else 0


def _line(finding: Finding) -> str:
    word = f"{finding.level:4}"
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        word = f"\033[{_COLOURS[finding.level]}m{word}\033[0m"
    return f"{word}  {finding.what}" + (f"\n      → {finding.mend}" if finding.mend else "")


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tools.policies`: write .chalice/policy-<function>.json from what each function's code calls.

The calls are observed while the drills run, and kept in tools/calls.json; a test in which a function
makes another one fails.
The committed policies are those of a sample stage, to be read and reviewed; a deploy writes the
same ones with its own stage's names to .chalice/<stage>/.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.account import Account
from tools.calls import Calls, observing
from tools.grants import Names, policy
from tools.stage import FUNCTIONS, ROOT

CALLS = ROOT / "tools" / "calls.json"
FOLDER = ROOT / ".chalice"
SAMPLE = Names(
    account=Account("123456789012", "us-west-2"),
    stage="dev",
    table="elephant-meetings",
    ami_id="ami-0e7fd79d17e852d18",
    desktop_role_arn="arn:aws:iam::123456789012:role/EC2-S3-ReadOnly-Role",
    security_groups=("sg-0123456789abcdef0",),
    key_name="elephant",
)
"""The stage that the committed .chalice/config.json describes."""


def known_calls() -> Calls:
    """Return the calls that were observed last."""
    return {name: set(calls) for name, calls in json.loads(CALLS.read_text(encoding="utf-8")).items()}


def render(names: Names, calls: Mapping[str, set[str]]) -> dict[str, dict[str, Any]]:
    """Return every function's policy for a stage."""
    return {function: policy(function, calls.get(function, set()), names) for function in FUNCTIONS}


def path_of(function: str) -> Path:
    """Return where the committed policy of a function is."""
    return FOLDER / f"policy-{function}.json"


def observe() -> Calls:
    """Return the calls that the drills make."""
    from tools.drills import drill

    calls: Calls = {}
    with observing(calls):
        drill()
    return calls


def main() -> int:
    """Observe, write, and say what changed."""
    before = known_calls() if CALLS.exists() else {}
    calls = observe()
    listed = {function: sorted(calls.get(function, ())) for function in FUNCTIONS}
    CALLS.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    for function, document in render(SAMPLE, calls).items():
        path_of(function).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        granted = [action for statement in document["Statement"] for action in statement["Action"]]
        starred = sum(len(s["Action"]) for s in document["Statement"] if s["Resource"] == ["*"])
        print(f"{function:18} {len(set(granted)):2} actions, {starred} of them on *")
        for call in sorted(calls.get(function, set()) ^ before.get(function, set())):
            print(f"  {'+' if call in calls.get(function, set()) else '-'} {call}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

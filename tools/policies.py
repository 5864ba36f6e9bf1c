"""`python -m tools.policies`: write .chalice/policy-<function>.json from what each function's code calls.

The calls are observed while the drills run, and kept in tools/calls.json; a test in which a function
makes another one fails.
The committed policies are those of a sample stage, to be read and reviewed; a deploy writes the
same ones with its own stage's names to .chalice/<stage>/.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tools import providers
from tools.account import Account
from tools.calls import Calls, keep, known_calls, observing
from tools.grants import Names, render
from tools.recorded import CHALICE
from tools.stage import Stage

_STAGE = Stage(
    name="dev",
    region="us-west-2",
    account="123456789012",
    ami_id="ami-0e7fd79d17e852d18",
    domain="example.com",
    zone_id="0123456789abcdef0123456789abcdef",
    key_name="elephant",
    event_bus="default",
)
SAMPLE = Names(
    account=Account(_STAGE.account, _STAGE.region),
    stage=_STAGE,
    provider=providers.of(_STAGE),
    table="elephant-meetings",
    desktop_role_arn="arn:aws:iam::123456789012:role/EC2-S3-ReadOnly-Role",
    security_groups=("sg-0123456789abcdef0",),
    bucket="elephant-dev-recordings-123456789012-us-west-2",
)
"""The stage that the committed .chalice/config.json describes."""


def path_of(function: str) -> Path:
    """Return where the committed policy of a function is."""
    return CHALICE / f"policy-{function}.json"


def observe() -> Calls:
    """Return the calls that the drills make."""
    from tools.drills import drill

    calls: Calls = {}
    with observing(calls):
        drill()
    return calls


def main() -> int:
    """Observe, write, and say what changed."""
    before, calls = known_calls(), observe()
    keep(calls)
    for function, policy in render(SAMPLE, providers.calls_with(SAMPLE.provider, calls)).items():
        path_of(function).write_text(json.dumps(policy, indent=2) + "\n", encoding="utf-8")
        actions = {action for statement in policy["Statement"] for action in statement["Action"]}
        on_everything = sum(len(s["Action"]) for s in policy["Statement"] if s["Resource"] == ["*"])
        print(f"{function:18} {len(actions):2} actions, {on_everything} of them on *")
        now, earlier = calls.get(function, set()), before.get(function, set())
        for call in sorted(now ^ earlier):
            print(f"  {'+' if call in now else '-'} {call}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

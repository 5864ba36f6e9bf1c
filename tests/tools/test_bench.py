"""What is claimed can be measured, and the tables in the documents say what is measured."""

from __future__ import annotations

import re

import pytest

from tools import bench
from tools.stage import FUNCTIONS, ROOT


def test_an_idle_sweep_looks_and_does_nothing() -> None:
    calls = bench.idle_sweeps(3)
    assert {call.trigger for call in calls} == {"sweep"}
    assert [call for call in calls if not call.operation.startswith(("Query", "Describe", "list"))] == []


def test_a_new_container_is_timed_with_what_its_policy_is_for() -> None:
    assert 0 < bench.cold_seconds("api_handler", tries=1) < 60


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_documented_permissions_are_the_committed_ones(function: str) -> None:
    told = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    [(actions, starred)] = re.findall(rf"(?m)^\| .*`{function}`.* \| (\d+) \| (\d+) \|$", told)
    allowed = bench.granted(function)
    assert (int(actions), int(starred)) == (len(allowed), sum(everywhere for _, everywhere in allowed))

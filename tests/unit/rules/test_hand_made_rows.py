"""Rows that hands made do not stop a meeting."""

from __future__ import annotations

import pytest

from chalicelib.rules.plan import plan
from tests.builders import BOTH_RUN, IN_PROGRESS, POLICY, applied, at, row, understood


@pytest.mark.parametrize("name", ["termination_reason", "checkpoint_at", "student_joined_at", "student_ec2_link"])
def test_an_empty_attribute_counts_as_absent_and_does_not_stop_a_write(name: str) -> None:
    before = row(IN_PROGRESS) | {name: ""}
    actions = plan(understood(before), BOTH_RUN, at(16), policy=POLICY)
    after, _ = applied(actions, before, BOTH_RUN, at(16))
    assert understood(after).checkpoint_at == at(16)


def test_garbage_in_checkpoint_at_does_not_stop_the_meeting() -> None:
    before = row(IN_PROGRESS, checkpoint_at="yes")
    actions = plan(understood(before), BOTH_RUN, at(16), policy=POLICY)
    after, _ = applied(actions, before, BOTH_RUN, at(16))
    assert understood(after).checkpoint_at == at(16)

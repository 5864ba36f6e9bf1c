"""The page on what somebody on a desktop can do names tests that are there."""

from __future__ import annotations

import re

from tools.stage import ROOT


def test_every_test_that_it_names_is_there() -> None:
    named = re.findall(r"`(tests/[^`]+)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
    assert named
    assert [path for path in named if not (ROOT / path).is_file()] == []

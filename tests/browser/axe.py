"""What axe finds wrong with a page for people who do not see it, or use no mouse; axe-core comes with its package."""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Any

from tests.browser.chromium import Page

_RUN = """
(async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return JSON.stringify(found.violations.map(({ id, help, nodes }) => ({
    id, help, nodes: nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`),
  })));
})()
"""


@functools.cache
def _engine() -> str:
    return (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Return what is wrong with a page as it stands, a line each; it is run from outside, as no policy lets it in."""
    if not page.run("Boolean(window.axe)"):
        page.run(f"{_engine()};undefined")
    found: list[dict[str, Any]] = json.loads(page.run(_RUN))
    return [f"{each['id']}: {each['help']}: {node}" for each in found for node in each["nodes"]]

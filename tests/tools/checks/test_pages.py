"""The check of what people see of whoever runs the stage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.pictures import SVG
from tests.tools.checks.sound import Account, site_of
from tools.checks import pages
from tools.deploy import refuse_unready
from tools.findings import Level
from tools.stage import StageError

NAMED: dict[str, Any] = {"operator_logo": "logo.svg", "operator_name": "Example Language School"}


def look(account: Account, folder: Path, **changes: Any) -> tuple[Level, str]:
    [found] = pages.logo(site_of(replace(account.stage, **changes), account.client, folder=folder))
    return found.level, f"{found.what} → {found.remedy}"


def test_a_logo_that_can_be_shown_is_told_with_its_name(account: Account, tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(SVG)
    told = "pages bear the logo stages/logo.svg, read as Example Language School → "
    assert look(account, tmp_path, **NAMED) == (Level.OK, told)


def test_without_one_pages_bear_the_products_mark(account: Account, tmp_path: Path) -> None:
    assert look(account, tmp_path) == (Level.OK, "pages bear the product's mark (operator.logo) → ")


def test_one_that_cannot_is_told_with_its_remedy(account: Account, tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(b"GIF89a")
    level, told = look(account, tmp_path, **NAMED)
    assert level is Level.FAIL
    assert (
        "by its bytes it is a GIF, and neither an SVG nor a PNG → put an SVG or a PNG of at most 20,000 bytes" in told
    )
    level, told = look(account, tmp_path, **NAMED | {"operator_logo": "lost.png"})
    assert (level, "lost.png, which operator.logo names → put an SVG" in told) == (Level.FAIL, True)


def test_a_deploy_is_refused_where_it_is_lost(account: Account) -> None:
    with pytest.raises(StageError, match=r"there is no .*lost\.png, which operator\.logo names"):
        refuse_unready(replace(account.stage, operator_logo="lost.png", operator_name="Ann"), account.client)

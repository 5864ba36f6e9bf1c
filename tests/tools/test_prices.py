"""`make prices`: what AWS asks is printed as the section of a stage's file that it is to be copied into."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.environment import Settings
from chalicelib.settings import SETTINGS
from tests.tools.smoke.price_list import USUAL, PriceList
from tools.prices import section
from tools.stage import load, parse
from tools.trial.costs import Prices

DAY = date(2026, 11, 27)
STAGE = load("dev")


def printed(*products: Any, **changes: Any) -> str:
    listed = Prices("us-west-2", lambda: PriceList(*products))
    return "\n".join(section(replace(STAGE, **changes), listed, DAY))


def test_what_is_printed_is_a_section_that_a_stage_s_file_takes() -> None:
    least = 'region = "us-west-2"\n[desktops]\nami_id = "ami-0123456789abcdef0"\n'
    least += f'[dns]\ndomain = "example.com"\nzone_id = "{"0" * 32}"\n'
    stage = parse("dev", tomllib.loads(least + printed()))
    told = Settings({row.name: stage.variable(row.name) for row in SETTINGS}).prices()
    assert told is not None
    assert (told.desktop_hour, told.volume_gib_month) == (Decimal("0.1108"), Decimal("0.08"))
    assert (told.address_hour, told.burst_vcpu_hour) == (Decimal("0.005"), Decimal("0.096"))
    assert (told.as_of, told.source) == (DAY, "AWS Price List, t3.large with Windows in us-west-2")


def test_the_system_is_that_of_the_stage_s_desktops() -> None:
    linux = printed(environment={"IN_GUEST_DEADLINE": "linux"})
    assert "desktop_hour = 0.0832" in linux
    assert "burst_vcpu_hour = 0.05" in linux


def test_a_type_that_does_not_burst_has_no_price_for_it() -> None:
    assert "burst" not in printed(instance_type="m6i.large")


def test_a_price_that_cannot_be_had_is_told_and_no_number_stands_for_it() -> None:
    lines = printed(*USUAL[1:])
    assert "# desktop_hour is not known: AWS's Price List has no price for t3.large" in lines
    assert "\ndesktop_hour" not in lines

"""The checks of what desktops are launched from."""

from __future__ import annotations

import pytest

from tests.tools.checks.sound import Account, Wrong, assert_found, nothing
from tests.tools.checks.test_keys import set_for_all
from tools.findings import Level

WRONG: dict[str, Wrong] = {
    "type not offered": ("instance_type", {"instance_type": "z9.huge"}, nothing, Level.FAIL, "[desktops]"),
    "type not in this zone": (
        "instance_type",
        {"availability_zones": ("us-west-2a", "us-west-2z")},
        nothing,
        Level.WARN,
        "us-west-2z",
    ),
    "too few vCPUs": ("quota", {"at_once": 40}, nothing, Level.FAIL, "L-1216C47A --desired-value 80"),
    "what fits instead": ("quota", {"at_once": 40}, nothing, Level.FAIL, "or set desktops.at_once = 32"),
    "no room for a meeting": ("quota", {"at_once": 1}, nothing, Level.FAIL, "set desktops.at_once = 2 or more"),
    "no such key pair": ("key_pair", {"key_name": "lost"}, nothing, Level.FAIL, "create-key-pair --key-name lost"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (
            "",
            "look for their meeting in the table, and may ask the metadata without a token (stages/dev.toml says",
        ),
        ("scripts", "look for their meeting in the table, and may ask the metadata without a token →"),
        ("kit", "have the kit: they ask the app"),
    ],
)
def test_what_runs_on_desktops_is_told_and_whether_the_file_says_so(account: Account, client: str, words: str) -> None:
    [(level, told)] = account.look("client", client=client)
    assert level is Level.OK
    assert words in told


@pytest.mark.parametrize(
    ("client", "ami", "level"),
    [
        ("kit", "", Level.FAIL),
        ("kit", "ami-0123456789abcdef0", Level.OK),
        ("kit", "resolve:ssm:/elephant/image", Level.OK),
        ("scripts", "", Level.OK),
        ("", "", Level.OK),
    ],
    ids=["the same image", "another one", "whichever a parameter names", "scripts still", "no line"],
)
def test_the_image_of_a_stage_with_scripts_does_not_get_the_kit_by_a_line_in_the_file(
    account: Account, client: str, ami: str, level: Level
) -> None:
    """As when a merge brings the sample's line into the file of a stage that was deployed long ago."""
    ami = ami or account.stage.ami_id
    set_for_all(account, AMI_ID=ami)
    if ami.startswith("ami-0123"):
        set_for_all(account, AMI_ID=account.stage.ami_id)
    [(found, told)] = account.look("client", client=client, ami_id=ami)
    assert found is level
    assert ("name an image that has the kit" in told) is (level is Level.FAIL)


def test_it_is_told_how_many_meetings_can_be_scheduled_for_one_time(account: Account) -> None:
    [(level, told)] = account.look("quota", at_once=21)
    assert level is Level.OK
    assert "10 meetings" in told
    assert "42 vCPUs of 64" in told

"""The operator's file: what it says, and how it says what is wrong with it; and Chalice's configuration made of it."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.environment import Settings
from tools import recorded
from tools.stage import FUNCTIONS, KEYS, ROOT, StageError, load, parse

OUTPUTS = {
    "TableName": "elephant-meetings-prod",
    "StreamArn": "arn:aws:dynamodb:eu-central-1:210987654321:table/elephant-meetings-prod/stream/2026",
    "TimersRoleArn": "arn:aws:iam::210987654321:role/elephant-prod-timers",
    "TimersGroup": "elephant-prod",
    "StateTable": "elephant-state-prod",
    "Installation": "3f2a9c01b4",
    "DesktopRoleArn": "arn:aws:iam::123456789012:role/elephant-dev-desktop",
    "DesktopClient": "kit",
    "ApiUrl": "https://a1.execute-api.eu-central-1.amazonaws.com/prod",
    "RecordingsBucket": "elephant-prod-recordings-210987654321-eu-central-1",
    "DeadLettersArn": "arn:aws:sqs:eu-central-1:210987654321:elephant-prod-dead-letters",
    "DnsSecretName": "prod/elephant/cloudflare",
    "InstanceProfile": "elephant-prod-desktop",
    "SecurityGroup": "sg-0aaaaaaaaaaaaaaa1",
}


def sample() -> dict[str, Any]:
    return tomllib.loads((ROOT / "stages" / "dev.toml").read_text(encoding="utf-8"))


def test_the_sample_is_read_and_says_every_setting() -> None:
    assert load("dev") == parse("dev", sample())
    written = sample()
    named = {f"{name}.{key}" for name, table in written.items() if isinstance(table, dict) for key in table}
    assert named | {"region", "account"} == set(KEYS)


def test_what_the_file_leaves_out_has_a_default() -> None:
    least = {
        "region": "eu-central-1",
        "desktops": {"ami_id": "ami-0123456789abcdef0"},
        "dns": {"domain": "example.com", "zone_id": "0" * 32},
    }
    stage = parse("prod", least)
    assert (stage.stack, stage.function("sweep"), stage.function("api_handler")) == (
        "elephant-prod",
        "elephant-prod-sweep",
        "elephant-prod",
    )
    assert stage.instance_type == "t3.large"


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = sample()
    wrong["regio"] = wrong.pop("region")
    wrong["desktops"] |= {"volume_gib": "60", "security_groups": "sg-1", "at_once": 0, "ami_id": "windows"}
    wrong["operations"] |= {"protect_table": 1, "log_retention_days": 31}
    wrong["environment"] = {"VOLUME": 3}
    with pytest.raises(StageError) as caught:
        parse("dev", wrong)
    told = str(caught.value)
    for part in ("region is missing", "regio is not known", "volume_gib must be a whole number", "security_groups"):
        assert part in told
    assert "log_retention_days must be one of 1, 3, 5" in told
    for part in ("at_once must be 1 or more", "ami_id must be an image's id", "protect_table", "environment"):
        assert part in told


@pytest.mark.parametrize("name", ["Prod", "a-b", "", "a" * 13, "1st"])
def test_a_stage_s_name_must_fit_everything_that_bears_it(name: str) -> None:
    with pytest.raises(StageError, match="letters and digits"):
        load(name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"copy stages/dev\.toml"):
        load("prod", tmp_path)


def test_the_app_finds_all_its_settings_in_what_is_recorded() -> None:
    stage = parse("prod", sample() | {"environment": {"CLOUDFLARE_API_URL": "http://localhost:8787"}})
    stage = replace(stage, ami_id="ami-0123456789abcdef0")  # as a deploy has it, which looks up the newest
    settings = Settings(recorded.environment(stage, OUTPUTS))
    assert settings.desktops().ami_id == "ami-0123456789abcdef0"
    assert settings.table_name == "elephant-meetings-prod"
    assert settings.policy().stage == "prod"
    assert settings.desktops().security_group_ids == ("sg-0aaaaaaaaaaaaaaa1",)
    assert settings.dns().secret_id == "prod/elephant/cloudflare"
    assert settings.timers().group == "elephant-prod"
    assert settings.dns().api_url == "http://localhost:8787"


@pytest.mark.parametrize(
    ("line", "standing", "expected"),
    [
        (None, {}, None),
        (None, {"JITSI_DOMAIN": "meet.jit.si"}, "meet.jit.si"),
        ("", {"JITSI_DOMAIN": "meet.jit.si"}, None),
        ("video.example.com", {"JITSI_DOMAIN": "meet.jit.si"}, "video.example.com"),
    ],
    ids=["a new stage", "no line yet", "an empty line", "a line"],
)
def test_a_video_domain_that_an_earlier_version_assumed_stands_until_the_line_is_written(
    line: str | None, standing: dict[str, str], expected: str | None
) -> None:
    content = sample()
    del content["meetings"]["jitsi_domain"]
    content["meetings"] |= {} if line is None else {"jitsi_domain": line}
    part = recorded.section(parse("prod", content), OUTPUTS, standing)
    assert part["environment_variables"].get("JITSI_DOMAIN") == expected


def test_the_desktops_at_once_are_limited_by_a_deploy_and_not_by_the_app_itself() -> None:
    content = sample()
    del content["desktops"]["at_once"]
    assert Settings(recorded.environment(parse("prod", content), OUTPUTS)).policy().at_once == 10
    assert Settings({}).policy().at_once is None


def test_a_domain_may_be_in_its_own_letters() -> None:
    content = sample()
    content["dns"]["domain"] = "München.example"
    stage = parse("prod", content)
    assert stage.domain == recorded.environment(stage, OUTPUTS)["DOMAIN_ROOT"] == "xn--mnchen-3ya.example"
    content["dns"]["domain"] = "mün chen.example"
    with pytest.raises(StageError, match=r"dns\.domain must be a domain like .*, not 'mün chen\.example'"):
        parse("prod", content)


def test_only_the_stage_s_part_is_written_and_forgotten(tmp_path: Path) -> None:
    before = {"version": "2.0", "app_name": "elephant", "stages": {"dev": {"kept": True}}}
    (tmp_path / "config.json").write_text(json.dumps(before))
    stage = parse("prod", sample())
    part = recorded.section(stage, OUTPUTS)
    policies = {name: {"Statement": [name]} for name in FUNCTIONS}
    assert recorded.write(stage, part, policies, tmp_path)
    assert not recorded.write(stage, part, policies, tmp_path)
    after = json.loads((tmp_path / "config.json").read_text())
    assert after["stages"] == {"dev": {"kept": True}, "prod": part}
    for own in part["lambda_functions"].values():
        assert (tmp_path / own["iam_policy_file"]).exists()
    (tmp_path / "deployed").mkdir()
    (tmp_path / "deployed" / "prod.json").write_text("{}")
    recorded.forget(stage, tmp_path)
    assert json.loads((tmp_path / "config.json").read_text()) == before
    assert not list(tmp_path.rglob("prod*"))


@pytest.mark.parametrize("upgraded", [False, True], ids=["first deploy", "deployed before"])
def test_no_key_is_kept_of_what_stood_there_before(upgraded: bool, tmp_path: Path) -> None:
    """Neither of what somebody wrote into Chalice's own file, nor of what version 0.1.0 put aside of that."""
    plain = {
        "environment_variables": {"SCHEDULE_KEY": "sesame", "KEPT": "k"},
        "lambda_functions": {"api_handler": {"environment_variables": {"LINK_SIGNING_KEY": "sesame"}}},
    }
    sampled = {"version": "2.0", "app_name": "elephant", "stages": {"dev": plain}}
    (tmp_path / "config.json").write_text(json.dumps(sampled))
    if upgraded:
        (tmp_path / "dev").mkdir()
        (tmp_path / "dev" / "before.json").write_text(json.dumps({"part": plain}))
    stage = parse("dev", sample() | {"environment": {"VOUCHING_KEY": "sesame"}})
    recorded.write(stage, recorded.section(stage, OUTPUTS), {name: {} for name in FUNCTIONS}, tmp_path)
    assert not [path for path in tmp_path.rglob("*.json") if "sesame" in path.read_text()]
    recorded.forget(stage, tmp_path)
    put_back = json.loads((tmp_path / "config.json").read_text())["stages"]["dev"]
    assert put_back == {
        "environment_variables": {"KEPT": "k"},
        "lambda_functions": {"api_handler": {"environment_variables": {}}},
    }


def test_forgetting_puts_back_the_sample_that_is_in_git(tmp_path: Path) -> None:
    sampled = {"version": "2.0", "app_name": "elephant", "stages": {"dev": {"sample": True}}}
    (tmp_path / "config.json").write_text(json.dumps(sampled))
    stage = parse("dev", sample())
    for max_minutes in ("240", "60"):
        part = recorded.section(stage, OUTPUTS) | {"max": max_minutes}
        recorded.write(stage, part, {name: {} for name in FUNCTIONS}, tmp_path)
    recorded.forget(stage, tmp_path)
    assert json.loads((tmp_path / "config.json").read_text()) == sampled
    recorded.forget(stage, tmp_path)
    assert json.loads((tmp_path / "config.json").read_text()) == sampled

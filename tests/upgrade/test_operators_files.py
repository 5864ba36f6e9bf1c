"""What a release left in the operator's folder is enough for the present deploy, which loses nothing of it."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import SETTINGS
from tests.upgrade.left_behind import RELEASES, recorded
from tools import build, images, settings_texts
from tools.deploy import address
from tools.record import Record
from tools.recorded import environment, section, write
from tools.stack import parameters
from tools.stage import FUNCTIONS, SECRETS, Stage, parse

MADE_BY_A_DEPLOY = {row.stack_output: row.example for row in SETTINGS if row.stack_output} | {"ApiUrl": ""}
"""What the present stack makes, as far as functions are told of it; a release's own outputs come before these."""

SAMPLE_IMAGE = "ami-00000000000000000"

pytestmark = pytest.mark.parametrize("release", RELEASES)


def stage_of(left: dict[str, Any]) -> Stage:
    return parse(left["stage"], tomllib.loads(left["stage_file"]))


def outputs_of(left: dict[str, Any]) -> dict[str, str]:
    """Return the stack's outputs after the present deploy of what the release left."""
    wanted = parameters(stage_of(left), before=left["outputs"])
    stands: dict[str, str] = left["outputs"]
    return MADE_BY_A_DEPLOY | stands | {"DesktopClient": wanted["DesktopClient"]}


def project(left: dict[str, Any], root: Path) -> Path:
    """Lay the release's files where it wrote them."""
    chalice, name = root / ".chalice", left["stage"]
    (chalice / "deployed").mkdir(parents=True)
    (chalice / name).mkdir()
    for file, content in {
        "config.json": {"version": "2.0", "app_name": "elephant", "stages": {name: left["part"], "prod": {"a": 1}}},
        f"deployed/{name}.json": left["deployed"],
        f"deployed/{name}.build.json": left["build"],
        f"{name}/before.json": {"part": None},
    }.items():
        (chalice / file).write_text(json.dumps(content), encoding="utf-8")
    return root


def test_the_functions_keep_what_they_were_told_and_no_key_stays_in_plain_text(release: str) -> None:
    left = recorded(release, "deploy")
    left["stage_file"] += '\nLINK_SIGNING_KEY = "a links key of the release"\n'
    before = left["environment"] | {"LINK_SIGNING_KEY": "a links key of the release"}
    after = environment(stage_of(left), outputs_of(left), before)
    assert {name: value for name, value in before.items() if after.get(name) != value and name not in SECRETS} == {}
    assert not SECRETS & after.keys()


def test_its_desktops_go_on_with_scripts_and_are_told_of_no_api(release: str) -> None:
    left = recorded(release, "deploy")
    given = environment(stage_of(left), outputs_of(left), left["environment"])
    assert (given["DESKTOP_CLIENT"], given.get("API_URL")) == ("scripts", None)
    wanted = parameters(stage_of(left), before=left["outputs"], api="a1b2c3d4e5")
    assert (wanted["DesktopClient"], wanted["ApiId"]) == ("scripts", "")


def test_merging_the_present_sample_gives_its_desktops_no_kit(release: str, tmp_path: Path) -> None:
    """As docs/deploy.md says to merge: the line stands beside one that the operator has changed, and theirs is kept."""
    mine = recorded(release, "deploy")["stage_file"]
    texts = {"mine": mine, "before": mine.replace(stage_of(recorded(release, "deploy")).ami_id, SAMPLE_IMAGE)}
    texts["now"] = "".join(f"{line}\n" for line in settings_texts.stage_file())
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    merge = ["git", "merge-file", "-p", "--ours", "mine", "before", "now"]
    merged = subprocess.run(merge, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert texts["before"] != mine
    assert parse("dev", tomllib.loads(merged)).client == ""


def test_its_desktops_keep_the_image_that_its_file_names(release: str) -> None:
    stage = stage_of(recorded(release, "deploy"))
    assert images.pinned(stage, lambda service: pytest.fail(f"{service} was asked for another")) is stage


def test_timers_and_rules_that_were_made_find_the_functions_of_the_present_deploy(release: str) -> None:
    left = recorded(release, "deploy")
    stage, made = stage_of(left), left["deployed"]["resources"]
    arns = {each["lambda_arn"].rpartition(":")[2] for each in made if each["resource_type"] == "lambda_function"}
    assert {stage.function(name) for name in FUNCTIONS} == arns
    assert stage.stack == f"elephant-{stage.name}"


def test_chalice_s_record_is_read_and_says_where_the_api_is(release: str, tmp_path: Path) -> None:
    left = recorded(release, "deploy")
    record = Record(stage_of(left), project(left, tmp_path))
    [api] = record.resources("rest_api")
    assert address(stage_of(left), tmp_path) == api["rest_api_url"]


def test_what_was_deployed_by_the_release_is_deployed_again(release: str, tmp_path: Path) -> None:
    left = recorded(release, "deploy")
    project(left, tmp_path)
    assert not build.Build(stage_of(left), tmp_path).is_current("digest", {"functions": {}})


def test_the_stage_s_part_is_exchanged_and_no_other_stage_s(release: str, tmp_path: Path) -> None:
    left = recorded(release, "deploy")
    stage, chalice = stage_of(left), project(left, tmp_path) / ".chalice"
    part = section(stage, outputs_of(left), left["environment"])
    assert write(stage, part, {name: {} for name in FUNCTIONS}, chalice)
    stages = json.loads((chalice / "config.json").read_text(encoding="utf-8"))["stages"]
    assert stages == {"prod": {"a": 1}, left["stage"]: part}
    assert part["api_gateway_stage"] == left["part"]["api_gateway_stage"]

"""What was deployed last: nothing is deployed twice, and what somebody changed since is deployed again."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.tools.deploying.stands import recorded_by_chalice
from tools import build
from tools.account import Clients
from tools.stage import ROOT, Stage


def project(folder: Path) -> None:
    """Copy what a deploy would take."""
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "chalicelib", folder / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".chalice").mkdir()
    shutil.copy(ROOT / ".chalice" / "config.json", folder / ".chalice")


def test_a_build_is_the_same_until_what_ships_changes(tmp_path: Path, stage: Stage) -> None:
    project(tmp_path)
    first = build.digest(stage, tmp_path)
    (tmp_path / "chalicelib" / "__pycache__").mkdir()
    (tmp_path / "chalicelib" / "__pycache__" / "plan.pyc").write_bytes(b"x")
    (tmp_path / "README.md").write_text("not shipped")
    assert build.digest(stage, tmp_path) == first
    (tmp_path / "chalicelib" / "plan.py").write_text("")
    assert build.digest(stage, tmp_path) != first


def test_another_lock_is_another_build(tmp_path: Path, stage: Stage) -> None:
    project(tmp_path)
    first = build.digest(stage, tmp_path)
    lock = (tmp_path / "requirements.txt").read_text()
    (tmp_path / "requirements.txt").write_text(lock.replace("sha256:0", "sha256:1", 1))
    assert build.digest(stage, tmp_path) != first


def test_a_function_that_somebody_changed_since_is_deployed_again(tmp_path: Path, stage: Stage) -> None:
    last = build.Build(stage, tmp_path)
    live = {"sweep": {"code": "abc", "modified": "2026-11-21T00:00:00"}}
    last.keep("digest", live)
    assert last.is_current("digest", live)
    assert not last.is_current("other", live)
    assert not last.is_current("digest", {"sweep": {"code": "changed", "modified": "2026-11-22T00:00:00"}})


def test_what_somebody_changed_in_aws_since_is_deployed_again(stage: Stage, client: Clients, tmp_path: Path) -> None:
    events, rule = client("events"), f"{stage.function('sweep')}-event"
    api = client("apigateway").create_rest_api(name="elephant")["id"]
    record = recorded_by_chalice(tmp_path, {"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api})
    last = build.Build(stage, tmp_path)
    events.put_rule(Name=rule, ScheduleExpression="rate(1 minute)")
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": "arn:aws:lambda:us-west-2:123456789012:function:f"}])

    last.keep("digest", build.live(stage, record, client))
    assert last.is_current("digest", build.live(stage, record, client))
    events.remove_targets(Rule=rule, Ids=["1"])
    assert not last.is_current("digest", build.live(stage, record, client))

    last.keep("digest", build.live(stage, record, client))
    client("apigateway").delete_rest_api(restApiId=api)
    assert not last.is_current("digest", build.live(stage, record, client))

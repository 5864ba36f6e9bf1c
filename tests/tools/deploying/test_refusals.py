"""What a deploy refuses before it changes anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.account import clients, enter
from tools.deploy import deploy, refuse_unready
from tools.findings import Finding, Level
from tools.stage import Stage, StageError


def test_credentials_for_another_account_are_refused(aws: None, stage: Stage) -> None:
    assert enter(stage, clients(stage.region)).id == "123456789012"
    with pytest.raises(StageError, match="set AWS_PROFILE"):
        enter(replace(stage, account="999999999999"), clients(stage.region))


def test_a_lock_that_is_not_whole_is_refused_before_anything_is_touched(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.lock.problems", lambda locks: [f"{lock}: six has no hash." for lock in locks])
    with pytest.raises(StageError, match=r"requirements\.txt: six has no hash"):
        deploy(stage, lambda service: pytest.fail(f"{service} was asked for"))


def found(level: Level, check: str) -> tuple[str, Finding]:
    return check, Finding(level, f"{check} is wrong", f"mend {check}")


def test_a_deploy_refuses_what_the_doctor_fails_beforehand(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [found(Level.FAIL, "image"), found(Level.WARN, "clock"), found(Level.FAIL, "functions")]
    monkeypatch.setattr("tools.deploy.examine", lambda *_: iter(findings))
    with pytest.raises(StageError, match=r"image is wrong\n.*mend image") as caught:
        refuse_unready(stage, lambda _: None)
    assert "clock" not in str(caught.value)
    assert "functions" not in str(caught.value)


def test_what_a_deploy_makes_itself_cannot_stand_in_its_way(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ("zone", "instance_profile", "security_groups")
    monkeypatch.setattr("tools.deploy.examine", lambda *_: iter([found(Level.FAIL, check) for check in made]))
    refuse_unready(stage, lambda _: None)
    theirs = replace(stage, instance_profile="ours", security_groups=("sg-1",))
    with pytest.raises(StageError) as caught:
        refuse_unready(theirs, lambda _: None)
    assert "zone" not in str(caught.value)
    assert "instance_profile is wrong" in str(caught.value)
    assert "security_groups is wrong" in str(caught.value)

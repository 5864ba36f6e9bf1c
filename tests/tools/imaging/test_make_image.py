"""`make image` as a whole, against Image Builder as its model has it: built, failed, interrupted, started twice."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest

from tests.tools.imaging.modelled import refusal
from tests.tools.imaging.world import BASE, BUILD, PARAMETER, Frame, World, fails
from tools import image
from tools.account import Clients
from tools.image import make as really_make
from tools.imaging.content import BASES
from tools.stage import Stage, StageError


def test_an_image_is_built_tested_and_recorded(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.make() == 0
    told = capsys.readouterr().out
    assert world.ssm[PARAMETER] == world.amis[0]["ImageId"]
    assert f"The image {world.amis[0]['ImageId']} is built, has passed its test, and is recorded" in told
    assert "make deploy STAGE=dev lets new desktops have it" in told
    kits = [key for key in world.objects if key.startswith("kit/")]
    assert [world.parameters["KitKey"]] == kits
    assert world.parameters["ParentImage"] == BASE


def test_what_happens_is_told_as_it_happens_and_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.make()
    told = capsys.readouterr().out
    for part in (
        "pending:", "building:", "testing:", "distributing:", "build, LaunchBuildInstance: completed",
        "elephant: installing fonts.msi", "rehearsal: ok The door opens for a good token.", "test, ApplyTestComponents",
    ):  # fmt: skip
        assert told.count(part) == 1, part


def test_nothing_is_built_again_where_nothing_has_changed(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.make()
    updates, objects = world.updates, {*world.objects}
    assert world.make() == 0
    assert "Nothing has changed since ami-" in capsys.readouterr().out
    assert (len(world.builds), world.updates, {*world.objects}) == (1, updates, objects)


def test_it_is_built_again_when_asked_to(world: World) -> None:
    world.make()
    assert world.make(force=True) == 0
    assert len({arn.rpartition("/")[0] for arn in world.builds}) == 1
    assert len(world.builds) == 2


@pytest.mark.parametrize("what", ["kit", "installer", "base", "volume", "document"])
def test_whatever_changes_an_image_makes_another_version(what: str, world: World) -> None:
    world.make()
    before, changes = world.parameters["Version"], {}
    if what == "kit":
        (world.root / "desktop" / "life.py").write_text("# another\n")
    elif what == "installer":
        folder = world.root / "stages" / "dev.installers"
        folder.mkdir()
        (folder / "fonts.msi").write_bytes(b"fonts")
    elif what == "base":
        world.ssm[BASES["Windows"]] = "ami-0cccccccccccccccc"
    elif what == "volume":
        changes["volume_gib"] = 80
    else:
        document = world.root / "desktop" / "image" / "windows-desktop.yaml"
        document.write_text(document.read_text().replace("timeoutSeconds: 600", "timeoutSeconds: 601"))
    assert world.make(world.stage(**changes)) == 0
    assert world.parameters["Version"] != before
    assert len(world.amis) == 2


def test_what_changes_no_image_makes_no_other_version(world: World) -> None:
    world.make()
    assert world.make(world.stage(instance_type="g4dn.xlarge", log_retention_days=90, at_once=20)) == 0
    assert len(world.builds) == 1


FAILURES: dict[str, tuple[list[Frame], str]] = {
    "PENDING": ([Frame("PENDING"), Frame("FAILED", "The service is out of order.")], "The service is out of order"),
    "CREATING": (fails("CREATING", "Not authorized to perform iam:PassRole", "", ""), "Somebody may not do"),
    "a machine that does not start": (
        fails("BUILDING", "SSM did not answer", "BUILD", "LaunchBuildInstance", "timed out"),
        "its subnet must lead to the internet",
    ),
    "an installer": (
        fails(
            "BUILDING",
            "Component elephant-dev-desktop failed",
            "BUILD",
            "ApplyBuildComponents",
            logs=("elephant: FAILED the installer fonts.msi ended with exit code 1603",),
        ),
        "fonts.msi ended with exit code 1603",
    ),
    "Sysprep": (fails("BUILDING", "Sysprep failed", "BUILD", "RunSysPrep"), "must not leave users"),
    "a test machine that does not start": (
        fails("TESTING", "no answer", "TEST", "LaunchTestInstance"),
        "a machine from it does not start",
    ),
    "the rehearsal": (
        fails("TESTING", "Test failed", "TEST", "ApplyTestComponents", logs=("rehearsal: FAILED DCV has no licence.",)),
        "rehearsal: FAILED DCV has no licence.",
    ),
    "DISTRIBUTING": (
        fails("DISTRIBUTING", "Fast Launch could not be enabled", "DISTRIBUTION", "Distribute"),
        "desktops.fast_launch = false",
    ),
    "a key": (
        fails("DISTRIBUTING", "kms:CreateGrant is not allowed", "DISTRIBUTION", "Distribute"),
        "must admit AWSServiceRoleForImageBuilder",
    ),
}


@pytest.mark.parametrize("where", FAILURES)
def test_a_build_that_fails_says_where_why_and_what_to_do(
    where: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    frames, remedy = FAILURES[where]
    world.frames = frames
    assert world.make() == 1
    told = capsys.readouterr().err
    assert frames[-1].reason.rstrip(".") in told
    assert remedy in told
    assert "Desktops go on with the image that they have" in told
    assert "make image STAGE=dev" in told
    assert PARAMETER not in world.ssm
    for kind, step, status, message in frames[-1].steps:
        assert status == "FAILED"
        assert step in told
        assert kind.lower() in told
        assert message in told


def test_after_a_failure_the_same_command_builds_anew(world: World) -> None:
    world.frames = FAILURES["the rehearsal"][0]
    assert world.make() == 1
    world.frames = BUILD
    assert world.make() == 0
    assert [arn.rpartition("/")[2] for arn in world.builds] == ["1", "2"]


def test_a_build_that_somebody_cancels_is_no_image(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.frames = [*BUILD[:2], Frame("CANCELLED")]
    assert world.make() == 1
    assert "was cancelled" in capsys.readouterr().err


def run(world: World, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command line in the world's account."""
    monkeypatch.setattr(sys, "argv", ["image", "--stage", "dev", *arguments])
    monkeypatch.setattr(image, "clients", lambda _: world.client)

    def make(stage: Stage, client: Clients, **named: Any) -> int:
        return really_make(stage, client, world.root, **named, sleep=world.sleep)

    monkeypatch.setattr(image, "make", make)
    return image.main()


def interrupt() -> None:
    raise KeyboardInterrupt


def test_ctrl_c_leaves_the_build_going_on_and_says_how_to_follow_it(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.at_sleep = [lambda: None, interrupt]
    assert run(world, monkeypatch) == image.INTERRUPTED
    told = capsys.readouterr().out
    assert "The build goes on by itself. To follow it again: make image STAGE=dev" in told
    [arn] = world.builds
    assert f"cancel-image-creation --region us-west-2 --image-build-version-arn {arn}" in told
    updates = world.updates
    assert world.make() == 0
    assert "it is followed" in capsys.readouterr().out
    assert (len(world.builds), world.updates) == (1, updates)


def test_ctrl_c_before_there_is_a_build_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(world, "get_parameters", lambda **_: interrupt())
    assert run(world, monkeypatch) == image.INTERRUPTED
    assert "Nothing is being built yet" in capsys.readouterr().out


def test_a_build_of_what_the_files_were_before_is_followed_and_another_is_asked_for(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.at_sleep = [lambda: None, interrupt]
    with pytest.raises(KeyboardInterrupt):
        world.make()
    (world.root / "desktop" / "life.py").write_text("# another\n")
    assert world.make() == 0
    assert "The files here have changed since that build began" in capsys.readouterr().out
    assert len(world.builds) == 1


def test_two_who_start_at_once_are_given_one_build(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither sees the other's: Image Builder tells by the token that both mean the same."""
    world.make()
    world.builds.clear()
    tokens = []
    start = world.start_image_pipeline_execution

    def both(**request: Any) -> Any:
        tokens.append(request["clientToken"])
        return start(**request)

    monkeypatch.setattr(world, "start_image_pipeline_execution", both)
    world.make(force=True)
    [first] = tokens
    world.builds.clear()
    world.make(force=True)
    assert tokens == [first, first]


@pytest.mark.parametrize("code", ["ForbiddenException", "AccessDeniedException"])
def test_credentials_with_too_few_rights_are_told_which(
    code: str, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.clients["imagebuilder"].refused["start_image_pipeline_execution"] = [code]
    assert run(world, monkeypatch) == 1
    told = capsys.readouterr().err
    assert "StartImagePipelineExecution" in told
    assert "imagebuilder:*" in told


def test_who_may_not_read_steps_and_log_follows_the_build_all_the_same(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.clients["imagebuilder"].refused["list_workflow_executions"] = ["AccessDeniedException"]
    world.clients["logs"].refused["get_log_events"] = ["AccessDeniedException"]
    assert world.make() == 0
    told = capsys.readouterr().out
    assert told.count("may not read its steps") == told.count("may not read its log") == 1


def test_a_throttled_look_is_repeated(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    slow = ["CallRateLimitExceededException"]
    world.clients["imagebuilder"].refused |= {
        "get_image": ["", *slow, *slow, ""],
        "list_workflow_executions": [*slow, ""],
    }
    assert world.make() == 0
    assert capsys.readouterr().out.count("AWS does not answer") == 1


def test_an_aws_that_never_answers_ends_the_command_and_not_the_build(world: World) -> None:
    world.clients["imagebuilder"].refused["get_image"] = ["", "ServiceUnavailableException"]
    with pytest.raises(StageError, match=r"not answered for 10 minutes.*goes on by itself.*make image STAGE=dev"):
        world.make()


def test_a_profile_that_iam_has_not_spread_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    start, words = world.start_image_pipeline_execution, "The provided instance profile does not exist."
    left = [1, 1]

    def lag(**request: Any) -> Any:
        if left:
            left.pop()
            raise refusal("InvalidRequestException", "StartImagePipelineExecution", words)
        return start(**request)

    monkeypatch.setattr(world, "start_image_pipeline_execution", lag)
    assert world.make() == 0


def test_a_stack_that_was_never_made_is_made_anew(world: World) -> None:
    world.stack_status = "ROLLBACK_COMPLETE"
    assert world.make() == 0
    assert world.clients["cloudformation"].asked.count("delete_stack") == 1


def test_a_stack_that_takes_no_change_says_what_repairs_it(world: World) -> None:
    world.make()
    world.stack_status = "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(
        StageError, match=r"continue-update-rollback .*elephant-dev-image`, and run make image STAGE=dev"
    ):
        world.make(force=True)
    assert len(world.builds) == 1


def test_a_bucket_that_may_not_be_looked_at_is_too_few_rights(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.clients["s3"].refused["head_object"] = ["403"]
    assert run(world, monkeypatch) == 1
    assert "the credentials need imagebuilder:*" in capsys.readouterr().err
    assert not world.builds


def test_an_image_that_is_not_recorded_is_said_with_the_command_that_records_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribute = world.distribute

    def forgetful(arn: str) -> None:
        distribute(arn)
        del world.ssm[PARAMETER]

    monkeypatch.setattr(world, "distribute", forgetful)
    with pytest.raises(StageError, match=r"names nothing.*put-parameter .*--data-type aws:ec2:image .*--value ami-"):
        world.make()


def test_a_file_that_names_another_image_is_said_to_win(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.make(world.stage(ami_id="ami-0ddddddddddddddd0")) == 0
    assert re.search(r"Desktops have ami-0ddddddddddddddd0, which stages/dev.toml names", capsys.readouterr().out)


def test_older_images_are_told_with_what_they_cost(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.make()
    world.make(force=True)
    told = capsys.readouterr().out
    assert "1 older images of the stage stay, for at most $3.00 a month" in told
    assert f"deregister-image --region us-west-2 --image-id {world.amis[0]['ImageId']} --delete-associated" in told


def test_without_a_network_nothing_is_begun(world: World) -> None:
    world.vpcs = []
    with pytest.raises(StageError, match=r"no default VPC.*desktops\.subnets"):
        world.make()
    assert not world.updates


def test_a_subnet_of_the_file_is_where_it_is_built(world: World) -> None:
    world.make(world.stage(subnets=("subnet-1", "subnet-2")))
    assert (world.parameters["SubnetId"], world.parameters["VpcId"]) == ("subnet-1", "vpc-2")


def test_desktops_of_linux_are_built_from_ubuntu(world: World) -> None:
    world.make(world.stage(environment={"IN_GUEST_DEADLINE": "linux"}))
    assert (world.parameters["Platform"], world.parameters["ParentImage"]) == ("Linux", "ami-0bbbbbbbbbbbbbbbb")


def test_a_base_that_nobody_names_is_a_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del world.ssm[BASES["Windows"]]
    assert run(world, monkeypatch) == 1
    told = capsys.readouterr().err
    assert "us-west-2 has no public parameter /aws/service/ami-windows-latest/Windows_Server-2022" in told
    world.clients["ssm"].refused["get_parameters"] = ["AccessDeniedException"]
    assert run(world, monkeypatch) == 1
    assert "ssm:GetParameters" in capsys.readouterr().err

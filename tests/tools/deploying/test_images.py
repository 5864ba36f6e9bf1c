"""Which image a deploy hands to the functions, and what of an image's pipeline goes with its stage."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.tools.deploying.stands import TEMPLATE
from tests.tools.deploying.world import Project
from tools import images, inventory
from tools.account import Account, Clients
from tools.destroy import destroy, images_left, remains
from tools.imaging import removal
from tools.stack import Stack
from tools.stage import Stage, StageError

BUILT, NEXT = "ami-0aaaaaaaaaaaaaaaa", "ami-0bbbbbbbbbbbbbbbb"
ACCOUNT = Account("123456789012", "us-west-2")
PIPELINE = "arn:aws:imagebuilder:us-west-2:123456789012:image-pipeline/elephant-gone"


def record(client: Clients, stage: Stage, image: str) -> None:
    """Name an image as the newest of the stage, as Image Builder does."""
    client("ssm").put_parameter(Name=images.parameter(stage), Value=image, Type="String", Overwrite=True)


@pytest.fixture
def open_stage(stage: Stage) -> Stage:
    """A stage whose file names no image."""
    return replace(stage, ami_id="")


def test_without_an_image_a_deploy_is_refused_before_anything_is_touched(open_stage: Stage, project: Project) -> None:
    with pytest.raises(StageError, match=r"nothing was changed: run make image STAGE=dev.*desktops\.ami_id"):
        project.deploy(open_stage)
    client = project.client(open_stage)
    assert remains(open_stage, client) == []
    assert not list((project.root / ".chalice").glob("deployed/*"))


def test_a_deploy_hands_over_the_newest_image_and_no_other_before_the_next_deploy(
    open_stage: Stage, project: Project
) -> None:
    client = project.client(open_stage)
    record(client, open_stage, BUILT)
    project.deploy(open_stage)
    assert inventory.environment(open_stage, client)["AMI_ID"] == BUILT
    record(client, open_stage, NEXT)
    assert inventory.environment(open_stage, client)["AMI_ID"] == BUILT
    policy = client("iam").get_role_policy(RoleName=(role := "elephant-dev-sweep-us-west-2"), PolicyName=role)
    assert f"image/{BUILT}" in json.dumps(policy["PolicyDocument"])
    project.deploy(open_stage)
    assert inventory.environment(open_stage, client)["AMI_ID"] == NEXT


def test_an_image_that_the_file_names_is_deployed_whatever_was_built(stage: Stage, client: Clients) -> None:
    record(client, stage, BUILT)
    assert images.pinned(stage, client) is stage
    named = replace(stage, ami_id="resolve:ssm:/elephant/image")
    assert images.pinned(named, client) is named


def test_a_parameter_that_holds_no_image_is_told_with_what_writes_it(open_stage: Stage, client: Clients) -> None:
    record(client, open_stage, "later")
    with pytest.raises(StageError, match=r"holds 'later' and no image's id.*make image STAGE=dev"):
        images.pinned(open_stage, client)


class Pipeline:
    """A pipeline whose builds stand as they are told."""

    def __init__(self, *statuses: str) -> None:
        self.deleted: list[str] = []
        arn = "arn:aws:imagebuilder:us-west-2:123456789012:image/elephant-gone/1.0.0/"
        self.builds = [{"arn": f"{arn}{at}", "state": {"status": status}} for at, status in enumerate(statuses, 1)]

    def list_image_pipeline_images(self, **request: str) -> dict[str, Any]:
        assert request == {"imagePipelineArn": PIPELINE}
        return {"imageSummaryList": self.builds}

    def delete_image(self, *, imageBuildVersionArn: str) -> None:  # noqa: N803
        self.deleted.append(imageBuildVersionArn[-1])


def with_pipeline(stage: Stage, client: Clients, pipeline: Pipeline) -> Clients:
    """Make the stack of a stage's pipeline, whose bucket holds something."""
    template = TEMPLATE | {
        "Resources": {"Assets": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "assets"}}},
        "Parameters": {},
        "Outputs": {"PipelineArn": {"Value": PIPELINE}},
    }
    client("cloudformation").create_stack(StackName=f"{stage.stack}-image", TemplateBody=json.dumps(template))
    for number in range(3):
        client("s3").put_object(Bucket="assets", Key=f"kit/{number}", Body=b"x")
    return lambda service: pipeline if service == "imagebuilder" else client(service)


def test_the_pipeline_goes_with_its_stage_and_its_images_stay(stage: Stage, client: Clients) -> None:
    gone = replace(stage, name="gone")
    pipeline = Pipeline("AVAILABLE", "FAILED")
    clients = with_pipeline(gone, client, pipeline)
    image = client("ec2").register_image(Name="built", RootDeviceName="/dev/sda1")["ImageId"]
    tags = [{"Key": "Project", "Value": "Elephant"}, {"Key": "Stage", "Value": "gone"}]
    client("ec2").create_tags(Resources=[image], Tags=tags)
    record(client, gone, image)
    assert remains(gone, clients) == ["the stack elephant-gone-image"]
    assert destroy(gone, clients)
    assert pipeline.deleted == ["1", "2"]
    assert not Stack(client, "elephant-gone-image").exists()
    assert client("s3").list_buckets()["Buckets"] == []
    assert images.built(gone, client) == image
    told = [*images_left(gone, ACCOUNT, clients)]
    assert "1 images that were built for it stay" in told[0]
    assert "a month" in told[0]
    assert f"deregister-image --region us-west-2 --image-id {image} --delete-associated-snapshots" in told[1]


def test_another_stage_s_images_are_not_spoken_of(stage: Stage, client: Clients) -> None:
    image = client("ec2").register_image(Name="theirs", RootDeviceName="/dev/sda1")["ImageId"]
    tags = [{"Key": "Project", "Value": "Elephant"}, {"Key": "Stage", "Value": "prod"}]
    client("ec2").create_tags(Resources=[image], Tags=tags)
    assert [*images_left(stage, ACCOUNT, client)] == []


def test_nothing_is_taken_away_while_an_image_is_being_built(stage: Stage, client: Clients) -> None:
    gone = replace(stage, name="gone")
    clients = with_pipeline(gone, client, Pipeline("FAILED", "TESTING"))
    with pytest.raises(StageError, match=r"is being built.*make image STAGE=gone.*cancel-image-creation .*1\.0\.0/2"):
        destroy(gone, clients)
    assert Stack(client, "elephant-gone-image").exists()
    assert len(client("s3").list_objects_v2(Bucket="assets")["Contents"]) == 3


def test_a_stage_without_a_pipeline_has_none_to_take_away(stage: Stage, client: Clients) -> None:
    removal.refuse_while_building(stage, client)
    removal.remove(stage, client)

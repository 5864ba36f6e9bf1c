"""The recordings' bucket: made by a deploy, never lost with a stage by a mistake, and used again where it was left."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml  # type: ignore[import-untyped]
from botocore.exceptions import ClientError

from tests.tools.deploying.world import Project
from tools import destroy as destroying
from tools.account import Clients
from tools.stack import TEMPLATE, parameters
from tools.stage import FUNCTIONS, Stage, StageError

BUCKET = "elephant-dev-recordings-123456789012-us-west-2"
KEY = "2026-03-01/m-1/teacher/i-0123456789abcdef0-0001.mkv"


def buckets(client: Clients) -> list[str]:
    return [each["Name"] for each in client("s3").list_buckets()["Buckets"]]


def known(stage: Stage, client: Clients) -> set[str | None]:
    """Return the buckets that the functions know."""
    found = [client("lambda").get_function_configuration(FunctionName=stage.function(name)) for name in FUNCTIONS]
    return {each["Environment"]["Variables"].get("RECORDINGS_BUCKET") for each in found}


def uploads_of(stage: Stage, client: Clients) -> set[str]:
    """Return what the API's function may write recordings to."""
    iam, role = client("iam"), f"elephant-dev-api_handler-{stage.region}"
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    told = [json.loads(each) if isinstance(each, str) else each for each in documents]
    statements = [statement for each in told for statement in each["Statement"]]
    return {arn for each in statements if "s3:PutObject" in each["Action"] for arn in each["Resource"]}


def refused(project: Project, stage: Stage, words: str) -> None:
    """See that destroying is refused before anything is removed."""
    client = project.client(stage)
    with pytest.raises(StageError, match=words) as caught:
        project.destroy(stage)
    assert "make destroy STAGE=dev LEAVE_RECORDINGS=1" in str(caught.value)
    assert not [word for word in ("aws s3", "--force", "delete-bucket") if word in str(caught.value)]
    assert client("lambda").get_function_configuration(FunctionName=stage.function("sweep"))
    assert BUCKET in buckets(client)


def test_the_bucket_is_made_and_the_functions_know_it_and_may_write_there(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy(stage)
    assert known(stage, client) == {BUCKET}
    assert uploads_of(stage, client) == {f"arn:aws:s3:::{BUCKET}/*"}


def test_a_stage_is_not_destroyed_while_recordings_are_kept(project: Project, stage: Stage, client: Clients) -> None:
    """One that was deleted is there for a day, as an earlier version."""
    project.deploy(stage)
    client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"recorded")
    refused(project, stage, f"1 recordings are in the bucket {BUCKET}, so nothing was taken away")
    client("s3").delete_object(Bucket=BUCKET, Key=KEY)
    refused(project, stage, "1 recordings are in the bucket")


def test_nor_while_uploads_are_not_finished(project: Project, stage: Stage, client: Clients) -> None:
    project.deploy(stage)
    client("s3").create_multipart_upload(Bucket=BUCKET, Key=KEY)
    refused(project, stage, "0 recordings and 1 unfinished uploads are in the bucket")


def test_an_empty_bucket_goes_with_the_stage_marks_and_history_too(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy(stage)
    s3 = client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    made = s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"recorded")
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    s3.delete_object(Bucket=BUCKET, Key=KEY, VersionId=made["VersionId"])
    s3.put_object(Bucket=BUCKET, Key="history/m-1/2026.json", Body=b"{}")
    assert project.destroy(stage)
    assert buckets(client) == []
    assert not project.destroy(stage)


def test_recordings_that_were_left_are_found_by_the_next_deploy(
    project: Project, stage: Stage, client: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    project.deploy(stage)
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"recorded")
    assert destroying.destroy(stage, project.client(stage), project.root, leave_recordings=True)
    assert client("s3").get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"recorded"
    changes = project.deploy(stage)
    assert f"the bucket {BUCKET}, which was left, is used again" in changes
    assert known(stage, client) == {BUCKET}
    assert uploads_of(stage, client) == {f"arn:aws:s3:::{BUCKET}/*"}
    refused(project, stage, "1 recordings are in the bucket")
    project.deploy(stage)
    assert client("s3").get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"recorded"


def test_ones_own_bucket_is_used_and_never_removed(project: Project, stage: Stage, client: Clients) -> None:
    where = {"LocationConstraint": "us-west-2"}
    client("s3").create_bucket(Bucket="our-recordings", CreateBucketConfiguration=where)
    own = replace(stage, upload_bucket="our-recordings")
    project.deploy(own)
    assert (buckets(client), known(own, client)) == (["our-recordings"], {"our-recordings"})
    assert uploads_of(own, client) == {"arn:aws:s3:::our-recordings/*"}
    client("s3").put_object(Bucket="our-recordings", Key=KEY, Body=b"recorded")
    assert project.destroy(own)
    assert buckets(client) == ["our-recordings"]


def test_a_bucket_that_was_made_stays_where_another_is_named(project: Project, stage: Stage, client: Clients) -> None:
    project.deploy(stage)
    where = {"LocationConstraint": "us-west-2"}
    client("s3").create_bucket(Bucket="our-recordings", CreateBucketConfiguration=where)
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"recorded")
    own = replace(stage, upload_bucket="our-recordings")
    project.deploy(own)
    assert known(own, client) == {"our-recordings"}
    assert client("s3").get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"recorded"
    refused(project, own, f"1 recordings are in the bucket {BUCKET}")


def test_a_name_that_another_account_has_is_told_before_anything_is_touched(
    project: Project, stage: Stage, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    def head_bucket(**asked: str) -> None:
        assert asked == {"Bucket": BUCKET, "ExpectedBucketOwner": "123456789012"}
        raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")

    s3 = client("s3")
    monkeypatch.setattr(s3, "head_bucket", head_bucket)
    monkeypatch.setattr(project, "client", lambda _: lambda service: s3 if service == "s3" else client(service))
    with pytest.raises(StageError, match=f"The bucket {BUCKET} belongs to another account"):
        project.deploy(stage)
    assert client("cloudformation").describe_stacks()["Stacks"] == []


class Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads CloudFormation's own tags as what stands behind them."""


Loader.add_multi_constructor(
    "!",
    lambda loader, _, node: (
        loader.construct_scalar(node)
        if isinstance(node, yaml.ScalarNode)
        else loader.construct_sequence(node, deep=True)
    ),
)


def test_what_the_template_promises_of_the_bucket() -> None:
    template = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader)
    bucket, policy = (template["Resources"][name] for name in ("Recordings", "RecordingsPolicy"))
    for kept in (bucket, policy):
        assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    made = bucket["Properties"]
    assert set(made["PublicAccessBlockConfiguration"].values()) == {True}
    assert made["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert made["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = {rule["Id"]: rule for rule in made["LifecycleConfiguration"]["Rules"]}
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}
    assert rules["recordings"]["ExpirationInDays"] == "KeepDays"
    assert rules["recordings"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert rules["recordings"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 2}
    assert rules["markers"]["ExpiredObjectDeleteMarker"] is True
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Deny"}


def test_the_days_are_those_of_the_stages_file(stage: Stage) -> None:
    assert parameters(replace(stage, keep_days=90))["KeepDays"] == "90"

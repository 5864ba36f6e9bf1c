"""A job of GitHub Actions deploys with the role of infra/ci.yaml, by its identity token alone; no other job does."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.e2e.outside import Deployed, run_tool
from tools.stack import Stack
from tools.stage import ROOT

ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:school/elephant:environment:e2e"


def token(subject: str) -> str:
    """Return an identity token as GitHub issues it to a job; the emulator looks at its claims, and at no signature."""
    claims = {"iss": ISSUER, "aud": "sts.amazonaws.com", "sub": subject, "exp": 4102444800, "iat": 0}
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmVk"])


@pytest.fixture(scope="module")
def _by_plain_http(deployed: Deployed) -> Iterator[None]:
    """Let the bucket be looked at by plain HTTP, which is all that the emulator speaks, and which its policy denies."""
    s3 = deployed.client("s3")
    where = {"Bucket": Stack(deployed.client, deployed.stage.stack).outputs()["RecordingsBucket"]}
    policy = s3.get_bucket_policy(**where)["Policy"]
    s3.delete_bucket_policy(**where)
    yield
    s3.put_bucket_policy(**where, Policy=policy)


@pytest.fixture(scope="module")
def role(deployed: Deployed) -> Iterator[str]:
    """Make the role as docs/deploy.md says, and take it away again; yield its ARN."""
    client = deployed.client("cloudformation")
    account = deployed.client("sts").get_caller_identity()["Account"]
    given = {"Stage": "e2e", "Repository": "school/elephant", "Environment": "e2e", "Suffix": "-us-west-2"}
    given["Provider"] = f"arn:aws:iam::{account}:oidc-provider/{ISSUER.removeprefix('https://')}"
    client.create_stack(
        StackName="elephant-ci-e2e",
        TemplateBody=(ROOT / "infra" / "ci.yaml").read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    client.get_waiter("stack_create_complete").wait(StackName="elephant-ci-e2e", WaiterConfig={"Delay": 1})
    [stack] = client.describe_stacks(StackName="elephant-ci-e2e")["Stacks"]
    told = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    yield str(told["Role"])
    client.delete_stack(StackName="elephant-ci-e2e")


def assumed(role: str, subject: str) -> dict[str, Any]:
    """Return what a job's shell holds once it has assumed the role."""
    sts = boto3.client("sts", region_name="us-west-2")
    found = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="deploy", WebIdentityToken=token(subject))
    given = found["Credentials"]
    names = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey"}
    return {name: dict(given)[key] for name, key in (names | {"AWS_SESSION_TOKEN": "SessionToken"}).items()}


@pytest.mark.usefixtures("_by_plain_http")
def test_a_job_of_the_environment_deploys(deployed: Deployed, role: str) -> None:
    told = run_tool(deployed.project, dict(os.environ) | assumed(role, SUBJECT), "tools.deploy", "--stage", "e2e")
    assert "nothing had to be changed" in told.stdout, told.stdout + told.stderr


@pytest.mark.parametrize(
    "subject", ["repo:school/elephant:environment:other", "repo:school/elephant:pull_request", "repo:else/elephant"]
)
def test_no_other_job_gets_the_role(role: str, subject: str) -> None:
    with pytest.raises(ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        assumed(role, subject)

"""What the present deploy hands to the functions of a stage that a release has deployed before.

The stage's file, the functions' environment and the stack's outputs are those that the release left behind.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError

from localcloud.aws import ACCOUNT, REGION
from localcloud.cloud import PROFILE, SECRET, STAGE, TABLE, Cloud
from localcloud.tables import STATE
from tests.upgrade.left_behind import recorded, start_anew
from tools import keys
from tools.account import Account
from tools.recorded import environment
from tools.stack import desktop_client
from tools.stage import Stage, parse

AT_ONCE = 40
STATE_TABLE = f"elephant-state-{STAGE}"
"""The table that the deploy's stack makes, empty at first; the local cloud's own has its keys already."""

ELSEWHERE = {"SECURITY_GROUP_IDS", "AMI_ID", "ZONE_ID", "CLOUDFLARE_API_URL", "LAUNCHER_ARN", "SAFETY_NET_ARN"}
"""What is named otherwise in a local cloud than in an account, or cannot be derived there."""


class Functions:
    """Lambda, as far as it tells what environment the release's functions have."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        """Return what stands for one function; they all have the same."""
        if not FunctionName.startswith("elephant-"):
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetFunctionConfiguration")
        return {"Environment": {"Variables": dict(self._variables)}}


@contextmanager
def redeployed(cloud: Cloud, release: str, signing_key: str | None) -> Iterator[Stage]:
    """Let the functions have what the present deploy gives them, in place of what the release had.

    `signing_key` is the key for links that stood in the stage's file and in the functions' environment, None for none.
    """
    left = recorded(release, "deploy")
    before = left["environment"] | ({"LINK_SIGNING_KEY": signing_key} if signing_key else {})
    content = tomllib.loads(left["stage_file"])
    content["desktops"]["at_once"] = AT_ONCE
    content["environment"] |= {"LINK_SIGNING_KEY": signing_key} if signing_key else {}
    stage = parse(STAGE, content)

    def client(service: str) -> Any:
        return Functions(before) if service == "lambda" else cloud.operator(service)

    cloud.operator("dynamodb").create_table(TableName=STATE_TABLE, **STATE)
    keys.make(stage, STATE_TABLE, client, cloud.clock.now)
    stage = replace(stage, scheduling=keys.scheduling(stage, STATE_TABLE, client))
    outputs = left["outputs"] | {
        "TableName": TABLE,
        "StateTable": STATE_TABLE,
        "DnsSecretName": SECRET,
        "InstanceProfile": PROFILE,
        "TimersGroup": "default",
        "TimersRoleArn": cloud.environ["SCHEDULER_ROLE_ARN"],
        "Installation": Account(ACCOUNT, REGION).installation,
        "DesktopClient": desktop_client(stage, left["outputs"]),
        "ApiUrl": "",
        "RecordingsBucket": f"elephant-{STAGE}-recordings-{ACCOUNT}-{REGION}",
        "DesktopRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{PROFILE}",
    }
    given = environment(stage, outputs, before)
    here = {name: cloud.environ[name] for name in ELSEWHERE if name in cloud.environ}
    with patch.dict(os.environ):
        for name in cloud.environ.keys() - given.keys():
            if not name.startswith("AWS_") and name.lower() != "no_proxy":
                os.environ.pop(name, None)
        os.environ.update(given | here)
        start_anew(cloud)
        yield stage

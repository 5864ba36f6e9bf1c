"""infra/template.yaml as one CloudFormation stack per stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.settings import Client
from tools.account import Clients
from tools.errors import code_of, ignore_not_found
from tools.stage import APP, ROOT, Stage, StageError

TEMPLATE = ROOT / "infra" / "template.yaml"
_POLL_S = 3.0
_NEVER_MADE = ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED")


def global_suffix(stage: Stage, outputs: Mapping[str, str]) -> str:
    """Return the end of those names of a stage that all Regions of its account share: IAM's, and the dashboard's.

    It is the Region. A stage that began before 0.2.0 keeps its names without it: living desktops bear its profile.
    `outputs` are those of the stack, empty where it is still to be made.
    """
    if not outputs:
        return f"-{stage.region}"
    return outputs.get("TimersRoleArn", "").partition(f":role/{stage.stack}-timers")[2]


def desktop_client(stage: Stage, outputs: Mapping[str, str]) -> Client:
    """Return what runs on the stage's desktops: as its file says, else as it was deployed; a new stage has the kit.

    `outputs` are those of the stack, empty where it is still to be made. One of version 0.1.0 does not say: scripts.
    """
    if stage.client or not outputs:
        return Client(stage.client or Client.KIT)
    return deployed_client(outputs)


def deployed_client(outputs: Mapping[str, str]) -> Client:
    """Return what runs on the desktops of a stack with these outputs."""
    return Client(outputs.get("DesktopClient", Client.SCRIPTS))


def parameters(
    stage: Stage, vpc: str = "", before: Mapping[str, str] | None = None, api: str = "", left: str = ""
) -> dict[str, str]:
    """Return the stack's parameters as the operator's file says them.

    `vpc` is empty for the default VPC, `before` the outputs of the stack as it is, `api` the id of the API, which
    desktops with the kit may call, `left` the recordings' bucket that an earlier stack of the stage has left. What it
    has made for desktops and recordings stays, also where the file names the operator's own: desktops that live bear
    it, functions that are still to be replaced launch with it, and recordings are in it.
    """
    before = before or {}
    runs = desktop_client(stage, before)
    suffix = global_suffix(stage, before)
    made = f"{stage.stack}-desktop{suffix}"
    bucket = stage.upload_bucket or left
    return {
        "Stage": stage.name,
        "GlobalSuffix": suffix,
        "TableName": stage.table,
        "InstanceProfile": stage.instance_profile,
        "MakeInstanceProfile": _flag(
            not stage.instance_profile or "MadeProfile" in before or before.get("InstanceProfile") == made
        ),
        "MakeSecurityGroup": _flag(not stage.security_groups or "SecurityGroup" in before),
        "VpcId": vpc,
        "DesktopClient": runs,
        "ApiId": api if runs is Client.KIT else "",
        "UploadBucket": bucket,
        "MakeRecordings": _flag(not bucket or "MadeRecordings" in before),
        "KeepDays": str(stage.keep_days),
        "AlarmEmail": stage.alarm_email,
    }


def _flag(value: bool) -> str:
    return str(value).lower()


class Stack:
    """The stack of one stage."""

    def __init__(
        self,
        client: Clients,
        name: str,
        sleep: Callable[[float], None] = time.sleep,
        template: Path = TEMPLATE,
        works: Callable[[], str] = lambda: "",
        *,
        body: str = "",
        again: str = "deploy again",
    ) -> None:
        """`works` says what of the stage may be working, whatever its stack is like: nobody is to destroy that.

        `body` is the template where that is no file as it stands, `again` what brings the stack up.
        """
        self._cloudformation = client("cloudformation")
        self._name = name
        self._sleep = sleep
        self._works = works
        self._starts = {(name, f"{change}_IN_PROGRESS") for change in ("CREATE", "UPDATE", "DELETE")}
        self._template = template
        self._body = body
        self._again = again

    def ready(self) -> dict[str, str]:
        """Wait until nobody changes the stack; return its outputs, none where it is still to be made.

        Raises:
            StageError: it can take no change; what makes it able to is said.
        """
        there = self._at_rest()
        if there is None:
            return {}
        status = there["StackStatus"]
        region = self._cloudformation.meta.region_name
        if status in _NEVER_MADE and (working := self._works()):
            raise StageError(self._keep_what_works(status, working, region))
        if status in _NEVER_MADE:
            raise StageError(
                f"The stack {self._name} is {status}: {self._reasons()}. Repair that, take away what is left of it "
                f"with make destroy STAGE={self._name.removeprefix(f'{APP}-')}, and deploy again."
            )
        if status == "UPDATE_ROLLBACK_FAILED":
            raise StageError(
                f"The stack {self._name} is {status}: {self._reasons()}. Repair that, then `aws cloudformation "
                f"continue-update-rollback --region {region} --stack-name {self._name}`, and {self._again}."
            )
        return _pairs(there.get("Outputs"), "Output")

    def _keep_what_works(self, status: str, working: str, region: str) -> str:
        """Return what to do with a stack that takes no change while the rest of its stage may be working."""
        told = f"The stack {self._name} is {status}: {self._reasons()}. But {working}, so do not destroy the stage. "
        if status == "ROLLBACK_COMPLETE":  # nothing is in it
            empty = f"aws cloudformation delete-stack --region {region} --stack-name {self._name}"
            return (
                f"{told}Repair that, delete the stack, in which nothing is any more, with `{empty}`, and deploy again."
            )
        return f"{told}What is left goes on as it is; docs/deploy.md#a-stack-that-takes-no-change says what to do."

    def up(self, wanted: Mapping[str, str], tags: Mapping[str, str], body: str = "") -> bool:
        """Create or update the stack, which is `ready`, and wait for it; return whether that changed anything.

        `body` is the template where it is another one this time: a step on the way.

        Raises:
            StageError: with the reasons that CloudFormation gives.
        """
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.items()]
        there = self._describe()
        request = self._request(body or self.wanted(), parameters, tags)
        return not (there and self._is_current(there, request)) and self._change(request, there is not None)

    def again(self, body: str) -> None:
        """Update the stack, which is `ready`, to this template, with the parameters and the tags that it has.

        Raises:
            StageError: with the reasons that CloudFormation gives.
        """
        there = self._describe() or {}
        keys = _pairs(there.get("Parameters"), "Parameter")
        parameters = [{"ParameterKey": key, "UsePreviousValue": True} for key in keys]
        self._change(self._request(body, parameters, _pairs(there.get("Tags"), "")), exists=True)

    def _request(self, body: str, parameters: list[Any], tags: Mapping[str, str]) -> dict[str, Any]:
        return {
            "StackName": self._name,
            "TemplateBody": body,
            "Parameters": parameters,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }

    def _change(self, request: dict[str, Any], exists: bool) -> bool:
        """Create or update the stack and wait for it; return whether that changed anything."""
        try:
            (self._cloudformation.update_stack if exists else self._cloudformation.create_stack)(**request)
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return False
            if code_of(error) == "AlreadyExistsException" or "_IN_PROGRESS" in str(error):
                raise StageError(
                    f"Somebody else changes the stack {self._name} at this moment. Wait until that has ended, and run "
                    f"this again. CloudFormation says: {error}"
                ) from error
            raise
        done = self._at_rest()
        if done is None or done["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            self.ready()  # says what to do where that is not simply to deploy again
            raise StageError(
                f"The stack {self._name} was rolled back: {self._reasons()}. Repair that and {self._again}."
            )
        return True

    def wanted(self) -> str:
        """Return the template that the stack is to have."""
        return self._body or self._template.read_text(encoding="utf-8")

    def template(self) -> str:
        """Return the template that the stack, which exists, has."""
        return str(self._cloudformation.get_template(StackName=self._name)["TemplateBody"])

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs by key.

        Raises:
            StageError: there is no such stack.
        """
        there = self._describe()
        if there is None:
            raise StageError(f"There is no stack {self._name} in this Region and account; run make deploy first.")
        return _pairs(there.get("Outputs"), "Output")

    def current(self) -> dict[str, str]:
        """Return the outputs of the stack as it stands, whoever changes it; none where there is no such stack."""
        return _pairs((self._describe() or {}).get("Outputs"), "Output")

    def was_never_made(self) -> bool:
        """Wait until nobody changes the stack; return whether it can take no change because it was never made whole."""
        there = self._at_rest()
        return there is not None and there["StackStatus"] in _NEVER_MADE

    def physical(self, logical: str) -> str:
        """Return the name in the account of what the template calls `logical`; empty where there is no such thing."""
        with ignore_not_found():
            request = {"StackName": self._name, "LogicalResourceId": logical}
            found = self._cloudformation.describe_stack_resource(**request)["StackResourceDetail"]
            return "" if found["ResourceStatus"] == "DELETE_COMPLETE" else str(found.get("PhysicalResourceId", ""))
        return ""

    def exists(self) -> bool:
        """Return whether there is such a stack."""
        return self._describe() is not None

    def down(self) -> None:
        """Delete the stack and wait until it is gone; one that is gone already is fine.

        Raises:
            StageError: with the reasons that CloudFormation gives.
        """
        self._cloudformation.delete_stack(StackName=self._name)
        if left := self._at_rest():
            raise StageError(f"The stack {self._name} is {left['StackStatus']}: {self._reasons()}. Destroy it again.")

    def _describe(self) -> dict[str, Any] | None:
        stacks: list[dict[str, Any]] = []
        with ignore_not_found():
            stacks = self._cloudformation.describe_stacks(StackName=self._name)["Stacks"]
        return next((stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"), None)

    def _is_current(self, there: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
        """Return whether an update would ask for what stands already."""
        if not there["StackStatus"].endswith("_COMPLETE") or "ROLLBACK" in there["StackStatus"]:
            return False
        return bool(
            self.template() == request["TemplateBody"]
            and _pairs(there.get("Parameters"), "Parameter") == _pairs(request["Parameters"], "Parameter")
            and _pairs(there.get("Tags"), "") == _pairs(request["Tags"], "")
        )

    def _at_rest(self) -> dict[str, Any] | None:
        """Wait until the stack has come to rest, and return it; None where it is gone."""
        while (there := self._describe()) and there["StackStatus"].endswith("_IN_PROGRESS"):
            self._sleep(_POLL_S)
        return there

    def _reasons(self) -> str:
        """Return what failed first in the latest change; CloudFormation lists the newest event first."""
        try:
            events = self._cloudformation.describe_stack_events(StackName=self._name)["StackEvents"]
        except ClientError as error:
            return str(error)
        latest = takewhile(lambda e: (e["LogicalResourceId"], e["ResourceStatus"]) not in self._starts, events)
        failed = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in latest
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        return "; ".join(failed[-3:]) or "its events name no failure"


def _pairs(items: list[dict[str, str]] | None, prefix: str) -> dict[str, str]:
    return {item[f"{prefix}Key"]: item[f"{prefix}Value"] for item in items or []}

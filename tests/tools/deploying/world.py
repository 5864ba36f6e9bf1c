"""A whole deploy on moto: the stack of the real template, and a stand-in for Chalice that works as Chalice does."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from moto.cloudformation.parsing import ResourceMap
from moto.iam.models import Role

from tests.tools.deploying.tables_of_stacks import change_tables
from tools import deploy as deploying
from tools import destroy as destroying
from tools import inventory, providers
from tools import stack as stacks
from tools.account import Clients, clients
from tools.record import Record
from tools.stack import Stack
from tools.stage import FUNCTIONS, ROOT, Stage
from tools.wiring.gateway import ERRORS

_TRIGGERED = {"sweep": {"ScheduleExpression": "rate(1 minute)"}, "dns_watchdog": {"EventPattern": "{}"}}


def template(folder: Path) -> Path:
    """Write the template without what moto does not know."""
    text = stacks.TEMPLATE.read_text(encoding="utf-8")
    known = {"DynamoDB::Table", "IAM::Role", "IAM::InstanceProfile", "EC2::SecurityGroup", "SQS::Queue", "SNS::Topic"}
    known |= {"S3::Bucket"}
    head, rest = text.split("\nResources:\n")
    resources, outputs = rest.split("\nOutputs:\n")
    blocks = re.findall(r"^  [A-Za-z]+:\n(?:    .*\n|\n|  #.*\n)*", resources, re.M)
    kept = "".join(b for b in blocks if re.search(r"Type: AWS::(\S+)", b)[1] in known)  # type: ignore[index]
    kept = kept.replace("RetainExceptOnCreate", "Retain")  # moto knows no other word for it
    outputs = re.sub(r"^  FillDnsSecret:\n(?:    .*\n?)*", "", outputs, flags=re.M)
    outputs = outputs.replace("!Ref Timers }", '!Sub "elephant-${Stage}" }')
    path = folder / "template.yaml"
    path.write_text(f"{head}\nResources:\n{kept}\nOutputs:\n{outputs}", encoding="utf-8")
    return path


def change_roles(patch: pytest.MonkeyPatch) -> None:
    """Let moto bring a stack's roles to their policies whenever the stack changes, as CloudFormation does."""
    updated, differing = Role.update_from_cloudformation_json, ResourceMap.build_resource_diff

    def update(_: type[Role], /, **change: Any) -> Role:
        for policy in change["cloudformation_json"]["Properties"]["Policies"]:
            change["original_resource"].put_policy(policy["PolicyName"], policy["PolicyDocument"])
        return updated(**change)

    def differ(stands: Any, template: dict[str, Any], *parameters: Any) -> dict[str, Any]:
        found = differing(stands, template, *parameters)
        made = {name for name in template["Resources"] if isinstance(stands._parsed_resources.get(name), Role)}
        return found | {"Modify": [*found["Modify"], *sorted(made - {*found["Modify"]})]}

    patch.setattr(Role, "update_from_cloudformation_json", classmethod(update))
    patch.setattr(ResourceMap, "build_resource_diff", differ)


class Project:
    """A copy of the project from which a stage is deployed to moto."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.naps: list[float] = []
        self.executions = 1000
        self.between: Callable[[], object] = lambda: None  # called after each function that Chalice deploys
        for name in ("app.py", "requirements.txt"):
            shutil.copy(ROOT / name, root / name)
        (root / "chalicelib").mkdir()
        (root / "stages").mkdir()
        (root / ".chalice").mkdir()
        shutil.copy(ROOT / ".chalice" / "config.json", root / ".chalice")
        change_roles(patch)
        change_tables(patch)
        patch.setattr(stacks, "TEMPLATE", template(root))
        patch.setattr(Stack.__init__, "__defaults__", (self.naps.append, stacks.TEMPLATE, lambda: ""))
        patch.setattr("tools.deploy.time.sleep", self.naps.append)
        patch.setattr(deploying, "refuse_unready", lambda *_: None)
        patch.setattr(deploying, "run_chalice", self.chalice)
        patch.setattr(destroying, "run_chalice", self.chalice)

    def deploy(self, stage: Stage) -> list[str]:
        return deploying.deploy(stage, self.client(stage), self.root)

    def destroy(self, stage: Stage) -> bool:
        return destroying.destroy(stage, self.client(stage), self.root)

    def client(self, stage: Stage) -> Clients:
        """Return the account's clients in the stage's Region; moto knows no limits of Lambda."""
        client = clients(stage.region)
        limits = {"ConcurrentExecutions": self.executions, "UnreservedConcurrentExecutions": self.executions}
        client("lambda").get_account_settings = lambda: {"AccountLimit": limits}
        return client

    def deploy_as_0_1_0(self, stage: Stage) -> None:
        """Leave what that release left: names without the Region, roles that Chalice recorded, no place on record."""
        client = self.client(stage)
        provider = providers.of(stage)
        wanted = stacks.parameters(stage) | providers.parameters(provider, stage) | {"GlobalSuffix": ""}
        Stack(client, stage.stack).up(wanted, {"Project": "Elephant", "Stage": stage.name})
        self.deploy(stage)
        path = self.recorded(stage)
        content = json.loads(path.read_text())
        for name in FUNCTIONS:
            role, iam = stage.role(name), client("iam")
            iam.untag_role(RoleName=role, TagKeys=["Region", "Project", "Stage"])
            arn = iam.get_role(RoleName=role)["Role"]["Arn"]
            made = {"name": f"{name}_role", "resource_type": "iam_role", "role_name": role, "role_arn": arn}
            content["resources"].append(made)
        path.write_text(json.dumps(content))
        path.with_name(f"{stage.name}.place.json").unlink()

    def recorded(self, stage: Stage) -> Path:
        """Return where Chalice's record of a stage is."""
        return self.root / ".chalice" / "deployed" / f"{stage.name}.json"

    def chalice(self, stage: Stage, word: str, *, root: Path) -> None:
        """Do what Chalice does: its functions one by one, then what sets them off, then the API."""
        made = _Chalice(stage, root)
        if word == "delete":
            made.delete()
            return
        for name in FUNCTIONS:
            made.function(name)
            self.between()
        made.rest()


class _Chalice:
    def __init__(self, stage: Stage, root: Path) -> None:
        self._stage, self._client, self._record = stage, clients(stage.region), Record(stage, root)
        config = json.loads((root / ".chalice" / "config.json").read_text())
        self._part = config["stages"].get(stage.name)

    def function(self, name: str) -> None:
        functions, named = self._client("lambda"), self._stage.function(name)
        wanted: dict[str, Any] = {
            "FunctionName": named,
            "Role": self._part["lambda_functions"][name]["iam_role_arn"],
            "Environment": {"Variables": self._part["environment_variables"]},
        }
        if any(found["FunctionName"] == named for found in functions.list_functions()["Functions"]):
            functions.update_function_configuration(**wanted)
        else:
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w") as content:
                content.writestr("app.py", "")
            code = {"ZipFile": archive.getvalue()}
            functions.create_function(Runtime="python3.11", Handler="app.app", Code=code, **wanted)

    def rest(self) -> None:
        stage, client = self._stage, self._client
        for name, when in _TRIGGERED.items():
            rule, arn = f"{stage.function(name)}-event", self._arn(name)
            client("events").put_rule(Name=rule, **when)
            client("events").put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn}])
        mapped = client("lambda").list_event_source_mappings(FunctionName=stage.function("stream_terminator"))
        if not mapped["EventSourceMappings"]:
            client("lambda").create_event_source_mapping(
                FunctionName=stage.function("stream_terminator"),
                EventSourceArn=self._part["environment_variables"]["STREAM_ARN"],
                StartingPosition="LATEST",
            )
        if not self._record.resources("rest_api"):
            made = client("apigateway").create_rest_api(name="elephant")["id"]
            self._record.bring_up([{"name": "rest_api", "resource_type": "rest_api", "rest_api_id": made}])
        [api] = self._record.resources("rest_api")
        self._fill(api["rest_api_id"])
        self._record.bring_up(inventory.resources(stage, client, api=api["rest_api_id"]))

    def _fill(self, api: str) -> None:
        gateway, stage = self._client("apigateway"), self._stage
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
        gateway.put_integration(
            restApiId=api,
            resourceId=root,
            httpMethod="GET",
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:{stage.region}:lambda:path/2015-03-31/functions/{self._arn('api_handler')}/invocations",
        )
        gateway.create_deployment(restApiId=api, stageName=stage.name)
        for kind in ERRORS:
            gateway.put_gateway_response(restApiId=api, responseType=kind)  # moto, unlike AWS, knows no default ones

    def delete(self) -> None:
        for function in self._record.resources("lambda_function"):
            self._client("lambda").delete_function(FunctionName=function["lambda_arn"])
        for api in self._record.resources("rest_api"):
            self._client("apigateway").delete_rest_api(restApiId=api["rest_api_id"])

    def _arn(self, name: str) -> str:
        found = self._client("lambda").get_function_configuration(FunctionName=self._stage.function(name))
        return str(found["FunctionArn"])

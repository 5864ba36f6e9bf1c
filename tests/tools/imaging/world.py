"""An account in which images are built: Image Builder as it behaves, and as little of the rest as `make image` uses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.tools.imaging.modelled import Modelled, refusal
from tools.image import make
from tools.imaging.content import BASES
from tools.stage import ROOT, Stage, load

REGION, ACCOUNT = "us-west-2", "123456789012"
BASE = "ami-0aaaaaaaaaaaaaaaa"
PARAMETER = "/imagebuilder/elephant/dev/image"
PIPELINE = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image-pipeline/elephant-dev"


@dataclass
class Frame:
    """How a build stands for one look: its status and reason, the steps (kind, name, status, message), what it logs."""

    status: str
    reason: str = ""
    steps: list[tuple[str, str, str, str]] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)


BUILD = [
    Frame("PENDING"),
    Frame("BUILDING", steps=[("BUILD", "LaunchBuildInstance", "RUNNING", "")]),
    Frame(
        "BUILDING",
        steps=[("BUILD", "LaunchBuildInstance", "COMPLETED", ""), ("BUILD", "ApplyBuildComponents", "RUNNING", "")],
        logs=["Stdout: elephant: the kit is unpacked", "Stdout: elephant: installing fonts.msi"],
    ),
    Frame(
        "TESTING",
        steps=[("TEST", "ApplyTestComponents", "RUNNING", "")],
        logs=['"rehearsal: ok The door opens for a good token."', "rehearsal: ok A recording is there."],
    ),
    Frame("DISTRIBUTING", steps=[("DISTRIBUTION", "Distribute", "RUNNING", "")]),
    Frame("AVAILABLE"),
]
"""A build in which all goes well."""


def fails(status: str, reason: str, kind: str, step: str, message: str = "", logs: tuple[str, ...] = ()) -> list[Frame]:
    """Return a build that fails in this phase, in this step."""
    before = [frame.status for frame in BUILD].index(status) if status != "CREATING" else 1
    last = [(kind, step, "FAILED", message)] if step else []
    return [*BUILD[:before], Frame(status, "", last, [*logs]), Frame("FAILED", reason, last)]


class World:
    """The account. `frames` is how the next build goes; time passes as the tool sleeps."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.frames = BUILD
        self.slept: list[float] = []
        self.at_sleep: list[Any] = []
        """What happens at each sleep, one after the other: called, before the build goes on."""
        self.outputs: dict[str, str] = {}
        self.stack_status = ""
        self.parameters: dict[str, str] = {}
        self.updates = 0
        self.objects: dict[str, bytes] = {}
        self.ssm = {BASES["Windows"]: BASE, BASES["Linux"]: "ami-0bbbbbbbbbbbbbbbb"}
        self.amis: list[dict[str, Any]] = []
        self.builds: dict[str, list[Frame]] = {}
        self.tokens: dict[str, str] = {}
        self.vpcs = [{"VpcId": "vpc-1", "IsDefault": True}]
        backends: dict[str, Any] = {
            "sts": self,
            "ssm": self,
            "ec2": self,
            "logs": self,
            "imagebuilder": self,
            "s3": S3(self),
            "cloudformation": CloudFormation(self),
        }
        self.clients = {name: Modelled(name, backend, REGION) for name, backend in backends.items()}

    def client(self, service: str) -> Any:
        return self.clients[service]

    def stage(self, **changes: Any) -> Stage:
        return replace(load("dev", ROOT / "stages"), **changes)

    def make(self, stage: Stage | None = None, *, force: bool = False, building: list[str] | None = None) -> int:
        return make(stage or self.stage(), self.client, self.root, force=force, building=building, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.at_sleep:
            self.at_sleep.pop(0)()
        for arn in self.builds:
            self._go_on(arn)

    def _go_on(self, arn: str) -> None:
        if len(self.builds[arn]) > 1:
            self.builds[arn].pop(0)
            if self.builds[arn][0].status == "AVAILABLE":
                self.distribute(arn)

    def distribute(self, arn: str) -> None:
        """Do what Image Builder does with a new image: tag it, and name it in the stage's parameter."""
        image = f"ami-{len(self.amis) + 1:017x}"
        tags = {
            "Project": "Elephant",
            "Stage": self.parameters["Stage"],
            "Version": self.parameters["Elephant"],
            "Protocol": self.parameters["Protocol"],
            "Content": self.parameters["Version"],
        }
        self.amis.append(
            {
                "ImageId": image,
                "CreationDate": f"2026-11-{len(self.amis) + 1:02d}T10:00:00.000Z",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 60}}],
            }
        )
        self.ssm[PARAMETER] = image

    # --- the services

    def get_caller_identity(self) -> dict[str, Any]:
        return {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/operator", "UserId": "A"}

    def get_parameters(self, Names: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"Parameters": [{"Name": name, "Value": self.ssm[name]} for name in Names if name in self.ssm]}

    def describe_images(self, **request: Any) -> dict[str, Any]:
        assert request["Owners"] == [ACCOUNT]
        return {"Images": self.amis}

    def describe_vpcs(self, **_: Any) -> dict[str, Any]:
        return {"Vpcs": self.vpcs}

    def describe_subnets(self, **_: Any) -> dict[str, Any]:
        return {"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-2"}]}

    def get_log_events(self, **request: Any) -> dict[str, Any]:
        found = [arn for arn in self.builds if arn.endswith(f"/{request['logStreamName']}")]
        if not found or not any(frame.logs for frame in self.builds[found[0]][:1]):
            raise refusal("ResourceNotFoundException", "GetLogEvents")
        assert request["logGroupName"] == "/aws/imagebuilder/elephant-dev"
        frame = self.builds[found[0]][0]
        token = f"f/{id(frame)}"
        events = [] if request.get("nextToken") == token else [{"message": line} for line in frame.logs]
        return {"events": events, "nextForwardToken": token}

    def list_image_pipeline_images(self, **request: Any) -> dict[str, Any]:
        assert request["imagePipelineArn"] == PIPELINE
        return {"imageSummaryList": [self._image(arn) for arn in self.builds]}

    def start_image_pipeline_execution(self, imagePipelineArn: str, clientToken: str) -> dict[str, Any]:  # noqa: N803
        assert self.objects
        number = len(self.builds) + 1
        version = self.parameters["Version"]
        arn = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/elephant-dev/{version}/{number}"
        arn = self.tokens.setdefault(clientToken, arn)
        self.builds.setdefault(arn, [*self.frames])
        return {"imageBuildVersionArn": arn, "clientToken": clientToken}

    def get_image(self, imageBuildVersionArn: str) -> dict[str, Any]:  # noqa: N803
        return {"image": self._image(imageBuildVersionArn)}

    def _image(self, arn: str) -> dict[str, Any]:
        frame = self.builds[arn][0]
        state = {"status": frame.status} | ({"reason": frame.reason} if frame.reason else {})
        made = [{"region": REGION, "image": self.amis[-1]["ImageId"]}] if frame.status == "AVAILABLE" else []
        return {"arn": arn, "state": state, "dateCreated": f"2026-11-{arn[-1:]:>02}", "outputResources": {"amis": made}}

    def list_workflow_executions(self, imageBuildVersionArn: str) -> dict[str, Any]:  # noqa: N803
        kinds = {kind for kind, *_ in self.builds[imageBuildVersionArn][0].steps}
        return {
            "workflowExecutions": [
                {"workflowExecutionId": f"{imageBuildVersionArn}|{kind}", "type": kind, "startTime": kind}
                for kind in sorted(kinds)
            ]
        }

    def list_workflow_step_executions(self, workflowExecutionId: str) -> dict[str, Any]:  # noqa: N803
        arn, _, wanted = workflowExecutionId.partition("|")
        return {
            "steps": [
                {"stepExecutionId": name, "name": name, "status": status, "startTime": f"{at}"}
                | ({"message": message} if message else {})
                for at, (kind, name, status, message) in enumerate(self.builds[arn][0].steps)
                if kind == wanted
            ]
        }


class S3:
    """One bucket."""

    def __init__(self, world: World) -> None:
        self._world = world

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if Key not in self._world.objects:
            raise refusal("404", "HeadObject", status=404)
        return {}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> dict[str, Any]:  # noqa: N803
        self._world.objects[Key] = Body
        return {}

    def upload_file(self, name: str, bucket: str, key: str) -> None:
        self._world.objects[key] = Path(name).read_bytes()


class CloudFormation:
    """One stack, whose template is noted, and which is whatever `stack_status` says."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.body = ""

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        world = self._world
        if not world.stack_status or StackName != "elephant-dev-image":
            raise refusal("ValidationError", "DescribeStacks", f"Stack with id {StackName} does not exist")
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in world.outputs.items()]
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in world.parameters.items()]
        stack = {"StackName": StackName, "CreationTime": 0, "StackStatus": world.stack_status, "Outputs": outputs}
        return {"Stacks": [stack | {"Parameters": parameters}]}

    def create_stack(self, **request: Any) -> dict[str, Any]:
        self.body = request["TemplateBody"]
        self._world.parameters = {each["ParameterKey"]: each["ParameterValue"] for each in request["Parameters"]}
        self._world.stack_status = "CREATE_COMPLETE"
        self._world.outputs = {"Bucket": "assets", "PipelineArn": PIPELINE, "Parameter": PARAMETER}
        self._world.updates += 1
        return {"StackId": "s"}

    update_stack = create_stack

    def get_template(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"TemplateBody": self.body}

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"StackEvents": []}

    def describe_stack_resource(self, **_: str) -> dict[str, Any]:
        raise refusal("ValidationError", "DescribeStackResource", "Resource Assets does not exist for stack")

    def delete_stack(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        self._world.stack_status = ""
        return {}

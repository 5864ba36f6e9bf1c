"""The builds of a stage's pipeline: started once, found again, and described with their steps and their log."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tools.errors import ignore_not_found
from tools.stage import StageError

GOING_ON = ("PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING")
"""The states of a build that has not ended, in their order."""
BUILT = "AVAILABLE"

_PROFILE_LAGS = "instance profile does not exist"  # Image Builder's words while IAM has not spread a new one
_LAG_POLLS, _LAG_S = 12, 5.0


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a build: `kind` is BUILD, TEST or DISTRIBUTION, `status` as Image Builder spells it."""

    id: str
    kind: str
    name: str
    status: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """A build as it stands. `image` is the id of what it made in its Region, empty while there is none."""

    arn: str
    status: str
    reason: str = ""
    image: str = ""
    begun_at: str = ""

    @property
    def content(self) -> str:
        """The version of what is built."""
        return self.arn.split("/")[-2]

    @property
    def log_stream(self) -> str:
        """The name of its stream in the log group of its image."""
        return "/".join(self.arn.split("/")[-2:])

    @property
    def log_group(self) -> str:
        """The log group of its image."""
        return f"/aws/imagebuilder/{self.arn.split('/')[-3]}"


@dataclass
class Builds:
    """The builds of one pipeline. `sleep` takes seconds."""

    client: Any
    logs: Any
    pipeline: str
    region: str
    sleep: Callable[[float], None] = time.sleep
    _read: dict[str, str] = field(default_factory=dict)

    def all(self) -> list[Build]:
        """Return the pipeline's builds, the newest first; none where there is no such pipeline."""
        found: list[dict[str, Any]] = []
        request: dict[str, Any] = {"imagePipelineArn": self.pipeline}
        with ignore_not_found():
            while True:
                page = self.client.list_image_pipeline_images(**request)
                found += page.get("imageSummaryList", [])
                if not page.get("nextToken"):
                    break
                request["nextToken"] = page["nextToken"]
        told = [self._build(image) for image in found]
        return sorted(told, key=lambda build: build.begun_at, reverse=True)

    def running(self) -> Build | None:
        """Return the newest build that has not ended."""
        return next((build for build in self.all() if build.status in GOING_ON), None)

    def start(self, content: str) -> str:
        """Start a build and return its ARN.

        Who starts the same content at the same moment is given the same build: the token says what was there before.

        Raises:
            StageError: the profile of the machines is not known yet, after a minute.
        """
        before = "\n".join([content, *sorted(build.arn for build in self.all())])
        token = hashlib.sha256(before.encode()).hexdigest()[:36]
        for _ in range(_LAG_POLLS):
            try:
                request = {"imagePipelineArn": self.pipeline, "clientToken": token}
                return str(self.client.start_image_pipeline_execution(**request)["imageBuildVersionArn"])
            except ClientError as error:
                if _PROFILE_LAGS not in str(error):
                    raise
                self.sleep(_LAG_S)
        raise StageError("IAM has not spread the new instance profile within a minute. Run this again.")

    def look(self, arn: str) -> Build:
        """Return how a build stands."""
        return self._build(self.client.get_image(imageBuildVersionArn=arn)["image"])

    def steps(self, arn: str) -> list[Step]:
        """Return the steps that a build has begun, in their order."""
        workflows = self.client.list_workflow_executions(imageBuildVersionArn=arn).get("workflowExecutions", [])
        found = []
        for workflow in sorted(workflows, key=lambda one: str(one.get("startTime", ""))):
            request = {"workflowExecutionId": workflow["workflowExecutionId"]}
            listed = self.client.list_workflow_step_executions(**request).get("steps", [])
            begun = sorted(
                (step for step in listed if step.get("startTime")), key=lambda step: str(step.get("startTime"))
            )
            found += [
                Step(
                    step["stepExecutionId"],
                    workflow.get("type", ""),
                    step.get("name", ""),
                    step.get("status", ""),
                    step.get("message", ""),
                )
                for step in begun
            ]
        return found

    def lines(self, build: Build) -> list[str]:
        """Return what a build has logged since this was last asked; nothing while it has no log."""
        request: dict[str, Any] = {
            "logGroupName": build.log_group,
            "logStreamName": build.log_stream,
            "startFromHead": True,
        }
        lines: list[str] = []
        with ignore_not_found():
            while True:
                before = self._read.get(build.arn)
                page = self.logs.get_log_events(**request | ({"nextToken": before} if before else {}))
                lines += [str(event["message"]) for event in page["events"]]
                self._read[build.arn] = page["nextForwardToken"]
                if page["nextForwardToken"] == before or not page["events"]:
                    break
        return lines

    def _build(self, image: dict[str, Any]) -> Build:
        state = image.get("state", {})
        made = image.get("outputResources", {}).get("amis", [])
        here = (str(ami.get("image", "")) for ami in made if ami.get("region") == self.region)
        return Build(
            image["arn"], state.get("status", ""), state.get("reason", ""), next(here, ""), image.get("dateCreated", "")
        )

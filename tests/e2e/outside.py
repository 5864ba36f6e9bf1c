"""A deployed stage, seen from outside."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.cloudflare import Cloudflare
from tools.account import Clients
from tools.stage import Stage


@dataclass(frozen=True)
class Deployed:
    """A deployed stage, seen from outside."""

    stage: Stage
    project: Path
    environ: dict[str, str]
    client: Clients
    outputs: dict[str, str]
    url: str
    cloudflare: Cloudflare
    said: str

    @property
    def api(self) -> str:
        """The id of the stage's API."""
        return self.url.split("/restapis/")[1].split("/")[0]

    @property
    def address(self) -> str:
        """The API's address, as it is outside the emulator."""
        return f"https://{self.api}.execute-api.{self.stage.region}.amazonaws.com/{self.stage.name}"

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a tool as an operator does, in the deployed copy of the project."""
        return run_tool(self.project, self.environ, *command)

    def deploy(self) -> str:
        """Deploy again; return the line that says what had to be changed."""
        done = self.run("tools.deploy", "--stage", self.stage.name)
        said = [line for line in done.stdout.splitlines() if line.startswith(f"Stage {self.stage.name} is deployed")]
        assert said, done.stdout + done.stderr
        return said[0]

    def edit(self, **values: str) -> None:
        """Write other values to the stage's file."""
        file = self.project / "stages" / f"{self.stage.name}.toml"
        text = file.read_text()
        for key, value in values.items():
            text = re.sub(rf"^{key} = \S+", f"{key} = {value}", text, flags=re.MULTILINE)
        file.write_text(text)

    def row(self, meeting_id: str) -> dict[str, Any]:
        """Return a meeting's row as DynamoDB holds it."""
        table = self.outputs["TableName"]
        found = self.client("dynamodb").get_item(TableName=table, Key={"id": {"S": meeting_id}}, ConsistentRead=True)
        return {name: next(iter(value.values())) for name, value in found.get("Item", {}).items()}

    def living(self, **tags: str) -> list[str]:
        """Return the instances with these tags that cost money now."""
        filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
        filters.append({"Name": "instance-state-name", "Values": ["pending", "running"]})
        pages = self.client("ec2").describe_instances(Filters=filters)["Reservations"]
        return [instance["InstanceId"] for page in pages for instance in page["Instances"]]

    def arn(self, function: str) -> str:
        """Return a function's ARN."""
        name = self.stage.function(function)
        found = self.client("lambda").get_function(FunctionName=name)["Configuration"]
        return str(found["FunctionArn"])

    def log(self, function: str) -> str:
        """Return what a function has logged: what to read when it did not do what it should."""
        group = f"/aws/lambda/{self.stage.function(function)}"
        events = self.client("logs").filter_log_events(logGroupName=group)["events"]
        return "\n".join(event["message"] for event in events)


def ask(
    deployed: Deployed, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Ask the deployed API, with a POST where there is a body; return its status and its JSON."""
    data = json.dumps(body).encode() if body else None
    headers = {"Content-Type": "application/json"} | (headers or {})
    request = urllib.request.Request(f"{deployed.url}{path}", data, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def run_tool(project: Path, environ: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run one of the project's tools in a process of its own, its output kept."""
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=project, env=environ, text=True, capture_output=True, check=False
    )


def wait_for(what: Any, at_most_s: float, name: str) -> Any:
    """Return what becomes true within so many seconds; until then errors count as not yet."""
    end = time.monotonic() + at_most_s
    last: object = None
    while time.monotonic() < end:
        try:
            if last := what():
                return last
        except (OSError, KeyError) as error:
            last = error
        time.sleep(0.2)
    raise AssertionError(f"{name} did not come within {at_most_s:.0f} s; the last look showed {last!r}")

"""What was deployed last, so that a second deploy changes nothing.

Chalice uploads every function and makes a new API deployment each time. So two digests are kept beside Chalice's
own record: of all that goes into a deploy, and of what AWS then held of it. Only where both still hold is there
nothing to deploy. What `wiring` sets is not in the second: wiring looks at it itself.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tools import triggers
from tools.account import Clients
from tools.errors import ignore_not_found
from tools.stage import FUNCTIONS, ROOT, Stage, StageError

_SETTINGS = ("CodeSha256", "Runtime", "Handler", "Role", "Timeout", "MemorySize", "Environment", "Layers")


def digest(stage: Stage, root: Path = ROOT) -> str:
    """Return the digest of the code, requirements, configuration and policies that a deploy would take."""
    sha = hashlib.sha256(f"python {sys.version_info[:2]}, chalice {version('chalice')}".encode())
    config = json.loads((root / ".chalice" / "config.json").read_text(encoding="utf-8"))
    config["stages"] = config["stages"].get(stage.name)
    sha.update(json.dumps(config, sort_keys=True).encode())
    for path in _files(stage, root):
        sha.update(f"\0{path.relative_to(root)}\0".encode())
        sha.update(path.read_bytes())
    return sha.hexdigest()


def _files(stage: Stage, root: Path) -> Iterator[Path]:
    yield from (root / "app.py", root / "requirements.txt")
    yield from sorted((root / ".chalice" / stage.name).glob("policy-*.json"))
    for folder in ("chalicelib", "vendor"):
        yield from sorted(p for p in (root / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def functions(stage: Stage, client: Clients) -> dict[str, dict[str, Any]]:
    """Return those settings of the stage's functions, and of their roles, that Chalice sets."""
    found: dict[str, dict[str, Any]] = {}
    for name in FUNCTIONS:
        with ignore_not_found():
            stands = client("lambda").get_function_configuration(FunctionName=stage.function(name))
            found[name] = {setting: stands.get(setting) for setting in _SETTINGS}
            reserved = client("lambda").get_function_concurrency(FunctionName=stage.function(name))
            found[name]["reserved"] = reserved.get("ReservedConcurrentExecutions")
            found[name]["role"] = client("iam").get_role(RoleName=stage.role(name))["Role"]["RoleId"]
    return found


def rules(stage: Stage, client: Clients) -> dict[str, dict[str, Any]]:
    """Return the stage's rules in EventBridge: when each fires, and what."""
    events = client("events")
    return {
        rule["Name"]: {
            "when": [rule.get("ScheduleExpression"), rule.get("EventPattern")],
            "targets": sorted(t["Arn"] for t in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]),
        }
        for rule in triggers.rules(stage, client)
    }


def mappings(stage: Stage, client: Clients) -> dict[str, str]:
    """Return the streams that feed the stage, by their mappings' ids; one that is being deleted feeds nothing."""
    found: list[dict[str, Any]] = []
    with ignore_not_found():
        name = stage.function("stream_terminator")
        found = client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    return {mapping["UUID"]: mapping["EventSourceArn"] for mapping in found if mapping["State"] != "Deleting"}


class Record:
    """The record of one stage's last deploy, in .chalice/deployed/: Chalice's own, and the digests beside it."""

    def __init__(self, stage: Stage, root: Path = ROOT) -> None:
        self._stage = stage
        self._chalices = root / ".chalice" / "deployed" / f"{stage.name}.json"
        self._path = root / ".chalice" / "deployed" / f"{stage.name}.build.json"

    def exists(self) -> bool:
        """Return whether Chalice has made anything of the stage from here."""
        return self._chalices.exists()

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Return what Chalice recorded of this kind, like `rest_api`."""
        if not self.exists():
            return []
        recorded = json.loads(self._chalices.read_text(encoding="utf-8"))["resources"]
        return [resource for resource in recorded if resource["resource_type"] == kind]

    def forget(self, resource: Mapping[str, Any]) -> None:
        """Take a resource out of Chalice's record, so that Chalice makes it anew."""
        recorded = json.loads(self._chalices.read_text(encoding="utf-8"))
        recorded["resources"].remove(resource)
        self._chalices.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")

    def live(self, client: Clients) -> dict[str, Any]:
        """Return what AWS holds of all that Chalice makes of the stage."""
        apis = []
        for api in self.resources("rest_api"):
            with ignore_not_found():
                apis.append(client("apigateway").get_rest_api(restApiId=api["rest_api_id"])["id"])
        return {
            "functions": functions(self._stage, client),
            "rules": rules(self._stage, client),
            "mappings": mappings(self._stage, client),
            "apis": apis,
        }

    def require(self, live: Mapping[str, Any]) -> None:
        """Refuse to touch functions of which Chalice has no record here: it would make a second API.

        Raises:
            StageError: the record is somewhere else.
        """
        if live and not self.exists():
            raise StageError(
                f"Stage {self._stage.name} is deployed, but not from here: Chalice's record "
                f".chalice/deployed/{self._stage.name}.json is missing. Copy it from where it was deployed "
                "(docs/deploy.md, Your own branch)."
            )

    def is_current(self, digest_: str, live: Mapping[str, Any]) -> bool:
        """Return whether just this was deployed last, and nobody has changed since what AWS holds of it."""
        if not self._path.exists():
            return False
        return bool(json.loads(self._path.read_text(encoding="utf-8")) == {"deployed": digest_, "live": _sum(live)})

    def keep(self, digest_: str, live: Mapping[str, Any]) -> None:
        """Remember this deploy."""
        content = {"deployed": digest_, "live": _sum(live)}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _sum(live: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(live, sort_keys=True).encode()).hexdigest()

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
from tools.record import Record
from tools.stage import FUNCTIONS, ROOT, Stage

_SETTINGS = ("CodeSha256", "Runtime", "Handler", "Role", "Timeout", "MemorySize", "Environment", "Layers")


def digest(stage: Stage, root: Path = ROOT) -> str:
    """Return the digest of the code, logo, requirements, configuration and policies that a deploy would take."""
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
    if stage.operator_logo:
        yield root / "stages" / stage.operator_logo
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
            role = stands["Role"].rpartition("/")[2]
            found[name]["role"] = client("iam").get_role(RoleName=role)["Role"]["RoleId"]
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


def live(stage: Stage, record: Record, client: Clients) -> dict[str, Any]:
    """Return what AWS holds of all that Chalice makes of the stage."""
    apis = []
    for api in record.resources("rest_api"):
        with ignore_not_found():
            apis.append(client("apigateway").get_rest_api(restApiId=api["rest_api_id"])["id"])
    return {
        "functions": functions(stage, client),
        "rules": rules(stage, client),
        "mappings": triggers.mappings(stage, client),
        "apis": apis,
    }


class Build:
    """The digests of one stage's last deploy, kept beside Chalice's record."""

    def __init__(self, stage: Stage, root: Path = ROOT) -> None:
        self._path = root / ".chalice" / "deployed" / f"{stage.name}.build.json"

    def is_current(self, digest_: str, live_: Mapping[str, Any]) -> bool:
        """Return whether just this was deployed last, and nobody has changed since what AWS holds of it."""
        if not self._path.exists():
            return False
        return bool(json.loads(self._path.read_text(encoding="utf-8")) == {"deployed": digest_, "live": _sum(live_)})

    def keep(self, digest_: str, live_: Mapping[str, Any]) -> None:
        """Remember this deploy."""
        content = {"deployed": digest_, "live": _sum(live_)}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _sum(live_: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(live_, sort_keys=True).encode()).hexdigest()

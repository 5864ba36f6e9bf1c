"""The one file an operator edits, stages/<stage>.toml: read, checked, and given defaults.

Everything wrong with it is said at once, with the place in the file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
APP = "elephant"
FUNCTIONS = ("api_handler", "launch_ec2", "safety_net", "dns_watchdog", "stream_terminator", "sweep")
"""The app's functions by their names in Chalice; all routes are `api_handler`."""

_NAME = re.compile(r"[a-z][a-z0-9]{0,11}")
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""The days for which CloudWatch can keep a log."""


class StageError(Exception):
    """The stage's file cannot be used; the message says why and what to write instead."""


def deployed_name(stage: str, function: str) -> str:
    """Return the name under which Chalice deploys a function: that of all routes bears the stage's alone."""
    return f"{APP}-{stage}" if function == "api_handler" else f"{APP}-{stage}-{function}"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage as its operator wants it. Empty text and empty tuples mean: the default described in the file."""

    name: str
    region: str
    account: str
    ami_id: str
    domain: str
    zone_id: str
    instance_type: str = "t3.large"
    volume_gib: int = 60
    availability_zones: tuple[str, ...] = ()
    key_name: str = ""
    instance_profile: str = ""
    security_groups: tuple[str, ...] = ()
    upload_bucket: str = ""
    in_guest_deadline: str = "windows"
    at_once: int = 10
    max_minutes: int = 240
    boot_limit_minutes: int = 15
    upload_grace_minutes: int = 30
    max_launch_attempts: int = 10
    jitsi_domain: str = "meet.jit.si"
    alarm_email: str = ""
    log_retention_days: int = 30
    table: str = ""
    protect_table: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def stack(self) -> str:
        """The name of the CloudFormation stack, and the prefix of everything of this stage."""
        return f"{APP}-{self.name}"

    @property
    def table_name(self) -> str:
        """The name that the stage's table has after a deploy, as the template makes it."""
        return self.table or f"{APP}-meetings-{self.name}"

    @property
    def secret(self) -> str:
        """The name of the secret that holds the DNS token, as the template makes it."""
        return f"{self.name}/{APP}/cloudflare"

    def function(self, name: str) -> str:
        """Return the name under which Chalice deploys a function."""
        return deployed_name(self.name, name)

    def role(self, name: str) -> str:
        """Return the name of the role that Chalice makes for a function."""
        return f"{APP}-{self.name}-{name}"

    def log_group(self, name: str) -> str:
        """Return the name of the log group that Lambda writes a function's log to."""
        return f"/aws/lambda/{self.function(name)}"


_TABLES: dict[str, dict[str, type | tuple[type, type]]] = {
    "": {"region": str, "account": str},
    "desktops": {
        "ami_id": str,
        "instance_type": str,
        "volume_gib": int,
        "availability_zones": (list, str),
        "key_name": str,
        "instance_profile": str,
        "security_groups": (list, str),
        "upload_bucket": str,
        "in_guest_deadline": str,
        "at_once": int,
    },
    "dns": {"domain": str, "zone_id": str},
    "meetings": {
        "max_minutes": int,
        "boot_limit_minutes": int,
        "upload_grace_minutes": int,
        "max_launch_attempts": int,
        "jitsi_domain": str,
    },
    "operations": {"alarm_email": str, "log_retention_days": int, "table": str, "protect_table": bool},
}
_SHAPES = {
    "region": (r"[a-z]{2}(-[a-z]+)+-\d", "a Region like us-west-2"),
    "account": (r"(\d{12})?", "12 digits, or empty"),
    "ami_id": (r"ami-[0-9a-f]{8,17}", "an image's id like ami-0e7fd79d17e852d18"),
    "instance_type": (r"[a-z0-9-]+\.[a-z0-9-]+", "an instance type like t3.large"),
    "domain": (r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", "a domain in lower case like example.com"),
    "zone_id": (r"[0-9a-f]{32}", "the zone's 32 hex digits, from its overview page at Cloudflare"),
    "table": (r"([A-Za-z0-9_.-]{3,255})?", "a table's name, or empty"),
    "in_guest_deadline": ("windows|linux|off", "windows, linux or off"),
    "alarm_email": (r"([^@\s]+@[^@\s]+)?", "an e-mail address, or empty"),
}
_REQUIRED = ("region", "ami_id", "domain", "zone_id")


def load(name: str, folder: Path = ROOT / "stages") -> Stage:
    """Return the stage of this name from its file.

    Raises:
        StageError: there is no such file, or with everything that is wrong with it.
    """
    if not _NAME.fullmatch(name):
        raise StageError(
            f"A stage's name has up to 12 lower-case letters and digits, the first a letter; {name!r} not."
        )
    path = folder / f"{name}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"There is no {path}; copy stages/dev.toml to it and edit the copy.") from None
    except tomllib.TOMLDecodeError as error:
        raise StageError(f"{path} is not TOML: {error}.") from None
    return parse(name, content)


def parse(name: str, content: Mapping[str, Any]) -> Stage:
    """Return the stage that a file's content describes.

    Raises:
        StageError: with everything that is wrong with it.
    """
    problems: list[str] = []
    values: dict[str, Any] = {}
    extra = content.get("environment", {})
    unknown = [key for key in content if key not in _TABLES | _TABLES[""] and key != "environment"]
    for table, kinds in _TABLES.items():
        part = content.get(table, {}) if table else {k: v for k, v in content.items() if k in kinds}
        if not isinstance(part, Mapping):
            problems.append(f"{table} must be a table, written [{table}]")
            continue
        unknown += [f"{table}.{key}" for key in part if key not in kinds]
        for key, kind in kinds.items():
            if key in part:
                if problem := _problem(key, part[key], kind):
                    problems.append(f"{f'{table}.' if table else ''}{key} {problem}")
                else:
                    values[key] = tuple(part[key]) if isinstance(part[key], list) else part[key]
            elif key in _REQUIRED:
                problems.append(f"{f'{table}.' if table else ''}{key} is missing")
    problems += [f"{key} is not known here" for key in unknown]
    if not isinstance(extra, Mapping) or not all(isinstance(value, str) for value in extra.values()):
        problems.append('environment must hold texts only, like SCHEDULE_KEY = "…"')
    if problems:
        raise StageError(f"stages/{name}.toml cannot be used: {'; '.join(problems)}.")
    return Stage(name=name, environment=dict(extra), **{"account": ""} | values)


def _problem(key: str, value: object, kind: type | tuple[type, type]) -> str:
    if isinstance(kind, tuple):
        right = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
        return "" if right else 'must be a list of texts, like ["a", "b"]'
    if type(value) is not kind:  # bool is an int to isinstance
        return {str: "must be text in quotes", int: "must be a whole number", bool: "must be true or false"}[kind]
    if kind is int and isinstance(value, int) and value < 1:
        return "must be 1 or more"
    if key == "log_retention_days" and value not in _RETENTIONS:
        return f"must be one of {', '.join(map(str, _RETENTIONS))}"
    if key in _SHAPES and not re.fullmatch(_SHAPES[key][0], str(value)):
        return f"must be {_SHAPES[key][1]}, not {value!r}"
    return ""

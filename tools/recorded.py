"""A stage and its stack's outputs as Chalice's own configuration, so that plain `chalice deploy` works too.

Only the stage's part of .chalice/config.json is written, whole; other stages and the settings for
all of them are left as they are.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chalicelib.domain.model import PROJECT
from chalicelib.settings import SETTINGS
from tools.stack import global_suffix
from tools.stage import FUNCTIONS, ROOT, SECRETS, Stage

CHALICE = ROOT / ".chalice"
_BEFORE = "before.json"  # the stage's part before its first deploy: for `dev` the sample that is in git

_KEPT = ("JITSI_DOMAIN",)
"""What an earlier version set where the file said nothing: a stage that has it keeps it until its file has the line."""

_NOTHING: Mapping[str, str] = {}


def environment(stage: Stage, outputs: Mapping[str, str], standing: Mapping[str, str] = _NOTHING) -> dict[str, str]:
    """Return the app's environment: of each variable what the operator's file says, or what the stack made.

    Nothing is set to empty, and no key stands there: those are in the state table. `standing` is the environment that
    the functions have now.
    """
    values = dict(stage.environment)
    for row in SETTINGS:
        values[row.name] = stage.variable(row.name) or (outputs[row.stack_output] if row.stack_output else "")
    values |= {name: standing.get(name, "") for name in _KEPT if name not in stage.environment}
    return {name: value for name, value in values.items() if value and name not in SECRETS}


def section(
    stage: Stage, outputs: Mapping[str, str], standing: Mapping[str, str] = _NOTHING, *, reserve: bool = True
) -> dict[str, Any]:
    """Return the stage's part of .chalice/config.json.

    `reserve` sets an execution of Lambda aside for the sweep; without it, sweeps keep apart by the state table.
    """
    roles, suffix = outputs["TimersRoleArn"].rpartition("/")[0], global_suffix(stage, outputs)
    functions: dict[str, dict[str, Any]] = {
        name: {
            "iam_role_arn": f"{roles}/{stage.role(name, suffix)}",
            "iam_policy_file": f"{stage.name}/policy-{name}.json",  # what the role may do, for people to read
        }
        for name in FUNCTIONS
    }
    functions["api_handler"]["lambda_timeout"] = 15
    functions["sweep"] |= {"reserved_concurrency": 1} if reserve else {}
    return {
        # Chalice would name roles without the Region, and narrow their policies before it replaces the functions.
        "manage_iam_role": False,
        # Named after the stage, since every stage's API bears the app's name in CloudWatch.
        "api_gateway_stage": stage.name,
        "minimum_compression_size": 1024,
        "tags": {"Project": PROJECT, "Stage": stage.name},
        "environment_variables": environment(stage, outputs, standing) | ({} if reserve else {"SWEEP_LEASE": "true"}),
        "lambda_functions": functions,
    }


def write(
    stage: Stage, part: Mapping[str, Any], policies: Mapping[str, Mapping[str, Any]], folder: Path = CHALICE
) -> bool:
    """Write the stage's part and its functions' policies; return whether any file changed.

    What the part held before the first deploy is kept, without the keys that it may have held.
    """
    config, own = _config(folder), folder / stage.name
    before = config["stages"].get(stage.name)
    if own.exists():
        before = _before(own)
    own.mkdir(exist_ok=True)
    _put(own / _BEFORE, {"part": _without_keys(before)})
    config["stages"][stage.name] = part
    changed = [_put(folder / "config.json", config)]
    changed += [_put(own / f"policy-{name}.json", policies[name]) for name in FUNCTIONS]
    return any(changed)


def forget(stage: Stage, folder: Path = CHALICE) -> None:
    """Leave the stage's part as it was before the first deploy; remove its policies and records."""
    config, part = _config(folder), _before(folder / stage.name)
    if part:
        config["stages"][stage.name] = part
    elif (folder / stage.name).exists():
        config["stages"].pop(stage.name, None)
    _put(folder / "config.json", config)
    shutil.rmtree(folder / stage.name, ignore_errors=True)
    for record in (folder / "deployed").glob(f"{stage.name}.*"):
        record.unlink()


def _before(own: Path) -> dict[str, Any] | None:
    path = own / _BEFORE
    part: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8"))["part"] if path.exists() else None
    return part


def _without_keys(part: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a stage's part of the configuration without any key, for all functions or for one."""
    if part is None:
        return None
    kept: dict[str, Any] = {}
    for name, value in part.items():
        if name not in SECRETS:
            kept[name] = _without_keys(value) if isinstance(value, Mapping) else value
    return kept


def _config(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return config


def _put(path: Path, content: Mapping[str, Any]) -> bool:
    text = json.dumps(content, indent=2) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True

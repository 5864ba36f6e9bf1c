"""The operator's own statements in the functions' policies, stages/<stage>.policy.json: a deploy takes them along.

What is added to a role in any other way is taken away by the next deploy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tools.stage import FUNCTIONS, ROOT, Stage, StageError

EVERY = "*"
_KEYS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")

Own = dict[str, list[dict[str, Any]]]


def load(stage: Stage, folder: Path = ROOT / "stages") -> Own:
    """Return the operator's statements by function, none where there is no such file.

    Raises:
        StageError: with everything that is wrong with the file.
    """
    path = folder / f"{stage.name}.policy.json"
    own = _read(path)
    if problems := list(_problems(own)):
        raise StageError(f"{path} cannot be used: {'; '.join(problems)}.")
    return dict(own)


def add(stage: Stage, policies: Mapping[str, Mapping[str, Any]], own: Own) -> dict[str, dict[str, Any]]:
    """Return the functions' policies with the operator's statements in them.

    Raises:
        StageError: a statement bears a name that another one of its policy bears.
    """
    joined = {
        name: {**policy, "Statement": [*policy["Statement"], *own.get(EVERY, []), *own.get(name, [])]}
        for name, policy in policies.items()
    }
    for name, policy in joined.items():
        sids = [statement["Sid"] for statement in policy["Statement"] if statement.get("Sid")]
        if twice := sorted({sid for sid in sids if sids.count(sid) > 1}):
            raise StageError(
                f"stages/{stage.name}.policy.json: the Sid {', '.join(twice)} is taken in the policy of {name}; "
                "write another one, or none."
            )
    return joined


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise StageError(f"{path} is not JSON in UTF-8: {error}.") from None


def _problems(own: Any) -> Iterator[str]:
    """Yield what is wrong with the file's content."""
    if not isinstance(own, Mapping):
        yield f'it must hold lists of statements by function, or by "{EVERY}" for every function'
        return
    for name, statements in own.items():
        if name not in (*FUNCTIONS, EVERY):
            near = get_close_matches(name, FUNCTIONS, 1)
            yield f"{name} is no function: " + (f"did you mean {near[0]}?" if near else f"write {', '.join(FUNCTIONS)}")
        elif not isinstance(statements, list):
            yield f"{name} must be a list of statements"
        else:
            for number, statement in enumerate(statements, 1):
                if problem := _problem(statement):
                    yield f"statement {number} of {name} {problem}"


def _problem(statement: Any) -> str:
    """Return what is wrong with one statement, empty where nothing is."""
    if not isinstance(statement, Mapping):
        return "must be an object"
    if strange := [key for key in statement if key not in _KEYS]:
        return f"has {strange[0]}, which no statement of a role's policy has"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "must have an Effect, Allow or Deny"
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource")):
        if (one in statement) == (other in statement):
            return f"must have either {one} or {other}"
    if not re.fullmatch("[A-Za-z0-9]*", str(statement.get("Sid", ""))):
        return "has a Sid of other characters than letters and digits"
    return ""

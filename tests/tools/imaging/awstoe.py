"""The schema of AWS's component documents, as its user guide states it, for what the documents here use.

Sources: "Component document schema and definitions", "Define and reference variables" and "Action modules" of the EC2
Image Builder User Guide. An action that is not listed here is not known to be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 16_000
"""The most characters of a document that stands in a template."""

_TEXT, _FLAG = str, bool
PARTS: Mapping[str, type] = {
    "name": str,
    "description": str,
    "schemaVersion": float,
    "parameters": list,
    "phases": list,
}
PHASES = ("build", "validate", "test")
STEP: Mapping[str, type] = {
    "name": str,
    "action": str,
    "timeoutSeconds": int,
    "onFailure": str,
    "maxAttempts": int,
    "inputs": object,
}
COMMANDS: Mapping[str, tuple[Mapping[str, type], tuple[str, ...], str]] = {
    "ExecutePowerShell": ({"commands": list}, ("commands",), "Windows"),
    "ExecuteBash": ({"commands": list}, ("commands",), "Linux"),
}
"""Actions with one set of inputs: what they take, what they need, and the system that has them."""
LISTED: Mapping[str, tuple[Mapping[str, type], tuple[str, ...]]] = {
    "CreateFolder": ({"path": _TEXT, "overwrite": _FLAG}, ("path",)),
    "S3Download": (
        {"source": _TEXT, "destination": _TEXT, "expectedBucketOwner": _TEXT, "overwrite": _FLAG},
        ("source", "destination"),
    ),
    "WebDownload": (
        {
            "source": _TEXT,
            "destination": _TEXT,
            "overwrite": _FLAG,
            "checksum": _TEXT,
            "algorithm": _TEXT,
            "ignoreCertificateErrors": _FLAG,
        },
        ("source", "destination"),
    ),
}
"""Actions with a list of inputs."""

_PARAMETER_NAME = re.compile("[A-Za-z0-9_-]{3,128}")
_REFERENCE = re.compile(r"\{\{(.*?)\}\}", re.S)


def problems(document: Mapping[str, Any], text: str, system: str) -> Iterator[str]:
    """Yield what is wrong with a document for this system (Windows or Linux)."""
    if len(text) > LONGEST:
        yield f"it has {len(text)} characters, and {LONGEST} may stand in a template"
    yield from _parts(document, PARTS, ("schemaVersion", "phases"), "the document")
    if document.get("schemaVersion") != 1.0:
        yield "schemaVersion is not 1.0"
    declared: list[str] = []
    for parameter in document.get("parameters", []):
        [(name, told)] = parameter.items()
        declared.append(name)
        if not _PARAMETER_NAME.fullmatch(name):
            yield f"the parameter {name} has a name that is none"
        yield from _parts(told, {"type": str, "default": str, "description": str}, ("type",), f"the parameter {name}")
        if told.get("type") != "string":
            yield f"the parameter {name} is no string, and there are no others"
    phases = [phase.get("name") for phase in document.get("phases", [])]
    if not phases or len(set(phases)) < len(phases) or not set(phases) <= set(PHASES):
        yield f"its phases are {phases}: each once, of {PHASES}"
    for phase in document.get("phases", []):
        steps = [step.get("name") for step in phase.get("steps", [])]
        if not steps or len(set(steps)) < len(steps):
            yield f"the steps of {phase.get('name')} are {steps}: at least one, and each name once"
        for step in phase.get("steps", []):
            for wrong in _step(step, declared, system):
                yield f"{phase.get('name')}/{step.get('name')}: {wrong}"


def _step(step: Mapping[str, Any], declared: list[str], system: str) -> Iterator[str]:
    yield from _parts(step, STEP, ("name", "action", "inputs"), "the step")
    if step.get("timeoutSeconds", 1) != -1 and step.get("timeoutSeconds", 1) < 1:
        yield "timeoutSeconds is neither -1 nor more than 0"
    if step.get("onFailure", "Abort") not in ("Abort", "Continue", "Ignore"):
        yield f"onFailure is {step['onFailure']}"
    action, inputs = str(step.get("action")), step.get("inputs")
    if action in COMMANDS:
        takes, needs, has = COMMANDS[action]
        if has != system:
            yield f"{action} is not there on {system}"
        if not isinstance(inputs, Mapping):
            yield f"the inputs of {action} are no set"
            return
        yield from _parts(inputs, takes, needs, "inputs")
        if not all(isinstance(command, str) for command in inputs.get("commands", [])):
            yield "a command is no text"
    elif action in LISTED:
        takes, needs = LISTED[action]
        if not isinstance(inputs, list) or not inputs:
            yield f"the inputs of {action} are no list"
            return
        for each in inputs:
            yield from _parts(each, takes, needs, "inputs")
            if ("checksum" in each) != ("algorithm" in each):
                yield "checksum and algorithm go together"
            if each.get("algorithm", "SHA256") not in ("MD5", "SHA1", "SHA256", "SHA512"):
                yield f"algorithm is {each['algorithm']}"
    else:
        yield f"there is no action {action}"
    for reference in _REFERENCE.findall(_all_text(inputs)):
        if reference.strip() not in declared:
            yield f"{{{{{reference}}}}} refers to nothing that is declared"


def _all_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(map(_all_text, value.values()))
    return " ".join(map(_all_text, value)) if isinstance(value, list) else str(value)


def _parts(told: Mapping[str, Any], takes: Mapping[str, type], needs: tuple[str, ...], what: str) -> Iterator[str]:
    for key in needs:
        if key not in told:
            yield f"{what} has no {key}"
    for key, value in told.items():
        if key not in takes:
            yield f"{what} has {key}, which is not known"
        elif not isinstance(value, takes[key]) or (takes[key] is int and isinstance(value, bool)):
            yield f"{key} of {what} is {value!r:.60}, and no {takes[key].__name__}"

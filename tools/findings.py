"""What the doctor finds: one line each, with what to do about it, for people or as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.errors import ElephantError
from tools.terminal import Colour, coloured, fitting

CHANGED_BY_HAND = "docs/deploy.md#changed-by-hand"
"""The remedy for what CloudFormation made and somebody changed: no deploy puts it right."""


class Level(StrEnum):
    """How bad it is: `warn` does not keep a meeting from working."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


_COLOURS = {Level.OK: Colour.GREEN, Level.WARN: Colour.YELLOW, Level.FAIL: Colour.RED}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `remedy` is a command where there is one, and empty where all is well."""

    level: Level
    what: str
    remedy: str = ""


def ok(what: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(Level.OK, what)


def warn(what: str, remedy: str) -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(Level.WARN, what, remedy)


def fail(what: str, remedy: str) -> Finding:
    """Return a finding that keeps meetings from working."""
    return Finding(Level.FAIL, what, remedy)


def as_sentence(error: Exception) -> str:
    """Return an error of the app as findings are written: no capital before, no full stop behind."""
    text = str(error).rstrip(".")
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def as_aws_said(error: Exception) -> Exception:
    """Return what AWS or the SDK said, below an error of the app; the error itself where they said nothing."""
    while isinstance(error, ElephantError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return error


def report(findings: Iterable[tuple[str, Finding]], *, as_json: bool = False) -> int:
    """Print the findings of the checks by name, as they come or as one JSON object; return the exit code."""
    seen = []
    for name, finding in findings:
        seen.append((name, finding))
        if not as_json:
            print(line(finding), flush=True)
    failed = sum(finding.level is Level.FAIL for _, finding in seen)
    warned = sum(finding.level is Level.WARN for _, finding in seen)
    if as_json:
        # The keys are what operators' programs read: docs/deploy.md.
        listed = [{"check": name, "level": f.level, "what": f.what, "mend": f.remedy} for name, f in seen]
        print(json.dumps({"ready": not failed, "failed": failed, "warned": warned, "findings": listed}, indent=2))
    else:
        verdict = f"{failed} to repair" if failed else "ready for meetings"
        print(f"\n{len(seen)} findings: {verdict}{f', {warned} to look at' if warned else ''}.")
    return 1 if failed else 0


def line(finding: Finding) -> str:
    """Return a finding as people read it, its remedy below it."""
    word = f"{finding.level:4}"
    text = fitting(f"{word}  {finding.what}" + (f"\n      → {finding.remedy}" if finding.remedy else ""))
    return text.replace(word, coloured(word, _COLOURS[finding.level]), 1)

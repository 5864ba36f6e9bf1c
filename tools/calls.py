"""Which AWS calls each function's code makes, read off the running tests.

Whatever way a test sets the app off, a handler of app.py is on the stack when the SDK is called, so
the stack says which function the call belongs to. Beside the operation only those parameters are
kept that change which permission it takes, and which items of the app's own table it is about.
What was observed last is kept in tools/calls.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from types import FrameType
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

from tools.stage import FUNCTIONS, OWN_ITEMS, ROOT

Calls = dict[str, set[str]]
"""By function: calls like `dynamodb:Query(open-meeting-keys)`."""

KEPT = ROOT / "tools" / "calls.json"

_APP = str(ROOT / "app.py")
_NOT_THE_APP = str(ROOT / "localcloud")
_MARKS = {
    "ec2": {"IamInstanceProfile", "TagSpecifications"},
    "scheduler": {"Target"},
}


def known_calls() -> Calls:
    """Return the calls that were observed last."""
    return {function: set(calls) for function, calls in json.loads(KEPT.read_text(encoding="utf-8")).items()}


def keep(calls: Calls) -> None:
    """Keep these as the calls that were observed last."""
    listed = {function: sorted(calls.get(function, ())) for function in FUNCTIONS}
    KEPT.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


@contextmanager
def observing(calls: Calls) -> Iterator[None]:
    """Add to `calls` every call that a function of the app makes inside the block, in whichever thread."""
    make = BaseClient._make_api_call  # type: ignore[attr-defined]  # what all calls of all clients pass

    def noted(client: BaseClient, operation: str, parameters: Mapping[str, Any]) -> Any:
        if function := _caller(sys._getframe(1)):
            service = client.meta.service_model.service_name
            noticed = calls.setdefault(function, set())
            for part, asked in _parts(operation, parameters):
                marks = sorted(_MARKS.get(service, set()) & asked.keys()) + _indexes(asked) + _own_items(asked)
                suffix = f"({','.join(marks)})" if marks else ""
                noticed.add(f"{service}:{part}{suffix}")
        return make(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", noted):
        yield


def _parts(operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield a call as IAM sees it, with its parameters: a transaction is what it is made of, item by item."""
    if operation not in ("TransactWriteItems", "TransactGetItems"):
        yield operation, parameters
        return
    for part in parameters["TransactItems"]:
        for kind, asked in part.items():
            yield f"{kind}Item", asked


def _indexes(asked: Mapping[str, Any]) -> list[str]:
    """Return the table's index that is asked for, by its name."""
    return [asked["IndexName"]] if "IndexName" in asked else []


def _own_items(asked: Mapping[str, Any]) -> list[str]:
    """Return which of the app's own items are asked for, by their patterns."""
    keys = [asked.get("Key", {}), asked.get("Item", {})]
    keys += [key for table in asked.get("RequestItems", {}).values() for key in table["Keys"]]
    ids = [key["id"]["S"] for key in keys if "id" in key]
    return [pattern for pattern in sorted(OWN_ITEMS) if any(fnmatchcase(each, pattern) for each in ids)]


def _caller(frame: FrameType | None) -> str | None:
    """Return the function of the app that is on the stack; what the embedded cloud does meanwhile is not the app's."""
    while frame:
        code = frame.f_code
        if code.co_filename == _APP and code.co_name != "<module>":
            return code.co_name if code.co_name in FUNCTIONS else "api_handler"
        if code.co_filename.startswith(_NOT_THE_APP):
            return None
        frame = frame.f_back
    return None

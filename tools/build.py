"""What was deployed last, so that a second deploy changes nothing.

Chalice uploads every function and makes a new API deployment each time. So the digest of all that
goes into a deploy is kept beside Chalice's own record, with what Lambda then said of each function:
only where both still hold is there nothing to deploy.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tools.account import Clients, code_of
from tools.stage import FUNCTIONS, ROOT, Stage, StageError


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
    for folder in ("chalicelib", "vendor", f".chalice/{stage.name}"):
        yield from sorted(p for p in (root / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def functions(stage: Stage, client: Clients) -> dict[str, dict[str, str]]:
    """Return what Lambda holds of the stage's functions: each one's code, and when it was last changed."""
    found = {}
    for name in FUNCTIONS:
        try:
            stands = client("lambda").get_function_configuration(FunctionName=stage.function(name))
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            continue
        found[name] = {"code": stands["CodeSha256"], "modified": stands["LastModified"]}
    return found


class Record:
    """The record of one stage's last deploy, in .chalice/deployed/."""

    def __init__(self, stage: Stage, root: Path = ROOT) -> None:
        self._stage = stage
        self._chalices = root / ".chalice" / "deployed" / f"{stage.name}.json"
        self._path = root / ".chalice" / "deployed" / f"{stage.name}.build.json"

    def require(self, live: Mapping[str, Any]) -> None:
        """Refuse to deploy over functions of which Chalice has no record here: it would make a second API.

        Raises:
            StageError: the record is somewhere else.
        """
        if live and not self._chalices.exists():
            raise StageError(
                f"Stage {self._stage.name} is deployed, but not from here: Chalice's record "
                f".chalice/deployed/{self._stage.name}.json is missing. Copy it from where it was deployed "
                "(docs/deploy.md, More than one operator)."
            )

    def is_current(self, digest_: str, live: Mapping[str, Any]) -> bool:
        """Return whether just this was deployed last, and nobody has changed a function since."""
        if not self._path.exists():
            return False
        record = json.loads(self._path.read_text(encoding="utf-8"))
        return bool(record == {"digest": digest_, "functions": live})

    def keep(self, digest_: str, live: Mapping[str, Any]) -> None:
        """Remember this deploy."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps({"digest": digest_, "functions": live}, indent=2) + "\n", encoding="utf-8")

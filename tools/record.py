"""Chalice's own record of what it has made of a stage: .chalice/deployed/<stage>.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.stage import ROOT, Stage, StageError


class Record:
    """What Chalice recorded of one stage's last deploy from here."""

    def __init__(self, stage: Stage, root: Path = ROOT) -> None:
        self._stage = stage
        self._path = root / ".chalice" / "deployed" / f"{stage.name}.json"

    def exists(self) -> bool:
        """Return whether Chalice has made anything of the stage from here."""
        return self._path.exists()

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Return what Chalice recorded of this kind, like `rest_api`."""
        if not self.exists():
            return []
        recorded = json.loads(self._path.read_text(encoding="utf-8"))["resources"]
        return [resource for resource in recorded if resource["resource_type"] == kind]

    def forget(self, resource: Mapping[str, Any]) -> None:
        """Take a resource out of the record, so that Chalice makes it anew."""
        recorded = json.loads(self._path.read_text(encoding="utf-8"))
        recorded["resources"].remove(resource)
        self._path.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")

    def require(self, functions: Mapping[str, Any]) -> None:
        """Refuse to touch functions of which there is no record here: Chalice would make a second API.

        Raises:
            StageError: the record is somewhere else.
        """
        if functions and not self.exists():
            raise StageError(
                f"Stage {self._stage.name} is deployed, but not from here: Chalice's record "
                f".chalice/deployed/{self._stage.name}.json is missing. Copy it from where it was deployed "
                "(docs/deploy.md, Your own branch)."
            )

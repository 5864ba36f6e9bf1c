"""Chalice's own record of what it has made of a stage: .chalice/deployed/<stage>.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tools.stage import ROOT, Stage

_ROLE = "iam_role"


class Record:
    """What Chalice recorded of one stage's last deploy from here."""

    def __init__(self, stage: Stage, root: Path = ROOT) -> None:
        self._path = root / ".chalice" / "deployed" / f"{stage.name}.json"

    def exists(self) -> bool:
        """Return whether Chalice has made anything of the stage from here."""
        return self._path.exists()

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Return what Chalice recorded of this kind, like `rest_api`."""
        return [resource for resource in self._all() if resource["resource_type"] == kind]

    def forget(self, resource: Mapping[str, Any]) -> None:
        """Take a resource out of the record, so that Chalice makes it anew."""
        self._write([kept for kept in self._all() if kept != resource])

    def bring_up(self, found: Iterable[dict[str, Any]]) -> bool:
        """Bring the record to what was found in the account; return whether that changed it.

        Without it Chalice would make a second API. What is recorded and was not found stays: Chalice looks for it
        itself. Roles do not stay, since Chalice deletes those that it recorded and no longer makes.
        """
        recorded = {resource["name"]: resource for resource in self._all()}
        wanted = recorded | {resource["name"]: resource for resource in found}
        wanted = {name: resource for name, resource in wanted.items() if resource["resource_type"] != _ROLE}
        if wanted == recorded:
            if not recorded:
                self._path.unlink(missing_ok=True)  # it was cut off, or is empty
            return False
        self._write(list(wanted.values()))
        return True

    def _all(self) -> list[dict[str, Any]]:
        """Return what is recorded; a record that was cut off while it was written says nothing."""
        if not self.exists():
            return []
        try:
            resources: list[dict[str, Any]] = json.loads(self._path.read_text(encoding="utf-8"))["resources"]
        except ValueError:
            return []
        return resources

    def _write(self, resources: list[dict[str, Any]]) -> None:
        content = {"resources": resources, "schema_version": "2.0", "backend": "api"}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

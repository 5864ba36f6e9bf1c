"""What the service keeps on disk: bound to the instance, and written so that a kill at any moment leaves it whole.

Images are booted while they are baked, and desktops are cloned. What another instance has kept says nothing of this
one: it is forgotten, whatever it is.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

log = logging.getLogger("elephant.desktop")


class State:
    """One small JSON file of one instance, which only the service's user may read."""

    def __init__(self, file: Path, instance_id: str) -> None:
        """Read what this instance has kept; what is not to be read, or another's, counts as nothing."""
        self._file = file
        self._instance_id = instance_id
        self._lock = threading.Lock()
        self._kept = self._read()

    def get(self, name: str) -> Any:
        """Return what was kept under this name, None for nothing."""
        return self._kept.get(name)

    def keep(self, name: str, value: Any) -> bool:
        """Keep a JSON value under this name; return whether it is safely on disk.

        A full disk makes no difference until the next start: the value counts from now on in any case.
        """
        try:
            with self._lock:
                self._kept[name] = value
                self._write({"instance_id": self._instance_id, "kept": self._kept})
        except OSError as error:
            log.error(
                "%s cannot be written (%s): what it holds is lost at the next start; make room on the disk.",
                self._file,
                error.strerror,
            )
            return False
        return True

    def is_new(self, what: str, ends_at: datetime | None) -> bool:
        """Return whether this is the first time for a meeting that ends then (UTC), restarts counted in."""
        mark = ends_at.isoformat() if ends_at else "ended"
        if self.get(what) == mark:
            return False
        self.keep(what, mark)
        return True

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("%s cannot be read (%s); it begins anew.", self._file, error)
            return {}
        if not isinstance(found, Mapping) or not isinstance(found.get("kept"), dict):
            log.warning("%s does not hold what this service writes; it begins anew.", self._file)
            return {}
        if found.get("instance_id") != self._instance_id:
            log.info("%s is another instance's (%s); it begins anew.", self._file, found.get("instance_id"))
            return {}
        return dict(found["kept"])

    def _write(self, value: Mapping[str, Any]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_name(f"{self._file.name}.{os.getpid()}.new")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
                json.dump(value, out)
                out.flush()
                os.fsync(out.fileno())
            beside.replace(self._file)
        except OSError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise

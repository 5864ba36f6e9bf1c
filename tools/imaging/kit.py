"""The kit as a zip: the package `desktop` as it is here, the same bytes from the same files on every machine."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tools.stage import ROOT

_BEGAN = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold
_READABLE = 0o100644 << 16
_MADE_HERE = {"__pycache__"}


@dataclass(frozen=True, slots=True)
class Kit:
    """The zip's bytes, and their SHA-256."""

    zip: bytes
    digest: str

    @property
    def key(self) -> str:
        """Where it lies in the bucket."""
        return f"kit/{self.digest}.zip"


def pack(root: Path = ROOT) -> Kit:
    """Return the kit of a copy of the project. Nothing is compressed: what zlib makes of it differs by its version."""
    content = io.BytesIO()
    files = [file for file in (root / "desktop").rglob("*") if file.is_file() and not _MADE_HERE & set(file.parts)]
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, file in sorted((file.relative_to(root).as_posix(), file) for file in files):
            entry = zipfile.ZipInfo(name, _BEGAN)
            entry.external_attr, entry.create_system = _READABLE, 3  # as a system that has permissions writes it
            archive.writestr(entry, file.read_bytes())
    return Kit(content.getvalue(), hashlib.sha256(content.getvalue()).hexdigest())

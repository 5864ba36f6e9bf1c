"""The operator's own installers: the files of `stages/<stage>.installers`, run by name as the image is built."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from tools.stage import ROOT, Stage, StageError

RUN = {"Windows": (".msi", ".exe", ".ps1"), "Linux": (".deb", ".sh")}
"""The endings of what is run, by system; whatever else lies there is put beside it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+ -]{0,99}")
_TAKEN = {"manifest.txt", "done.txt"}
_MOST = 900  # Image Builder fetches at most 1,000 files of a folder


@dataclass(frozen=True, slots=True)
class Installers:
    """The files by name in the order in which they are run, each with its SHA-256."""

    files: tuple[tuple[Path, str], ...] = ()

    @property
    def manifest(self) -> str:
        """What the machine holds the files against: as `sha256sum` writes it."""
        return "".join(f"{digest}  {file.name}\n" for file, digest in self.files)

    @property
    def prefix(self) -> str:
        """The folder of the bucket in which they lie: another one for other files."""
        return f"installers/{hashlib.sha256(self.manifest.encode()).hexdigest()}"


def folder(stage: Stage, root: Path = ROOT) -> Path:
    """Return where the stage's installers are looked for."""
    return root / "stages" / f"{stage.name}.installers"


def load(stage: Stage, system: str, root: Path = ROOT) -> Installers:
    """Return the stage's installers for desktops of this system (Windows or Linux); none where there is no such folder.

    Raises:
        StageError: with everything in the folder that could not be run as it is meant.
    """
    where = folder(stage, root)
    if not where.exists():
        return Installers()
    if not where.is_dir():
        raise StageError(f"stages/{where.name} is a file, and must be the folder with the installers.")
    found = sorted((path for path in where.iterdir() if not path.name.startswith(".")), key=lambda path: path.name)
    if wrong := [f"{path.name} {why}" for path in found if (why := _problem(path, system, where))]:
        raise StageError(f"the installers in stages/{where.name} cannot be used: {'; '.join(wrong)}.")
    if len(found) > _MOST:
        raise StageError(f"stages/{where.name} holds {len(found)} files, and {_MOST} can be fetched: pack them.")
    return Installers(tuple((path, _digest(path)) for path in found))


def _problem(path: Path, system: str, where: Path) -> str:
    """Return what is wrong with a file of the folder, empty where nothing is."""
    if not path.is_file():
        return "is no file (put what an installer needs beside it, or into an archive)"
    if not _NAME.fullmatch(path.name):
        return "has a name that not every system can write: letters, digits, spaces and . _ + - alone"
    if path.name.lower() in _TAKEN:
        return "has the name of a file that is put there"
    ending, others = path.suffix.lower(), {e for other, ends in RUN.items() if other != system for e in ends}
    if ending in others:
        return f"is run on no {system}, where {', '.join(RUN[system])} are"
    if ending == ".arguments" and not (where / path.stem).is_file():
        return f"holds the arguments of {path.stem}, which is not there"
    if not path.stat().st_size:
        return "is empty"
    return ""


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

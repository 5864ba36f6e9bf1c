"""The locks: every distribution that ships or develops Elephant, each with the hashes of all its files.

`make lock` makes them, and nobody edits them by hand. `requirements.txt` is the lock of what ships, since Chalice
reads no other file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tools.stage import ROOT, StageError

SHIPS = "requirements.txt"
DEVELOPS = "requirements-dev.txt"
DESKTOPS = "desktop/requirements.txt"
"""What make image installs on desktops."""
LOCKS = {
    SHIPS: "requirements.in",
    DEVELOPS: "requirements-dev.in",
    "tests/e2e/requirements.txt": "tests/e2e/requirements.in",
    DESKTOPS: "desktop/requirements.in",
}
"""The locks, and what each is made from."""

_HASH = re.compile("sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pin:
    """One release of a distribution: its normalised name, its version, where it is needed, and its files' hashes."""

    name: str
    version: Version
    marker: str
    hashes: frozenset[str]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def read(lock: Path) -> list[Pin]:
    """Return what a lock holds.

    Raises:
        StageError: with every line that is not one release with its hashes.
    """
    pins, wrong = [], []
    for line in _lines(lock):
        try:
            pins.append(_pin(line))
        except ValueError as error:
            wrong.append(f"{lock.name}: {error}.")
    if wrong:
        raise StageError(f"{' '.join(wrong)} Ask for it in {lock.with_suffix('.in').name} and run make lock.")
    return pins


def problems(root: Path = ROOT, locks: Iterable[str] = LOCKS) -> list[str]:
    """Return what is wrong with these of the project's locks, a sentence each."""
    found: list[str] = []
    held: dict[str, list[Pin]] = {}
    for lock in locks:
        source = LOCKS[lock]
        try:
            held[lock] = read(root / lock)
        except StageError as error:
            found.append(str(error))
            continue
        found += [
            f"{lock} does not hold {wanted}, which {source} asks for; run make lock."
            for wanted in _wanted(root / source)
            if not any(pin.name == _name(wanted) and pin.version in wanted.specifier for pin in held[lock])
        ]
    if SHIPS in held and DEVELOPS in held:
        found += [
            f"{SHIPS} holds {pin}, and {DEVELOPS} another release of it or other files; run make lock."
            for pin in held[SHIPS]
            if pin not in held[DEVELOPS]
        ]
    return found


def _lines(path: Path) -> Iterator[str]:
    """Yield the logical lines of a file of requirements, without comments."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if content := re.sub(r"(^|\s)#.*", "", line).strip():
            yield content


def _pin(line: str) -> Pin:
    if line.startswith("-"):
        raise ValueError(f"{line!r} is an option, and a lock names no index, no path and no other file")
    text, *hashes = re.split(r"\s+--hash=", line)
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        raise ValueError(f"{text!r} is not a distribution with its version") from None
    if wanted.url:
        raise ValueError(f"{wanted.name} is taken from {wanted.url}, and a lock names no place")
    pins = [spec for spec in wanted.specifier if spec.operator == "==" and "*" not in spec.version]
    if len(pins) != 1 or len(wanted.specifier) != 1:
        raise ValueError(f"{wanted.name} is not pinned to one version")
    if not hashes or not all(map(_HASH.fullmatch, hashes)):
        raise ValueError(f"{wanted.name} has no hash, or something that is none")
    return Pin(_name(wanted), Version(pins[0].version), str(wanted.marker or ""), frozenset(hashes))


def _wanted(source: Path) -> Iterator[Requirement]:
    """Yield what a source of a lock asks for, and what the sources that it includes ask for."""
    for line in _lines(source):
        if line.startswith("-r "):
            yield from _wanted(source.parent / line.removeprefix("-r ").strip())
        elif not line.startswith("-"):
            yield Requirement(line)


def _name(wanted: Requirement) -> str:
    return canonicalize_name(wanted.name)

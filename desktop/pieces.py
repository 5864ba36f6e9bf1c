"""The pieces of a recording: what they are called, and into which parts each is cut for S3."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

MIB = 1024 * 1024
SMALLEST_PART = 16 * MIB
"""How large a part is at least, in bytes; the last one is what is left."""

MOST_PARTS = 9000
"""Into how many parts a piece is cut at most: S3 takes 10,000."""

LONGEST_NAME = 80
_OTHER = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_NO_BEGINNING = re.compile(r"^[^A-Za-z0-9]+", re.ASCII)
_LONGEST_SUFFIX = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its number, counted from 1, where in the piece it begins, and how long it is, in bytes."""

    number: int
    start: int
    length: int


def cut(size: int) -> list[Part]:
    """Return the parts of a piece of so many bytes; none of an empty one."""
    length = max(SMALLEST_PART, -(-size // (MOST_PARTS * MIB)) * MIB)
    starts = range(0, size, length)
    return [Part(number, start, min(length, size - start)) for number, start in enumerate(starts, 1)]


def safe_name(name: str) -> str:
    """Return a name of letters, digits, `.`, `_` and `-` that begins with one of the first two, whatever was given."""
    return _fit(name, "")


def unique_name(name: str, token: Callable[[], str] = lambda: secrets.token_hex(4)) -> str:
    """Return such a name that no other piece has, before the name's ending."""
    return _fit(name, f"-{token()}")


def _fit(name: str, mark: str) -> str:
    shown = PurePath(_NO_BEGINNING.sub("", _OTHER.sub("-", name)) or "piece")
    suffix = shown.suffix if len(shown.suffix) <= _LONGEST_SUFFIX else ""
    stem = shown.name.removesuffix(suffix)
    return f"{stem[: LONGEST_NAME - len(suffix) - len(mark)]}{mark}{suffix}"

"""Sentences and commands in lines that fit the terminal: as wide as it is or as COLUMNS says, 80 where neither tells.

A name is never broken, so that it can be found and copied. A command is broken where a shell goes on reading.
"""

from __future__ import annotations

import os
import re
import sys
from enum import StrEnum
from shutil import get_terminal_size
from textwrap import wrap
from typing import TextIO

_BEGIN = re.compile(r" *(?:→ |· |(?:ok  |warn|fail)  |[\d:]{8} +\d+ s  )?")
"""What stands before a line's first word; the line goes on below that word."""

_COMMAND = re.compile(r"(?:^|(?<=: )|(?<=then ))(?:aws|make|sudo|\S*python[\d.]*|\S+=\S+ \S*python[\d.]*) .*")
_WORDS = re.compile(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""")
"""Words of a command; what is in quotes is not broken, for a shell takes it as it stands."""


class Colour(StrEnum):
    """How a word stands out, by the number that terminals know it by."""

    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"


def coloured(text: str, colour: Colour) -> str:
    """Return a text in this colour where it is read on a terminal, and as it is elsewhere or where NO_COLOR is set."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\033[{colour}m{text}\033[0m"


def say(text: str, file: TextIO | None = None) -> None:
    """Print a text, at once."""
    print(fitting(text), file=file or sys.stdout, flush=True)


def fitting(text: str) -> str:
    """Return a text in lines that fit."""
    return "\n".join(part for line in text.split("\n") for part in _fold(line, get_terminal_size().columns))


def _fold(line: str, width: int) -> list[str]:
    found = _BEGIN.match(line)
    begin = found[0] if found else ""
    rest, below = line[len(begin) :], " " * len(begin)
    if len(line) <= width:
        return [line]
    command = _COMMAND.search(rest)
    lines = _fill(rest[: command.start()] if command else rest, width - len(begin))
    if command:
        lines += _fill_command(command[0], width - len(begin))
    return [prefix + part for prefix, part in zip([begin] + [below] * len(lines), lines, strict=False)]


def _fill(text: str, width: int) -> list[str]:
    return wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False)


def _fill_command(command: str, width: int) -> list[str]:
    """Return a command in lines, each but the last with the sign that it goes on."""
    lines, line = [], ""
    for word in _WORDS.findall(command):
        if line.strip() and len(line) + len(word) + 3 > width:
            lines.append(f"{line} \\")
            line = f"    {word}"
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]

"""Words that others know, each with what it means: the log's, and those of events. The docs show them from here."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Described(StrEnum):
    """A word with a sentence that says what it tells, and the names of the facts that come with it."""

    meaning: str
    facts: tuple[str, ...]

    def __new__(cls, name: str, meaning: str, facts: str) -> Self:
        """Take the word as it is written, a sentence, and the facts' names, separated by spaces."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.meaning = meaning
        member.facts = tuple(facts.split())
        return member

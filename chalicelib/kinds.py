"""The kinds of values that a setting can have: how each is written, and what is wrong with what is written otherwise.

The environment holds text. A stage's file holds TOML, which is first spelled as that text, so that both are read by
the same reader and refused with the same words.

Of every kind, `wanted` completes "must be …"; `read` returns the value that a text stands for; `spell` returns a value
of a stage's file as text, yet to be read. Both raise ValueError with what the value must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """ASCII text of one shape. `clean` brings what people write in several ways into one form first."""

    shape: str
    wanted: str
    clean: Callable[[str], str] = str

    def read(self, text: str) -> str:
        """Return the text in its one form."""
        cleaned = self.clean(text)
        if not text.isascii() or not re.fullmatch(self.shape, cleaned):
            raise ValueError(f"must be {self.wanted}")
        return cleaned

    def spell(self, value: object) -> str:
        """Return the text itself."""
        if not isinstance(value, str):
            raise ValueError("must be text in quotes")
        return value


@dataclass(frozen=True, slots=True)
class Secret:
    """Text that no message repeats: anything printable that is neither in quotes nor between spaces."""

    wanted: str = "printable text without quotes or spaces around it"

    def read(self, text: str) -> str:
        """Return the text itself."""
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
        if not text or quoted or text != text.strip() or not text.isprintable():
            raise ValueError(f"must be {self.wanted}")
        return text

    def spell(self, value: object) -> str:
        """Return the text itself."""
        if not isinstance(value, str):
            raise ValueError("must be text in quotes")
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number in a range, without a limit above where `high` is None, or one of a few."""

    low: int = 1
    high: int | None = None
    among: tuple[int, ...] = ()

    @property
    def wanted(self) -> str:
        """What completes "must be …"."""
        if self.among:
            return f"one of {', '.join(map(str, self.among))}"
        return f"{self.low} or more" if self.high is None else f"a whole number from {self.low} to {self.high}"

    def read(self, text: str) -> Any:
        """Return the number."""
        if not re.fullmatch("[0-9]{1,18}", text) or not self._holds(int(text)):
            raise ValueError(f"must be {self.wanted}")
        return int(text)

    def _holds(self, number: int) -> bool:
        if self.among:
            return number in self.among
        return self.low <= number and (self.high is None or number <= self.high)

    def spell(self, value: object) -> str:
        """Return the number's digits."""
        if type(value) is not int:  # bool is an int to isinstance
            raise ValueError("must be a whole number without quotes")
        return str(value)


@dataclass(frozen=True, slots=True)
class Minutes(Number):
    """A whole number of minutes, read as a duration."""

    def read(self, text: str) -> timedelta:
        """Return the duration."""
        return timedelta(minutes=Number.read(self, text))


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    wanted: str = "true or false"

    def read(self, text: str) -> bool:
        """Return whether it is true."""
        if text not in {"true", "false"}:
            raise ValueError(f"must be {self.wanted}")
        return text == "true"

    def spell(self, value: object) -> str:
        """Return TOML's own word for it."""
        if not isinstance(value, bool):
            raise ValueError("must be true or false, without quotes")
        return str(value).lower()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, in any case of letters."""

    among: type[StrEnum]

    @property
    def wanted(self) -> str:
        """What completes "must be …"."""
        return f"one of {', '.join(self.among)}"

    def read(self, text: str) -> StrEnum:
        """Return the word's member."""
        if not text.isascii() or text.lower() not in tuple(self.among):
            raise ValueError(f"must be {self.wanted}")
        return self.among(text.lower())

    def spell(self, value: object) -> str:
        """Return the word itself."""
        if not isinstance(value, str):
            raise ValueError("must be text in quotes")
        return value


@dataclass(frozen=True, slots=True)
class Several:
    """Texts of one kind: by commas in the environment, a list in a stage's file."""

    item: Text

    @property
    def wanted(self) -> str:
        """What completes "must be …"."""
        return f"a list, each of it {self.item.wanted}"

    def read(self, text: str) -> tuple[str, ...]:
        """Return what stands between the commas."""
        parts = tuple(self.item.read(part.strip()) for part in text.split(",") if part.strip())
        if not parts:
            raise ValueError("must be a list with something between its commas")
        return parts

    def spell(self, value: object) -> str:
        """Return the list's items by commas."""
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            raise ValueError('must be a list of texts, like ["a", "b"]')
        return ",".join(self.item.read(item) for item in value)


Kind = Text | Secret | Number | Flag | Choice | Several

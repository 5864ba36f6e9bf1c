"""How a value of each kind is written, and that anything else is refused with what it must be."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

import pytest

from chalicelib.kinds import Choice, Flag, Kind, Minutes, Number, Secret, Several, Text


class Animal(StrEnum):
    CAT = "cat"
    DOG = "dog"


WORD = Text("[a-z]+", "a word in lower case")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (WORD, "cat", "cat"),
        (Secret(), "k-1", "k-1"),
        (Choice(Animal), "DOG", Animal.DOG),
        (Number(1, 9), "9", 9),
        (Number(among=(2, 4)), "4", 4),
        (Minutes(1, 90), "90", timedelta(minutes=90)),
        (Flag(), "true", True),
        (Flag(), "false", False),
        (Several(WORD), "a, b", ("a", "b")),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else type(value).__name__,
)
def test_a_value_is_read(kind: Kind, text: str, value: object) -> None:
    assert kind.read(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        (WORD, "Cat", "must be a word in lower case"),
        (Secret(), '"k-1"', "must be printable text without quotes"),
        (Choice(Animal), "cow", "must be one of cat, dog"),
        (Number(1, 9), "10", "must be a whole number from 1 to 9"),
        (Number(among=(2, 4)), "3", "must be one of 2, 4"),
        (Minutes(1, 90), "1.5", "must be a whole number from 1 to 90"),
        (Flag(), "yes", "must be true or false"),
        (Several(WORD), ",", "must be a list with something between its commas"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else type(value).__name__,
)
def test_anything_else_is_refused_with_what_it_must_be(kind: Kind, text: str, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        kind.read(text)

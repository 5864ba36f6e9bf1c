"""How a value of each kind is written, and that anything else is refused with what it must be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import pytest

from chalicelib.kinds import Amount, Choice, Day, Flag, Kind, Minutes, Most, Number, Secret, Several, Text


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
        (Amount(), "0.1108", Decimal("0.1108")),
        (Amount(), "0", Decimal(0)),
        (Day(), "2026-11-21", date(2026, 11, 21)),
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
        (Amount(), "-1", "must be an amount of US dollars"),
        (Amount(), "1E+125", "must be an amount of US dollars"),
        (Amount(), "nan", "must be an amount of US dollars"),
        (Amount(), "٣", "must be an amount of US dollars"),
        (Day(), "2026-02-30", "must be a day like"),
        (Day(), "yesterday", "must be a day like"),
        (Flag(), "yes", "must be true or false"),
        (Several(WORD), ",", "must be a list with something between its commas"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else type(value).__name__,
)
def test_anything_else_is_refused_with_what_it_must_be(kind: Kind, text: str, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        kind.read(text)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Amount(), 0.1108, "0.1108"),
        (Amount(), 0.00001, "0.00001"),
        (Amount(), 3, "3"),
        (Amount(), "", ""),
        (Most(2), 200, "200"),
        (Most(2), "", ""),
        (Day(), date(2026, 11, 21), "2026-11-21"),
        (Day(), "2026-11-21", "2026-11-21"),
    ],
)
def test_what_a_file_holds_is_spelled_as_the_environment_would(kind: Kind, value: object, text: str) -> None:
    assert kind.spell(value) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Amount(), "0.1"),
        (Amount(), True),
        (Most(2), "2"),
        (Number(2), ""),
        (Day(), datetime(2026, 11, 21, tzinfo=UTC)),
        (Day(), 7),
    ],
)
def test_another_type_in_a_file_is_refused(kind: Kind, value: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        kind.spell(value)

"""A DNS name has one form, whatever people write, and people are shown their own letters."""

from __future__ import annotations

import pytest

from chalicelib.kinds import DOMAIN, HOST
from chalicelib.names import for_people, one_form

MUNICH = "xn--mnchen-3ya.example"
SPELLINGS = [
    "münchen.example",
    "München.Example",
    "MÜNCHEN.EXAMPLE.",
    "mu\u0308nchen.example",
    "münchen\u3002example",
    "xn--mnchen-3ya.example",
    "XN--MNCHEN-3YA.Example.",
]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_a_name_is_the_same_however_it_is_spelled(spelled: str) -> None:
    assert one_form(spelled) == one_form(MUNICH) == MUNICH
    assert DOMAIN.read(spelled) == HOST.read(spelled) == MUNICH


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("straße.example", "xn--strae-oqa.example"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("παράδειγμα.gr", "xn--hxajbheg2az3al.gr"),
        ("Desktops.Example.com.", "desktops.example.com"),
    ],
)
def test_a_domain_may_be_in_any_alphabet(written: str, form: str) -> None:
    assert DOMAIN.read(written) == form


@pytest.mark.parametrize(
    "slip",
    [
        "\u0430pple.example",  # a Cyrillic letter among Latin ones
        "g\u03bfod.example",  # a Greek one
        "example.co\u212a",  # the sign for Kelvin
        "example.co\uff11",
        "mün\u200bchen.example",
        "mün\u00a0chen.example",
        "mün chen.example",
        "i\u2764.example",
        "-ü.example",
        "ü..example",
        f"{'ü' * 64}.example",
        "https://münchen.example",
        "münchen.example/",
        "münchen",
    ],
)
def test_what_is_no_domain_is_refused_whatever_its_letters(slip: str) -> None:
    with pytest.raises(ValueError, match="must be a domain like"):
        DOMAIN.read(slip)


def test_a_host_keeps_its_port() -> None:
    assert HOST.read("Vidéo.example:8443") == "xn--vido-dpa.example:8443"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (MUNICH, "münchen.example"),
        (f"i-1.{MUNICH}", "i-1.münchen.example"),
        ("example.com", "example.com"),
        ("xn--i-7iq.example", "xn--i-7iq.example"),  # no name of IDNA 2008
        ("xn--zzzzzz99999999.example", "xn--zzzzzz99999999.example"),  # stands for no letters
    ],
)
def test_people_are_shown_the_letters(name: str, shown: str) -> None:
    assert for_people(name) == shown


def test_what_cannot_be_a_name_is_left_as_it_is() -> None:
    assert one_form("\u2764.Example.") == "\u2764.example"

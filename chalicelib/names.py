"""A DNS name in its one form, as DNS has it: punycode, lower case, no dot at its end.

People write and read names in their own letters. Whatever compares names compares this form, so that nothing is ever
changed for how a name is spelled.
"""

from __future__ import annotations

import re
import unicodedata

_ALPHABETS = frozenset(
    {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "GEORGIAN", "HEBREW", "ARABIC", "THAANA", "ETHIOPIC", "DEVANAGARI"}
    | {"BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "THAI", "LAO"}
    | {"TIBETAN", "MYANMAR", "KHMER", "HANGUL", "HIRAGANA", "KATAKANA", "BOPOMOFO", "CJK", "IDEOGRAPHIC"}
)
"""The alphabets of today's languages, as Unicode calls their letters: others have letters that only look like these."""

_TOGETHER = (
    frozenset({"CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA"}),
    frozenset({"CJK", "IDEOGRAPHIC", "HANGUL"}),
    frozenset({"CJK", "IDEOGRAPHIC", "BOPOMOFO"}),
)
"""The alphabets that one word is written in together."""

_TWINS = frozenset("асԁеԍһіјӏорԗԛѕԝхуъьҽпгѵѡαικνρυωηοτγχεհոօսցզյıɡɑɩʟᴀᴄᴇᴋᴍᴏᴘꜱᴛᴜᴠᴡᴢסഠଠဝ")
"""Letters that are taken for those of ASCII: Cyrillic, Greek, Armenian, Latin ones, and circles."""


def one_form(name: str) -> str:
    """Return the name as DNS has it (IDNA 2008); what no name can hold is left in it."""
    return (name if name.isascii() else _punycode(name)).lower().rstrip(".")


def _punycode(name: str) -> str:
    import idna  # few names need it, and a cold start pays for what is imported

    try:
        return idna.encode(unicodedata.normalize("NFC", name.lower())).decode("ascii")
    except idna.IDNAError:
        return name


def for_people(name: str) -> str:
    """Return the name in the letters of its language; as it is where DNS has it so, or where it stands for none."""
    if "xn--" not in name:
        return name
    import idna

    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name


def is_look_alike(name: str) -> bool:
    """Return whether a host's name may be taken for another one. It is in letters, or in its one form.

    A part of it mixes alphabets, holds signs that are no letters of a language, or all its letters have twins in ASCII;
    that last is no deceit under a name like `.рф`, which nobody takes for one in ASCII.
    """
    labels = re.split("[.\u3002]", for_people(name))
    under_ascii = _passes_for_ascii(labels[-1])
    return any(
        _is_mixed(label) or (under_ascii and _passes_for_ascii(label)) for label in labels if not label.isascii()
    )


def _passes_for_ascii(label: str) -> bool:
    return all(sign in _TWINS for sign in label.lower() if not sign.isascii())


def _is_mixed(label: str) -> bool:
    """Return whether a label is not in the letters, marks and digits of one alphabet."""
    signs = unicodedata.normalize("NFC", label)
    alphabets = {_alphabet(sign) for sign in signs if sign.isalnum() and not (sign.isascii() and sign.isdigit())}
    if not (len(alphabets) == 1 and alphabets <= _ALPHABETS) and not any(alphabets <= each for each in _TOGETHER):
        return True
    if any(unicodedata.normalize("NFKC", sign) != sign for sign in label):
        return True
    others = [sign for sign in signs if not sign.isalnum() and sign != "-"]
    are_marks = all(unicodedata.category(sign).startswith("M") for sign in others)
    return bool(others) and ("LATIN" in alphabets or not are_marks)  # a Latin letter with its mark is one sign


def _alphabet(sign: str) -> str:
    found = re.match("[A-Z]+", unicodedata.name(sign, "").removeprefix("EXTENDED "))
    return found[0] if found else ""

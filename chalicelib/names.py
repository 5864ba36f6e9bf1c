"""A DNS name in its one form, as DNS has it: punycode, lower case, no dot at its end.

People write and read names in their own letters. Whatever compares names compares this form, so that nothing is ever
changed for how a name is spelled.
"""

from __future__ import annotations

import unicodedata


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

"""Pictures of pages, small and steady: one that is there stays as it is as long as the page shows the same.

What is another in every run counts as the same: ids, signatures, ports, and what a countdown says. So each file holds a
digest of what it was made of, and a page's style is part of that.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.browser.chromium import Page

_MADE_OF = """
[...document.querySelectorAll("head style, body > :not(script)")].map((each) => each.outerHTML).join("\\n")
  + [innerWidth, ...[...document.querySelectorAll("input, select, textarea")].map(({ value }) => value)].join("\\n")
"""
_CHANGES = [
    (re.compile(r"[0-9a-f]{8}[0-9a-f-]{8,}"), "id"),
    (re.compile(r"\b(?:\d+ (?:day|hr|min|sec)s?\b ?)+"), "a while"),
    (re.compile(r"127\.0\.0\.1(?::|%3A)\d+"), "here"),
    (re.compile(r'\b(?:value|style|datetime)="[^"]*"'), ""),
]
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEY = b"Shows\0"
_COLOURS = 128
_Colour = tuple[int, ...]


def keep(page: Page, path: Path) -> None:
    """Have a picture of the page there, unless there is one that shows the same."""
    made_of = str(page.run(_MADE_OF))
    for what, same in _CHANGES:
        made_of = what.sub(same, made_of)
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:32].encode()
    if not path.exists() or (b"tEXt", _KEY + digest) not in _chunks(path.read_bytes()):
        path.write_bytes(_small(page.picture(), digest))


def _small(picture: bytes, digest: bytes) -> bytes:
    """Return a picture in its commonest colours, and with what it shows."""
    rows = list(_rows(picture))
    palette = [colour for colour, _ in Counter(colour for row in rows for colour in row).most_common(_COLOURS)]

    @cache
    def nearest(colour: _Colour) -> int:
        def distance(index: int) -> int:
            return sum((one - other) ** 2 for one, other in zip(palette[index], colour, strict=True))

        return min(range(len(palette)), key=distance)

    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3, 0, 0, 0)
    pixels = b"".join(b"\0" + bytes(map(nearest, row)) for row in rows)
    chunks = {
        b"IHDR": head,
        b"tEXt": _KEY + digest,
        b"PLTE": bytes(part for colour in palette for part in colour),
        b"IDAT": zlib.compress(pixels, 9),
        b"IEND": b"",
    }
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks.items()
    )


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(picture):
        [length] = struct.unpack_from(">I", picture, at)
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += length + 12


def _rows(picture: bytes) -> Iterator[list[_Colour]]:
    """Return the colours of a picture that has three bytes a pixel, as Chromium's have, row by row."""
    chunks = list(_chunks(picture))
    width, height, depth, kind, *_ = struct.unpack(">IIBBBBB", dict(chunks)[b"IHDR"])
    assert (depth, kind) == (8, 2), "this is no picture of Chromium's"
    data = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    length = 3 * width + 1
    above = bytearray(length - 1)
    for at in range(0, height * length, length):
        above = _unfiltered(data[at], bytearray(data[at + 1 : at + length]), above)
        yield list(zip(above[::3], above[1::3], above[2::3], strict=True))


def _unfiltered(way: int, row: bytearray, above: bytearray) -> bytearray:
    """Return the bytes of a row; each is told by how it differs from those to the left of it and above."""
    for at in range(len(row)):
        left, corner = (row[at - 3], above[at - 3]) if at > 2 else (0, 0)
        row[at] = (row[at] + _guess(way, left, above[at], corner)) % 256
    return row


def _guess(way: int, left: int, above: int, corner: int) -> int:
    if way == 4:
        likely = left + above - corner
        return min((left, above, corner), key=lambda each: abs(likely - each))
    return (0, left, above, (left + above) // 2)[way]

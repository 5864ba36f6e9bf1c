"""Pictures for tests, as an operator's designer may hand them over."""

from __future__ import annotations

import struct
import zlib

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 40"><defs><linearGradient id="g">'
    '<stop stop-color="#0a5"/></linearGradient></defs><style>.a{fill:#124}</style>'
    '<circle cx="20" cy="20" r="18" fill="url(#g)"/><path class="a" d="M48 10h100v8H48zM48 24h70v8H48z"/></svg>'
)
"""A sign and two bars for words, dark on nothing."""


def png(width: int = 96, height: int = 48) -> bytes:
    """Return a PNG of one colour, half of which shows what is behind it."""
    row = b"\0" + b"\x99\x22\x44\xff" * (width // 2) + b"\0\0\0\0" * (width - width // 2)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND")
    return b"\x89PNG\r\n\x1a\n" + chunks


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    """Return one of the parts that a PNG consists of."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

"""The operator's logo: a file beside the stage's, which ships with the app, and which pages show as their own.

It is served as SVG, a PNG within one. API Gateway hands on bytes only to who names their type first of all that they
accept, and browsers that load an image name others; it would give them base64. An SVG is text.
"""

from __future__ import annotations

import base64
from pathlib import Path

from chalicelib.domain.errors import NoSuchAddress

_FOLDER = Path(__file__).parents[2] / "stages"
_PNG = b"\x89PNG\r\n\x1a\n"


def picture(name: str | None) -> str:
    """Return the picture in this file of `stages/` as SVG; a deploy has judged it.

    Raises:
        NoSuchAddress: no file is named, or it is not where the app is.
    """
    if name is None:
        raise NoSuchAddress("No logo of its operator is set here (operator.logo in the stage's file).")
    try:
        raw = (_FOLDER / name).read_bytes()
    except FileNotFoundError:
        raise NoSuchAddress(
            f"The logo stages/{name} is not beside the app; deploy with make deploy, which ships it."
        ) from None
    return _framed(raw) if raw.startswith(_PNG) else raw.decode("utf-8")


def _framed(png: bytes) -> str:
    """Return an SVG that shows a PNG in its own size and needs nothing else."""
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))  # as its header begins
    held = base64.b64encode(png).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{held}"/></svg>'
    )

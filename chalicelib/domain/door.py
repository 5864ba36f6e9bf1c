"""What opens a desktop's door: a token that the app makes for a click, and that the desktop judges by itself.

The key is one desktop's own. Who has administrator's rights on a desktop can read it there, and open that door alone.
The form is part of the protocol with desktops (docs/desktop.md): `<issued>.<nonce>.<signature>`.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.keys import Keys
from chalicelib.domain.seat import Role


def door_keys(keys: Keys, desktop_id: str) -> tuple[str, ...]:
    """Return the keys with which this desktop judges tokens: of the stage's present key first, then of earlier ones."""
    return tuple(Keys(key).sign(f"door/{desktop_id}") for key in keys.all)


def door_token(keys: Keys, desktop_id: str, role: Role, now: datetime, nonce: str) -> str:
    """Return a token for the door of this role's desktop. `now` is UTC; `nonce` is 128 random bits as 32 hex digits."""
    head = f"{round(now.timestamp() * 1000)}.{nonce}"
    own = Keys(door_keys(keys, desktop_id)[0])
    return f"{head}.{own.sign(f'{desktop_id}/{role}/{head}')}"

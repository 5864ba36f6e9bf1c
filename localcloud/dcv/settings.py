"""The settings of DCV that the stand-in knows, read from dcv.conf as DCV on Linux has it.

Sections in brackets, `key=value`, booleans true or false, strings in quotes. Assumed, since the guide does not say what
DCV does with a file that is wrong: a line that cannot be read, and a value of another kind than the setting's, are
logged and count as not there. So a verifier without quotes is no verifier, and nobody gets in.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def _is_regex(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


_AUTOMATIC = "session-management/automatic-console-session"
_KEEP, _EVICT = "reject-new-connection", "same-user-oldest-connection"
_DEFAULTS: dict[tuple[str, str], Any] = {
    ("session-management", "create-session"): False,
    ("session-management", "max-concurrent-clients"): -1,
    (_AUTOMATIC, "owner"): "",
    (_AUTOMATIC, "permissions-file"): "",
    (_AUTOMATIC, "storage-root"): "",
    (_AUTOMATIC, "max-concurrent-clients"): -1,
    (_AUTOMATIC, "client-eviction-policy"): _KEEP,
    ("session-management/defaults", "permissions-file"): "",
    ("security", "authentication"): "system",
    ("security", "auth-token-verifier"): "",
    ("security", "auth-token-verifier-timeout"): 100,
    ("security", "authentication-threshold"): 3,
    ("security", "ca-file"): "",
    ("security", "no-tls-strict"): False,
    ("security", "max-connections-per-user"): 10,
    ("security", "allowed-http-host-regex"): "^.+$",
    ("security", "allowed-ws-origin-regex"): "^https://.+$",
    ("connectivity", "web-port"): 8443,
    ("connectivity", "web-url-path"): "/",
    ("connectivity", "ws-keepalive-interval"): 10,
}
_CHOICES: dict[tuple[str, str], Callable[[Any], bool]] = {
    (_AUTOMATIC, "client-eviction-policy"): lambda value: value in {_KEEP, _EVICT},
    ("security", "authentication"): lambda value: value in {"system", "none"},
    ("security", "auth-token-verifier-timeout"): lambda value: value > 0,
    ("security", "authentication-threshold"): lambda value: value > 0,
    ("security", "allowed-http-host-regex"): _is_regex,
    ("security", "allowed-ws-origin-regex"): _is_regex,
    ("connectivity", "web-port"): lambda value: 1024 <= value <= 65535,
    ("connectivity", "web-url-path"): lambda value: value.startswith("/"),
    ("connectivity", "ws-keepalive-interval"): lambda value: value > 0,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What dcv.conf says, with DCV's defaults for the rest; `complaints` are sentences on what could not be used."""

    values: dict[tuple[str, str], Any]
    complaints: tuple[str, ...] = ()

    def text(self, section: str, key: str) -> str:
        """Return a setting that is a string."""
        return str(self.values[section, key])

    def number(self, section: str, key: str) -> int:
        """Return a setting that is a number."""
        return int(self.values[section, key])

    def flag(self, section: str, key: str) -> bool:
        """Return a setting that is yes or no."""
        return bool(self.values[section, key])

    @property
    def evicts(self) -> bool:
        """Whether a full session makes room by ending the oldest connection of the same user."""
        return self.text(_AUTOMATIC, "client-eviction-policy") == _EVICT

    @property
    def max_clients(self) -> int:
        """How many may be connected to the automatic session at a time; -1 for any number."""
        own = self.number(_AUTOMATIC, "max-concurrent-clients")
        return own if own >= 0 else self.number("session-management", "max-concurrent-clients")

    @property
    def owner(self) -> str:
        """The automatic session's owner, empty for whoever started the server."""
        return self.text(_AUTOMATIC, "owner")

    @property
    def permissions_file(self) -> str:
        """The automatic session's permissions file, else the one of all sessions."""
        return self.text(_AUTOMATIC, "permissions-file") or self.text("session-management/defaults", "permissions-file")

    @property
    def storage_root(self) -> str:
        """The automatic session's folder for files."""
        return self.text(_AUTOMATIC, "storage-root")


def load(path: Path) -> Settings:
    """Read dcv.conf; a file that is not there leaves every default."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return parse("")
    except (OSError, UnicodeDecodeError) as error:
        return Settings(dict(_DEFAULTS), (f"{path} cannot be read ({error}): every setting has its default.",))


def parse(text: str) -> Settings:
    """Read the text of dcv.conf."""
    values, complaints, section = dict(_DEFAULTS), [], ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
            continue
        key, equals, written = (part.strip() for part in line.partition("="))
        if not equals or not key:
            complaints.append(f"Line {number} of dcv.conf is no setting: write key=value.")
        elif (section, key) in _DEFAULTS:
            value = _value(written)
            if _suits((section, key), value):
                values[section, key] = value
            else:
                kind = {str: "a string in quotes", int: "a number", bool: "true or false"}[
                    type(_DEFAULTS[section, key])
                ]
                complaints.append(
                    f"Line {number} of dcv.conf: {section}/{key} wants {kind} in its range; it is ignored."
                )
    return Settings(values, tuple(complaints))


def _suits(name: tuple[str, str], value: Any) -> bool:
    return type(value) is type(_DEFAULTS[name]) and _CHOICES.get(name, lambda _: True)(value)


def _value(written: str) -> Any:
    if written in {"true", "false"}:
        return written == "true"
    try:
        value = ast.literal_eval(written)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, str) or type(value) is int else None

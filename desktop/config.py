"""What the image says of itself: one TOML file, which everybody on the machine may read, and only administrators write.

It holds no secret and nothing of a stage: the stage is told by the launch and by the app. Both processes read it.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

WINDOWS = os.name == "nt"
_PROGRAM_DATA = Path(os.environ.get("ProgramData", r"C:\ProgramData")) / "Elephant"  # noqa: SIM112  Windows spells it so
FILE = _PROGRAM_DATA / "agent.toml" if WINDOWS else Path("/etc/elephant/agent.toml")
"""Where the file is, unless the command line names another."""

_DCV = r"C:\Program Files\NICE\DCV\Server\bin\dcv.exe" if WINDOWS else "dcv"
_DCV_CERTIFICATES = (
    Path(r"C:\Windows\System32\config\systemprofile\AppData\Local\NICE\dcv") if WINDOWS else Path("/etc/dcv")
)
_PORTS = range(1, 65536)
_LEAST = {"piece_minutes": 0.02}


class ConfigError(Exception):
    """The file cannot be used; the text names the key and says what it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the image says; each has a default that is right for an image made in the usual way."""

    user: str = "lesson"
    """The person's user, whom the automatic logon logs on and whose the DCV session is."""
    dcv: str = _DCV
    """DCV's program."""
    dcv_port: int = 8443
    """The port on which DCV serves browsers."""
    verifier_port: int = 8444
    """The port on loopback on which DCV asks whether a token is good: its `auth-token-verifier`."""
    metadata: str = "http://169.254.169.254"
    """Where the instance metadata are."""
    dcv_certificates: Path = _DCV_CERTIFICATES
    """The folder from which DCV reads its certificate, `dcv.pem` and `dcv.key`."""
    api: str = ""
    """The app's address; empty: what the launch's tag `Api` says."""
    state: Path = _PROGRAM_DATA / "state" if WINDOWS else Path("/var/lib/elephant")
    """The service's own folder, which nobody else may read."""
    shared: Path = _PROGRAM_DATA / "shared" if WINDOWS else Path("/run/elephant")
    """The folder in which the service leaves its notice for the helper; everybody may read it."""
    session: Path = _PROGRAM_DATA / "session" if WINDOWS else Path("/var/lib/elephant-session")
    """The helper's folder, the person's own: the recordings, and what the helper tells the service."""
    drop: Path = _PROGRAM_DATA / "drop" if WINDOWS else Path("/var/lib/elephant-drop")
    """The folder into which the helper puts finished pieces: the person may put files there, and nothing else."""
    hooks: Path = _PROGRAM_DATA / "hooks" if WINDOWS else Path("/etc/elephant/hooks")
    """The operator's commands: `checks`, and the folders of `hooks.py`."""
    browser: tuple[str, ...] = ()
    """The desktop's browser and its options, to which the room's address is added; empty: one is looked for."""
    program: tuple[str, ...] = ()
    """Another program to open in the room's place, with its arguments; the person's name is in its environment."""
    recorder: tuple[str, ...] = ()
    """What records the session, with its arguments; empty: the agent's own recorder, where ffmpeg is found."""
    ffmpeg: str = "ffmpeg"
    """The program with which the agent's own recorder records."""
    picture: tuple[str, ...] = ()
    """What the agent's own recorder shows, as ffmpeg's options for an input; empty: the screen."""
    sound: tuple[str, ...] = ()
    """What it lets hear, likewise; empty: what the person hears, where the session has a device for that."""
    piece_minutes: float = 5.0
    """How long a piece of a recording is: a crash loses no more than that, and mostly seconds."""
    upload: tuple[str, ...] = ()
    """What uploads the recordings, run by the service; the last line that it prints is the address. Empty: the agent
    uploads them itself, by links that the app signs."""
    root: Path = Path(Path.cwd().anchor)
    """Where the system's own files are; elsewhere only where the agent is tried out."""
    away_minutes: float = 2.0
    """How long nobody must have been connected before what was recorded is uploaded."""

    @property
    def away(self) -> timedelta:
        """How long nobody must have been connected before what was recorded is uploaded."""
        return timedelta(minutes=self.away_minutes)


def load(file: Path = FILE) -> Config:
    """Return what the file says; where there is none, all defaults.

    Raises:
        ConfigError: it cannot be read, or says something that is not understood.
    """
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}); both processes of the agent must.") from error
    except ValueError as error:  # a TOMLDecodeError and a UnicodeDecodeError are
        raise ConfigError(f"{file} is no TOML: {error}.") from error
    known = {field.name: getattr(Config, field.name, None) for field in fields(Config)}
    if unknown := sorted(set(told) - set(known)):
        raise ConfigError(f"{file} holds {', '.join(unknown)}; it may hold {', '.join(known)}.")
    defaults = Config()
    return Config(**{name: _read(file, name, value, getattr(defaults, name)) for name, value in told.items()})


def _read(file: Path, name: str, value: Any, default: Any) -> Any:
    """Return a value as its default's type has it."""
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(word, str) and word for word in value):
            return tuple(value)
        raise ConfigError(f'{name} in {file} is a list of words, as in ["program", "--option"], and not {value!r:.80}.')
    if isinstance(default, Path):
        if isinstance(value, str) and Path(value).is_absolute():
            return Path(value)
        raise ConfigError(f"{name} in {file} is the whole path of a folder, and not {value!r:.80}.")
    if isinstance(default, str):
        if isinstance(value, str) and (value or not default):
            return value
        raise ConfigError(f"{name} in {file} is a text that is not empty, and not {value!r:.80}.")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{name} in {file} is a number, and not {value!r:.80}.")
    if isinstance(default, int) and (isinstance(value, float) or value not in _PORTS):
        raise ConfigError(f"{name} in {file} is a port from 1 to 65535, and not {value!r}.")
    least = _LEAST.get(name, 0)
    if not least <= value < math.inf:  # nan is neither
        raise ConfigError(f"{name} in {file} is a number from {least:g} on, and not {value!r}.")
    return value


def as_toml(values: Mapping[str, object]) -> str:
    """Return these settings as the file has them."""
    return "".join(f"{name} = {_written(value)}\n" for name, value in values.items())


def _written(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(_written(word) for word in value)}]"
    if isinstance(value, int | float):
        return str(value)
    escaped = "".join(
        f"\\u{ord(mark):04x}" if mark in '"\\' or ord(mark) < ord(" ") or ord(mark) == 0x7F else mark
        for mark in str(value)
    )
    return f'"{escaped}"'

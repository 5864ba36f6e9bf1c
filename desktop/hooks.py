"""The moments at which the operator's own commands run, and where each stands.

`<hooks>/service/<moment>/` is run by the service (SYSTEM or root), `<hooks>/session/<moment>/` by the helper, as the
person; both by name, one after the other. The operator's checks of a desktop that is ready stand in `<hooks>/checks/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from desktop import commands
from desktop.notice import Notice

PATIENCE_S = 60
"""How long one command may take, in seconds."""


class Moment(StrEnum):
    """When commands run; each is the name of a folder."""

    CONNECT = "connect"
    DISCONNECT = "disconnect"
    BEFORE_END = "before-end"
    """Ten minutes before the meeting ends; later where it is made shorter, again where it is made longer."""
    END = "end"


class Runner(StrEnum):
    """Which process runs them; each is the name of a folder."""

    SERVICE = "service"
    SESSION = "session"


def run(
    hooks: Path, runner: Runner, moment: Moment, notice: Notice, patience_s: float = PATIENCE_S
) -> list[commands.Outcome]:
    """Run the commands of a moment; what goes wrong is logged and stops nothing."""
    return commands.run_all(hooks / runner / moment, patience_s, environ(notice))


def environ(notice: Notice) -> Mapping[str, str]:
    """Return what commands are told in their environment; empty for what is not known."""
    told = {
        "ELEPHANT_ROLE": notice.role,
        "ELEPHANT_NAME": notice.name,
        "ELEPHANT_OTHER_NAME": notice.other_name,
        "ELEPHANT_ROOM": notice.room,
        "ELEPHANT_ENDS_AT": notice.ends_at.isoformat() if notice.ends_at else None,
    }
    return {name: _in_an_environment(value or "") for name, value in told.items()}


def _in_an_environment(value: str) -> str:
    """Return a text without what no environment can hold: a name may have been pasted from anywhere."""
    return "".join(mark for mark in value if mark.isprintable())

"""What is looked at in the person's session: the operator's commands, the metadata, the room and the recording."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from desktop import notice
from desktop.config import Config
from desktop.hooks import Moment, Runner
from desktop.notice import Told
from desktop.rehearsal.app import App
from desktop.rehearsal.findings import Finding, well, wrong

_LONGEST = 64_000
_LIVES = timedelta(seconds=30)
_NO_RECORDER = ("The recorder", "Nothing records")
_COMMAND = re.compile(
    r"WARNING (\S+) (failed with -?\d+\.|has not ended after [\d.]+ s and was stopped\.|cannot be run: .*)"
)
WHO = {Runner.SERVICE: "the service", Runner.SESSION: "the session helper"}


@dataclass(frozen=True, slots=True)
class Probed:
    """What the rehearsal's command has found where it ran: as whom, and what keeps it from the metadata."""

    user: str
    metadata: str | None


def probed(file: Path) -> Probed | None:
    """Return what stands there; None as long as nothing does that can be understood."""
    try:
        with file.open("rb") as source:
            told: Any = json.loads(source.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, Mapping) or not isinstance(told.get("user"), str):
        return None
    kept_off = told.get("metadata")
    return Probed(told["user"], kept_off if isinstance(kept_off, str) else None)


def helper(config: Config) -> Told | None:
    """Return what the session helper has told just now; None where it has not been heard of for a while."""
    told = notice.read_told(config.session)
    if told is None or told.at is None or abs(datetime.now(UTC) - told.at) > _LIVES:
        return None
    return told


def ran(config: Config, runner: Runner, found: Probed | None) -> Finding:
    """Return whether the rehearsal's command has run on the person's coming, and as whom."""
    folder = config.hooks / runner / Moment.CONNECT
    if found is None:
        return wrong(f"The commands in {folder} were not run by {WHO[runner]} as somebody connected.", _LOOK_AT_LOG)
    if runner is Runner.SESSION and found.user.lower() != config.user.lower():
        return wrong(f"The commands in {folder} are run as {found.user}, and not as {config.user}.", _LOOK_AT_LOGON)
    return well(f"The commands in {folder} are run by {WHO[runner]} as somebody connects, as {found.user}.")


_LOOK_AT_LOG = "Look at the agent's log, and at who may read the folder."
_LOOK_AT_LOGON = "Look at the automatic logon, and at user in agent.toml."


def failing(config: Config, logs: Mapping[Runner, str]) -> list[Finding]:
    """Return what the logs say of commands of the image's own that have failed."""
    found = []
    for runner, log in logs.items():
        folders = [config.hooks / runner / moment for moment in Moment]
        for name, failure in dict.fromkeys(_COMMAND.findall(log)):
            for folder in (each for each in folders if (each / name).exists()):
                found.append(wrong(f"The command {name} {failure}", f"It is in {folder}."))
    return found


def metadata(config: Config, service: Probed | None, session: Probed | None) -> Finding | None:
    """Return whether the service can ask the instance metadata and the person cannot; None where neither was told."""
    if service is None or session is None:
        return None
    if service.metadata is not None:
        return well(
            f"That the person is kept from the metadata was not looked at: at {config.metadata} they do not answer the"
            f" service either ({service.metadata})."
        )
    if session.metadata is None:
        return wrong(
            f"The instance metadata at {config.metadata} answer {session.user}, and so give the instance's rights.",
            "Look at the firewall's rule for this user, which the boot script makes (rehearse --prepare).",
        )
    return well(f"The instance metadata answer the service, and not {session.user} ({session.metadata}).")


def room(told: Told | None) -> Finding:
    """Return whether the helper has opened the room."""
    if told and told.room_opened:
        return well("The session helper has opened the room.")
    why = f"It says: {told.fault}" if told and told.fault else "It says nothing of why."
    return wrong(f"The session helper has not opened the room. {why}", "Look at browser or program in agent.toml.")


def recorder_fault(told: Told | None) -> str | None:
    """Return what the helper says of the recorder, where that cannot record; None where it says nothing of it."""
    fault = told.fault if told else None
    return fault if fault and fault.startswith(_NO_RECORDER) else None


def recording(app: App, fault: str | None, minutes: float) -> Finding:
    """Return whether a piece of a recording has arrived whole; `fault` is the helper's word of the recorder."""
    kept, heard = app.recordings, app.heard
    where = "Look at recorder in agent.toml, and at the helper's log."
    if kept.empty:
        return wrong(f"The recording {kept.empty[0]} holds nothing: 0 bytes.", where)
    if fault:
        return wrong(f"Nothing is recorded: {fault}", where)
    if heard.lost:
        return wrong(f"The recording was not saved. {' '.join(heard.lost)}", where)
    if not kept.safe:
        return wrong(f"No recording of the session has arrived within {minutes:.3g} minutes.", where)
    pieces, size = len(kept.safe), sum(kept.safe.values())
    arrived = f"{'A piece' if pieces == 1 else f'{pieces} pieces'} of a recording of the session arrived whole"
    if not heard.pieces:
        return wrong(f"{arrived}, and within {minutes:.3g} minutes the agent has not said that this is all.", where)
    return well(f"{arrived}, {size:,} bytes, and the agent has said that this is all.")

"""`rehearse --prepare`: the boot script of the image, as it runs where there is a meeting, and the restart after it.

On a machine of a new image there is no meeting, so the boot script has done nothing. Here it is run against stand-in
metadata that tell of one; it makes the person's user, and its automatic logon, which happens as the machine restarts.
Then it is run again, as at every boot: the firewall of Linux is gone by that time, and all else must have stayed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop.config import Config, ConfigError, load
from desktop.machine import programs
from desktop.machine.system import System
from desktop.metadata import Metadata as RealMetadata
from desktop.metadata import MetadataUnavailable
from desktop.rehearsal.app import BASE, MEETING
from desktop.rehearsal.findings import Finding, well, wrong
from desktop.rehearsal.hosts import Host
from desktop.rehearsal.metadata import Metadata

_PATIENCE_S = 600
_MOST_RESTARTS = 2
_NOBODY = "i-00000000000000000"
_REGION = "us-east-1"
_NO_APP = f"http://127.0.0.1:1{BASE}"


def main(file: Path, host: Host, machine: System, say: Callable[[str], None]) -> int:
    """Prepare this machine, whose agent.toml this is.

    Returns 0 where it is prepared, 1 where it cannot be, and what asks Image Builder for a restart where it is prepared
    after one and this was run again.
    """
    try:
        image = load(file)
        refuse_desktop(image)
        machine.make_private(image.state)
        code, finding = _prepare(image, host)
    except (OSError, ConfigError, subprocess.TimeoutExpired) as error:
        told = str(error).rstrip(".")
        code, finding = 1, wrong(f"The machine cannot be prepared: {told}.", "Run it as root or SYSTEM.")
    say(str(finding))
    return code


def _prepare(image: Config, host: Host) -> tuple[int, Finding]:
    instance_id, region = who(image)
    restarts = _restarts(image, instance_id)
    with ExitStack() as stack:
        metadata = Metadata(instance_id, region, tags(_NO_APP, datetime.now(UTC) + timedelta(hours=1)))
        stack.callback(metadata.stop)
        done = programs.run(host.boot(image, metadata.url), _PATIENCE_S)
    if done.returncode == host.restart_code:
        if restarts >= _MOST_RESTARTS:
            return 1, wrong(
                f"The boot script finds something to change, and asks for a restart, after {restarts} restarts.",
                "Look for what changes the automatic logon back: a policy, or an installer of the image's.",
            )
        _mark(image).write_text(f"{instance_id} {restarts + 1}", encoding="utf-8")
        return done.returncode, well("The boot script has made this machine a desktop, which it is after a restart.")
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing")[-600:]
        return 1, wrong(f"The boot script fails with {done.returncode}. It says: {said}", "Run it by hand to see more.")
    return 0, well("The boot script finds that this machine is a desktop, and nothing that takes a restart.")


def forget(image: Config) -> None:
    """Have the next preparation of this machine begin from the beginning."""
    _mark(image).unlink(missing_ok=True)


def _restarts(image: Config, instance_id: str) -> int:
    """Return how often this instance was to restart for its preparation."""
    try:
        whose, _, number = _mark(image).read_text(encoding="utf-8").partition(" ")
    except FileNotFoundError:
        return 0
    return int(number) if whose == instance_id and number.isdecimal() else 0


def who(image: Config) -> tuple[str, str]:
    """Return this machine's own instance id and Region; others where no metadata tell them."""
    try:
        own = RealMetadata(image.metadata).machine()
    except MetadataUnavailable:
        return _NOBODY, _REGION
    return own.instance_id, own.region


def refuse_desktop(image: Config) -> None:
    """Refuse a machine that is a meeting's desktop.

    Raises:
        OSError: it is one.
    """
    try:
        meeting = RealMetadata(image.metadata).machine().tags.get("MeetingID")
    except MetadataUnavailable:
        return
    if meeting:
        raise OSError(f"this machine is a desktop of meeting {meeting}, whose person a rehearsal would disturb")


def tags(address: str, deadline: datetime) -> dict[str, str]:
    """Return what a launch for the rehearsal's meeting would have set, the app being at this address."""
    return {
        "MeetingID": MEETING,
        "Role": "teacher",
        "Stage": "rehearsal",
        "Deadline": f"{deadline:%Y-%m-%dT%H:%M:%SZ}",
        "Api": address,
    }


def _mark(image: Config) -> Path:
    return image.state / "rehearsal.prepared"

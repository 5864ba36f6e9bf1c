"""What is looked at from outside the session: the agent's own word, the door, DCV's settings, and the guard."""

from __future__ import annotations

import http.client
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from desktop.config import Config
from desktop.dcv import SESSION
from desktop.guard import MARGIN, Guard
from desktop.metadata import Machine, Metadata
from desktop.rehearsal.app import App
from desktop.rehearsal.findings import Finding, lacking, well, wrong
from desktop.rehearsal.hosts import Host
from desktop.state import State

_PATIENCE_S = 10
_LONGEST = 64_000
_COMPLAINT = re.compile(r"\b(?:WARNING|ERROR) (.+)")


def agent(app: App, log: str, minutes: float) -> Finding:
    """Return whether the service has come up and asked the app."""
    if app.heard.has_asked:
        return well("The agent's service has asked the app whose desktop this is, signed as the metadata say.")
    said = _COMPLAINT.findall(log)
    why = f" It says: {said[-1].strip()}" if said else " It says nothing: is it installed, and does it start?"
    return wrong(f"The agent's service has not asked the app within {minutes:.3g} minutes.{why}")


def ready(app: App, config: Config, host_name: str, minutes: float) -> list[Finding]:
    """Return what the service says of the desktop: DCV, its session and licence, TLS, the logon, and the checks."""
    missing = app.heard.missing
    if missing is None:
        return [wrong(f"The agent's service has not said within {minutes:.3g} minutes whether the desktop is ready.")]
    if missing:
        return lacking(missing)
    return [
        well("DCV's service runs."),
        well(f"DCV's session is {config.user}'s, and licensed."),
        well(f"Port {config.dcv_port} shows the certificate for {host_name} that the app has handed over."),
        well(f"{config.user} is logged on by the automatic logon."),
        well("No restart is asked for, and the operator's own checks pass."),
    ]


def verifier(app: App, config: Config) -> list[Finding]:
    """Return what the agent answers to two tokens when it is asked as DCV asks."""
    now = datetime.now(UTC)
    return [
        _asked(config, app.token(now, key="of another desktop"), opens=False),
        _asked(config, app.token(now), opens=True),
    ]


def _asked(config: Config, token: str, opens: bool) -> Finding:
    which = "a good token" if opens else "a token that the app has not made"
    port = config.verifier_port
    form = urlencode({"sessionId": SESSION, "authenticationToken": token, "clientAddress": "127.0.0.1"})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        connection.request("POST", "/", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        status, said = answer.status, answer.read(_LONGEST)
    except (OSError, http.client.HTTPException) as error:
        return wrong(
            f"Nobody answers on port {port} as DCV is to be answered, so {which} opens nothing ({error}).",
            "Is the port another program's (verifier_port in agent.toml)?",
        )
    finally:
        connection.close()
    user, message = _document(said)
    if status != http.client.OK or (user is None and message is None):
        return wrong(
            f"Port {port} answers with status {status} and {said[:80]!r}, which is not what DCV understands.",
            "Is the port another program's (verifier_port in agent.toml)?",
        )
    if opens and user != config.user:
        return wrong(f"A good token opens nothing: the agent says {message or user!r}.", "Look at the agent's log.")
    if not opens and message is None:
        return wrong("A token that the app has not made opens the desktop.", "Do not use this image.")
    return well(f"Asked as DCV asks, the agent {'opens to' if opens else 'refuses'} {which}.")


def _document(said: bytes) -> tuple[str | None, str | None]:
    """Return the user of a yes or the message of a no; neither where it is no document that DCV understands."""
    if b"<!" in said:  # a type of its own, which could be made to grow
        return None, None
    try:
        found = ElementTree.fromstring(said.decode("utf-8"))  # noqa: S314  64 kB at most, and no type
    except (ElementTree.ParseError, ValueError, LookupError):
        return None, None
    answer = found.get("result") if found.tag == "auth" else None
    if answer == "yes":
        return (found.findtext("username") or "").strip(), None
    return (None, (found.findtext("message") or "").strip()) if answer == "no" else (None, None)


def setting(host: Host, config: Config) -> Finding:
    """Return whether DCV is set to ask the agent."""
    wanted = f"http://127.0.0.1:{config.verifier_port}"
    try:
        found = host.verifier(config)
    except OSError as error:
        return wrong(f"DCV's settings cannot be read ({error}).", "Is DCV installed, and where it usually is?")
    parts = urlsplit(found or "")
    if found and f"{parts.scheme}://{parts.netloc}" == wanted:
        return well(f"DCV asks the agent about tokens, at {found}.")
    return wrong(
        f"DCV asks {found or 'nobody'} about tokens, and the agent answers at {wanted}.",
        "Look at security/auth-token-verifier in DCV's settings.",
    )


class _Ends:
    """A machine that only remembers that it was to end."""

    has_ended = False

    def shut_down(self) -> None:
        self.has_ended = True


def guard(config: Config, instance_id: str, metadata: str, deadline: datetime) -> Finding:
    """Return whether the service knows when the machine must end, and would end it then.

    It is the service's own guard that ends a machine whose rehearsal hangs; here another looks at what it has kept, as
    if the time had come.
    """
    armed = State(config.state / "state.json", instance_id).get("deadline")
    if not isinstance(armed, str):
        return wrong(
            "The guard is not armed: the service has kept no deadline.", "Look for the tag Deadline in its log."
        )
    machine = _Ends()

    def read() -> Machine:
        return Metadata(metadata).machine()

    looked = State(config.state / "state.json", instance_id)
    moment = deadline + MARGIN
    Guard(machine, read, looked, lambda: moment - timedelta(seconds=1), lambda: 0.0).step()
    too_early = machine.has_ended
    Guard(machine, read, looked, lambda: moment, lambda: 0.0).step()
    if too_early or not machine.has_ended:
        when = "before" if too_early else "even after"
        return wrong(f"The guard is armed for {armed}, and would act {when} the deadline of {deadline:%H:%M:%S} UTC.")
    return well(f"The guard is armed: should this hang, the machine ends itself at {moment:%H:%M:%S} UTC.")

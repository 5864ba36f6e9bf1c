"""The DCV server of one desktop: `python -m localcloud.dcv --home DIR [--port 0] [--host-name NAME]`.

What it has lives in its home: dcv.conf, dcv.pem and dcv.key, server.log, and while it runs `port` and `control`.
Nothing else survives it: killed and started again, it knows of no connection and no session of before, as after a
reboot.

Assumed, since the guide does not say: a server without a licence, or without the session that is asked for, refuses
before it asks the verifier; so does one that is asked without a token. The log never holds a token.
"""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localcloud.dcv import permissions, settings
from localcloud.dcv.control import Control
from localcloud.dcv.session import Connection, Full, Session, is_licensed
from localcloud.dcv.states import State, StateError, read_state, write_whole
from localcloud.dcv.verifier import Verdict, Verifier

CRASHED = 70
"""What the process exits with when its desktop dies."""
AUTOMATIC = "console"
"""What DCV calls the session that it makes by itself."""

_LOG = logging.getLogger("server")
_NO_TOKEN = "This desktop opens from the meeting page: go there, and open the desktop."
_NO_SESSION = "This desktop has no session yet. Wait a moment, then open the desktop from the meeting page again."
_NO_LICENCE = "This desktop has no licence to be shown. Tell whoever runs it."
_NOT_YOURS = "This desktop belongs to somebody else."


class Refused(Exception):
    """Nobody is let in; its text is for the person."""


class CommandError(Exception):
    """A command of the command line fails; its text goes to standard error."""


class Dcv:
    """What the server knows, whoever asks: a browser or the command line."""

    def __init__(self, home: Path, now: Callable[[], datetime], running_s: Callable[[], float]) -> None:
        self.home = home
        self.settings = settings.load(home / "dcv.conf")
        for complaint in self.settings.complaints:
            _LOG.warning("%s", complaint)
        security = self.settings
        self._verifier = Verifier(
            security.text("security", "auth-token-verifier"),
            security.number("security", "auth-token-verifier-timeout"),
            security.text("security", "ca-file"),
            not security.flag("security", "no-tls-strict"),
        )
        self._now = now
        self._running_s = running_s
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._automatic = self.settings.flag("session-management", "create-session")

    # --- a browser

    def admit(self, session_id: str, token: str, address: str) -> Connection:
        """Let a client in, where the verifier names somebody who may.

        Raises:
            Refused: nobody is let in.
        """
        try:
            session, licensed = self.session(), is_licensed(read_state(self.home))
        except StateError as error:
            raise Refused(str(error)) from error
        if not licensed:
            raise self._refused(address, _NO_LICENCE, "there is no licence")
        if session is None or session.id != session_id:
            raise self._refused(address, _NO_SESSION, f"there is no session {session_id!r}")
        verdict = self._authenticate(session, token, address)
        if verdict.user is None:
            raise self._refused(address, verdict.message, verdict.reason)
        if not session.admits(verdict.user):
            raise self._refused(address, _NOT_YOURS, f"the session of {session.owner} is not for {verdict.user!r}")
        with self._lock:
            if session is not self._session:
                raise self._refused(address, _NO_SESSION, "the session was closed meanwhile")
            try:
                connection = session.connect(verdict.user, address)
            except Full as error:
                raise self._refused(address, str(error), "there is no place") from error
        _LOG.info("Connection %d of %s from %s.", connection.number, connection.user, address)
        return connection

    def _authenticate(self, session: Session, token: str, address: str) -> Verdict:
        if self.settings.text("security", "authentication") == "none":
            return Verdict(session.owner)
        if not token:
            return Verdict(None, _NO_TOKEN, "there is no token")
        return self._verifier.ask(session.id, token, address)

    def left(self, connection: Connection) -> None:
        """Note that a connection is over."""
        with self._lock:
            session = self._session
        if session:
            session.disconnect(connection)
        connection.close()
        _LOG.info("Connection %d of %s is over (%s).", connection.number, connection.user, connection.ended or "lost")

    def connection(self, key: str) -> Connection | None:
        """Return the live connection whose page holds this key."""
        with self._lock:
            session = self._session
        return session.by_key(key) if session else None

    def worked(self, connection: Connection) -> None:
        """Note in work.log that a person did something."""
        with (self.home / "work.log").open("a", encoding="utf-8") as file:
            file.write(f"{self._now():%Y-%m-%dT%H:%M:%SZ} {connection.user} {connection.number}\n")

    def _refused(self, address: str, message: str, reason: str) -> Refused:
        _LOG.warning("A client at %s is refused: %s.", address, reason)
        return Refused(message)

    # --- the session

    def session(self) -> Session | None:
        """Return the session; the automatic one is made when its time has come.

        Raises:
            StateError: what a test wants cannot be understood.
        """
        due = self._running_s() >= read_state(self.home).session_from_s
        with self._lock:
            if self._automatic and due:
                self._automatic = False
                self._session = self._new(AUTOMATIC, {})
            return self._session

    def _new(self, session_id: str, wanted: Mapping[str, Any]) -> Session:
        known = self.settings
        file = wanted.get("permissions-file") or known.permissions_file
        clients = wanted.get("max-concurrent-clients")
        session = Session(
            session_id,
            wanted.get("owner") or known.owner or getpass.getuser(),
            self._permissions(file) if file else permissions.BY_DEFAULT,
            self._now,
            wanted.get("name") or "",
            wanted.get("storage-root") or known.storage_root,
            known.max_clients if clients is None else clients,
            known.number("security", "max-connections-per-user"),
            known.evicts,
        )
        _LOG.info("Session %s of %s is there.", session.id, session.owner)
        return session

    def _permissions(self, file: str) -> str:
        try:
            return Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            _LOG.warning("The permissions file cannot be read (%s): nobody may connect.", error)
            return permissions.NOBODY

    def close(self, why: str) -> None:
        """End the session, and so every connection."""
        with self._lock:
            self._automatic, session, self._session = False, self._session, None
        if session:
            session.end_all(why)
            _LOG.info("Session %s is closed (%s).", session.id, why)

    # --- the command line

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the command line: `value`, or `error`, a sentence; and how an empty list is printed."""
        try:
            state = read_state(self.home)
            if self._running_s() < state.cli_from_s:
                raise CommandError("Could not connect to the server: it is starting.")
            return {"value": self._do(question, state), "empty_list": state.empty_list}
        except (CommandError, StateError) as error:
            return {"error": str(error)}

    def _do(self, question: Mapping[str, Any], state: State) -> Any:
        command, session = question["command"], self.session()
        if command == "list-sessions":
            return [session.described(state)] if session else []
        if command == "create-session":
            with self._lock:
                if self._session:
                    raise CommandError("A console session exists already, and there is only one at a time.")
                self._session = self._new(question["session"], question)
            return None
        if session is None or session.id != question["session"]:
            raise CommandError(f"Could not find session '{question['session']}'.")
        if command == "describe-session":
            return session.described(state)
        if command == "list-connections":
            return session.listed()
        if command == "close-session":
            return self.close("closed")
        if command == "set-permissions":
            file = question.get("file")
            try:
                session.permissions = Path(file).read_text(encoding="utf-8") if file else question["text"]
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"The permissions file cannot be read ({error}).") from error
            return None
        raise CommandError(f"There is no command {command!r}.")


def main(arguments: list[str] | None = None) -> None:
    """Serve one desktop until a signal ends it."""
    from localcloud.dcv.web import Web

    parser = argparse.ArgumentParser(prog="python -m localcloud.dcv", description="A stand-in for one desktop's DCV.")
    parser.add_argument("--home", type=Path, required=True, help="the folder with everything that this desktop has")
    parser.add_argument("--port", type=int, help="0 for any that is free; without it, the setting web-port")
    parser.add_argument("--host-name", default="localhost", help="the name in a certificate that it has to make")
    parser.add_argument("--reconnect-s", type=float, default=3, help="how long a page waits before it connects again")
    told = parser.parse_args(arguments)
    started = time.monotonic()
    home: Path = told.home
    for name in ("port", "control"):
        (home / name).unlink(missing_ok=True)
    logging.basicConfig(
        filename=home / "server.log",
        level=logging.INFO,
        format="%(asctime)s [%(process)d] %(levelname)s %(name)s - %(message)s",
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    dcv = Dcv(home, lambda: datetime.now(UTC), lambda: time.monotonic() - started)
    port = dcv.settings.number("connectivity", "web-port") if told.port is None else told.port
    web = Web(dcv, told.host_name, port, told.reconnect_s)
    control = Control(home, dcv.answer)
    write_whole(home / "port", str(web.port))
    _LOG.info("The server listens on 127.0.0.1:%d.", web.port)
    stop.wait()
    (home / "port").unlink(missing_ok=True)
    control.stop()
    dcv.close("stopped")
    web.stop()


def crash() -> None:
    """Die at once, as a machine does."""
    os._exit(CRASHED)

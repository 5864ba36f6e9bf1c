"""The certificate that DCV shows: taken from the app where that keeps one, and put where DCV alone reads it.

Nothing is remembered: what is installed is told by the files themselves, so a restart, a kill between the two or a hand
in them is seen, and what is missing is fetched again. DCV loads replaced files while it runs.
"""

from __future__ import annotations

import hashlib
import logging
import os
import ssl
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from desktop.machine.system import Hands

LONGEST = 65_536
"""The most characters that one of the app's texts may have."""

_KEY, _CERTIFICATE = "dcv.key", "dcv.pem"
_BINARY = getattr(os, "O_BINARY", 0)  # Windows would write other line ends

log = logging.getLogger("elephant.desktop")


class Certificate:
    """DCV's two files in a folder. Whatever is wrong with a new pair, the one before goes on serving."""

    def __init__(self, folder: Path, machine: Hands) -> None:
        """Take the folder that DCV reads them from, and the machine, which hands files over to DCV."""
        self._folder = folder
        self._machine = machine
        self._fault = ""
        self._taken = False

    def wants(self, which: str | None) -> bool:
        """Return whether the app keeps another certificate than is installed; None for one that keeps none."""
        return which is not None and self._installed() != which

    def find_fault(self, which: str | None) -> str | None:
        """Return why this one of the app's is not installed, as a sentence; None where nothing is wrong.

        The app's answers may be a minute older than one another: where one that it kept is there, it is waited.
        """
        if not self.wants(which):
            return None
        return self._fault or (None if self._taken else "The certificate that the app keeps is not installed yet.")

    def failed(self, why: str) -> None:
        """Note why the certificate could not be had; it is logged once."""
        if why != self._fault:
            log.error("%s", why)
        self._fault = why

    def install(self, told: Mapping[str, Any]) -> None:
        """Put what the app has handed over in the place of what is there; what goes wrong is noted."""
        chain, key = told.get("certificate"), told.get("key")
        if not (isinstance(chain, str) and isinstance(key, str) and 0 < len(chain) <= LONGEST >= len(key) > 0):
            self.failed("The app's answer holds no certificate with its key; make certificate puts it right.")
            return
        if told.get("certificate_id") != _id_of(chain.encode()):
            self.failed("The app's answer holds another certificate than it says; it is asked again.")
            return
        if self._installed() != told["certificate_id"]:
            self._replace(chain.encode(), key.encode())
        else:
            self._succeed()

    def _replace(self, chain: bytes, key: bytes) -> None:
        made = [self._folder / f"{name}.new" for name in (_KEY, _CERTIFICATE)]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for file, content in zip(made, (key, chain), strict=True):
                self._write(file, content)
            if fault := _fault_of(*made):
                self.failed(f"The certificate that the app hands over cannot be used ({fault}); the one before stays.")
                return
            for file in made:
                file.replace(file.with_suffix(""))
        except OSError as error:
            self.failed(f"The certificate cannot be written to {self._folder} ({error.strerror or error}).")
            return
        finally:
            for file in made:
                with suppress(OSError):
                    file.unlink(missing_ok=True)
        self._succeed()
        log.info("The app's certificate was installed.")

    def _write(self, file: Path, content: bytes) -> None:
        """Write a file that nobody but the service and DCV may ever have read."""
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600), "wb") as out:
            self._machine.give_to_dcv(file)
            out.write(content)
            out.flush()
            os.fsync(out.fileno())

    def _succeed(self) -> None:
        self._fault, self._taken = "", True

    def _installed(self) -> str | None:
        """Return which certificate is there with its own key, None for none."""
        files = self._folder / _KEY, self._folder / _CERTIFICATE
        try:
            chain = files[1].read_bytes()
        except OSError:
            return None
        return None if _fault_of(*files) else _id_of(chain)


def _id_of(chain: bytes) -> str:
    return hashlib.sha256(chain).hexdigest()


def _fault_of(key: Path, chain: Path) -> str | None:
    """Return what keeps these two files from being a certificate with its key, None for nothing."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password=_no_password)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
    return None


def _no_password() -> str:
    raise ValueError("the key has a password")

"""The question to `auth-token-verifier`, and what counts as a yes.

`POST <url>`, a form of exactly three fields with its length: sessionId, authenticationToken, clientAddress. Yes is
HTTP 200 and `<auth result="yes"><username>U</username></auth>`. Everything else is a refusal, never an admission:
another status, no XML, an empty name, an answer that is too long or late, nobody who answers.
"""

from __future__ import annotations

import http.client
import queue
import ssl
import threading
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

_MAX_BYTES = 64 * 1024
_UNANSWERED = "This desktop cannot check your link now. Go back to the meeting page and open the desktop again."
_UNTOLD = "This desktop does not accept your link. Go back to the meeting page and open the desktop again."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a question: a user, or none and what the person reads; `reason` is for the log."""

    user: str | None
    message: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verifier:
    """Asks one verifier. An empty URL is DCV's own verifier, which knows no token that this project makes."""

    url: str
    timeout_s: float
    ca_file: str = ""
    strict: bool = True

    def ask(self, session: str, token: str, address: str) -> Verdict:
        """Ask about a token; the whole exchange takes `timeout_s` at most."""
        if not self.url:
            return Verdict(None, _UNTOLD, "no auth-token-verifier is set")
        answers: queue.SimpleQueue[Verdict] = queue.SimpleQueue()
        form = urlencode({"sessionId": session, "authenticationToken": token, "clientAddress": address})
        threading.Thread(target=lambda: answers.put(self._exchange(form)), daemon=True).start()
        try:
            return answers.get(timeout=self.timeout_s)
        except queue.Empty:
            return self._late()

    def _exchange(self, form: str) -> Verdict:
        try:
            status, body = self._post(form)
        except TimeoutError:
            return self._late()
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Verdict(None, _UNANSWERED, f"the verifier cannot be asked ({type(error).__name__}: {error})")
        if status != http.client.OK:
            return Verdict(None, _UNANSWERED, f"the verifier answered with status {status}")
        return judge(body)

    def _late(self) -> Verdict:
        return Verdict(None, _UNANSWERED, f"the verifier has not answered within {self.timeout_s:g} s")

    def _post(self, form: str) -> tuple[int, bytes]:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{self.url} is no http or https address")
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca_file or None)
            if not self.strict:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=self.timeout_s, context=context
            )  # type: http.client.HTTPConnection
        else:
            connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=self.timeout_s)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})
            response = connection.getresponse()
            return response.status, response.read(_MAX_BYTES + 1)
        finally:
            connection.close()


def judge(body: bytes) -> Verdict:
    """Read a verifier's answer."""
    if len(body) > _MAX_BYTES or b"<!DOCTYPE" in body:
        return Verdict(None, _UNANSWERED, "the verifier's answer is too long or defines its own document type")
    try:
        answer = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        return Verdict(None, _UNANSWERED, f"the verifier's answer is no XML ({error})")
    if answer.tag != "auth" or answer.get("result") not in {"yes", "no"}:
        return Verdict(None, _UNANSWERED, "the verifier's answer is neither yes nor no")
    if answer.get("result") == "no":
        message = (answer.findtext("message") or "").strip()
        return Verdict(None, message or _UNTOLD, f"the verifier says no: {message}")
    user = (answer.findtext("username") or "").strip()
    return Verdict(user) if user else Verdict(None, _UNANSWERED, "the verifier says yes and names no user")

"""Cloudflare's API, as far as one zone's records go: requests, what is refused, and when to ask nothing.

Cloudflare blocks a user for five minutes who goes over its limit, so calls are few (batches), they stop shortly before
the limit, and a wait is respected at once, by every function, instead of being waited for. Nor is a silence waited out
again and again: a function's time is short, and desktops must be ended while names cannot be changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import requests

from chalicelib import log
from chalicelib.adapters.dns.waiting import LONGEST, TableWait, Wait
from chalicelib.adapters.secrets import SecretToken
from chalicelib.domain.errors import DnsError, Unavailable

_REFUSED_TOKEN = frozenset({10000, 9109, 9103, 6003})
_TIMEOUT_S = (3.05, 10)
_PAUSES_S = (0.3, 1.0)
_LONGEST_WAIT_S = 2.0
_SILENCE = timedelta(seconds=60)
_BLOCK_S = 300.0
_QUOTA = 1200
_RESERVE = 20
_LIMITS = re.compile(r'"([^"]*)"((?:\s*;\s*[a-z]+=\d+)*)')


class ZoneApi:
    """The records of one zone, as they are asked for."""

    def __init__(
        self,
        api_url: str,
        zone_id: str,
        token: SecretToken,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        shared: TableWait | None = None,
    ) -> None:
        """Take the clock (UTC), the pauses, and what other containers are told of a wait by, None for nobody."""
        self._url = f"{api_url}/zones/{zone_id}/dns_records"
        self._zone_id = zone_id
        self._token = token
        self._clock = clock
        self._sleep = sleep
        self._session = requests.Session()
        self._shared = shared
        self._asks_others = shared is not None
        self._wait: Wait | None = None

    def call(self, method: str, path: str = "", **content: Any) -> dict[str, Any]:
        """Call the API; try again after a passing failure, and once with the token that the secret holds now.

        Raises:
            Unavailable: no answer, a 5xx that stays, or a block for too many requests.
            DnsError: Cloudflare refused the request, with a 200 that says `success: false` too.
            ConfigError: the secret holds no token.
        """
        self._respect_wait()
        renewed = False
        pauses = iter(_PAUSES_S)
        while True:
            answer = self._send(method, path, **content)
            self._heed_allowance(answer)
            pause = self._pause_after(answer, pauses)
            if pause is not None:
                self._sleep(pause)
                continue
            if isinstance(answer, Exception):
                raise Unavailable(f"Cloudflare did not answer {method} for zone {self._zone_id}: {answer}") from answer
            if answer.status_code == 429 or answer.status_code >= 500:
                raise Unavailable(f"Cloudflare answered {method} for zone {self._zone_id} with {answer.status_code}.")
            reply = _json(answer)
            if answer.ok and reply.get("success") is True:
                return reply
            refused = Refused(f"{method} for zone {self._zone_id}", answer.status_code, reply.get("errors"))
            if not refused.is_of_token:
                raise refused
            if renewed or not self._token.renew():
                raise DnsError(
                    f"{refused}. Cloudflare does not accept the token in {self._token.name}, or it may not do this: "
                    "store one there that has Zone → DNS → Edit for this zone; it is read again within a minute."
                )
            renewed = True

    def _send(self, method: str, path: str, **content: Any) -> requests.Response | requests.RequestException:
        headers = {"Authorization": f"Bearer {self._token.get()}"}
        try:
            return self._session.request(method, self._url + path, headers=headers, timeout=_TIMEOUT_S, **content)
        except requests.RequestException as error:
            return error

    def _pause_after(
        self, answer: requests.Response | requests.RequestException, pauses: Iterator[float]
    ) -> float | None:
        """Return how long to wait before the next try, None where there is to be none."""
        if isinstance(answer, requests.Response):
            if answer.status_code == 429:
                wait_s = _retry_after_s(answer)
                if wait_s > _LONGEST_WAIT_S:
                    self._let_all_wait(wait_s, "too many were made")
                    return None
                return wait_s if next(pauses, None) is not None else None
            if answer.status_code < 500:
                return None
        elif isinstance(answer, requests.Timeout):
            next(pauses, None)  # a silence takes long itself, so there is one more try and not two
            pause = next(pauses, None)
            if pause is None:
                self._wait = Wait(self._clock() + _SILENCE, "it did not answer the last one")
            return pause
        return next(pauses, None)

    def _heed_allowance(self, answer: requests.Response | requests.RequestException) -> None:
        """Stop for now where an answer says that little is left of what Cloudflare allows."""
        if isinstance(answer, requests.Response) and answer.status_code != 429:
            wait_s = _allowance_returns_in_s(answer)
            if wait_s:
                self._let_all_wait(wait_s, "next to nothing is left of what it allows")

    def _let_all_wait(self, wait_s: float, why: str) -> None:
        self._wait = wait = Wait(self._clock() + min(timedelta(seconds=wait_s), LONGEST), why)
        log.warn(log.Warn.DNS_WAIT, why=why, until=wait.until)
        if self._shared and wait_s > _LONGEST_WAIT_S:
            self._shared.note(wait)

    def _respect_wait(self) -> None:
        """Refuse to ask while there is a wait: one met here, or one that another container has noted.

        What others have noted is read before a container's first call, and after each wait. In between, each answer
        tells what is left of the allowance that all share.
        """
        if self._wait and self._clock() >= self._wait.until:
            self._wait, self._asks_others = None, True
        if self._wait is None and self._asks_others and self._shared:
            self._wait, self._asks_others = self._shared.standing(), False
        if self._wait:
            until = f"{self._wait.until:%H:%M:%S} UTC"
            raise Unavailable(f"Cloudflare is sent no requests until {until}: {self._wait.why}.")


class Refused(DnsError):
    """Cloudflare's own refusal, with its error codes."""

    def __init__(self, what: str, status: int, errors: object) -> None:
        listed = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
        self.codes = {error.get("code") for error in listed}
        said = "; ".join(f"{error.get('code')} {error.get('message')}" for error in listed) or "no reason given"
        # It has many spellings: HTTP 401 and 403 mean it whatever their code, some codes whatever their status.
        self.is_of_token = status in (401, 403) or bool(self.codes & _REFUSED_TOKEN)
        super().__init__(f"Cloudflare refused {what} with HTTP {status}: {said}")


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        reply = answer.json()
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}


def _retry_after_s(answer: requests.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), LONGEST.total_seconds()) if text.isdecimal() else _BLOCK_S


def _allowance_returns_in_s(answer: requests.Response) -> int:
    """Return in how many seconds an allowance is whole again that is nearly used up, 0 where none is.

    A twentieth of each is left alone: for calls that are on their way, and for the operator's own.
    """
    quotas = {name: values.get("q") for name, values in _limits(answer, "Ratelimit-Policy")}
    return max(
        (
            values.get("t", 0)
            for name, values in _limits(answer, "Ratelimit")
            if values.get("r", _QUOTA) * _RESERVE <= (quotas.get(name) or _QUOTA)
        ),
        default=0,
    )


def _limits(answer: requests.Response, header: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield the limits that a header lists, like `"default";r=50;t=30`, by their names."""
    for name, values in _LIMITS.findall(answer.headers.get(header, "")):
        yield name, {key: int(number[:9]) for key, number in re.findall(r"([a-z]+)=(\d+)", values)}

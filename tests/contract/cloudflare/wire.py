"""The Cloudflare adapter before a script of answers, and what its suites share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from chalicelib.adapters.dns.cloudflare import CloudflareDns
from chalicelib.adapters.dns.waiting import TableWait
from chalicelib.adapters.secrets import SecretToken
from chalicelib.domain.model import DnsRecord
from localcloud.clock import VirtualClock
from localcloud.cloudflare import DOMAIN, ZONE_ID
from localcloud.ledger import Ledger
from tests.contract.conftest import Account

SECRET = "prod/elephant/cloudflare"
NAME = f"i-1.{DOMAIN}"
RECORD = DnsRecord(NAME, "203.0.113.1", "m1")

Reply = tuple[int, dict[str, str], str]


def success(result: Any, **more: Any) -> Reply:
    return 200, {}, json.dumps({"success": True, "errors": [], "result": result, **more})


def refusal(status: int, code: int, message: str = "No.") -> Reply:
    errors = [{"code": code, "message": message}]
    return status, {}, json.dumps({"success": False, "errors": errors, "result": None})


DOWN: Reply = (502, {}, "<html>502 Bad Gateway</html>")
CREATED = success({"id": "r1"})
NONE = success([])


def limited(wait_s: str | None) -> Reply:
    return 429, {} if wait_s is None else {"Retry-After": wait_s}, "{}"


@dataclass
class Asked:
    """One request, as it came over the wire."""

    method: str
    path: str
    query: dict[str, list[str]]
    token: str
    body: Any


@dataclass
class Script:
    """A server that gives these answers, in this order."""

    replies: list[Reply] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.asked.append(
            Asked(
                method=environ["REQUEST_METHOD"],
                path=environ["PATH_INFO"],
                query=parse_qs(environ["QUERY_STRING"]),
                token=environ.get("HTTP_AUTHORIZATION", ""),
                body=json.loads(body) if body else None,
            )
        )
        status, headers, text = self.replies.pop(0) if self.replies else (418, {}, "The script is over.")
        start_response(f"{status} -", [("Content-Type", "application/json"), *headers.items()])
        return [text.encode()]


@dataclass
class Wire:
    """The adapter before a script, with its token in a secret; its pauses are only noted."""

    script: Script
    dns: CloudflareDns
    account: Account
    sleeps: list[float]
    url: str

    def plays(self, *replies: Reply) -> None:
        """Let the next answers be these."""
        self.script.replies = list(replies)

    def shows(self, count: int) -> list[DnsRecord]:
        """Let the adapter list this many records of its own, as its latest listing."""
        self.plays(success([in_zone(f"r{n}", record) for n, record in enumerate(records(count))]))
        listed = self.dns.owned()
        self.asked.clear()
        return listed

    @property
    def asked(self) -> list[Asked]:
        """What was asked of Cloudflare."""
        return self.script.asked

    @property
    def fetched(self) -> int:
        """How often the secret was read."""
        return len(self.account.requests.to("GetSecretValue"))


def adapter(
    url: str,
    account: Account,
    clock: VirtualClock,
    sleeps: list[float],
    installation: str | None = None,
    shared: TableWait | None = None,
) -> CloudflareDns:
    return CloudflareDns(
        api_url=url,
        zone_id=ZONE_ID,
        token=SecretToken(lambda: account.watched_client("secretsmanager"), SECRET, clock.now),
        stage="dev",
        installation=installation,
        clock=clock.now,
        sleep=sleeps.append,
        shared=shared,
    )


def store(account: Account, text: str) -> None:
    """Put this text into the secret, whether or not there is one."""
    client = account.client("secretsmanager")
    try:
        client.create_secret(Name=SECRET, SecretString=text)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=SECRET, SecretString=text)


def lose_answer_to_next_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next request that changes something arrive, and its answer not."""
    send = requests.Session.request
    lost: list[str] = []

    def request(session: requests.Session, method: str, *args: Any, **kwargs: Any) -> requests.Response:
        answer = send(session, method, *args, **kwargs)
        if method != "GET" and not lost:
            lost.append(method)
            raise requests.ReadTimeout("The answer was lost.")
        return answer

    monkeypatch.setattr(requests.Session, "request", request)


def operations(ledger: Ledger) -> list[str]:
    return [call.operation for call in ledger.calls]


def in_zone(id_: str, record: DnsRecord) -> dict[str, Any]:
    """Return a record of ours as Cloudflare lists it."""
    mark = f"elephant:dev:{record.meeting_id}"
    return {"id": id_, "type": "A", "name": record.name, "content": record.address, "comment": mark}


def records(count: int) -> list[DnsRecord]:
    return [DnsRecord(f"i-{n}.{DOMAIN}", f"10.0.{n // 250}.{n % 250 + 1}", f"m{n // 2}") for n in range(count)]

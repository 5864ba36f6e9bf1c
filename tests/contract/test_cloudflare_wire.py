"""What the Cloudflare adapter asks for, and what it makes of each answer, its token's secret included."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from chalicelib.dns.cloudflare import CloudflareDns
from chalicelib.dns.token import SecretToken
from chalicelib.errors import ConfigError, DnsError, Unavailable
from chalicelib.model import DnsRecord
from localcloud import cloudflare as stand_in
from localcloud.clock import VirtualClock
from localcloud.cloudflare import DOMAIN, TOKEN, ZONE_ID, Cloudflare
from localcloud.ledger import Ledger
from localcloud.server import Server

from .conftest import NO_NETWORK, Account

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

    def plays(self, *replies: Reply) -> None:
        """Let the next answers be these."""
        self.script.replies = list(replies)

    @property
    def asked(self) -> list[Asked]:
        """What was asked of Cloudflare."""
        return self.script.asked

    @property
    def fetched(self) -> int:
        """How often the secret was read."""
        return len(self.account.requests.to("GetSecretValue"))


def adapter(url: str, account: Account, clock: VirtualClock, sleeps: list[float]) -> CloudflareDns:
    return CloudflareDns(
        api_url=url,
        zone_id=ZONE_ID,
        token=SecretToken(lambda: account.watched_client("secretsmanager"), SECRET),
        stage="dev",
        clock=clock.now,
        sleep=sleeps.append,
    )


def store(account: Account, text: str) -> None:
    """Put this text into the secret, whether or not there is one."""
    client = account.client("secretsmanager")
    try:
        client.create_secret(Name=SECRET, SecretString=text)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=SECRET, SecretString=text)


@pytest.fixture
def wire(account: Account, clock: VirtualClock) -> Iterator[Wire]:
    store(account, json.dumps({"CLOUDFLARE_TOKEN": "t1"}))
    script, sleeps = Script(), list[float]()
    server = Server(script)
    yield Wire(script, adapter(f"{server.url}/client/v4", account, clock, sleeps), account, sleeps)
    server.stop()


@pytest.fixture
def dns(cloudflare: Cloudflare, account: Account, clock: VirtualClock) -> CloudflareDns:
    """The adapter before the stand-in for Cloudflare."""
    store(account, json.dumps({"CLOUDFLARE_TOKEN": TOKEN}))
    return adapter(cloudflare.url, account, clock, [])


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


def records(count: int) -> list[DnsRecord]:
    return [DnsRecord(f"i-{n}.{DOMAIN}", f"10.0.{n // 250}.{n % 250 + 1}", f"m{n // 2}") for n in range(count)]


class TestRecord:
    def test_is_proxied_with_an_automatic_ttl_and_marked_as_ours(
        self, dns: CloudflareDns, cloudflare: Cloudflare
    ) -> None:
        dns.publish([RECORD])
        [found] = cloudflare.named(NAME)
        assert {name: found[name] for name in ("type", "content", "proxied", "ttl", "comment")} == {
            "type": "A",
            "content": "203.0.113.1",
            "proxied": True,
            "ttl": 1,
            "comment": "elephant:dev:m1",
        }

    def test_is_the_same_when_it_was_published_in_a_batch_or_changed(
        self, dns: CloudflareDns, cloudflare: Cloudflare
    ) -> None:
        other = DnsRecord(f"i-2.{DOMAIN}", "203.0.113.2", "m1")
        dns.publish([RECORD, other])
        dns.publish([DnsRecord(NAME, "203.0.113.9", "m1"), other])
        for number, address in ((1, "203.0.113.9"), (2, "203.0.113.2")):
            [found] = cloudflare.named(f"i-{number}.{DOMAIN}")
            assert (found["content"], found["proxied"], found["ttl"], found["comment"]) == (
                address,
                True,
                1,
                "elephant:dev:m1",
            )

    def test_goes_to_its_zone_with_the_token(self, wire: Wire) -> None:
        wire.plays(CREATED)
        wire.dns.publish([RECORD])
        [asked] = wire.asked
        assert (asked.method, asked.path) == ("POST", f"/client/v4/zones/{ZONE_ID}/dns_records")
        assert asked.token == "Bearer t1"

    def test_a_long_meeting_id_is_cut_to_the_hundred_characters_of_a_comment(
        self, dns: CloudflareDns, cloudflare: Cloudflare
    ) -> None:
        meeting_id = "m" * 200
        dns.publish([DnsRecord(NAME, "203.0.113.1", meeting_id)])
        [found] = cloudflare.named(NAME)
        assert found["comment"] == "elephant:dev:" + "m" * 87
        assert [owned.name for owned in dns.owned()] == [NAME]
        dns.withdraw([DnsRecord(NAME, meeting_id=meeting_id)])
        assert cloudflare.records == {}


class TestSameName:
    """Cloudflare lets several A records share a name, each with its address, and answers with all of them.

    It refuses only an identical one, and a CNAME beside anything. So that a record could be created
    does not mean that the name leads to one address, or that it was nobody else's.
    """

    @pytest.mark.parametrize("kind", ["A", "AAAA", "CNAME"])
    def test_a_foreign_record_of_the_name_is_not_joined(
        self, dns: CloudflareDns, cloudflare: Cloudflare, kind: str
    ) -> None:
        content = {"A": "192.0.2.1", "AAAA": "2001:db8::1", "CNAME": "elsewhere.example.net"}[kind]
        foreign = cloudflare.add(type=kind, name=NAME, content=content)
        with pytest.raises(DnsError, match=NAME):
            dns.publish([RECORD], mend=True)
        assert cloudflare.named(NAME) == [foreign]

    def test_another_kind_of_record_beside_it_makes_no_difference_the_second_time(
        self, dns: CloudflareDns, cloudflare: Cloudflare
    ) -> None:
        cloudflare.add(type="TXT", name=NAME, content="somebody's proof of ownership")
        outcomes = []
        for _ in range(2):
            try:
                dns.publish([RECORD])
            except DnsError:
                outcomes.append("refused")
            else:
                outcomes.append("published")
        assert outcomes[0] == outcomes[1]


class TestPassingFailures:
    @pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 522])
    def test_a_5xx_is_tried_again_after_a_pause(self, wire: Wire, status: int) -> None:
        wire.plays((status, {}, "oops"), CREATED)
        wire.dns.publish([RECORD])
        assert len(wire.asked) == 2
        assert wire.asked[0] == wire.asked[1]
        assert len(wire.sleeps) == 1

    def test_the_pauses_grow(self, wire: Wire) -> None:
        wire.plays(DOWN, DOWN, CREATED)
        wire.dns.publish([RECORD])
        first, second = wire.sleeps
        assert 0 < first < second

    def test_a_5xx_that_stays_is_unavailable(self, wire: Wire) -> None:
        wire.plays(*[DOWN] * 10)
        with pytest.raises(Unavailable, match=r"Cloudflare.*502"):
            wire.dns.publish([RECORD])
        assert len(wire.asked) == 3
        assert sum(wire.sleeps) < 3  # a handler's time is short

    @pytest.mark.parametrize(
        "act",
        [
            lambda dns: dns.publish([RECORD, DnsRecord(f"i-2.{DOMAIN}", "203.0.113.2", "m1")]),
            lambda dns: dns.withdraw([DnsRecord(NAME, meeting_id="m1")]),
            lambda dns: dns.withdraw([DnsRecord(NAME, handle="r1")]),
            lambda dns: dns.owned(),
        ],
        ids=["publish", "withdraw by name", "withdraw what was listed", "owned"],
    )
    def test_every_method_may_find_it_unavailable(self, wire: Wire, act: Callable[[CloudflareDns], object]) -> None:
        wire.plays(*[DOWN] * 10)
        with pytest.raises(Unavailable):
            act(wire.dns)

    @pytest.mark.parametrize("others", [0, 2])
    def test_what_was_done_without_an_answer_is_done(
        self, dns: CloudflareDns, cloudflare: Cloudflare, monkeypatch: pytest.MonkeyPatch, others: int
    ) -> None:
        wanted = [RECORD, *records(4)[2 : 2 + others]]
        lose_answer_to_next_change(monkeypatch)
        dns.publish(wanted)
        assert {r["name"]: r["content"] for r in cloudflare.records.values()} == {r.name: r.address for r in wanted}
        listed = dns.owned()
        lose_answer_to_next_change(monkeypatch)
        dns.withdraw(listed)
        assert cloudflare.records == {}

    def test_no_network_is_unavailable_after_the_same_tries(
        self, wire: Wire, account: Account, clock: VirtualClock
    ) -> None:
        server = Server(Script())
        server.stop()
        dns = adapter(server.url, account, clock, wire.sleeps)
        with pytest.raises(Unavailable, match=ZONE_ID):
            dns.owned()
        assert len(wire.sleeps) == 2

    @pytest.mark.parametrize("error", [requests.ConnectionError, requests.ReadTimeout, requests.exceptions.SSLError])
    def test_a_request_that_fails_on_its_way_is_tried_again(
        self, wire: Wire, monkeypatch: pytest.MonkeyPatch, error: type[requests.RequestException]
    ) -> None:
        wire.plays(CREATED)
        send, failures = requests.Session.request, [error("lost")]

        def fail_once(*args: Any, **kwargs: Any) -> requests.Response:
            if failures:
                raise failures.pop()
            return send(*args, **kwargs)

        monkeypatch.setattr(requests.Session, "request", fail_once)
        wire.dns.publish([RECORD])
        assert (len(wire.asked), len(wire.sleeps)) == (1, 1)

    def test_a_silence_is_waited_out_twice_and_then_left_alone_for_a_minute(
        self, wire: Wire, monkeypatch: pytest.MonkeyPatch, clock: VirtualClock
    ) -> None:
        tried: list[str] = []

        def hang(_: requests.Session, method: str, *args: Any, **kwargs: Any) -> requests.Response:
            tried.append(method)
            raise requests.ReadTimeout("silence")

        with monkeypatch.context() as silent:
            silent.setattr(requests.Session, "request", hang)
            for _ in range(20):
                with pytest.raises(Unavailable):
                    wire.dns.owned()
            assert len(tried) == 2
            clock.sleep(60)
            with pytest.raises(Unavailable):
                wire.dns.owned()
            assert len(tried) == 4
        clock.sleep(60)
        wire.plays(NONE)
        assert wire.dns.owned() == []

    def test_no_request_waits_for_ever(self, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
        send = requests.Session.request
        timeouts: list[Any] = []

        def keep_timeout(*args: Any, **kwargs: Any) -> requests.Response:
            timeouts.append(kwargs.get("timeout"))
            return send(*args, **kwargs)

        monkeypatch.setattr(requests.Session, "request", keep_timeout)
        wire.plays(NONE)
        wire.dns.owned()
        [(connect_s, read_s)] = timeouts
        assert 0 < connect_s < read_s <= 10


class TestLimit:
    def test_a_short_wait_is_waited_for(self, wire: Wire) -> None:
        wire.plays(limited("1"), CREATED)
        wire.dns.publish([RECORD])
        assert wire.sleeps == [1]
        assert len(wire.asked) == 2

    def test_short_waits_without_end_are_unavailable(self, wire: Wire) -> None:
        wire.plays(*[limited("1")] * 10)
        with pytest.raises(Unavailable, match="429"):
            wire.dns.publish([RECORD])
        assert len(wire.asked) == 3

    def test_a_long_wait_is_not_waited_for(self, wire: Wire) -> None:
        wire.plays(limited("120"), CREATED)
        with pytest.raises(Unavailable):
            wire.dns.publish([RECORD])
        assert (len(wire.asked), wire.sleeps) == (1, [])

    def test_nothing_is_asked_until_it_is_over(self, wire: Wire, clock: VirtualClock) -> None:
        wire.plays(limited("120"), *[NONE] * 10)
        acts: list[Callable[[], object]] = [
            lambda: wire.dns.publish([RECORD]),
            lambda: wire.dns.withdraw([DnsRecord(NAME, meeting_id="m1")]),
            lambda: wire.dns.withdraw([DnsRecord(NAME, handle="r1")]),
            wire.dns.owned,
        ]
        for seconds in (0, 60, 59):
            clock.sleep(seconds)
            for act in acts:
                with pytest.raises(Unavailable):
                    act()
        assert len(wire.asked) == 1
        clock.sleep(1)
        wire.dns.owned()
        wire.dns.owned()
        assert len(wire.asked) == 3

    def test_the_refusal_says_until_when(self, wire: Wire) -> None:
        wire.plays(limited("120"))
        with pytest.raises(Unavailable):
            wire.dns.owned()
        with pytest.raises(Unavailable, match=r"15:02:00 UTC"):
            wire.dns.owned()

    @pytest.mark.parametrize("wait_s", [None, "soon", "Sun, 01 Mar 2026 15:05:00 GMT"])
    def test_a_block_without_seconds_lasts_the_five_minutes_that_cloudflare_blocks(
        self, wire: Wire, clock: VirtualClock, wait_s: str | None
    ) -> None:
        wire.plays(limited(wait_s), NONE)
        for seconds in (0, 299):
            clock.sleep(seconds)
            with pytest.raises(Unavailable):
                wire.dns.owned()
        clock.sleep(1)
        assert wire.dns.owned() == []
        assert len(wire.asked) == 2

    def test_a_block_that_follows_another_failure_is_respected_too(self, wire: Wire) -> None:
        wire.plays(DOWN, limited("120"), NONE)
        for _ in range(2):
            with pytest.raises(Unavailable):
                wire.dns.owned()
        assert len(wire.asked) == 2

    def test_a_block_that_is_renewed_lasts_anew(self, wire: Wire, clock: VirtualClock) -> None:
        wire.plays(limited("120"), limited("60"), NONE)
        for seconds in (0, 120, 59):
            clock.sleep(seconds)
            with pytest.raises(Unavailable):
                wire.dns.owned()
        clock.sleep(1)
        wire.dns.owned()
        assert len(wire.asked) == 3

    def test_the_real_limit_is_kept_to_once_it_was_met(
        self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger, clock: VirtualClock
    ) -> None:
        cloudflare._recent.extend([clock.now()] * stand_in._LIMIT)
        for _ in range(5):
            with pytest.raises(Unavailable):
                dns.owned()
        assert len(ledger.calls) == 1
        clock.sleep(300)
        assert dns.owned() == []


class TestRefusals:
    @pytest.mark.parametrize("status", [200, 400, 403, 409])
    def test_a_refusal_is_a_failure_whatever_its_status(self, wire: Wire, status: int) -> None:
        wire.plays(*[refusal(status, 9005, "Content for A record must be a valid IPv4 address.")] * 9)
        with pytest.raises(DnsError, match="9005 Content for A record must be a valid IPv4 address"):
            wire.dns.publish([RECORD])
        assert wire.sleeps == []

    @pytest.mark.parametrize(
        "act",
        [
            lambda dns: dns.publish([RECORD]),
            lambda dns: dns.publish([RECORD, DnsRecord(f"i-2.{DOMAIN}", "203.0.113.2", "m1")]),
            lambda dns: dns.withdraw([DnsRecord(NAME, meeting_id="m1")]),
            lambda dns: dns.withdraw([DnsRecord(NAME, handle="r1")]),
            lambda dns: dns.withdraw([DnsRecord(NAME, handle="r1"), DnsRecord(NAME, handle="r2")]),
            lambda dns: dns.owned(),
        ],
        ids=["publish", "publish several", "withdraw by name", "withdraw", "withdraw several", "owned"],
    )
    def test_no_method_takes_a_refusal_with_a_200_for_done(
        self, wire: Wire, act: Callable[[CloudflareDns], object]
    ) -> None:
        wire.plays(*[refusal(200, 1000)] * 9)
        with pytest.raises(DnsError):
            act(wire.dns)

    @pytest.mark.parametrize("text", ["", "null", "[]", "<html>captive portal</html>", '{"result": []}'])
    def test_an_answer_that_does_not_say_success_is_a_failure(self, wire: Wire, text: str) -> None:
        wire.plays(*[(200, {}, text)] * 9)
        with pytest.raises((DnsError, Unavailable), match="Cloudflare"):
            wire.dns.owned()

    def test_a_refusal_without_errors_is_still_told(self, wire: Wire) -> None:
        wire.plays(*[(400, {}, '{"success": false, "errors": null}')] * 9)
        with pytest.raises(DnsError, match="400"):
            wire.dns.publish([RECORD])


class TestToken:
    def test_is_fetched_when_it_is_first_needed_and_once(self, wire: Wire) -> None:
        assert wire.fetched == 0
        wire.plays(NONE, NONE, NONE)
        for _ in range(3):
            wire.dns.owned()
        assert wire.fetched == 1

    def test_a_wrong_one_is_fetched_anew_once(self, wire: Wire) -> None:
        wire.plays(*[refusal(403, 10000, "Authentication error")] * 9)
        with pytest.raises(DnsError, match="10000 Authentication error"):
            wire.dns.owned()
        assert (len(wire.asked), wire.fetched, wire.sleeps) == (2, 2, [])

    def test_one_that_was_changed_works_at_once(self, wire: Wire) -> None:
        wire.plays(NONE)
        wire.dns.owned()
        store(wire.account, json.dumps({"CLOUDFLARE_TOKEN": "t2"}))
        wire.plays(refusal(403, 10000), NONE, NONE)
        wire.dns.owned()
        wire.dns.owned()
        assert [asked.token for asked in wire.asked] == ["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]
        assert wire.fetched == 2

    def test_no_message_shows_it(self, wire: Wire) -> None:
        store(wire.account, json.dumps({"CLOUDFLARE_TOKEN": "very-secret"}))
        for reply in (refusal(403, 10000), refusal(400, 9005), DOWN, limited("120")):
            wire.plays(*[reply] * 9)
            with pytest.raises((DnsError, Unavailable)) as failure:
                wire.dns.owned()
            assert "very-secret" not in str(failure.value)


class TestSecret:
    @pytest.mark.parametrize(
        "content",
        [
            {"CLOUDFLARE_TOKEN": "t9"},
            {"CLOUDFLARE_API_TOKEN": "t9"},
            {"CLOUDFLARE_TOKEN": "t9", "CLOUDFLARE_API_TOKEN": "t9"},
            {"CLOUDFLARE_TOKEN": "", "CLOUDFLARE_API_TOKEN": "t9"},
            {"CLOUDFLARE_TOKEN": None, "CLOUDFLARE_API_TOKEN": "t9"},
            {"CLOUDFLARE_TOKEN": " t9\n", "note": "rotated in May"},
        ],
    )
    def test_has_the_token_under_either_key(self, wire: Wire, content: dict[str, Any]) -> None:
        store(wire.account, json.dumps(content))
        wire.plays(NONE)
        wire.dns.owned()
        assert wire.asked[0].token == "Bearer t9"

    @pytest.mark.parametrize(
        "text",
        [
            '{"TOKEN": "t9"}',
            "{}",
            "t9",
            '"t9"',
            "[]",
            "null",
            '{"CLOUDFLARE_TOKEN": ""}',
            '{"CLOUDFLARE_TOKEN": " "}',
            '{"CLOUDFLARE_TOKEN": 9}',
            '{"CLOUDFLARE_TOKEN": {"value": "t9"}}',
        ],
    )
    def test_one_without_a_token_is_named_with_what_it_should_hold(self, wire: Wire, text: str) -> None:
        store(wire.account, text)
        with pytest.raises(ConfigError, match=f"{SECRET}.*SECRET_ARN.*CLOUDFLARE_TOKEN.*CLOUDFLARE_API_TOKEN"):
            wire.dns.owned()
        assert wire.asked == []

    def test_one_that_is_not_there_is_named(self, wire: Wire) -> None:
        wire.account.client("secretsmanager").delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
        with pytest.raises(ConfigError, match=f"{SECRET}.*SECRET_ARN"):
            wire.dns.owned()

    def test_one_that_holds_no_text_is_named(self, wire: Wire) -> None:
        wire.account.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretBinary=b"t9")
        with pytest.raises(ConfigError, match=SECRET):
            wire.dns.owned()

    def test_one_that_was_corrected_works_at_once(self, wire: Wire) -> None:
        store(wire.account, "{}")
        with pytest.raises(ConfigError):
            wire.dns.owned()
        store(wire.account, json.dumps({"CLOUDFLARE_TOKEN": "t9"}))
        wire.plays(NONE)
        wire.dns.owned()
        assert wire.asked[0].token == "Bearer t9"

    def test_no_message_shows_what_it_holds(self, wire: Wire) -> None:
        store(wire.account, '{"TOKEN": "very-secret"}')
        with pytest.raises(ConfigError) as failure:
            wire.dns.owned()
        assert "very-secret" not in str(failure.value)

    @pytest.mark.parametrize(
        "failure",
        [("ThrottlingException", 400), ("InternalServiceError", 500), ("AccessDeniedException", 400), NO_NETWORK],
        ids=["throttled", "broken", "denied", "no network"],
    )
    def test_one_that_cannot_be_read_now_is_unavailable(self, wire: Wire, failure: Any) -> None:
        wire.account.instead["GetSecretValue"] = failure
        with pytest.raises(Unavailable, match=SECRET):
            wire.dns.owned()
        assert wire.asked == []


class TestBatches:
    def test_hundreds_of_records_take_a_call_for_each_two_hundred(
        self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger
    ) -> None:
        dns.publish(records(450))
        assert operations(ledger).count("change records (batch)") == 3
        assert len(ledger.calls) <= 4
        listed = dns.owned()
        ledger.calls.clear()
        dns.withdraw(listed)
        assert operations(ledger) == ["change records (batch)"] * 3
        assert cloudflare.records == {}

    def test_an_existing_record_in_a_batch_keeps_nothing_from_being_published(
        self, dns: CloudflareDns, cloudflare: Cloudflare
    ) -> None:
        three = records(3)
        dns.publish(three[1:2])
        [before] = cloudflare.records
        dns.publish(three)
        assert {r["name"]: r["content"] for r in cloudflare.records.values()} == {r.name: r.address for r in three}
        assert before in cloudflare.records

    def test_a_record_that_is_gone_in_a_batch_keeps_nothing_from_being_deleted(
        self, dns: CloudflareDns, cloudflare: Cloudflare
    ) -> None:
        dns.publish(records(5))
        listed = dns.owned()
        del cloudflare.records[listed[2].handle or ""]
        dns.withdraw(listed)
        assert cloudflare.records == {}

    def test_a_record_that_is_gone_is_fine_alone_too(self, dns: CloudflareDns, cloudflare: Cloudflare) -> None:
        dns.publish([RECORD])
        listed = dns.owned()
        cloudflare.records.clear()
        dns.withdraw(listed)

    def test_a_batch_that_is_refused_for_another_reason_is_refused(
        self, dns: CloudflareDns, cloudflare: Cloudflare
    ) -> None:
        with pytest.raises(DnsError, match="9005"):
            dns.publish([RECORD, DnsRecord(f"i-2.{DOMAIN}", "not an address", "m1")])

    def test_a_withdrawal_by_name_never_asks_for_more_than_our_own(self, wire: Wire) -> None:
        wire.plays(NONE)
        wire.dns.withdraw([DnsRecord(NAME, meeting_id="m1")])
        [asked] = wire.asked
        assert asked.method == "GET"
        assert asked.query["comment.startswith"][0].startswith("elephant:dev:")


class TestListing:
    def test_takes_a_call_for_each_five_thousand_records(
        self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger
    ) -> None:
        one = cloudflare.add(name=NAME, content="203.0.113.1", comment="elephant:dev:m1")
        names = {f"i-{number}.{DOMAIN}" for number in range(5001)}
        cloudflare.records = {name: one | {"id": name, "name": name} for name in names}
        assert {owned.name for owned in dns.owned()} == names
        assert operations(ledger) == ["list records"] * 2

    def test_asks_for_the_next_page_with_the_same_question(self, wire: Wire) -> None:
        ours = [
            {"id": f"r{n}", "name": f"i-{n}.{DOMAIN}", "content": "10.0.0.1", "comment": "elephant:dev:m1"}
            for n in range(3)
        ]
        wire.plays(*[success([found], result_info={"total_pages": 3}) for found in ours])
        assert [owned.handle for owned in wire.dns.owned()] == ["r0", "r1", "r2"]
        assert [asked.query["page"] for asked in wire.asked] == [["1"], ["2"], ["3"]]
        assert all(asked.query["per_page"] == ["5000"] for asked in wire.asked)
        assert all(asked.query["comment.startswith"] == ["elephant:dev:"] for asked in wire.asked)

    def test_a_failure_on_a_later_page_is_no_end_of_the_list(self, wire: Wire) -> None:
        wire.plays(success([], result_info={"total_pages": 2}), DOWN, DOWN, DOWN)
        with pytest.raises(Unavailable):
            wire.dns.owned()

    def test_does_not_trust_the_filter_with_what_is_ours(self, wire: Wire) -> None:
        """Cloudflare compares comments without regard to case."""
        comments = ["elephant:dev:m1", "ELEPHANT:DEV:m1", "Elephant:dev:m1", None, "elephant:devil:m1"]
        wire.plays(
            success(
                [
                    {"id": f"r{n}", "name": NAME, "content": "10.0.0.1", "comment": comment}
                    for n, comment in enumerate(comments)
                ]
            )
        )
        assert [owned.handle for owned in wire.dns.owned()] == ["r0"]

    def test_a_record_without_a_date_is_of_unknown_age(self, wire: Wire) -> None:
        wire.plays(success([{"id": "r1", "name": NAME, "content": "10.0.0.1", "comment": "elephant:dev:m1"}]))
        [owned] = wire.dns.owned()
        assert owned.created_at is None

    def test_times_are_in_utc(self, wire: Wire) -> None:
        found = {"id": "r1", "name": NAME, "content": "10.0.0.1", "comment": "elephant:dev:m1"}
        wire.plays(success([found | {"created_on": "2026-03-01T07:00:00.5-08:00"}]))
        [owned] = wire.dns.owned()
        assert owned.created_at
        assert owned.created_at.isoformat() == "2026-03-01T15:00:00.500000+00:00"
        assert owned.created_at.utcoffset() == timedelta(0)

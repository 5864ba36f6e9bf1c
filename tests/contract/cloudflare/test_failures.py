"""What the Cloudflare adapter makes of failures that pass, of limits and of refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from chalicelib.adapters.dns.cloudflare import CloudflareDns
from chalicelib.domain.errors import DnsError, Unavailable
from chalicelib.domain.model import DnsRecord
from localcloud.clock import VirtualClock
from localcloud.cloudflare import DOMAIN, ZONE_ID, Cloudflare
from localcloud.ledger import Ledger
from localcloud.server import Server
from tests.contract.cloudflare.wire import (
    CREATED,
    DOWN,
    NAME,
    NONE,
    RECORD,
    Script,
    Wire,
    adapter,
    limited,
    lose_answer_to_next_change,
    records,
    refusal,
)
from tests.contract.conftest import Account


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
            lambda dns: dns.withdraw(records(1)),
            lambda dns: dns.owned(),
        ],
        ids=["publish", "withdraw by name", "withdraw what was listed", "owned"],
    )
    def test_every_method_may_find_it_unavailable(self, wire: Wire, act: Callable[[CloudflareDns], object]) -> None:
        wire.shows(1)
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
        listed = wire.shows(1)
        wire.plays(limited("120"), *[NONE] * 10)
        acts: list[Callable[[], object]] = [
            lambda: wire.dns.publish([RECORD]),
            lambda: wire.dns.withdraw([DnsRecord(NAME, meeting_id="m1")]),
            lambda: wire.dns.withdraw(listed),
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
        cloudflare.use_up()
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
            lambda dns: dns.withdraw(records(1)),
            lambda dns: dns.withdraw(records(2)),
            lambda dns: dns.owned(),
        ],
        ids=["publish", "publish several", "withdraw by name", "withdraw", "withdraw several", "owned"],
    )
    def test_no_method_takes_a_refusal_with_a_200_for_done(
        self, wire: Wire, act: Callable[[CloudflareDns], object]
    ) -> None:
        wire.shows(2)
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

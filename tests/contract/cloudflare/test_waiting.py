"""What is sent to Cloudflare while it asks to wait: nothing, by the container that met it and by those after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import requests

from chalicelib.adapters.dns.cloudflare import CloudflareDns
from chalicelib.adapters.dns.waiting import TableWait, Wait
from chalicelib.domain.errors import Unavailable
from localcloud.clock import VirtualClock
from localcloud.cloudflare import TOKEN, Cloudflare
from localcloud.ledger import Ledger
from tests.contract.cloudflare.wire import NONE, RECORD, Reply, Wire, adapter, limited, operations, records, store
from tests.contract.conftest import Account
from tests.contract.state.conftest import TABLE, table

__all__ = ["table"]

Containers = Callable[[], CloudflareDns]


@pytest.fixture
def container(cloudflare: Cloudflare, account: Account, clock: VirtualClock, table: object) -> Containers:
    """Make the adapters of containers of one stage, before the stand-in for Cloudflare."""
    store(account, json.dumps({"CLOUDFLARE_TOKEN": TOKEN}))
    client = account.watched_client("dynamodb")

    def make() -> CloudflareDns:
        return adapter(cloudflare.url, account, clock, [], shared=TableWait(client, TABLE, clock.now))

    return make


def told(ratelimit: str, policy: str = '"default";q=1200;w=300') -> Reply:
    """Return an empty listing that says what is left of the allowance."""
    status, _, text = NONE
    return status, {"Ratelimit": ratelimit, "Ratelimit-Policy": policy}, text


class TestAllowance:
    @pytest.mark.parametrize(
        "answer",
        [
            told('"default";r=60;t=30'),
            told('"default"; r=0; t=30'),
            told('"default";r=60;t=30', policy=""),
            told('"burst";r=5;t=30', policy='"burst";q=100;w=60'),
            told('"other";r=900;t=299, "default";r=3;t=30', policy='"other";q=1000;w=300, "default";q=1200;w=300'),
        ],
    )
    def test_that_is_nearly_used_up_is_waited_for(self, wire: Wire, clock: VirtualClock, answer: Reply) -> None:
        wire.plays(answer, NONE)
        assert wire.dns.owned() == [], "what was answered counts all the same"
        for seconds in (0, 29):
            clock.sleep(seconds)
            with pytest.raises(Unavailable, match="15:00:30 UTC"):
                wire.dns.publish([RECORD])
        assert len(wire.asked) == 1
        clock.sleep(1)
        assert wire.dns.owned() == []

    @pytest.mark.parametrize(
        "answer",
        [
            told('"default";r=61;t=30'),
            told('"burst";r=6;t=1', policy='"burst";q=100;w=60'),
            told('"default";t=30'),
            told('"default"'),
            told("soon", policy="some"),
            told(""),
        ],
    )
    def test_of_which_enough_is_left_is_made_use_of(self, wire: Wire, answer: Reply) -> None:
        wire.plays(answer, NONE)
        for _ in range(2):
            assert wire.dns.owned() == []

    def test_no_function_is_ever_blocked_by_what_the_app_does_itself(
        self, container: Containers, cloudflare: Cloudflare, ledger: Ledger
    ) -> None:
        cloudflare.use_up(left=76)
        for _ in range(60):
            try:
                container().owned()
            except Unavailable:
                continue
        assert {call.status for call in ledger.calls} == {200}
        assert len(ledger.calls) == 16


class TestOtherContainers:
    def test_ask_nothing_while_one_was_told_to_wait(
        self, container: Containers, cloudflare: Cloudflare, clock: VirtualClock, ledger: Ledger
    ) -> None:
        cloudflare.use_up()
        with pytest.raises(Unavailable):
            container().owned()
        later = container()
        for seconds in (0, 299):
            clock.sleep(seconds)
            for act in (later.owned, lambda: later.publish(records(2)), lambda: later.withdraw(records(1))):
                with pytest.raises(Unavailable, match=r"15:05:00 UTC: too many were made"):
                    act()
        assert [call.status for call in ledger.calls] == [429]
        clock.sleep(1)
        assert later.owned() == []

    def test_read_what_others_met_once_and_again_after_a_wait(
        self, container: Containers, cloudflare: Cloudflare, clock: VirtualClock, account: Account, ledger: Ledger
    ) -> None:
        first = container()
        for _ in range(3):
            first.owned()
        assert len(account.requests.to("GetItem")) == 1
        cloudflare.use_up()
        with pytest.raises(Unavailable):
            first.owned()
        clock.sleep(299)
        TableWait(account.client("dynamodb"), TABLE, clock.now).note(
            Wait(clock.now() + timedelta(minutes=1), "once more")
        )
        clock.sleep(1)
        ledger.calls.clear()
        with pytest.raises(Unavailable, match="once more"):
            first.owned()
        assert ledger.calls == []

    def test_go_on_where_only_one_had_no_answer(
        self, container: Containers, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A network may fail for one alone."""

        def hang(*_: object, **__: object) -> None:
            raise requests.ReadTimeout("silence")

        with monkeypatch.context() as silent:
            silent.setattr(requests.Session, "request", hang)
            with pytest.raises(Unavailable):
                container().owned()
        assert container().owned() == []
        assert operations(ledger) == ["list records"]

    def test_are_not_told_of_a_wait_that_is_over_at_once(self, account: Account, wire: Wire, table: object) -> None:
        wire.plays(limited("1"), limited("2"), limited("1"))
        with pytest.raises(Unavailable):
            wire.dns.owned()
        assert account.requests.to("PutItem") == []

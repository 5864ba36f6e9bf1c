"""Cloudflare's official SDK as a second client: of the stand-in, whose answers must fit it, and beside the adapter.

The SDK is made from Cloudflare's own description of its API. What it sends and understands is no reading of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cloudflare as official
import pytest

from chalicelib.adapters.dns.cloudflare import CloudflareDns
from chalicelib.domain.model import DnsRecord
from localcloud.cloudflare import DOMAIN, TOKEN, ZONE_ID, Cloudflare
from tests.contract.cloudflare.wire import NAME, RECORD, Asked, Wire, records, success

OURS = "elephant:dev:"
NEW: dict[str, Any] = {"type": "A", "name": NAME, "content": "203.0.113.1", "ttl": 1, "proxied": True}


def client(url: str, token: str, *, strict: bool) -> official.Cloudflare:
    """Return the SDK's client, which tries nothing again and heeds no proxy of this machine.

    A strict one refuses an answer that is not as Cloudflare describes it.
    """
    http = official.DefaultHttpxClient(trust_env=False)
    return official.Cloudflare(
        api_token=token, base_url=url, max_retries=0, http_client=http, _strict_response_validation=strict
    )


@pytest.fixture
def sdk(cloudflare: Cloudflare) -> Iterator[Any]:
    """The SDK before the stand-in; for its types each answer may be none, so they are left out here."""
    with client(cloudflare.url, TOKEN, strict=True) as found:
        yield found


class TestStandIn:
    def test_answers_as_the_sdk_understands(self, sdk: Any, cloudflare: Cloudflare) -> None:
        of = sdk.dns.records
        made = of.create(zone_id=ZONE_ID, comment=f"{OURS}m1", **NEW)
        assert made.created_on
        assert (made.name, made.proxied, made.ttl, made.comment) == (NAME, True, 1, f"{OURS}m1")
        read = of.get(dns_record_id=made.id, zone_id=ZONE_ID)
        assert read == made
        edited = of.edit(dns_record_id=made.id, zone_id=ZONE_ID, **NEW | {"content": "203.0.113.9"})
        assert (edited.content, edited.comment) == ("203.0.113.9", made.comment)
        replaced = of.update(dns_record_id=made.id, zone_id=ZONE_ID, **NEW)
        assert (replaced.content, replaced.comment) == ("203.0.113.1", None)
        batch = of.batch(
            zone_id=ZONE_ID,
            deletes=[{"id": made.id}],
            posts=[{"type": "A", "name": f"i-{n}.{DOMAIN}", "content": "203.0.113.2", "ttl": 1} for n in (2, 3)],
        )
        assert [each.id for each in batch.deletes or ()] == [made.id]
        last = [each.id for each in batch.posts or ()][-1]
        assert of.delete(dns_record_id=last, zone_id=ZONE_ID).id == last
        assert [each.name for each in of.list(zone_id=ZONE_ID)] == [f"i-2.{DOMAIN}"]
        assert sdk.user.tokens.verify().status == "active"

    def test_pages_as_the_sdk_pages(self, sdk: Any, dns: CloudflareDns) -> None:
        dns.publish(records(7))
        listed = sdk.dns.records.list(zone_id=ZONE_ID, per_page=3, comment={"startswith": OURS})
        assert [found.name for found in listed] == [record.name for record in records(7)]

    def test_counts_as_the_sdk_asks(self, sdk: Any, cloudflare: Cloudflare) -> None:
        cloudflare.holds = 200
        sdk.dns.records.create(zone_id=ZONE_ID, **NEW)
        usage = sdk.dns.usage.zone.get(zone_id=ZONE_ID)
        assert (usage.record_quota, usage.record_usage) == (200, 1)

    @pytest.mark.parametrize(
        ("act", "error", "code"),
        [
            (lambda sdk: sdk.get(dns_record_id="0" * 32, zone_id=ZONE_ID), official.NotFoundError, 81044),
            (lambda sdk: sdk.create(zone_id=ZONE_ID, **NEW), official.BadRequestError, 81058),
            (lambda sdk: sdk.create(zone_id=ZONE_ID, **NEW | {"content": "no"}), official.BadRequestError, 9005),
            (lambda sdk: sdk.batch(zone_id=ZONE_ID, deletes=[{"id": "x"}] * 201), official.BadRequestError, 1004),
        ],
        ids=["not there", "there already", "no address", "too large a batch"],
    )
    def test_refuses_as_the_sdk_understands(
        self, sdk: Any, act: Callable[[Any], object], error: type[official.APIStatusError], code: int
    ) -> None:
        sdk.dns.records.create(zone_id=ZONE_ID, **NEW)
        with pytest.raises(error) as told:
            act(sdk.dns.records)
        assert [each.code for each in told.value.errors] == [code]

    def test_asks_to_wait_as_the_sdk_understands(self, sdk: Any, cloudflare: Cloudflare) -> None:
        cloudflare.use_up()
        with pytest.raises(official.RateLimitError) as told:
            sdk.dns.records.list(zone_id=ZONE_ID)
        assert told.value.response.headers["Retry-After"] == "300"


class TestBesideTheAdapter:
    def test_it_sees_what_the_adapter_has_published(self, sdk: Any, dns: CloudflareDns) -> None:
        dns.publish(records(3))
        seen = list(sdk.dns.records.list(zone_id=ZONE_ID))
        assert [(each.name, each.content, each.comment, each.proxied) for each in seen] == [
            (record.name, record.address, f"{OURS}{record.meeting_id}", True) for record in records(3)
        ]

    def test_the_adapter_corrects_and_withdraws_what_it_has_published(self, sdk: Any, dns: CloudflareDns) -> None:
        sdk.dns.records.create(zone_id=ZONE_ID, comment=f"{OURS}m1", **NEW)
        [owned] = dns.owned()
        assert owned.created_at
        assert owned[:3] == RECORD[:3]
        dns.repair([DnsRecord(NAME, "203.0.113.9", "m1")])
        assert [each.content for each in sdk.dns.records.list(zone_id=ZONE_ID)] == ["203.0.113.9"]
        dns.withdraw(dns.owned())
        assert list(sdk.dns.records.list(zone_id=ZONE_ID)) == []


class TestRequests:
    """For the same wish, adapter and SDK send the same."""

    def sent(self, wire: Wire, answer: Any, ask: Callable[[], object]) -> Asked:
        wire.asked.clear()
        wire.plays(success(answer))
        ask()
        [asked] = wire.asked
        return asked

    @pytest.fixture
    def other(self, wire: Wire) -> Iterator[official.Cloudflare]:
        """The SDK before the same script, whose answers are not whole."""
        with client(wire.url, "t1", strict=False) as found:
            yield found

    def test_to_create_one(self, wire: Wire, other: official.Cloudflare) -> None:
        ours = self.sent(wire, {"id": "r1"}, lambda: wire.dns.publish([RECORD]))
        create = other.dns.records.create
        assert self.sent(wire, {}, lambda: create(zone_id=ZONE_ID, comment=f"{OURS}m1", **NEW)) == ours

    def test_to_create_several(self, wire: Wire, other: official.Cloudflare) -> None:
        ours = self.sent(wire, {}, lambda: wire.dns.publish(records(2)))
        posts: Any = [
            NEW | {"name": record.name, "content": record.address, "comment": f"{OURS}{record.meeting_id}"}
            for record in records(2)
        ]
        assert self.sent(wire, {}, lambda: other.dns.records.batch(zone_id=ZONE_ID, posts=posts)) == ours

    @pytest.mark.parametrize("count", [1, 2])
    def test_to_delete(self, wire: Wire, other: official.Cloudflare, count: int) -> None:
        listed = wire.shows(count)
        ours = self.sent(wire, {"id": "r0"}, lambda: wire.dns.withdraw(listed))
        of = other.dns.records

        def ask() -> object:
            if count == 1:
                return of.delete(dns_record_id="r0", zone_id=ZONE_ID)
            return of.batch(zone_id=ZONE_ID, deletes=[{"id": f"r{n}"} for n in range(count)])

        assert self.sent(wire, {"id": "r0"}, ask) == ours

    def test_to_list(self, wire: Wire, other: official.Cloudflare) -> None:
        ours = self.sent(wire, [], wire.dns.owned)

        def ask() -> object:
            return other.dns.records.list(zone_id=ZONE_ID, comment={"startswith": OURS}, per_page=5000, page=1)

        assert self.sent(wire, [], ask) == ours

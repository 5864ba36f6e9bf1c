"""What the Cloudflare adapter makes of records: their form, their names, batches and listings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.adapters.dns.cloudflare import CloudflareDns
from chalicelib.domain.errors import DnsError, Unavailable
from chalicelib.domain.model import DnsRecord
from localcloud.cloudflare import DOMAIN, ZONE_ID, Cloudflare
from localcloud.ledger import Ledger
from tests.contract.cloudflare.wire import (
    CREATED,
    DOWN,
    NAME,
    NONE,
    RECORD,
    Wire,
    in_zone,
    operations,
    records,
    success,
)


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
            dns.repair([RECORD])
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


class TestSpelling:
    @pytest.mark.parametrize("spelled", ["i-1.MÜNCHEN.example.com", "I-1.XN--mnchen-3ya.example.com."])
    @pytest.mark.parametrize("others", [0, 1])
    def test_no_record_is_written_again_because_of_it(self, wire: Wire, spelled: str, others: int) -> None:
        """Cloudflare answers in punycode and lower case, whatever it was sent."""
        wanted = [DnsRecord(spelled, "10.0.0.1", "m1"), *records(2)[1 : 1 + others]]
        there = [DnsRecord("i-1.xn--mnchen-3ya.example.com", "10.0.0.1", "m1"), *wanted[1:]]
        wire.plays(success([in_zone(f"r{n}", record) for n, record in enumerate(there)]))
        wire.dns.repair(wanted)
        assert {asked.method for asked in wire.asked} == {"GET"}

    def test_a_name_is_sent_in_its_one_form(self, wire: Wire) -> None:
        wire.plays(CREATED)
        wire.dns.publish([DnsRecord("i-1.München.example.com.", "10.0.0.1", "m1")])
        assert wire.asked[0].body["name"] == "i-1.xn--mnchen-3ya.example.com"


class TestBatches:
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
        [gone] = cloudflare.named(listed[2].name)
        del cloudflare.records[gone["id"]]
        dns.withdraw(listed)
        assert cloudflare.records == {}

    def test_a_record_that_is_gone_is_fine_alone_too(self, dns: CloudflareDns, cloudflare: Cloudflare) -> None:
        dns.publish([RECORD])
        listed = dns.owned()
        cloudflare.records.clear()
        dns.withdraw(listed)

    def test_a_withdrawal_by_name_never_asks_for_more_than_our_own(self, wire: Wire) -> None:
        wire.plays(NONE)
        wire.dns.withdraw([DnsRecord(NAME, meeting_id="m1")])
        [asked] = wire.asked
        assert asked.method == "GET"
        assert asked.query["comment.startswith"][0].startswith("elephant:dev:")


class TestWithdrawalOfWhatWasListed:
    """The ids that the latest listing showed spare a look; where they are out of date, the zone is looked at."""

    def test_takes_one_call_for_all_records_and_all_addresses_of_a_name(
        self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger
    ) -> None:
        for record in (RECORD, DnsRecord(NAME, "203.0.113.9", "m1"), DnsRecord(f"i-2.{DOMAIN}", "203.0.113.2", "m2")):
            dns.publish([record])
        listed = dns.owned()
        ledger.calls.clear()
        dns.withdraw(listed)
        assert operations(ledger) == ["change records (batch)"]
        assert cloudflare.records == {}

    def test_needs_no_more_than_the_name_and_the_meeting(self, wire: Wire) -> None:
        [listed] = wire.shows(1)
        wire.plays(success({"id": "r0"}))
        wire.dns.withdraw([DnsRecord(listed.name, meeting_id=listed.meeting_id)])
        assert [(asked.method, asked.path.rpartition("/")[2]) for asked in wire.asked] == [("DELETE", "r0")]

    def test_takes_nothing_of_another_meeting(self, wire: Wire) -> None:
        [listed] = wire.shows(1)
        wire.plays(NONE, NONE)
        wire.dns.withdraw([DnsRecord(listed.name, meeting_id="m9")])
        assert {asked.method for asked in wire.asked} == {"GET"}

    @pytest.mark.parametrize("count", [1, 3])
    def test_looks_again_where_an_id_has_gone(
        self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger, count: int
    ) -> None:
        """Somebody else has withdrawn a name meanwhile and published it anew."""
        dns.publish(records(count))
        listed = dns.owned()
        [gone] = cloudflare.named(listed[0].name)
        del cloudflare.records[gone["id"]]
        cloudflare.add(name=gone["name"], content="203.0.113.9", comment=gone["comment"])
        ledger.calls.clear()
        dns.withdraw(listed)
        assert cloudflare.records == {}
        assert operations(ledger).count("list records") == 1

    def test_looks_again_for_a_name_that_was_published_since(self, dns: CloudflareDns, cloudflare: Cloudflare) -> None:
        dns.publish([RECORD])
        dns.owned()
        dns.publish([DnsRecord(NAME, "203.0.113.9", "m1")])
        dns.withdraw([DnsRecord(NAME, meeting_id="m1")])
        assert cloudflare.records == {}

    def test_looks_again_where_the_latest_listing_failed(self, wire: Wire) -> None:
        [listed] = wire.shows(1)
        wire.plays(DOWN, DOWN, DOWN, NONE, NONE)
        with pytest.raises(Unavailable):
            wire.dns.owned()
        wire.asked.clear()
        wire.dns.withdraw([listed])
        assert {asked.method for asked in wire.asked} == {"GET"}

    def test_looks_no_further_where_all_has_gone(
        self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger
    ) -> None:
        dns.publish(records(3))
        listed = dns.owned()
        cloudflare.records.clear()
        ledger.calls.clear()
        dns.withdraw(listed)
        assert operations(ledger) == ["change records (batch)", "list records"]


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
        assert [owned.name for owned in wire.dns.owned()] == [f"i-{n}.{DOMAIN}" for n in range(3)]
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
                    {"id": f"r{n}", "name": f"i-{n}.{DOMAIN}", "content": "10.0.0.1", "comment": comment}
                    for n, comment in enumerate(comments)
                ]
            )
        )
        assert [owned.name for owned in wire.dns.owned()] == [f"i-0.{DOMAIN}"]

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

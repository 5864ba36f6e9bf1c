"""How many calls the Cloudflare adapter makes of many changes, where some are refused, and what goes through."""

from __future__ import annotations

import pytest

from chalicelib.adapters.dns.cloudflare import CloudflareDns
from chalicelib.domain.errors import DnsError
from chalicelib.domain.model import DnsRecord
from localcloud.cloudflare import Cloudflare
from localcloud.ledger import Ledger
from tests.contract.cloudflare.wire import Wire, operations, records, refusal, success

BATCH = "change records (batch)"


def spoilt(count: int, *bad: int) -> list[DnsRecord]:
    """Return this many records, of which these cannot be published."""
    return [DnsRecord(r.name, "no address", r.meeting_id) if n in bad else r for n, r in enumerate(records(count))]


def addresses(cloudflare: Cloudflare) -> dict[str, str]:
    return {record["name"]: record["content"] for record in cloudflare.records.values()}


class TestOneBadChange:
    @pytest.mark.parametrize("bad", [0, 77, 199])
    def test_keeps_nothing_else_from_being_published_and_is_named(
        self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger, bad: int
    ) -> None:
        wanted = spoilt(200, bad)
        with pytest.raises(DnsError, match="9005") as told:
            dns.publish(wanted)
        assert addresses(cloudflare) == {r.name: r.address for n, r in enumerate(wanted) if n != bad}
        assert [r.name for r in wanted if f"{r.name} " in str(told.value)] == [wanted[bad].name]
        assert len(ledger.calls) <= 2 * 8 + 1

    @pytest.mark.parametrize("bad", [(3,), (0, 1), (0, 50, 199), (10, 60, 110, 160)])
    def test_so_do_several(
        self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger, bad: tuple[int, ...]
    ) -> None:
        wanted = spoilt(200, *bad)
        with pytest.raises(DnsError) as told:
            dns.repair(wanted)
        assert addresses(cloudflare) == {r.name: r.address for n, r in enumerate(wanted) if n not in bad}
        assert all(wanted[n].name in str(told.value) for n in bad)
        assert len(ledger.calls) <= 2 + len(bad) * 2 * 8

    def test_beside_one_that_exists_already_keeps_nothing_else(
        self, dns: CloudflareDns, cloudflare: Cloudflare
    ) -> None:
        wanted = spoilt(50, 7)
        dns.publish(wanted[20:22])
        with pytest.raises(DnsError, match=wanted[7].name):
            dns.publish(wanted)
        assert len(cloudflare.records) == 49

    def test_and_somebody_else_s_name_are_told_in_one_error(self, dns: CloudflareDns, cloudflare: Cloudflare) -> None:
        wanted = spoilt(5, 2)
        cloudflare.add(name=wanted[4].name, content="192.0.2.1")
        with pytest.raises(DnsError, match=rf"{wanted[2].name} could not be published.*{wanted[4].name} exists"):
            dns.repair(wanted)
        assert len(cloudflare.records) == 4

    def test_keeps_nothing_else_from_being_withdrawn(self, wire: Wire) -> None:
        listed = wire.shows(4)
        locked, done = refusal(400, 1004, "This record is locked."), success({})
        wire.plays(locked, done, locked, done, locked)
        with pytest.raises(DnsError, match=rf"{listed[3].name} could not be withdrawn.*locked"):
            wire.dns.withdraw(listed)
        tried = [asked.body and [each["id"] for each in asked.body["deletes"]] for asked in wire.asked]
        assert tried == [["r0", "r1", "r2", "r3"], ["r0", "r1"], ["r2", "r3"], None, None]
        assert [asked.path.rpartition("/")[2] for asked in wire.asked[3:]] == ["r2", "r3"]


class TestNothingIsGood:
    def test_is_given_up_long_before_each_was_tried_alone(self, wire: Wire) -> None:
        wire.plays(*[refusal(400, 1000, "Something went wrong.")] * 500)
        with pytest.raises(DnsError, match=r"and 190 more could not be published: .*Something went wrong"):
            wire.dns.publish(records(200))
        assert len(wire.asked) == 4 * 8 + 1

    @pytest.mark.parametrize("count", [2, 5, 16, 17, 31, 64])
    def test_takes_no_more_calls_than_so_many_halvings(self, wire: Wire, count: int) -> None:
        wire.plays(*[refusal(400, 1000, "Something went wrong.")] * 500)
        with pytest.raises(DnsError, match="Something went wrong"):
            wire.dns.publish(records(count))
        assert len(wire.asked) <= min(2 * count, 4 * count.bit_length() + 2)

    def test_a_token_that_is_refused_is_no_reason_to_halve(self, wire: Wire) -> None:
        wire.plays(*[refusal(403, 10000)] * 500)
        with pytest.raises(DnsError, match="token"):
            wire.dns.publish(records(200))
        assert len(wire.asked) <= 2


class TestFullZone:
    @pytest.mark.parametrize("room", [0, 1, 50, 199])
    def test_is_filled_and_nothing_more_is_tried(
        self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger, room: int
    ) -> None:
        cloudflare.holds = room
        with pytest.raises(DnsError, match="81045"):
            dns.publish(records(200))
        assert len(cloudflare.records) == room
        assert len(ledger.calls) <= 2 * 8 + 1

    def test_of_hundreds_is_filled_as_well(self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger) -> None:
        cloudflare.holds, cloudflare.plan = 777, "pro"
        with pytest.raises(DnsError, match=" and 213 more could not be published"):
            dns.publish(records(1000))
        assert len(cloudflare.records) == 777
        assert len(ledger.calls) <= 2 * 10 + 1

    def test_keeps_no_correction_from_being_made(self, dns: CloudflareDns, cloudflare: Cloudflare) -> None:
        there = records(4)
        dns.publish([DnsRecord(r.name, "192.0.2.9", r.meeting_id) for r in there[:2]])
        cloudflare.holds = 2
        with pytest.raises(DnsError, match="81045"):
            dns.repair(there)
        assert addresses(cloudflare) == {r.name: r.address for r in there[:2]}


class TestSize:
    def test_of_a_free_plan_is_found_out_once(self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger) -> None:
        dns.publish(records(450))
        assert operations(ledger) == [BATCH] * 4
        listed = dns.owned()
        ledger.calls.clear()
        dns.withdraw(listed)
        assert operations(ledger) == [BATCH] * 3
        assert cloudflare.records == {}

    def test_of_a_paid_plan_is_made_use_of(self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger) -> None:
        cloudflare.plan = "pro"
        dns.publish(records(1200))
        dns.withdraw(dns.owned())
        assert operations(ledger) == [BATCH, "list records", BATCH]
        assert cloudflare.records == {}

    def test_needs_no_right_to_read_the_zone_and_costs_nothing_up_to_two_hundred(
        self, dns: CloudflareDns, ledger: Ledger
    ) -> None:
        dns.publish(records(200))
        assert operations(ledger) == [BATCH]

    def test_is_not_taken_for_small_because_of_a_bad_change(
        self, dns: CloudflareDns, cloudflare: Cloudflare, ledger: Ledger
    ) -> None:
        cloudflare.plan = "pro"
        wanted = spoilt(450, 300)
        with pytest.raises(DnsError, match=wanted[300].name):
            dns.publish(wanted)
        assert len(cloudflare.records) == 449
        listed = dns.owned()
        ledger.calls.clear()
        dns.withdraw(listed)
        assert operations(ledger) == [BATCH]

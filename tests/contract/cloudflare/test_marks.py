"""Whose a record is: two installations of one stage's name on one zone, and what version 0.1.0 left in it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Literal

import pytest

from chalicelib.adapters.dns.cloudflare import CloudflareDns, mark_of
from chalicelib.domain.errors import DnsError
from chalicelib.domain.model import DnsRecord
from localcloud.clock import VirtualClock
from localcloud.cloudflare import DOMAIN, TOKEN, Cloudflare
from localcloud.ledger import Ledger
from tests.contract.cloudflare.wire import (
    NAME,
    NONE,
    RECORD,
    Wire,
    adapter,
    in_zone,
    operations,
    records,
    store,
    success,
)
from tests.contract.conftest import NOW, Account

OTHER = DnsRecord(f"i-2.{DOMAIN}", "203.0.113.2", "m2")


class Installations:
    """Adapters of the stage `dev` on one zone: of two installations, and of one that is still at version 0.1.0."""

    def __init__(self, cloudflare: Cloudflare, account: Account, clock: VirtualClock) -> None:
        store(account, json.dumps({"CLOUDFLARE_TOKEN": TOKEN}))
        self.here = adapter(cloudflare.url, account, clock, [], "here567890")
        self.there = adapter(cloudflare.url, account, clock, [], "there67890")
        self.old = adapter(cloudflare.url, account, clock, [])


@pytest.fixture
def dev(cloudflare: Cloudflare, account: Account, clock: VirtualClock) -> Installations:
    return Installations(cloudflare, account, clock)


def marks(cloudflare: Cloudflare) -> dict[str, str]:
    """Return the comments of the zone's records by their names."""
    return {record["name"]: record["comment"] for record in cloudflare.records.values()}


class TestInstallations:
    def test_a_record_bears_stage_installation_and_meeting(self, dev: Installations, cloudflare: Cloudflare) -> None:
        dev.here.publish([RECORD])
        assert marks(cloudflare) == {NAME: "elephant:dev@here567890:m1"}

    def test_the_longest_id_that_a_timer_can_bear_fits_beside_the_longest_stage(self) -> None:
        longest_id = "m" * (64 - len("launch-"))
        assert len(mark_of("s" * 12, "0123456789") + longest_id) <= 100

    @pytest.mark.parametrize("theirs", ["there", "old"])
    def test_each_lists_its_own_alone(self, dev: Installations, theirs: str) -> None:
        dev.here.publish([RECORD])
        getattr(dev, theirs).publish([OTHER])
        assert [found.name for found in dev.here.owned() if not found.old_mark] == [NAME]
        assert [found.name for found in getattr(dev, theirs).owned()] == [OTHER.name]

    @pytest.mark.parametrize("theirs", ["there", "old"])
    @pytest.mark.parametrize("listed", [True, False])
    def test_neither_withdraws_what_is_the_other_s(
        self, dev: Installations, cloudflare: Cloudflare, theirs: str, listed: bool
    ) -> None:
        dev.here.publish([RECORD, OTHER])
        them: CloudflareDns = getattr(dev, theirs)
        if listed:
            them.owned()
        them.withdraw([RECORD, DnsRecord(OTHER.name)])
        assert len(cloudflare.records) == 2

    @pytest.mark.parametrize("theirs", ["there", "old"])
    @pytest.mark.parametrize("make", ["publish", "repair"])
    def test_neither_changes_what_is_the_other_s(
        self, dev: Installations, cloudflare: Cloudflare, theirs: str, make: Literal["publish", "repair"]
    ) -> None:
        dev.here.publish([RECORD])
        before = dict(cloudflare.records)
        with pytest.raises(DnsError, match=NAME):
            getattr(getattr(dev, theirs), make)([RECORD])
        assert cloudflare.records == before

    def test_a_listing_takes_one_call_for_both_marks(self, wire: Wire, account: Account, clock: VirtualClock) -> None:
        here = adapter(wire.url, account, clock, [], "here567890")
        comments = ["elephant:dev:m1", "elephant:dev@here567890:m2", "ELEPHANT:DEV@HERE567890:m3", "elephant:devil:m4"]
        listed = [in_zone(f"r{n}", record) for n, record in enumerate(records(len(comments)))]
        wire.plays(success([found | {"comment": comment} for found, comment in zip(listed, comments, strict=True)]))
        assert [(found.meeting_id, found.old_mark) for found in here.owned()] == [("m1", True), ("m2", False)]
        assert [asked.query["comment.startswith"] for asked in wire.asked] == [["elephant:dev"]]

    def test_a_withdrawal_by_name_looks_for_its_own_mark(
        self, wire: Wire, account: Account, clock: VirtualClock
    ) -> None:
        here = adapter(wire.url, account, clock, [], "here567890")
        wire.plays(NONE)
        here.withdraw([DnsRecord(NAME, meeting_id="m1")])
        assert [asked.query["comment.startswith"] for asked in wire.asked] == [["elephant:dev@here567890:m1"]]


class TestOldMark:
    """The mark of 0.1.0 is ours where a plan asks for the name of our own desktop; in a listing it is shown as such."""

    def test_is_shown_in_a_listing(self, dev: Installations) -> None:
        dev.old.publish([RECORD])
        [found] = dev.here.owned()
        assert found == DnsRecord(NAME, "203.0.113.1", "m1", NOW, old_mark=True)

    def test_is_the_present_mark_where_no_installation_is_named(self, dev: Installations) -> None:
        dev.old.publish([RECORD])
        [found] = dev.old.owned()
        assert not found.old_mark

    @pytest.mark.parametrize("make", ["publish", "repair"])
    @pytest.mark.parametrize("count", [1, 3])
    def test_is_written_anew_on_the_record_that_is_there(
        self,
        dev: Installations,
        cloudflare: Cloudflare,
        clock: VirtualClock,
        make: Literal["publish", "repair"],
        count: int,
    ) -> None:
        dev.old.publish(records(count))
        before = {record["id"]: (record["content"], record["created_on"]) for record in cloudflare.records.values()}
        clock.run(NOW + timedelta(minutes=5))
        getattr(dev.here, make)(records(count))
        assert marks(cloudflare) == {r.name: f"elephant:dev@here567890:{r.meeting_id}" for r in records(count)}
        assert {r["id"]: (r["content"], r["created_on"]) for r in cloudflare.records.values()} == before
        assert dev.old.owned() == []

    def test_is_written_anew_once(self, dev: Installations, cloudflare: Cloudflare, ledger: Ledger) -> None:
        dev.old.publish([RECORD])
        dev.here.repair([RECORD])
        before = dict(cloudflare.records)
        ledger.calls.clear()
        dev.here.repair([RECORD])
        assert cloudflare.records == before
        assert operations(ledger) == ["list records"]

    def test_does_not_keep_a_listed_record_from_being_withdrawn(
        self, dev: Installations, cloudflare: Cloudflare
    ) -> None:
        dev.old.publish([RECORD, OTHER])
        listed = [found for found in dev.here.owned() if found.name == NAME]
        dev.here.withdraw(listed)
        assert marks(cloudflare).keys() == {OTHER.name}

    def test_of_another_meeting_stays(self, dev: Installations, cloudflare: Cloudflare) -> None:
        dev.old.publish([RECORD])
        dev.here.owned()
        dev.here.withdraw([DnsRecord(NAME, meeting_id="m9")])
        assert marks(cloudflare).keys() == {NAME}

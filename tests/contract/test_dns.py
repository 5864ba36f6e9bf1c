"""The port `Dns`: the fake beside Cloudflare's API."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Literal, Protocol

import pytest

from chalicelib.adapters.dns.cloudflare import CloudflareDns
from chalicelib.control.ports import Dns
from chalicelib.domain.errors import DnsError
from chalicelib.domain.model import DnsRecord
from localcloud.clock import VirtualClock
from localcloud.cloudflare import DOMAIN, TOKEN, ZONE_ID, Cloudflare
from tests.fakes import FakeDns

from .conftest import NOW

NAME = f"i-1.{DOMAIN}"
FOREIGN = [
    "",
    "elephant",
    "elephant:prod:m1",
    "elephant:develop:m1",
    "elephant:dev@there:m1",
    "elephant:dev@here12:m1",
    "elephant:prod@here1:m1",
    "ELEPHANT:DEV@HERE1:m1",
    "see elephant:dev:m1",
]
"""Comments that are not our mark, be it that of the stage alone or of the installation `here1` of it."""


class Stage(Protocol):
    """A zone, and other people who keep records in it."""

    dns: Dns
    clock: VirtualClock

    def add_foreign(self, name: str, address: str = "192.0.2.1", comment: str = "") -> None:
        """Add a record as somebody else does, with a comment that is not our mark."""

    def zone(self) -> dict[str, set[str]]:
        """Return every name with the addresses it resolves to."""


class FakeStage:
    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._fake = FakeDns(clock.now)
        self.dns: Dns = self._fake

    def add_foreign(self, name: str, address: str = "192.0.2.1", comment: str = "") -> None:
        self._fake.foreign[name] = address

    def zone(self) -> dict[str, set[str]]:
        ours = {name: {record.address} for name, record in self._fake.records.items()}
        return ours | {name: {address} for name, address in self._fake.foreign.items()}


class FixedToken:
    """A token that needs no secret."""

    def get(self) -> str:
        return TOKEN


class RealStage:
    def __init__(self, cloudflare: Cloudflare, clock: VirtualClock, installation: str | None = None) -> None:
        self.clock = clock
        self.cloudflare = cloudflare
        self.dns: Dns = CloudflareDns(
            api_url=cloudflare.url,
            zone_id=ZONE_ID,
            token=FixedToken(),  # type: ignore[arg-type]  # what it does with a secret is in test_cloudflare_wire
            stage="dev",
            installation=installation,
            clock=clock.now,
            sleep=clock.sleep,
        )

    def add_foreign(self, name: str, address: str = "192.0.2.1", comment: str = "") -> None:
        self.cloudflare.add(name=name, content=address, comment=comment)

    def zone(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for record in self.cloudflare.records.values():
            found.setdefault(record["name"], set()).add(record["content"])
        return found


@pytest.fixture(params=["fake", "real", "real, one address a name", "real, one of two installations"])
def stage(request: pytest.FixtureRequest, clock: VirtualClock) -> Stage:
    """Cloudflare lets addresses share a name, and documents an error for it: the adapter is right under both."""
    if request.param == "fake":
        return FakeStage(clock)
    cloudflare: Cloudflare = request.getfixturevalue("cloudflare")
    cloudflare.round_robin = request.param != "real, one address a name"
    return RealStage(cloudflare, clock, "here1" if "installations" in request.param else None)


def record(number: int = 1, address: str = "", meeting_id: str = "m1") -> DnsRecord:
    return DnsRecord(f"i-{number}.{DOMAIN}", address or f"203.0.113.{number}", meeting_id)


def name_only(number: int = 1, meeting_id: str = "m1") -> DnsRecord:
    """Return a record as a plan names it that wants it gone: the meeting's row knows no address."""
    return DnsRecord(f"i-{number}.{DOMAIN}", meeting_id=meeting_id)


class TestPublish:
    def test_makes_a_name_resolve(self, stage: Stage) -> None:
        stage.dns.publish([record()])
        assert stage.zone() == {NAME: {"203.0.113.1"}}

    def test_makes_several_names_resolve(self, stage: Stage) -> None:
        stage.dns.publish([record(1), record(2), record(3, meeting_id="m2")])
        assert stage.zone() == {
            record(1).name: {"203.0.113.1"},
            record(2).name: {"203.0.113.2"},
            record(3).name: {"203.0.113.3"},
        }

    @pytest.mark.parametrize("count", [1, 3])
    def test_once_more_changes_nothing(self, stage: Stage, count: int) -> None:
        records = [record(number) for number in range(1, count + 1)]
        stage.dns.publish(records)
        before = stage.zone(), stage.dns.owned()
        stage.clock.run(NOW + timedelta(minutes=5))
        stage.dns.publish(records)
        assert (stage.zone(), stage.dns.owned()) == before

    def test_leaves_a_foreign_record_as_it_is_even_where_it_was_not_looked_for(self, stage: Stage) -> None:
        """A name that is taken for new may be joined to somebody else's, never put in its place."""
        stage.add_foreign(NAME, "192.0.2.1")
        with suppress(DnsError):
            stage.dns.publish([record()])
        assert "192.0.2.1" in stage.zone()[NAME]

    @pytest.mark.parametrize("make", ["publish", "repair"])
    def test_a_foreign_record_that_has_the_right_address_already_is_not_ours_either(
        self, stage: Stage, make: Literal["publish", "repair"]
    ) -> None:
        stage.add_foreign(NAME, "203.0.113.1")
        with pytest.raises(DnsError, match=NAME):
            getattr(stage.dns, make)([record()])
        assert stage.dns.owned() == []

    def test_nothing_is_fine(self, stage: Stage) -> None:
        stage.dns.publish([])
        assert stage.zone() == {}


class TestRepair:
    """Publishing names that may be there already, otherwise than they should be."""

    @pytest.mark.parametrize("count", [1, 3])
    def test_makes_names_resolve_that_are_not_there(self, stage: Stage, count: int) -> None:
        records = [record(number) for number in range(1, count + 1)]
        stage.dns.repair(records)
        assert stage.zone() == {record.name: {record.address} for record in records}

    @pytest.mark.parametrize("count", [1, 3])
    def test_changes_nothing_where_all_is_as_it_should_be(self, stage: Stage, count: int) -> None:
        records = [record(number) for number in range(1, count + 1)]
        stage.dns.publish(records)
        before = stage.zone(), stage.dns.owned()
        stage.clock.run(NOW + timedelta(minutes=5))
        stage.dns.repair(records)
        assert (stage.zone(), stage.dns.owned()) == before

    def test_changes_the_address_of_one_that_has_another_now(self, stage: Stage) -> None:
        stage.dns.publish([record(address="203.0.113.1")])
        stage.dns.repair([record(address="203.0.113.9")])
        assert stage.zone() == {NAME: {"203.0.113.9"}}

    @pytest.mark.parametrize("wanted", ["203.0.113.1", "203.0.113.8", "203.0.113.9"])
    @pytest.mark.parametrize("company", [0, 1])
    def test_leaves_one_address_of_those_that_the_name_was_given(self, stage: Stage, wanted: str, company: int) -> None:
        for address in ("203.0.113.1", "203.0.113.9"):
            stage.dns.publish([record(address=address)])
        others = [record(2)] * company
        stage.dns.repair([record(address=wanted), *others])
        assert stage.zone() == {NAME: {wanted}} | {other.name: {other.address} for other in others}

    def test_a_name_keeps_its_age_when_its_address_changes(self, stage: Stage) -> None:
        stage.dns.publish([record(address="203.0.113.1")])
        stage.clock.run(NOW + timedelta(minutes=5))
        stage.dns.repair([record(address="203.0.113.9")])
        assert [owned.created_at for owned in stage.dns.owned()] == [NOW]

    def test_publishes_the_new_among_those_that_are_there(self, stage: Stage) -> None:
        stage.dns.publish([record(2)])
        stage.dns.publish([record(3, address="203.0.113.99")])
        stage.dns.repair([record(1), record(2), record(3), record(4)])
        assert stage.zone() == {record(number).name: {f"203.0.113.{number}"} for number in (1, 2, 3, 4)}

    def test_leaves_a_foreign_record_of_the_same_name_alone_and_says_so(self, stage: Stage) -> None:
        stage.add_foreign(NAME, "192.0.2.1")
        with pytest.raises(DnsError, match=NAME):
            stage.dns.repair([record()])
        assert stage.zone() == {NAME: {"192.0.2.1"}}
        assert stage.dns.owned() == []

    @pytest.mark.parametrize("comment", FOREIGN[1:])
    def test_a_record_of_another_stage_is_foreign(self, stage: Stage, comment: str) -> None:
        stage.add_foreign(NAME, "192.0.2.1", comment)
        with pytest.raises(DnsError, match=NAME):
            stage.dns.repair([record()])
        assert stage.zone() == {NAME: {"192.0.2.1"}}

    @pytest.mark.parametrize("foreign", [1, 2, 3])
    def test_a_foreign_record_does_not_keep_the_others(self, stage: Stage, foreign: int) -> None:
        stage.add_foreign(record(foreign).name, "192.0.2.1")
        with pytest.raises(DnsError, match=record(foreign).name):
            stage.dns.repair([record(1), record(2), record(3)])
        published = {record(number).name: {f"203.0.113.{number}"} for number in (1, 2, 3) if number != foreign}
        assert stage.zone() == published | {record(foreign).name: {"192.0.2.1"}}

    def test_nothing_is_fine(self, stage: Stage) -> None:
        stage.dns.repair([])
        assert stage.zone() == {}


class TestWithdraw:
    def test_removes_these_and_no_others(self, stage: Stage) -> None:
        stage.dns.publish([record(1), record(2), record(3, meeting_id="m2"), record(4, meeting_id="m2")])
        stage.dns.withdraw([name_only(1), name_only(3, "m2")])
        assert stage.zone().keys() == {record(2).name, record(4).name}

    def test_removes_what_was_listed(self, stage: Stage) -> None:
        stage.dns.publish([record(1), record(2), record(3)])
        listed = [owned for owned in stage.dns.owned() if owned.name != record(2).name]
        stage.dns.withdraw(listed)
        assert stage.zone().keys() == {record(2).name}

    @pytest.mark.parametrize("longer", ["m12", "m1-2", "m1.copy"])
    def test_the_record_of_a_meeting_whose_id_only_begins_alike_stays(self, stage: Stage, longer: str) -> None:
        stage.dns.publish([record(1, meeting_id=longer), record(2, meeting_id="m1")])
        stage.dns.withdraw([name_only(1, meeting_id="m1"), name_only(2, meeting_id="m1")])
        assert [owned.name for owned in stage.dns.owned()] == [record(1).name]

    def test_another_meetings_record_stays_whoever_names_it(self, stage: Stage) -> None:
        stage.dns.publish([record(meeting_id="m1"), record(2, meeting_id="m2")])
        stage.dns.withdraw([name_only(1, meeting_id="m2"), name_only(2, meeting_id="m2")])
        assert stage.zone() == {NAME: {"203.0.113.1"}}

    def test_one_that_is_not_there_is_fine(self, stage: Stage) -> None:
        stage.dns.publish([record(2), record(3, meeting_id="m10")])
        stage.dns.withdraw([name_only(1), name_only(3, "m1000")])
        assert record(2).name in stage.zone()

    def test_removes_the_rest_where_one_is_not_there(self, stage: Stage) -> None:
        stage.dns.publish([record(2), record(3)])
        stage.dns.withdraw([name_only(1), name_only(2), name_only(3)])
        assert stage.zone() == {}

    def test_once_more_is_fine(self, stage: Stage) -> None:
        stage.dns.publish([record(1)])
        listed = stage.dns.owned()
        for records in ([name_only(1)], [name_only(1)], listed):
            stage.dns.withdraw(records)
        assert stage.zone() == {}

    @pytest.mark.parametrize("gone", [1, 2, 3])
    def test_removes_the_rest_of_what_was_listed_where_one_has_gone_since(self, stage: Stage, gone: int) -> None:
        stage.dns.publish([record(1), record(2), record(3)])
        listed = stage.dns.owned()
        stage.dns.withdraw([name_only(gone)])
        stage.dns.withdraw(listed)
        assert stage.zone() == {}

    @pytest.mark.parametrize("comment", FOREIGN)
    def test_one_that_is_not_ours_stays(self, stage: Stage, comment: str) -> None:
        stage.add_foreign(NAME, comment=comment)
        stage.dns.withdraw([name_only(1)])
        assert stage.zone().keys() == {NAME}

    def test_removes_ours_beside_one_that_is_not_ours(self, stage: Stage) -> None:
        stage.add_foreign(NAME)
        stage.dns.publish([record(2)])
        stage.dns.withdraw([name_only(1), name_only(2)])
        assert stage.zone().keys() == {NAME}

    def test_an_id_that_begins_like_another_takes_nothing_of_the_others(self, stage: Stage) -> None:
        stage.dns.publish([record(1, meeting_id="m1"), record(2, meeting_id="m10")])
        stage.dns.withdraw([name_only(1, "m1")])
        assert stage.zone().keys() == {record(2).name}

    def test_nothing_is_fine(self, stage: Stage) -> None:
        stage.dns.publish([record(1)])
        stage.dns.withdraw([])
        assert stage.zone().keys() == {NAME}

    @pytest.mark.parametrize("listed", [True, False])
    def test_removes_every_address_that_the_name_was_given(self, stage: Stage, listed: bool) -> None:
        for address in ("203.0.113.1", "203.0.113.9"):
            stage.dns.publish([record(address=address)])
        stage.dns.withdraw(stage.dns.owned() if listed else [name_only(1)])
        assert stage.zone() == {}

    def test_a_name_can_be_published_anew(self, stage: Stage) -> None:
        stage.dns.publish([record(1)])
        stage.dns.withdraw([name_only(1)])
        stage.dns.publish([record(1, address="203.0.113.9")])
        assert stage.zone() == {NAME: {"203.0.113.9"}}


class TestSpelling:
    """A name is the same in its own letters and in punycode, in any case, and with a dot at its end."""

    SPELLED = (
        "i-1.münchen.example.com",
        "i-1.MÜNCHEN.example.com",
        "i-1.xn--mnchen-3ya.example.com",
        "I-1.XN--MNCHEN-3YA.Example.COM.",
    )

    @pytest.mark.parametrize("first", SPELLED)
    @pytest.mark.parametrize("then", SPELLED)
    def test_makes_no_difference(self, stage: Stage, first: str, then: str) -> None:
        company = record(2)  # one that is there is looked for by its name, several in the whole zone
        stage.dns.publish([DnsRecord(first, "203.0.113.1", "m1"), company])
        before = stage.zone(), stage.dns.owned()
        stage.clock.run(NOW + timedelta(minutes=5))
        for again in ([DnsRecord(then, "203.0.113.1", "m1")], [DnsRecord(then, "203.0.113.1", "m1"), company]):
            stage.dns.publish(again)
            stage.dns.repair(again)
        assert (stage.zone(), stage.dns.owned()) == before
        assert {owned.name for owned in before[1]} == {"i-1.xn--mnchen-3ya.example.com", company.name}
        stage.dns.withdraw([DnsRecord(then, meeting_id="m1")])
        assert stage.zone().keys() == {company.name}

    @pytest.mark.parametrize("spelled", SPELLED)
    def test_a_foreign_record_is_foreign_however_it_is_spelled(self, stage: Stage, spelled: str) -> None:
        stage.add_foreign("i-1.xn--mnchen-3ya.example.com", "192.0.2.1")
        with pytest.raises(DnsError):
            stage.dns.repair([DnsRecord(spelled, "203.0.113.1", "m1")])
        assert stage.zone() == {"i-1.xn--mnchen-3ya.example.com": {"192.0.2.1"}}


class TestOwned:
    def test_returns_every_record_that_bears_our_mark(self, stage: Stage) -> None:
        stage.dns.publish([record(1), record(2, meeting_id="m2")])
        found = {owned.name: owned for owned in stage.dns.owned()}
        assert {name: (o.address, o.meeting_id, o.created_at) for name, o in found.items()} == {
            record(1).name: ("203.0.113.1", "m1", NOW),
            record(2).name: ("203.0.113.2", "m2", NOW),
        }

    @pytest.mark.parametrize("comment", FOREIGN)
    def test_leaves_out_what_is_not_ours(self, stage: Stage, comment: str) -> None:
        stage.add_foreign(NAME, comment=comment)
        stage.dns.publish([record(2)])
        assert [owned.name for owned in stage.dns.owned()] == [record(2).name]

    def test_tells_when_each_was_published(self, stage: Stage) -> None:
        stage.dns.publish([record(1)])
        stage.clock.run(NOW + timedelta(minutes=5))
        stage.dns.publish([record(2)])
        assert {o.name: o.created_at for o in stage.dns.owned()} == {
            record(1).name: NOW,
            record(2).name: NOW + timedelta(minutes=5),
        }

    def test_no_longer_lists_what_was_withdrawn(self, stage: Stage) -> None:
        stage.dns.publish([record(1), record(2)])
        stage.dns.withdraw([name_only(1)])
        assert [owned.name for owned in stage.dns.owned()] == [record(2).name]

    def test_returns_nothing_where_there_is_nothing(self, stage: Stage) -> None:
        assert stage.dns.owned() == []


def test_hundreds_of_names_come_and_go(stage: Stage) -> None:
    records = [DnsRecord(f"i-{n}.{DOMAIN}", f"10.0.{n // 250}.{n % 250 + 1}", f"m{n // 2}") for n in range(450)]
    stage.dns.publish(records)
    assert stage.zone() == {record.name: {record.address} for record in records}
    assert len(stage.dns.owned()) == 450
    stage.dns.withdraw(stage.dns.owned())
    assert stage.zone() == {}

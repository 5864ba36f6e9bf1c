"""Which records go with a stage, and which stay: those that another installation on the zone may have published."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.domain.model import DnsRecord
from tests.fakes import FakeDns
from tests.tools.deploying.stands import launch, make_table
from tools import providers
from tools.account import Account, Clients, enter
from tools.destroy import destroy
from tools.providers.cloudflare import Cloudflare
from tools.stage import Stage, StageError


@pytest.fixture
def gone(stage: Stage) -> Stage:
    """A stage of which nothing was recorded in this copy of the project."""
    return replace(stage, name="gone")


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> FakeDns:
    zone = FakeDns(lambda: datetime(2026, 3, 1, tzinfo=UTC))
    monkeypatch.setattr(Cloudflare, "zone", lambda *_: zone)
    return zone


def leave(zone: FakeDns, desktop_id: str, meeting_id: str, *, old_mark: bool = True) -> str:
    name = f"{desktop_id}.example.com"
    zone.records[name] = DnsRecord(name, "192.0.2.1", meeting_id, old_mark=old_mark)
    return name


def test_what_is_certainly_the_stage_s_goes_and_the_rest_is_named_and_stays(
    gone: Stage, client: Clients, zone: FakeDns, capsys: pytest.CaptureFixture[str]
) -> None:
    for table in ("now", "earlier"):
        make_table(client, table, "gone")
    client("dynamodb").put_item(TableName="earlier", Item={"id": {"S": "m2"}, "student_ec2_id": {"S": "i-named"}})
    ours = launch(client, "gone")
    client("ec2").terminate_instances(InstanceIds=[ours])
    leave(zone, "i-new", "m0", old_mark=False)
    leave(zone, ours, "m1")
    leave(zone, "i-named", "m2")
    theirs = [leave(zone, "i-theirs", "m2"), leave(zone, "i-others", "m3"), leave(zone, "i-nobodys", "")]
    destroy(gone, client)
    assert list(zone.records) == theirs
    said = capsys.readouterr().out
    assert "3 records bear the stage's name alone" in said
    assert all(name in said for name in theirs)


def test_nothing_is_said_where_all_is_the_stage_s(
    gone: Stage, client: Clients, zone: FakeDns, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(zone, "i-new", "m0", old_mark=False)
    destroy(gone, client)
    assert zone.records == {}
    assert "records" not in capsys.readouterr().out


def test_nothing_is_destroyed_where_a_table_cannot_tell_whose_they_are(
    gone: Stage, client: Clients, zone: FakeDns, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(zone, "i-theirs", "m3")
    monkeypatch.setattr("tools.tables.of_stage", lambda *_: ["away"])
    with pytest.raises(StageError, match=r"away.*--leave-records"):
        destroy(gone, client)
    assert len(zone.records) == 1


def test_records_that_are_left_are_told_by_their_mark(gone: Stage, client: Clients) -> None:
    account = enter(gone, client)
    left = providers.of(gone).records_left(gone, account)
    assert left.endswith(f"their comments begin with elephant:gone@{account.installation}:")


def test_an_installation_is_an_account_and_a_region() -> None:
    accounts = [
        Account(*where) for where in (("1" * 12, "us-west-2"), ("1" * 12, "us-east-1"), ("2" * 12, "us-west-2"))
    ]
    assert len({account.installation for account in accounts}) == 3
    assert Account("1" * 12, "us-west-2").installation == accounts[0].installation
    assert len(accounts[0].installation) == 10

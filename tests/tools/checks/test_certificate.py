"""The check of the desktops' certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.keys import Purpose
from localcloud.dcv.certificate import Authority
from tests.tools.checks.sound import STATE_TABLE, Account, nothing, site_of
from tools import kept_certificate
from tools.checks import certificate
from tools.findings import Level
from tools.kept_certificate import Facts
from tools.pem import Pair

NAME = "*.example.com"
DAY = timedelta(days=1)


def keep(account: Account, pair: Pair | None = None, name: str = NAME) -> Pair:
    pair = pair or Authority().issue(name)
    of = Facts(id=pair.id, name=name, ends_at=pair.ends_at, kept_at=datetime.now(UTC))
    kept_certificate.keep(pair, of, STATE_TABLE, account.client)
    return pair


def look(account: Account, days: int = 0, **changes: Any) -> list[tuple[Level, str]]:
    """Return what is found of it so many days from now."""
    stage = replace(account.stage, **{"client": "kit"} | changes)
    site = site_of(stage, account.client, now=lambda: datetime.now(UTC) + days * DAY)
    return [(found.level, f"{found.what} → {found.remedy}") for found in certificate.certificate(site)]


def of_another_key(account: Account) -> None:
    one, other = Authority().issue(NAME), Authority().issue(NAME)
    keep(account, replace(one, key=other.key))


def of_another_domain(account: Account) -> None:
    keep(account, name="*.example.org")


def untold(account: Account) -> None:
    keep(account)
    account.key(Purpose.TOKENS, present={"S": "k" * 64})


def spoilt(account: Account) -> None:
    item = {"id": {"S": "key/certificate"}, "certificate": {"S": "none"}}
    account.client("dynamodb").put_item(TableName=STATE_TABLE, Item=item)


@pytest.mark.parametrize(
    ("harm", "days", "level", "words"),
    [
        (keep, 0, Level.OK, "handed a certificate for *.example.com, good to "),
        (keep, 336, Level.WARN, ", in 28 days; none is ready from then on → make certificate STAGE=dev"),
        (keep, 363, Level.FAIL, ", in 1 days; none is ready from then on → make certificate STAGE=dev"),
        (keep, 366, Level.FAIL, "has ended on "),
        (
            of_another_key,
            0,
            Level.FAIL,
            "the key does not belong to the certificate → make certificate STAGE=dev FORCE=1",
        ),
        (
            of_another_domain,
            0,
            Level.FAIL,
            "it is for *.example.org, and desktops need *.example.com → make certificate",
        ),
        (spoilt, 0, Level.FAIL, "it holds no PEM certificate → make certificate STAGE=dev FORCE=1"),
        (nothing, 0, Level.WARN, "no certificate is kept for desktops"),
    ],
    ids=["sound", "soon", "at once", "ended", "another key", "another domain", "spoilt", "none"],
)
def test_it_is_looked_at(
    account: Account, harm: Callable[[Account], object], days: int, level: Level, words: str
) -> None:
    harm(account)
    [(seen, told)] = look(account, days)
    assert (seen, words in told) == (level, True), told


def test_where_desktops_are_not_told_of_it_the_next_deploy_tells_them(account: Account) -> None:
    untold(account)
    assert look(account)[0] == (
        Level.FAIL,
        "desktops are not told of the certificate that is kept → make deploy STAGE=dev",
    )
    assert kept_certificate.tell_again(STATE_TABLE, account.client)
    assert [level for level, _ in look(account)] == [Level.OK]
    assert kept_certificate.tell_again(STATE_TABLE, account.client) == []


def test_one_on_the_image_may_be_judged_by_the_roots_of_the_file(account: Account) -> None:
    assert look(account, issuer_root="roots.pem") == [
        (Level.OK, "desktops show the certificate on their image, by the roots in roots.pem → ")
    ]


def test_with_scripts_nothing_of_it_is_looked_for(account: Account) -> None:
    assert [level for level, _ in look(account, client="scripts")] == [Level.OK]

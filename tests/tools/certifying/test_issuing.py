"""A certificate from Cloudflare: asked for with a token of one run, kept where functions read it, never in vain."""

from __future__ import annotations

import hashlib
import sys
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509

from localcloud.cloudflare import CERTIFICATE_TOKEN
from tests.tools.certifying.stand import DAY, Stand
from tests.tools.checks.sound import STATE_TABLE
from tools import certificate, kept_certificate, pem, providers
from tools.providers import origin_ca
from tools.stage import StageError


def names(chain: str) -> list[str]:
    return pem.names_in(chain)


def refused(code: str = "InternalServerError") -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "It failed."}}, "TransactWriteItems")

    return fail


def test_desktops_get_a_certificate_for_their_names_alone(stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    stand.run()
    handed, kept = stand.handed_over, stand.kept
    assert handed
    assert kept
    assert names(handed.chain) == ["*.example.com"]
    assert pem.key_id(handed.chain) == pem.key_id(handed.key)
    assert handed.issuer_root == stand.root.read_text()
    assert handed.id == hashlib.sha256(handed.chain.encode()).hexdigest() == kept.id
    assert timedelta(days=364) < kept.ends_at - stand.now() <= timedelta(days=365)
    assert kept_certificate.told(STATE_TABLE, stand.account.client) == (kept.id, handed.issuer_root)
    assert kept_certificate.begun(STATE_TABLE, stand.account.client) is None
    said = capsys.readouterr().out
    assert "The certificate for *.example.com is kept, good to" in said
    assert "PRIVATE" not in said
    assert CERTIFICATE_TOKEN not in said


def test_a_name_in_any_alphabet_is_asked_for_as_dns_has_it(stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    stand.authority._domain = "xn--mnchen-3ya.example"
    stand.changes = {"domain": "münchen.example"}
    stand.run()
    assert stand.handed_over
    assert names(stand.handed_over.chain) == ["*.xn--mnchen-3ya.example"]
    assert "for *.münchen.example is kept" in capsys.readouterr().out


def test_one_that_is_good_for_long_stays_and_nobody_is_asked_for_a_token(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    stand.run()
    before, stand.tokens_given = stand.kept, 0
    stand.run()
    assert (stand.kept, stand.tokens_given, len(stand.authority.issued)) == (before, 0, 1)
    assert "it stays. FORCE=1 has another one issued all the same." in capsys.readouterr().out


@pytest.mark.parametrize(("wish", "later"), [({"force": True}, 0), ({}, 340), ({}, 364), ({}, 400)])
def test_one_that_ends_soon_or_is_forced_is_replaced_and_the_earlier_not_revoked(
    stand: Stand, wish: dict[str, Any], later: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that ends tomorrow, or has ended."""
    stand.run()
    before = stand.kept
    assert before
    stand.ahead = later * DAY
    monkeypatch.setattr(stand.authority, "_now", stand.now)
    stand.run(**wish)
    after = stand.kept
    assert after
    assert after.id != before.id
    assert after.earlier == (before.issued_as,)
    assert {before.issued_as, after.issued_as} == set(stand.authority.issued)


def test_where_the_domain_became_another_one_it_is_replaced(stand: Stand) -> None:
    stand.run()
    stand.authority._domain = "example.org"
    stand.changes = {"domain": "example.org"}
    stand.run()
    assert stand.handed_over
    assert names(stand.handed_over.chain) == ["*.example.org"]


def test_a_certificate_that_a_hand_has_spoilt_is_replaced(stand: Stand) -> None:
    stand.run()
    item = {
        "id": {"S": "key/certificate"},
        "certificate": {"S": "spoilt"},
        "key": {"S": "k"},
        "issuer_root": {"S": "r"},
    }
    stand.account.client("dynamodb").put_item(TableName=STATE_TABLE, Item=item)
    stand.run()
    assert stand.handed_over
    assert names(stand.handed_over.chain) == ["*.example.com"]


def test_where_desktops_are_told_of_it_no_more_they_are_again(stand: Stand) -> None:
    """As after a hand has written the item of tokens' keys anew."""
    stand.run()
    assert stand.kept
    item = {"id": {"S": "key/tokens"}, "present": {"S": "k" * 64}}
    stand.account.client("dynamodb").put_item(TableName=STATE_TABLE, Item=item)
    stand.run()
    assert kept_certificate.told(STATE_TABLE, stand.account.client)[0] == stand.kept.id
    found = stand.account.client("dynamodb").get_item(TableName=STATE_TABLE, Key={"id": {"S": "key/tokens"}})["Item"]
    assert found["present"] == {"S": "k" * 64}


# --- what was begun


def test_a_run_that_was_killed_after_the_certificate_was_issued_is_continued_by_the_next(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kept_certificate, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            stand.run()
    [issued] = stand.authority.issued
    assert stand.kept is None
    stand.run()
    assert stand.kept
    assert stand.kept.issued_as == issued
    assert list(stand.authority.issued) == [issued]
    assert f"has issued {issued} already, in a run that did not come to its end" in capsys.readouterr().out


def test_what_was_issued_and_has_ended_since_is_not_taken_up_again(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stand.fail(patch, "transact_write_items", refused())
        with pytest.raises(StageError):
            stand.run()
    stand.ahead = 400 * DAY
    monkeypatch.setattr(stand.authority, "_now", stand.now)
    stand.run()
    assert stand.kept
    assert stand.kept.ends_at > stand.now()


def test_one_that_was_killed_before_it_was_issued_leaves_nothing_behind(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(origin_ca.OriginCa, "issue", refused())
        with pytest.raises(ClientError):
            stand.run()
    begun = kept_certificate.begun(STATE_TABLE, stand.account.client)
    stand.run()
    assert begun
    assert stand.handed_over
    assert pem.key_id(stand.handed_over.key) == pem.key_id(begun.key)
    assert len(stand.authority.issued) == 1


def test_one_that_could_not_be_kept_says_which_and_what_becomes_of_it(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stand.fail(patch, "transact_write_items", refused())
        with pytest.raises(StageError) as said:
            stand.run()
    [issued] = stand.authority.issued
    assert f"{issued} was issued and could not be kept" in str(said.value)
    assert "Run this again, which finds and keeps it; or revoke it at dash.cloudflare.com" in str(said.value)
    stand.run()
    assert stand.kept
    assert stand.kept.issued_as == issued


def test_of_two_runs_at_once_one_is_told_of_the_other(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    issue = origin_ca.OriginCa.issue

    def meanwhile(*given: Any) -> Any:
        with pytest.raises(
            StageError, match=r"somebody else changes stage dev at this moment: .*\(certificate, since "
        ):
            stand.run()
        return issue(*given)

    monkeypatch.setattr(origin_ca.OriginCa, "issue", meanwhile)
    stand.run()
    assert len(stand.authority.issued) == 1


# --- what comes back


def test_a_certificate_for_other_names_than_asked_for_is_not_kept(stand: Stand) -> None:
    stand.run()
    before = stand.kept
    stand.authority.issues_for = ["*.example.net"]
    with pytest.raises(
        StageError, match=r"it is for \*\.example\.net, and desktops need \*\.example\.com.* It was revoked"
    ):
        stand.run(force=True)
    assert stand.kept == before
    assert len(stand.authority.issued) == 1


def test_nor_is_one_that_has_ended_already(stand: Stand) -> None:
    stand.authority.lasts = timedelta(seconds=-1)
    with pytest.raises(StageError, match="has ended on"):
        stand.run()
    assert stand.handed_over is None


def test_nor_one_by_another_issuer_than_is_known(stand: Stand) -> None:
    """Cloudflare may have a new root one day; the command takes it from a file."""
    with pytest.raises(StageError, match=r"by none of the roots that were named\..* name it with ROOT=root\.pem"):
        stand.run(root=None)
    assert stand.handed_over is None


def test_cloudflares_own_root_is_the_published_one() -> None:
    [root] = x509.load_pem_x509_certificates(origin_ca.own_root().encode())
    root.verify_directly_issued_by(root)
    published = "d3c7e85c91707fc0a12abc5d88266747aa4fa8e7b162f633ffb3c9d989947620"
    assert hashlib.sha256(root.public_bytes(pem._PEM.DER)).hexdigest() == published
    assert "CloudFlare Origin SSL Certificate Authority" in root.subject.rfc4514_string()


# --- the command line


def test_the_command_says_what_stands_in_the_way_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "argv", ["certificate", "--stage", "dev", "--certificate", "fullchain.pem"])
    assert certificate.main() == 1
    assert "takes both CERTIFICATE=fullchain.pem and KEY=key.pem" in capsys.readouterr().err


def test_the_provider_of_every_stage_says_who_issues(stand: Stand) -> None:
    assert {each.authority(stand.site, "t").name for each in providers.PROVIDERS.values()} == {"Cloudflare"}  # type: ignore[union-attr]

"""An examination: all checks in order, what becomes of one that cannot look, and the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from tests.tools.checks.sound import Account, site_of
from tools.checks import AFTER, BEFORE, examine, look
from tools.deploy import refuse_unready
from tools.findings import CHANGED_BY_HAND, Finding, Level, fail, ok, report, warn
from tools.place import Place
from tools.site import Site
from tools.stage import ROOT

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_sound_stage_has_nothing_to_mend(account: Account) -> None:
    found = list(examine(account.site()))
    assert [finding.what for _, finding in found if finding.level is Level.FAIL] == []
    assert {name for name, _ in found} == {*BEFORE, *AFTER}


def test_before_the_first_deploy_it_says_so(account: Account) -> None:
    account.client("cloudformation").delete_stack(StackName="elephant-dev")
    found = list(examine(account.site()))
    assert found[-1][1].remedy == "make deploy STAGE=dev"


def test_credentials_for_another_account_end_the_examination(account: Account) -> None:
    site = account.site(account="999999999999")
    found = list(examine(site))
    assert [(name, finding.level) for name, finding in found] == [("credentials", Level.FAIL)]


def _refused(code: str, date: str) -> ClientError:
    reply: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    return ClientError(reply, "GetCallerIdentity")


SIGNED_LONG_AGO = _refused("SignatureDoesNotMatch", "Sat, 21 Nov 2026 00:25:00 GMT")
REFUSED = _refused("InvalidClientTokenId", "Sat, 21 Nov 2026 00:00:01 GMT")


@pytest.mark.parametrize(
    ("error", "what", "remedy"),
    [
        (SIGNED_LONG_AGO, "this machine's clock is -1500 s off AWS's", "time synchronisation"),
        (REFUSED, "does not accept the credentials", "aws configure"),
        (NoCredentialsError(), "there are no credentials", "aws configure"),
        (EndpointConnectionError(endpoint_url="https://sts.us-west-9.amazonaws.com"), "us-west-9", "correct region"),
    ],
)
def test_who_keeps_us_out_is_named(account: Account, error: Exception, what: str, remedy: str) -> None:
    def refuse() -> None:
        raise error

    sts = SimpleNamespace(get_caller_identity=refuse)
    site = site_of(replace(account.stage, region="us-west-9"), lambda _: sts, now=lambda: NOW)
    [(_, finding)] = examine(site)
    assert finding.level is Level.FAIL
    assert what in finding.what
    assert remedy in finding.remedy


def test_the_report_says_how_it_stands(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    bad, good = fail("it is broken", "mend it"), ok("it works")
    assert report(iter([("one", bad), ("two", good)])) == 1
    assert "→ mend it" in capsys.readouterr().out
    assert report(iter([("two", good)]), as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["ready"] is True


def test_an_operator_s_program_finds_the_keys_that_it_has_always_read(capsys: pytest.CaptureFixture[str]) -> None:
    report(iter([("image", fail("it is broken", "mend it")), ("clock", warn("it is off", "set it"))]), as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "ready": False,
        "failed": 1,
        "warned": 1,
        "findings": [
            {"check": "image", "level": "fail", "what": "it is broken", "mend": "mend it"},
            {"check": "clock", "level": "warn", "what": "it is off", "mend": "set it"},
        ],
    }


def test_whoever_may_not_look_is_told_so(account: Account) -> None:
    def denied(_: Site) -> Iterator[Finding]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetRole")
        yield

    [finding] = look(denied, account.site())
    assert finding.level is Level.WARN


@pytest.mark.parametrize(
    "error",
    [
        *(_refused(code, "") for code in ("AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")),
        *(_refused(code, "") for code in ("ThrottlingException", "RequestLimitExceeded", "InternalError")),
        EndpointConnectionError(endpoint_url="https://servicequotas.us-west-2.amazonaws.com"),
        requests.ConnectionError("api.cloudflare.com"),
    ],
    ids=lambda error: error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__,
)
def test_a_check_that_cannot_look_is_a_warning_and_no_wall(
    account: Account, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def image(_: Site) -> Iterator[Finding]:
        raise error
        yield

    monkeypatch.setitem(BEFORE, "image", image)
    found = {name: finding.level for name, finding in examine(account.site()) if name == "image"}
    assert found == {"image": Level.WARN}
    refuse_unready(account.stage, account.client)


def test_a_name_that_aws_does_not_know_is_no_warning(account: Account) -> None:
    def wrong(_: Site) -> Iterator[Finding]:
        raise _refused("InvalidInstanceType", "")
        yield

    [finding] = look(wrong, account.site())
    assert finding.level is Level.FAIL


def test_a_file_that_leads_elsewhere_than_the_stage_is_ends_the_examination(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.place.recorded", lambda *_: Place("eu-west-1", "123456789012"))
    [(name, finding)] = examine(account.site())
    assert (name, finding.level) == ("credentials", Level.FAIL)
    assert 'write region = "eu-west-1" in stages/dev.toml again' in finding.remedy


def test_what_is_gone_from_the_stack_leads_to_what_puts_it_back(account: Account) -> None:
    def gone(_: Site) -> Iterator[Finding]:
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "no role"}}, "SimulatePrincipalPolicy")
        yield

    [finding] = look(gone, account.site())
    assert (finding.level, finding.remedy) == (Level.FAIL, CHANGED_BY_HAND)
    assert "## Changed by hand" in (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")

"""Bad days of a request for a certificate: each is a sentence with what to do, and what was kept before stays."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from localcloud.cloudflare import CERTIFICATE_TOKEN, TOKEN
from tests import at_length
from tests.tools.certifying.stand import Stand
from tools import certificate
from tools.certificate import see_to
from tools.certifying import Operator, Wish
from tools.stage import StageError

RIGHTS = r"The token needs Zone → SSL and Certificates → Edit and Zone → Zone Settings → Edit for this zone"


def _pending(stand: Stand) -> None:
    stand.cloudflare.status = "pending"
    stand.cloudflare.rights[CERTIFICATE_TOKEN] |= {"zone"}


def _blocked(stand: Stand) -> None:
    stand.cloudflare._blocked_until = datetime.max.replace(tzinfo=UTC)


def _down(stand: Stand) -> None:
    stand.cloudflare.outage = "5xx"


def _unsuccessful(stand: Stand) -> None:
    stand.cloudflare.outage = "success: false"


def _unreachable(stand: Stand) -> None:
    stand.account.stage = replace(stand.account.stage, environment={"CLOUDFLARE_API_URL": "http://127.0.0.1:9"})


def _of_another_account(stand: Stand) -> None:
    stand.changes = {"domain": "example.net"}


def nothing(_: Stand) -> None:
    """Only what is given is wrong."""


BAD: dict[str, tuple[Callable[[Stand], object], dict[str, Any], str]] = {
    "unknown token": (nothing, {"token": "another"}, f"10000 Authentication error.* {RIGHTS}"),
    "too few rights": (nothing, {"token": TOKEN}, f"1016 User is not authorized.* {RIGHTS}"),
    "zone of another account": (_of_another_account, {}, "1010 Failed to validate .*dns.zone_id is another account's"),
    "pending zone": (_pending, {}, "has the zone example.com as pending, .* enter its name servers at your registrar"),
    "too many requests": (_blocked, {}, r"takes no more requests of this user for \d+ s \(429\).* Run this again then"),
    "Cloudflare is down": (_down, {}, "Cloudflare answers 502 .* Run this again in some minutes: what was begun"),
    "success: false": (_unsuccessful, {}, "with HTTP 200: 1000 Something went wrong"),
    "no network": (_unreachable, {}, "was not reached to .* See that this machine reaches http://127.0.0.1:9"),
    "no token": (nothing, {"token": " \n"}, "no token was given. Type it when asked, or .* CERTIFICATE_TOKEN"),
    "Bearer before it": (nothing, {"token": "Bearer x"}, r"cannot be a token \(a space or a line break is in it\)"),
    "a quote in it": (nothing, {"token": '"x"'}, r"cannot be a token \(a quote is in it\)"),
    "such a validity": (nothing, {"days": 100}, "VALIDITY is one of 7, 30, 90, 365, 730, 1095, 5475 days, not 100"),
    "nobody to ask": (nothing, {"asks": False}, "say STRICT=yes or STRICT=no"),
}


@pytest.mark.parametrize("name", at_length.split(BAD, list(BAD)[::3].__contains__))
def test_what_went_wrong_is_said_with_what_to_do_and_nothing_is_lost(name: str, stand: Stand) -> None:
    stand.run()
    before, handed = stand.kept, stand.handed_over
    wrong, given, words = BAD[name]
    wrong(stand)
    with pytest.raises(StageError, match=words) as said:
        stand.run(force=True, **given)
    assert (stand.kept, stand.handed_over) == (before, handed)
    assert len(stand.authority.issued) == 1
    assert CERTIFICATE_TOKEN not in str(said.value)
    assert stand.cloudflare.mode == "full"


def test_a_token_is_in_no_message_even_where_an_error_repeats_what_was_sent(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Any, method: str, url: str, headers: dict[str, str], **__: Any) -> None:
        raise requests.ConnectionError(f"could not send {headers} to {url}")

    monkeypatch.setattr(requests.Session, "request", fail)
    with pytest.raises(StageError, match=r"could not send .*Bearer …") as said:
        stand.run()
    assert CERTIFICATE_TOKEN not in str(said.value) + "".join(capsys.readouterr())
    assert said.value.__cause__ is None


def test_desktops_with_scripts_are_given_none(stand: Stand) -> None:
    stand.changes = {"client": "scripts"}
    with pytest.raises(StageError, match="desktops of stage dev have scripts, which ask for no certificate"):
        stand.run()


def test_a_stage_that_is_not_deployed_has_no_place_for_a_key(stand: Stand) -> None:
    stand.account.client("cloudformation").delete_stack(StackName="elephant-dev")
    with pytest.raises(StageError, match="is not deployed, and has no place for a key; make deploy STAGE=dev"):
        stand.run()


def test_where_nothing_proxies_an_own_certificate_is_asked_for(stand: Stand) -> None:
    class Plain:
        name = "Route 53"

        def authority(self, *_: Any) -> None:
            return None

    site = replace(stand.site, provider=Plain())  # type: ignore[arg-type]
    with pytest.raises(StageError, match=r"Route 53 does not stand between .* CERTIFICATE=fullchain\.pem"):
        see_to(site, Wish(), Operator(lambda: "", lambda _: False))


# --- who is asked, and how


def test_at_a_terminal_the_token_is_asked_for_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.delenv("CERTIFICATE_TOKEN", raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "Yes"

    monkeypatch.setattr(certificate, "getpass", answer)
    monkeypatch.setattr("builtins.input", answer)
    who = certificate.operator()
    assert who.token() == "Yes"
    assert who.asks
    assert who.asks("Set it?")
    assert asked == ["The token for this one run (it is not shown, and kept nowhere): ", "Set it? [y/N] "]


@pytest.mark.parametrize("answer", ["", "n", "no", "maybe"])
def test_whatever_is_not_yes_is_no(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    asks = certificate.operator().asks
    assert asks
    assert not asks("Set it?")


def test_a_machine_gives_it_in_the_environment_or_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("piped\n"))
    monkeypatch.delenv("CERTIFICATE_TOKEN", raising=False)
    who = certificate.operator()
    assert (who.token(), who.asks) == ("piped\n", None)
    monkeypatch.setenv("CERTIFICATE_TOKEN", "of the environment")
    assert certificate.operator().token() == "of the environment"


def test_who_stops_it_is_told_that_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(certificate, "load", stop)
    monkeypatch.setattr(sys, "argv", ["certificate", "--stage", "dev"])
    assert certificate.main() == 1
    assert "Run it again; what was begun is found again." in capsys.readouterr().err

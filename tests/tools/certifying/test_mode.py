"""Full (strict) for a whole zone, and the end of earlier certificates: nobody is cut off whom the command knows of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.adapters.dns.cloudflare import mark_of
from tests.tools.certifying.stand import Stand
from tests.tools.checks.sound import SECRET
from tools import certifying
from tools.stage import StageError

LATER = timedelta(minutes=11)


@pytest.fixture
def zone(stand: Stand) -> Stand:
    """A zone with a shop, a mail server that is not proxied, a desktop of the stage and one of another stage."""
    add, mark = stand.cloudflare.add, stand.site.account.installation
    add(name="shop.example.com", content="203.0.113.1", proxied=True)
    add(name="mail.example.com", content="203.0.113.2", proxied=False)
    add(name="i-0a.example.com", content="203.0.113.3", proxied=True, comment=f"{mark_of('dev', mark)}m-1")
    add(name="i-0b.example.com", content="203.0.113.4", proxied=True, comment=f"{mark_of('prod', mark)}m-2")
    return stand


def with_desktops(monkeypatch: pytest.MonkeyPatch, *ids: str) -> None:
    monkeypatch.setattr(certifying, "alive", lambda *_: list(ids))


def test_before_it_is_set_the_command_names_what_else_the_zone_serves_and_asks(
    zone: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    zone.run(answer=True)
    said = capsys.readouterr().out
    assert "also serves 2 names that are no desktops of stage dev: i-0b.example.com, shop.example.com." in said
    assert zone.asked == [
        "Set Full (strict) for the whole zone? What shows no certificate that it trusts is cut off then."
    ]
    assert zone.cloudflare.mode == "strict"


def test_no_leaves_the_mode_and_says_how_to_set_it_later(zone: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    zone.run(answer=False)
    assert zone.cloudflare.mode == "full"
    assert zone.handed_over
    assert "The mode stays full. Later: make certificate STAGE=dev STRICT=yes" in capsys.readouterr().out
    zone.asked.clear()
    zone.run(strict=True)
    assert (zone.cloudflare.mode, zone.asked, len(zone.authority.issued)) == ("strict", [], 1)


def test_a_machine_says_it_beforehand(zone: Stand) -> None:
    zone.run(asks=False, strict=False)
    assert zone.cloudflare.mode == "full"
    zone.run(asks=False, strict=True, force=True)
    assert zone.cloudflare.mode == "strict"


def test_where_it_is_set_nobody_is_asked(zone: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    zone.cloudflare.mode = "strict"
    zone.run()
    assert zone.asked == []
    assert "Full (strict) is set" in capsys.readouterr().out


def test_a_zone_of_desktops_alone_is_said_to_be_one(stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    stand.run()
    assert "The zone serves nothing but the desktops of stage dev." in capsys.readouterr().out


def test_of_many_names_the_first_are_named_and_the_rest_counted(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(25):
        stand.cloudflare.add(name=f"s{number:02}.example.com", content="203.0.113.1", proxied=True)
    stand.run()
    said = capsys.readouterr().out
    assert "also serves 25 names" in said
    assert "s19.example.com, and 5 more." in said


def test_what_cannot_be_listed_is_said_before_anybody_is_asked(zone: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    zone.account.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString="{}")
    zone.run()
    assert "What else the zone serves cannot be told" in capsys.readouterr().out
    assert zone.asked


def test_who_may_not_read_the_mode_has_a_certificate_all_the_same(zone: Stand) -> None:
    zone.cloudflare.rights["narrow"] = {"certificates"}
    with pytest.raises(
        StageError, match=r"read the zone's encryption mode .*9109 .*Zone Settings → Edit for this zone"
    ):
        zone.run(token="narrow")
    assert zone.handed_over


def test_people_in_desktops_that_show_an_earlier_one_are_not_cut_off(
    zone: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_desktops(monkeypatch, "i-0a")
    with pytest.raises(StageError, match=r"1 desktops are alive and may not show the certificate before .* STRICT=yes"):
        zone.run(strict=True)
    assert zone.cloudflare.mode == "full"
    assert zone.handed_over
    zone.ahead = LATER
    zone.run(strict=True)
    assert zone.cloudflare.mode == "strict"


# --- earlier ones


def test_an_earlier_one_is_revoked_when_that_is_asked_for_and_no_desktop_may_show_it(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.run()
    before = stand.kept
    assert before
    with_desktops(monkeypatch, "i-0a", "i-0b")
    with pytest.raises(StageError, match=r"2 desktops are alive and may still show .*i-0a, i-0b\. Nothing was revoked"):
        stand.run(force=True, revoke=True)
    after = stand.kept
    assert after
    assert after.earlier == (before.issued_as,)
    assert before.issued_as in stand.authority.issued
    with_desktops(monkeypatch)
    stand.run(revoke=True)
    assert list(stand.authority.issued) == [after.issued_as]
    assert stand.kept == replace(after, earlier=())


def test_one_that_was_revoked_in_the_dashboard_is_no_trouble(stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    stand.run()
    stand.run(force=True)
    assert stand.kept
    [earlier] = stand.kept.earlier
    del stand.authority.issued[earlier]
    stand.run(revoke=True)
    assert f"The earlier certificate {earlier} was revoked before, or has ended." in capsys.readouterr().out
    stand.run(revoke=True)
    assert "There is no earlier certificate to revoke." in capsys.readouterr().out

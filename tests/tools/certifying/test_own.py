"""An operator's own certificate: what cannot stand on desktops is refused with all that is wrong, before it is kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import certifi
import pytest

from tests import at_length
from tests.tools.certifying.makers import Maker, encrypted, key_of, pem_of
from tests.tools.certifying.stand import DAY, Stand
from tools import pem
from tools.stage import StageError

NAME = "*.example.com"


class Own:
    """A root, an authority below it, and the files of a certificate that it has issued."""

    def __init__(self, folder: Path, stand: Stand) -> None:
        self.folder, self.stand = folder, stand
        self.root = Maker("A root")
        self.middle = Maker("An authority", by=self.root)
        self.leaf = Maker(NAME, by=self.middle, names=[NAME, "example.com"], may_issue=False)

    def give(self, chain: str | None = None, key: str | None = None, root: str | None = None, **more: Any) -> None:
        """Run `make certificate` with files of these texts."""
        texts = {
            "fullchain.pem": chain if chain is not None else pem_of(self.leaf, self.middle),
            "key.pem": key if key is not None else key_of(self.leaf),
            "own-root.pem": root if root is not None else pem_of(self.root),
        }
        for name, text in texts.items():
            (self.folder / name).write_text(text)
        own = (self.folder / "fullchain.pem", self.folder / "key.pem")
        where = self.folder / "own-root.pem" if texts["own-root.pem"] else None
        self.stand.run(own=own, root=where, asks=False, **more)


@pytest.fixture
def own(tmp_path: Path, stand: Stand) -> Own:
    folder = tmp_path / "own"
    folder.mkdir()
    return Own(folder, stand)


def test_it_goes_the_same_way_and_nobody_is_asked_for_a_token(own: Own) -> None:
    own.give()
    handed, kept = own.stand.handed_over, own.stand.kept
    assert handed
    assert kept
    assert handed.chain == pem_of(own.leaf, own.middle)
    assert handed.issuer_root == pem_of(own.root)
    assert pem.key_id(handed.key) == pem.key_id(handed.chain)
    assert (kept.issued_as, own.stand.tokens_given, own.stand.authority.issued) == ("", 0, {})


def test_it_takes_the_place_of_one_that_is_good_for_long_and_that_can_be_revoked(own: Own) -> None:
    own.stand.run()
    before = own.stand.kept
    own.give()
    assert before
    assert own.stand.kept
    assert own.stand.kept.earlier == (before.issued_as,)


def test_the_same_again_changes_nothing(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    own.give()
    before = own.stand.kept
    own.give()
    assert own.stand.kept == before
    assert "This certificate is kept already" in capsys.readouterr().out


def test_what_else_the_files_hold_is_not_handed_over(own: Own) -> None:
    own.give(chain="a note\n" + pem_of(own.leaf) + "another\n" + pem_of(own.middle).replace("\n", "\r\n"))
    assert own.stand.handed_over
    assert own.stand.handed_over.chain == pem_of(own.leaf, own.middle)


def test_one_that_browsers_trust_needs_no_root(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = own.folder / "browsers.pem"
    bundle.write_text(Path(certifi.where()).read_text(encoding="utf-8") + pem_of(own.root), encoding="utf-8")
    monkeypatch.setattr(certifi, "where", lambda: str(bundle))
    own.give(root="")
    assert own.stand.handed_over
    assert own.stand.handed_over.issuer_root == pem_of(own.root)


def test_one_that_ends_tomorrow_is_refused_unless_it_is_forced(own: Own) -> None:
    own.leaf = Maker(NAME, by=own.middle, names=[NAME], until=1.5 * DAY, may_issue=False)
    with pytest.raises(StageError, match=r"ends on .*, in 1 days, .* Take one that is good for longer, .* FORCE=1"):
        own.give()
    assert own.stand.handed_over is None
    own.give(force=True)
    assert own.stand.handed_over


def wrong(own: Own, what: str) -> dict[str, str]:
    """Return the texts of what is wrong so."""
    leaf, middle, root = own.leaf, own.middle, own.root
    other = Maker(NAME, by=middle, names=[NAME], may_issue=False)
    match what:
        case "another key":
            return {"key": key_of(other)}
        case "another order":
            return {"chain": pem_of(middle, leaf)}
        case "a link missing":
            return {"chain": pem_of(leaf)}
        case "a link of another":
            return {"chain": pem_of(leaf, Maker("Another authority", by=root))}
        case "the domain alone":
            bare = Maker("example.com", by=middle, names=["example.com"], may_issue=False)
            return {"chain": pem_of(bare, middle), "key": key_of(bare)}
        case "no names":
            bare = Maker(NAME, by=middle, may_issue=False)
            return {"chain": pem_of(bare, middle), "key": key_of(bare)}
        case "ended":
            old = Maker(NAME, by=middle, names=[NAME], since=-9 * DAY, until=-DAY, may_issue=False)
            return {"chain": pem_of(old, middle), "key": key_of(old)}
        case "not begun":
            early = Maker(NAME, by=middle, names=[NAME], since=DAY, may_issue=False)
            return {"chain": pem_of(early, middle), "key": key_of(early)}
        case "an authority that has ended":
            old = Maker("An authority", by=root, since=-9 * DAY, until=-DAY)
            below = Maker(NAME, by=old, names=[NAME], may_issue=False)
            return {"chain": pem_of(below, old), "key": key_of(below)}
        case "a password":
            return {"key": encrypted(leaf)}
        case "no key":
            return {"key": "no key"}
        case "no certificate":
            return {"chain": key_of(leaf)}
        case "a damaged certificate":
            return {"chain": pem_of(leaf).replace("MII", "MIJ", 1)}
        case "by no browser's root":
            return {"root": ""}
        case "for clients":
            client = Maker(NAME, by=middle, names=[NAME], may_issue=False, for_servers=False)
            return {"chain": pem_of(client, middle), "key": key_of(client)}
        case "a weak key":
            weak = Maker(NAME, by=middle, names=[NAME], may_issue=False, bits=1024)
            return {"chain": pem_of(weak, middle), "key": key_of(weak)}
    raise ValueError(what)


WRONG = {
    "another key": "the key does not belong to the certificate",
    "another order": "the key belongs to the certificate number 2; the desktops' own must come first",
    "a link missing": "it was issued by An authority, and by none of the roots that were named",
    "a link of another": r"the certificate number 1 was not issued by the one that follows it, Another authority",
    "the domain alone": r"it is for example\.com, and desktops need \*\.example\.com",
    "no names": r"it is for no name, and desktops need \*\.example\.com",
    "ended": r"the certificate of \*\.example\.com has ended on",
    "not begun": r"the certificate of \*\.example\.com begins only at",
    "an authority that has ended": "the certificate of An authority has ended on",
    "a password": "the key has a password, and DCV cannot be told one; write it without: openssl pkey",
    "no key": "the key is no private key as PEM",
    "no certificate": "it holds no PEM certificate",
    "a damaged certificate": "the certificate number 1 in it is none",
    "by no browser's root": "no root that browsers trust has issued the last certificate, but A root: .* ROOT=root.pem",
    "for clients": "it may not be used by servers",
    "a weak key": "its RSA key has 1024 bits, and needs 2048",
}


@pytest.mark.parametrize("what", at_length.split(WRONG, list(WRONG)[::4].__contains__))
def test_what_cannot_be_desktops_certificate_is_refused(own: Own, what: str) -> None:
    own.stand.run()
    before = own.stand.handed_over
    with pytest.raises(StageError, match=WRONG[what]) as said:
        own.give(**wrong(own, what))
    assert own.stand.handed_over == before
    assert "PRIVATE" not in str(said.value)


def test_a_file_that_is_not_there_is_named(own: Own) -> None:
    lost = own.folder / "lost.pem"
    with pytest.raises(StageError, match=r"lost\.pem cannot be read: No such file"):
        own.stand.run(own=(lost, lost), asks=False)


def test_one_that_its_root_outlives_ends_when_it_ends_and_one_that_outlives_its_root_with_that(own: Own) -> None:
    short = Maker("A root", until=20 * DAY)
    leaf = Maker(NAME, by=short, names=[NAME], until=90 * DAY, may_issue=False)
    own.give(pem_of(leaf), key_of(leaf), pem_of(short))
    assert own.stand.kept
    assert own.stand.kept.ends_at - own.stand.now() < timedelta(days=20)

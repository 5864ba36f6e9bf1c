"""What `make certificate` does for a stage, once it is its turn: which certificate is kept, and what is said of it.

Intent before effect: a key is kept before a certificate is asked for with it, so a run that was killed in between loses
nothing. Nothing that a living desktop may show is revoked, and nobody in one is cut off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters import secrets
from chalicelib.names import for_people, one_form
from tools import kept_certificate, pem
from tools.desktops import alive
from tools.kept_certificate import Facts
from tools.pem import Unfit
from tools.site import Authority, Issued, Provider, Site
from tools.stage import StageError
from tools.terminal import say

TOKEN_VARIABLE = "CERTIFICATE_TOKEN"  # noqa: S105  the name of the environment variable in which a machine gives it

DAYS = 365
LONG = timedelta(days=30)
"""A certificate that is good for longer is left as it is."""

TOO_SHORT = timedelta(days=7)
"""An operator's own certificate that ends sooner is refused, unless it is forced."""

TAKEN_UP = timedelta(minutes=10)
"""How long after it was kept a desktop with the kit shows a new certificate, at the latest."""

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator has asked for."""

    days: int = DAYS
    force: bool = False
    strict: bool | None = None
    """Whether Full (strict) is to be set; None for: ask."""
    revoke: bool = False
    own: tuple[Path, Path] | None = None
    """The files of an operator's own certificate and its key."""
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs it: how they are asked. `asks` is None where nobody sits at a terminal."""

    token: Callable[[], str]
    asks: Callable[[str], bool] | None


class Certificates:
    """One run, whose turn it is, over the state table of this name."""

    def __init__(self, site: Site, table: str, wish: Wish, who: Operator) -> None:
        """Take what is wished, and by whom; what is kept already is looked at."""
        self._site, self._table, self._wish, self._who = site, table, wish, who
        self._name = f"*.{one_form(site.stage.domain)}"
        self._shown = f"*.{for_people(one_form(site.stage.domain))}"
        self._asked: Authority | None = None
        self._kept = self._look()

    def see_to(self) -> None:
        """Do what is wished, and say what was done.

        Raises:
            StageError: something stands in the way; what was done before it stands.
        """
        if self._wish.own:
            self._take_own(*self._wish.own)
        elif self._is_good_for_long():
            kept = self._certain()
            say(
                f"The certificate for {self._shown} is good to {kept.ends_at:%Y-%m-%d}; it stays. "
                "FORCE=1 has another one issued all the same."
            )
        else:
            self._have_issued()
        if self._wish.revoke:
            self._revoke_earlier()
        self._see_to_mode()

    # --- which one

    def _look(self) -> Facts | None:
        """Return what is kept, where it is whole; a hand may have taken a part of it away."""
        site, table = self._site, self._table
        try:
            kept = kept_certificate.facts(table, site.client)
        except ValueError:
            return None
        texts = kept_certificate.texts(table, site.client)
        if kept is None or not {"certificate", "key", "issuer_root"} <= texts.keys():
            return None
        try:
            pem.judge(texts["certificate"], texts["key"], texts["issuer_root"], self._name, site.now())
        except Unfit as unfit:
            say(f"The certificate that is kept is good no more: {unfit}.")
            return replace(kept, ends_at=site.now())
        for done in kept_certificate.tell_again(table, site.client):
            say(f"{done[0].upper()}{done[1:]}.")
        return kept

    def _certain(self) -> Facts:
        if self._kept is None:
            raise StageError(f"stage {self._site.stage.name} keeps no certificate; {self._site.make('certificate')}")
        return self._kept

    def _is_good_for_long(self) -> bool:
        kept, wish = self._kept, self._wish
        return kept is not None and not wish.force and kept.ends_at - self._site.now() > LONG

    # --- a new one

    def _take_own(self, certificate: Path, key: Path) -> None:
        roots = _read(self._wish.root) if self._wish.root else ""
        try:
            pair = pem.judge(_read(certificate), _read(key), roots, self._name, self._site.now())
        except Unfit as unfit:
            raise StageError(f"{certificate} cannot be desktops' certificate: {unfit}") from None
        left = pair.ends_at - self._site.now()
        if left < TOO_SHORT and not self._wish.force:
            raise StageError(
                f"{certificate} ends on {pair.ends_at:%Y-%m-%d %H:%M} UTC, in {left // timedelta(days=1)} days, and no "
                "desktop would be ready from then on. Take one that is good for longer, or this one all the same with "
                "FORCE=1"
            )
        if self._kept and self._kept.id == pair.id:
            say(f"This certificate is kept already, good to {pair.ends_at:%Y-%m-%d}; it stays.")
            return
        self._keep(pair, "")

    def _have_issued(self) -> None:
        """Have one issued: its key is kept before anybody is asked, so that what was issued is never without it."""
        site, authority = self._site, self._authority()
        before = kept_certificate.begun(self._table, site.client)
        if before and before.name == self._name:
            key = before.key
            good = [each for each in authority.issued() if each.ends_at is None or each.ends_at > site.now()]
            if found := _of_key(key, good):
                say(f"{authority.name} has issued {found.id} already, in a run that did not come to its end.")
                self._keep_issued(found, key)
                return
        else:
            key = pem.make_key()
            kept_certificate.begin(key, self._name, self._table, site.client, site.now())
        say(f"· {authority.name} is asked for a certificate for {self._shown}")
        self._keep_issued(authority.issue(pem.make_request(key, self._name), self._name, self._wish.days), key)

    def _keep_issued(self, issued: Issued, key: str) -> None:
        roots = _read(self._wish.root) if self._wish.root else self._authority().root
        try:
            pair = pem.judge(issued.certificate, key, roots, self._name, self._site.now())
        except Unfit as unfit:
            raise StageError(
                f"{self._authority().name} issued {issued.id}, which cannot be desktops' certificate: {unfit}. "
                f"{self._take_back(issued)}, and what was kept before stays. Where its issuer has a new root, name "
                "it with ROOT=root.pem"
            ) from None
        try:
            self._keep(pair, issued.id)
        except (ClientError, BotoCoreError) as error:
            raise StageError(
                f"{issued.id} was issued and could not be kept: {error}. Nobody shows it. Run this again, which finds "
                "and keeps it; or revoke it at dash.cloudflare.com, SSL/TLS, Origin Server"
            ) from error

    def _take_back(self, issued: Issued) -> str:
        """Revoke what nobody will ever show; return what became of it, as the beginning of a sentence."""
        try:
            self._authority().revoke(issued.id)
        except StageError as error:
            return f"It could not be revoked ({error})"
        return "It was revoked"

    def _keep(self, pair: pem.Pair, issued_as: str) -> None:
        before = self._kept or self._unfit_before()
        earlier = dict.fromkeys([*(before.earlier if before else ()), *([before.issued_as] if before else [])])
        of = Facts(
            id=pair.id,
            name=self._name,
            ends_at=pair.ends_at,
            kept_at=self._site.now(),
            issued_as=issued_as,
            earlier=tuple(each for each in earlier if each and each != issued_as),
        )
        kept_certificate.keep(pair, of, self._table, self._site.client)
        self._kept = of
        say(
            f"The certificate for {self._shown} is kept, good to {pair.ends_at:%Y-%m-%d}. Desktops with the kit show "
            f"it within {TAKEN_UP // timedelta(minutes=1)} minutes; three weeks before its end an alarm rings."
        )
        if of.earlier:
            say(
                f"Of those before it, {', '.join(of.earlier)} are not revoked; REVOKE=1 does so once no desktop is "
                "alive that may show them."
            )
        if self._site.stage.issuer_root:
            say(f"Its own root counts from now on, and not stages/{self._site.stage.issuer_root}.")

    def _unfit_before(self) -> Facts | None:
        """Return what is left to know of one that is not whole."""
        try:
            return kept_certificate.facts(self._table, self._site.client)
        except ValueError:
            return None

    # --- what else was asked for

    def _revoke_earlier(self) -> None:
        kept = self._certain()
        if not kept.earlier:
            say("There is no earlier certificate to revoke.")
            return
        if found := alive(self._site.stage, self._site.client):
            raise StageError(
                f"{len(found)} desktops are alive and may still show an earlier certificate: {', '.join(found)}. "
                "Nothing was revoked; run this again with REVOKE=1 when they have ended"
            )
        for each in kept.earlier:
            done = self._authority().revoke(each)
            kept = replace(kept, earlier=tuple(other for other in kept.earlier if other != each))
            kept_certificate.keep_facts(kept, self._table, self._site.client)
            say(f"The earlier certificate {each} {'was revoked' if done else 'was revoked before, or has ended'}.")
        self._kept = kept

    def _see_to_mode(self) -> None:
        """Let the proxies judge what they connect to, once the operator has seen what else that is."""
        if self._wish.strict is False or (self._asked is None and self._wish.strict is None):
            return
        authority = self._authority()
        mode = authority.mode()
        if mode == "strict":
            say("Full (strict) is set: the proxies connect to what shows a certificate that they trust alone.")
            return
        say(f"The zone's encryption mode is {mode}: {authority.name} takes any certificate from what it connects to.")
        self._refuse_early()
        others = self._site.provider.served(self._site)
        say(_what_else(others, self._site))
        if self._wish.strict is None:
            question = "Set Full (strict) for the whole zone? What shows no certificate that it trusts is cut off then."
            if self._who.asks is None or not self._who.asks(question):
                say(f"The mode stays {mode}. Later: {self._site.make('certificate')} STRICT=yes")
                return
        authority.make_strict()
        say("Full (strict) is set for the whole zone.")

    def _refuse_early(self) -> None:
        """Refuse to cut off those who are in a desktop that may not show the new certificate yet."""
        shown_from = self._certain().kept_at + TAKEN_UP
        living = alive(self._site.stage, self._site.client) if self._site.now() < shown_from else []
        if living:
            raise StageError(
                f"the mode stays as it is: {len(living)} desktops are alive and may not show the certificate before "
                f"{shown_from:%H:%M} UTC, so Full (strict) would cut their people off. From then on: "
                f"{self._site.make('certificate')} STRICT=yes"
            )

    def _authority(self) -> Authority:
        """Return who is asked, with the token of this run.

        Raises:
            StageError: what was given cannot be a token, or nobody issues for this provider.
        """
        if self._asked is None:
            self._asked = authority_of(self._site, _token(self._who))
        return self._asked


def authority_of(site: Site, token: str) -> Authority:
    """Return what issues certificates for the stage's provider.

    Raises:
        StageError: nothing does, since nothing stands between people and desktops.
    """
    provider: Provider = site.provider
    found = provider.authority(site, token)
    if found is None:
        raise StageError(
            f"{provider.name} does not stand between people and desktops, so browsers must trust what desktops show: "
            "bring a certificate of your own with CERTIFICATE=fullchain.pem KEY=key.pem"
        )
    return found


def _token(who: Operator) -> str:
    """Return the token that was given.

    Raises:
        StageError: it cannot be one; what is wrong is told, and nothing of it repeated.
    """
    token = who.token().strip()
    if not token:
        raise StageError(
            f"no token was given. Type it when asked, or give it in the variable {TOKEN_VARIABLE}; it takes the rights "
            "Zone → SSL and Certificates → Edit and Zone → Zone Settings → Edit, and is kept nowhere"
        )
    if wrong := secrets.what_is_wrong(token):
        raise StageError(f"what was given cannot be a token ({wrong}); give it as it was copied, without Bearer")
    return token


def _of_key(key: str, issued: list[Issued]) -> Issued | None:
    """Return the certificate that was issued for a key, None for none."""
    for each in issued:
        try:
            if pem.key_id(each.certificate) == pem.key_id(key):
                return each
        except Unfit:
            continue
    return None


def _what_else(others: list[str] | None, site: Site) -> str:
    if others is None:
        return (
            "What else the zone serves cannot be told: the app's own DNS token is not there, or may not list the "
            "records. dash.cloudflare.com shows which are proxied; each of them must show a certificate that "
            "Cloudflare trusts."
        )
    if not others:
        return f"The zone serves nothing but the desktops of stage {site.stage.name}."
    more = f", and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return (
        f"The zone also serves {len(others)} names that are no desktops of stage {site.stage.name}: "
        f"{', '.join(others[:_SHOWN])}{more}. Full (strict) cuts off each of them whose server shows no certificate "
        "that Cloudflare trusts."
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise StageError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise StageError(f"{path} is not PEM: it holds what is not ASCII") from None

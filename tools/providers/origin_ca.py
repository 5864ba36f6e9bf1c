"""Cloudflare's Origin CA and a zone's encryption mode, asked with a token that is good for one run and kept nowhere.

Whatever is said of a failure, the token is not in it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib import resources
from itertools import count
from typing import Any

import requests

from tools.findings import Finding, ok, warn
from tools.site import Issued, Site
from tools.stage import StageError

VALIDITIES = (7, 30, 90, 365, 730, 1095, 5475)
"""The days for which Cloudflare issues."""

STRICT = "strict"
RIGHTS = "Zone → SSL and Certificates → Edit and Zone → Zone Settings → Edit"
_TIMEOUT_S = (5, 30)
_PAGE = 50
_REFUSED_TOKEN = frozenset({1016, 6003, 9103, 9109, 10000})
_FOREIGN_NAME = 1010
_TOKENS = "dash.cloudflare.com/profile/api-tokens"


def own_root() -> str:
    """Return the root that issues Cloudflare's origin certificates for RSA keys, as PEM; it ends on 2029-08-15."""
    return resources.files("tools").joinpath("cloudflare_origin_ca_rsa_root.pem").read_text(encoding="ascii")


class OriginCa:
    """The authority of a zone's proxies: what it issues is trusted by them, and by nobody else."""

    name = "Cloudflare"
    validities = VALIDITIES

    def __init__(self, site: Site, token: str) -> None:
        """Take the stage and a token with these rights for its zone."""
        self._http = site.http
        self._token = token
        self._zone_id = site.stage.zone_id
        self._url = site.stage.variable("CLOUDFLARE_API_URL")

    @property
    def root(self) -> str:
        """The root that issues what is asked for here, as PEM."""
        return own_root()

    def issue(self, request: str, name: str, days: int) -> Issued:
        """Have a certificate issued for this request and this one name, valid for so many days.

        Raises:
            StageError: it was refused, or whether it was issued is not known; then `issued` tells.
        """
        self._refuse_pending()
        body = {
            "csr": request,
            "hostnames": [name],
            "request_type": "origin-rsa",
            "requested_validity": days,
        }
        return _issued(self._call("POST", "/certificates", f"issue a certificate for {name}", json=body))

    def issued(self) -> list[Issued]:
        """Return the certificates that are issued for names of the zone and not revoked."""
        found: list[Issued] = []
        for page in count(1):
            path = f"/certificates?zone_id={self._zone_id}&per_page={_PAGE}&page={page}"
            listed = self._call("GET", path, "list the certificates") or ()
            found += [_issued(each) for each in listed if not each.get("revoked_at")]
            if len(listed) < _PAGE:
                break
        return found

    def revoke(self, issued_as: str) -> bool:
        """Revoke a certificate; return False where there is none of this id any more."""
        try:
            self._call("DELETE", f"/certificates/{issued_as}", f"revoke the certificate {issued_as}")
        except _Refused as refused:
            if refused.status == 404:
                return False
            raise
        return True

    def mode(self) -> str:
        """Return how Cloudflare connects to what the zone's names lead to: `strict` where it judges certificates."""
        found = self._call("GET", f"/zones/{self._zone_id}/settings/ssl", "read the zone's encryption mode")
        return str(found.get("value", "")) if isinstance(found, dict) else ""

    def make_strict(self) -> None:
        """Let Cloudflare connect only to servers of the zone that show a certificate which it trusts."""
        what = "set the zone's encryption mode"
        self._call("PATCH", f"/zones/{self._zone_id}/settings/ssl", what, json={"value": STRICT})

    def _refuse_pending(self) -> None:
        """Say so where the zone is not active yet; a token that may not read the zone is told by the request itself."""
        try:
            zone = self._call("GET", f"/zones/{self._zone_id}", "read the zone")
        except _Refused:
            return
        status = zone.get("status", "active") if isinstance(zone, dict) else "active"
        if status != "active":
            raise StageError(
                f"Cloudflare has the zone {zone.get('name')} as {status}, and issues nothing for it yet: enter its "
                "name servers at your registrar, and run this again once dash.cloudflare.com shows the zone as active."
            )

    def _call(self, method: str, path: str, what: str, **content: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            answer = self._http.request(
                method, self._url + path, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False, **content
            )
        except requests.RequestException as error:
            raise StageError(
                f"Cloudflare was not reached to {what} ({self._without_token(error)}). See that this machine reaches "
                f"{self._url}, and run this again: what was begun is found again."
            ) from None
        if answer.status_code == 429:
            wait = answer.headers.get("Retry-After", "300")
            raise StageError(
                f"Cloudflare takes no more requests of this user for {wait} s (429), so it did not {what}. "
                "Run this again then."
            )
        try:
            reply = answer.json()
        except ValueError:
            reply = {}
        reply = reply if isinstance(reply, dict) else {}
        if answer.status_code >= 500:
            raise StageError(
                f"Cloudflare answers {answer.status_code} and did not {what}, or it did and could not say so. Run this "
                "again in some minutes: what was begun is found again."
            )
        if answer.ok and reply.get("success") is True:
            return reply.get("result")
        raise _Refused(self._without_token, what, answer.status_code, reply.get("errors"))

    def _without_token(self, said: object) -> str:
        return str(said).replace(self._token, "…")


class _Refused(StageError):
    """Cloudflare refuses what it was asked."""

    def __init__(self, scrub: Any, what: str, status: int, errors: object) -> None:
        self.status = status
        listed = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
        codes = {each.get("code") for each in listed}
        said = "; ".join(f"{each.get('code')} {each.get('message')}" for each in listed) or "no reason given"
        said = scrub(f"Cloudflare refused to {what} with HTTP {status}: {said}.")
        if _FOREIGN_NAME in codes:
            said += (
                " It does not count the name to a zone that this token may use: dns.domain or dns.zone_id is another "
                "account's, the zone is still pending, or the token is for another zone. Correct that, and run this "
                "again."
            )
        elif status in (401, 403) or codes & _REFUSED_TOKEN:
            said += f" The token needs {RIGHTS} for this zone: make one at {_TOKENS}, and run this again."
        super().__init__(said)


def _issued(found: Any) -> Issued:
    """Return a certificate as Cloudflare tells it.

    Raises:
        StageError: it tells none.
    """
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise StageError("Cloudflare's answer does not hold a certificate. Run this again: what was begun is found.")
    return Issued(found["id"], str(found.get("certificate") or ""), _ends_at(str(found.get("expires_on") or "")))


def _ends_at(told: str) -> datetime | None:
    """Return the moment (UTC) that Cloudflare writes like `2027-11-27 05:20:00 +0000 UTC`, or as ISO 8601."""
    found = re.match(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})", told)
    return datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC) if found else None


def examine_mode(status: int, reply: dict[str, Any], site: Site) -> Finding:
    """Return whether Cloudflare judges desktops' certificates, by its answer to a look at the zone's mode."""
    result = reply.get("result")
    mode = result.get("value") if status == 200 and isinstance(result, dict) else None
    if mode is None:
        return ok("whether the zone is on Full (strict) is not the DNS token's to read; dash.cloudflare.com shows it")
    if mode == STRICT:
        return ok("Cloudflare lets people through to desktops with a certificate that it trusts alone: Full (strict)")
    return warn(
        f"the zone's encryption mode is {mode} and not strict: Cloudflare does not judge desktops' certificates",
        f"{site.make('certificate')} STRICT=yes",
    )

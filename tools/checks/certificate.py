"""The certificate that desktops show: until when, for which names, and whether its key is with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from chalicelib.names import for_people, one_form
from chalicelib.settings import Client
from tools import kept_certificate, pem
from tools.errors import ignore_not_found
from tools.findings import Finding, fail, ok, warn
from tools.pem import Unfit
from tools.site import Site

SOON = timedelta(days=30)
"""How long before its end it is told."""

AT_ONCE = timedelta(days=3)
"""How long before its end meetings are taken to be in danger: those that are scheduled want desktops then."""


def certificate(site: Site) -> Iterator[Finding]:
    """The certificate that the app hands to desktops is good for their names and for a while."""
    if site.desktop_client is Client.SCRIPTS:
        yield ok("desktops with scripts show the certificate that is on their image")
        return
    table = site.outputs.get("StateTable", "")
    found: dict[str, str] = {}
    told = ("", "")
    with ignore_not_found():
        found, told = kept_certificate.texts(table, site.client), kept_certificate.told(table, site.client)
    again = f"{site.make('certificate')} FORCE=1"
    if not found:
        yield _none(site)
        return
    name = f"*.{one_form(site.stage.domain)}"
    try:
        pair = pem.judge(
            found.get("certificate", ""), found.get("key", ""), found.get("issuer_root", ""), name, site.now()
        )
    except Unfit as unfit:
        yield fail(f"the certificate that desktops are handed is not good: {unfit}", again)
        return
    if told != (pair.id, found["issuer_root"]):
        yield fail("desktops are not told of the certificate that is kept", site.make("deploy"))
    left = pair.ends_at - site.now()
    when = f"{pair.ends_at:%Y-%m-%d}, in {left // timedelta(days=1)} days"
    if left < AT_ONCE:
        yield fail(f"the desktops' certificate ends on {when}; none is ready from then on", site.make("certificate"))
    elif left < SOON:
        yield warn(f"the desktops' certificate ends on {when}; none is ready from then on", site.make("certificate"))
    else:
        yield ok(f"desktops are handed a certificate for *.{for_people(one_form(site.stage.domain))}, good to {when}")


def _none(site: Site) -> Finding:
    if site.stage.issuer_root:
        return ok(f"desktops show the certificate on their image, by the roots in {site.stage.issuer_root}")
    return warn(
        "no certificate is kept for desktops: each is ready only if its image holds one that it trusts itself",
        site.make("certificate"),
    )

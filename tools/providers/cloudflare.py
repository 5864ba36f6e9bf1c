"""Cloudflare, as the tools see it: a token in a secret, and proxies between people and desktops."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Network
from typing import Any

from chalicelib.adapters import secrets
from chalicelib.adapters.dns.cloudflare import NOT_FOUND, CloudflareDns, mark_of
from tools.account import Account, Clients
from tools.errors import ignore_not_found
from tools.findings import Finding, fail, ok, warn
from tools.site import Site
from tools.stage import APP, Stage

_NETWORKS = (
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
)
"""The ranges of Cloudflare's proxies (www.cloudflare.com/ips-v4)."""

_NO_RECORD = "0" * 32
_TIMEOUT_S = 10


def _secret(stage: Stage) -> str:
    """Return the name of the secret that holds the token, as the template makes it."""
    return f"{stage.name}/{APP}/cloudflare"


class Cloudflare:
    """What the tools need of Cloudflare."""

    name = "Cloudflare"
    networks = tuple(map(IPv4Network, _NETWORKS))
    services = frozenset({"secretsmanager"})

    def parameters(self, stage: Stage) -> dict[str, str]:
        """Return the secret that the stack makes for the token, and what its security group is to say."""
        return {
            "NetworksAre": "the proxies of Cloudflare only (www.cloudflare.com/ips-v4)",
            "SecretName": _secret(stage),
            "SecretKey": secrets.KEYS[1],
        }

    def examine(self, site: Site) -> Iterator[Finding]:
        """Yield whether the secret holds a token that may edit the zone, and whether the domain is the zone's own."""
        secret = site.outputs.get("DnsSecretName")
        if not secret:
            yield ok("the secret for the DNS token will be made by make deploy")
            return
        fill = site.aws(f"secretsmanager put-secret-value --secret-id {secret} --secret-string")
        fill += f" '{json.dumps({secrets.KEYS[1]: '...'})}'"
        text = None
        with ignore_not_found():
            text = site.client("secretsmanager").get_secret_value(SecretId=secret).get("SecretString", "")
        if text is None:
            yield fail(f"the secret {secret} is empty", fill)
        elif found := secrets.parse(text):
            yield from _examine_zone(_Api(site, found), site, fill)
        else:
            yield fail(f"the secret {secret} is not JSON with {secrets.KEYS[0]} or {secrets.KEYS[1]}", fill)

    def statement(self, call: str, stage: Stage, account: Account) -> dict[str, Any]:
        """Return the IAM statement that allows a call on the stage's secret."""
        # Secrets Manager adds six characters to a secret's name that nobody can foretell.
        secret = account.arn("secretsmanager", f"secret:{_secret(stage)}-??????")
        return {"Sid": "DnsToken", "Effect": "Allow", "Action": [call], "Resource": [secret]}

    def zone(self, stage: Stage, client: Clients) -> CloudflareDns | None:
        """Return the stage's part of the zone; None where the secret was never filled, so there never was a record."""
        text = ""
        with ignore_not_found():
            text = client("secretsmanager").get_secret_value(SecretId=_secret(stage)).get("SecretString", "")
        if not text.strip():
            return None
        return CloudflareDns(
            api_url=stage.variable("CLOUDFLARE_API_URL"),
            zone_id=stage.zone_id,
            token=secrets.SecretToken(lambda: client("secretsmanager"), _secret(stage)),
            stage=stage.name,
            clock=lambda: datetime.now(UTC),
            sleep=time.sleep,
        )

    def how_to_regain_access(self, stage: Stage) -> str:
        """Return how an operator makes it possible again to withdraw the stage's records."""
        return f"Store a token that may edit the zone in the secret {_secret(stage)}"

    def records_left(self, stage: Stage) -> str:
        """Return a sentence on where the stage's records may be left, and how to tell them."""
        return f"In the zone {stage.zone_id} records may be left: their comments begin with {mark_of(stage.name)}"

    def remove(self, stage: Stage, client: Clients) -> None:
        """Delete the secret at once; the stack would leave its name taken for its days of grace."""
        with ignore_not_found():
            client("secretsmanager").delete_secret(SecretId=_secret(stage), ForceDeleteWithoutRecovery=True)


class _Api:
    """Cloudflare's API with one token, for a look."""

    def __init__(self, site: Site, found: str) -> None:
        self._site = site
        self._headers = {"Authorization": f"Bearer {found}"}
        self._zone = f"{site.stage.variable('CLOUDFLARE_API_URL')}/zones/{site.stage.zone_id}"

    def call(self, method: str, path: str = "") -> tuple[int, dict[str, Any]]:
        """Return the status and the content of an answer about the zone; no content where that is not JSON."""
        answer = self._site.http.request(method, self._zone + path, headers=self._headers, timeout=_TIMEOUT_S)
        try:
            reply = answer.json()
        except ValueError:
            reply = {}
        return answer.status_code, reply if isinstance(reply, dict) else {}


def _examine_zone(api: _Api, site: Site, fill: str) -> Iterator[Finding]:
    """Yield what the token may do with the zone, and whether the domain is the zone's; `fill` replaces the secrets."""
    status, reply = api.call("GET", "/dns_records?per_page=5")
    if status >= 500 or status == 429:
        yield fail(f"Cloudflare answers {status}", "try again in five minutes")
        return
    if not reply.get("success"):
        made = "make one with Zone → DNS → Edit for this zone (dash.cloudflare.com/profile/api-tokens), then: "
        yield fail("Cloudflare does not accept the token for this zone, or zone_id is wrong", made + fill)
        return
    # Deleting what cannot exist changes nothing, and tells a token that may edit from one that may only read.
    _, reply = api.call("DELETE", f"/dns_records/{_NO_RECORD}")
    codes = {error.get("code") for error in reply.get("errors") or [] if isinstance(error, dict)}
    if NOT_FOUND in codes:
        yield ok("the DNS token may edit the zone's records")
    else:
        yield fail("the DNS token may read the zone but not edit it", "give it Zone → DNS → Edit at Cloudflare")
    status, reply = api.call("GET")
    yield _domain(site, (reply.get("result") or {}).get("name") if status == 200 else None)


def _domain(site: Site, zone_name: str | None) -> Finding:
    domain = site.stage.domain
    if zone_name is None:
        return warn(
            "the token cannot read the zone's name, so whether the domain is the zone's was not checked",
            "give the token Zone → Zone → Read too, or compare dns.domain with the zone's name yourself",
        )
    if domain == zone_name:
        return ok(f"desktops become <instance-id>.{domain}, which Universal SSL covers")
    if domain.endswith(f".{zone_name}"):
        return fail(
            f"<instance-id>.{domain} is below the first level of {zone_name}, which Universal SSL does not cover",
            f'set dns.domain = "{zone_name}" in {site.file}, or buy Advanced Certificate Manager for *.{domain}',
        )
    return fail(f"{domain} is not in the zone, which is {zone_name}", f"correct [dns] in {site.file}")

"""Cloudflare, as the tools see it: a token in a secret, and proxies between people and desktops."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Network
from itertools import count
from typing import Any

import requests

from chalicelib.adapters import secrets
from chalicelib.adapters.dns.cloudflare import MARKED, NOT_FOUND, CloudflareDns, mark_of
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.model import DnsRecord
from chalicelib.names import for_people, one_form
from chalicelib.rules.calendar import OF_A_MEETING
from tools import records
from tools.account import Account, Clients
from tools.errors import ignore_not_found
from tools.findings import Finding, as_sentence, fail, ok, warn
from tools.providers.origin_ca import OriginCa, examine_mode
from tools.site import Authority, Census, Site
from tools.stage import APP, Stage, StageError

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

_MARK = re.compile(rf"{MARKED}(?P<stage>[^:@]+)(@(?P<installation>[^:]+))?:")
_NO_RECORD = "0" * 32
_TIMEOUT_S = 10


def _secret(stage: Stage) -> str:
    """Return the name of the secret that holds the token, as the template makes it."""
    return f"{stage.name}/{APP}/cloudflare"


def _token(site: Site) -> str:
    """Return the token that the app has.

    Raises:
        StageError: there is none.
    """
    text, name = "", _secret(site.stage)
    with ignore_not_found():
        text = site.client("secretsmanager").get_secret_value(SecretId=name).get("SecretString", "")
    try:
        return secrets.token_in(text)
    except ValueError as error:
        raise StageError(f"The secret {name} {error}.") from None


def _installation(stage: Stage, account: Account) -> str:
    """Return what the stage's records are marked with beside its name."""
    return stage.variable("INSTALLATION") or account.installation


def _now() -> datetime:
    return datetime.now(UTC)


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
            return
        try:
            token = secrets.token_in(text)
        except ValueError as error:
            yield fail(f"the secret {secret} {error}", fill)
        else:
            yield from _examine_zone(_Api(site, token), site, fill)

    def statement(self, call: str, stage: Stage, account: Account) -> dict[str, Any]:
        """Return the IAM statement that allows a call on the stage's secret."""
        # Secrets Manager adds six characters to a secret's name that nobody can foretell.
        secret = account.arn("secretsmanager", f"secret:{_secret(stage)}-??????")
        return {"Sid": "DnsToken", "Effect": "Allow", "Action": [call], "Resource": [secret]}

    def zone(self, stage: Stage, client: Clients, account: Account) -> CloudflareDns | None:
        """Return the stage's part of the zone; None where the secret was never filled, so there never was a record."""
        text = ""
        with ignore_not_found():
            text = client("secretsmanager").get_secret_value(SecretId=_secret(stage)).get("SecretString", "")
        if not text.strip():
            return None
        return CloudflareDns(
            api_url=stage.variable("CLOUDFLARE_API_URL"),
            zone_id=stage.zone_id,
            token=secrets.SecretToken(lambda: client("secretsmanager"), _secret(stage), _now),
            stage=stage.name,
            installation=_installation(stage, account),
            clock=_now,
            sleep=time.sleep,
        )

    def census(self, site: Site) -> Census:
        """Return how many records the zone holds, and by whose mark."""
        return _census(_Api(site, _token(site)), site)

    def authority(self, site: Site, token: str) -> Authority:
        """Return Cloudflare's Origin CA."""
        return OriginCa(site, token)

    def served(self, site: Site) -> list[str] | None:
        """Return the names of the zone that Cloudflare proxies and that the stage's mark is not on.

        They are asked for with the token that the app has; None where there is none, or it may not read the zone.
        """
        try:
            token = _token(site)
        except StageError:
            return None
        own = mark_of(site.stage.name, _installation(site.stage, site.account))
        try:
            listed = list(_Api(site, token).records("proxied=true"))
        except (Unavailable, requests.RequestException):
            return None
        return sorted({for_people(each["name"]) for each in listed if not str(each.get("comment")).startswith(own)})

    def how_to_regain_access(self, stage: Stage) -> str:
        """Return how an operator makes it possible again to withdraw the stage's records."""
        return f"Store a token that may edit the zone in the secret {_secret(stage)}"

    def records_left(self, stage: Stage, account: Account) -> str:
        """Return a sentence on where the stage's records may be left, and how to tell them."""
        mark = mark_of(stage.name, _installation(stage, account))
        return f"In the zone {stage.zone_id} records may be left: their comments begin with {mark}"

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

    def records(self, which: str = "") -> Iterator[dict[str, Any]]:
        """Yield those of the zone's records that a query like `proxied=true` asks for, without one all of them.

        Raises:
            Unavailable: Cloudflare does not list them.
        """
        for page in count(1):
            status, reply = self.call("GET", f"/dns_records?per_page=5000&page={page}" + (which and f"&{which}"))
            if not reply.get("success"):
                raise Unavailable(f"Cloudflare does not list the zone's records ({status}).")
            yield from reply.get("result") or []
            if page >= (reply.get("result_info") or {}).get("total_pages", 1):
                return


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
    yield examine_mode(*api.call("GET", "/settings/ssl"), site)
    yield from _examine_room(api, site)
    yield from _examine_marks(api, site)


def _examine_marks(api: _Api, site: Site) -> Iterator[Finding]:
    """Yield how many records in the zone are, or may be, another installation's: they are left alone."""
    others: Counter[str] = Counter()
    doubtful: list[DnsRecord] = []
    try:
        marked = list(api.records(f"comment.startswith={MARKED}"))
    except Unavailable as error:
        yield warn(f"whose the records in the zone are was not looked at: {as_sentence(error)}", site.make("doctor"))
        return
    for found in marked:
        comment = str(found.get("comment"))
        mark = _MARK.match(comment)
        if mark and mark["installation"]:
            others[mark[0]] += mark["installation"] != _installation(site.stage, site.account)
        elif mark and mark["stage"] == site.stage.name:
            meeting_id = comment.removeprefix(mark[0])
            doubtful.append(DnsRecord(one_form(found["name"]), meeting_id=meeting_id, old_mark=True))
    try:
        own = records.own(doubtful, [site.outputs["TableName"]], site.stage, site.client)
    except Unavailable as error:
        yield warn(f"whose the records with the mark of 0.1.0 are cannot be told: {error}", site.make("doctor"))
    else:
        others[mark_of(site.stage.name)] += len(doubtful) - len(own)
    if others := +others:
        listed = ", ".join(f"{mark}… on {count}" for mark, count in sorted(others.items()))
        yield warn(
            f"{others.total()} records in the zone bear the mark of another installation: {listed}",
            "they are left alone; docs/deploy.md#a-zone-that-several-installations-share says whose they can be",
        )


def _census(api: _Api, site: Site) -> Census:
    """Return how many records the zone holds, and by whose mark.

    Raises:
        Unavailable: Cloudflare does not list them.
    """
    marks = [_MARK.match(str(each.get("comment"))) for each in api.records()]
    _, reply = api.call("GET", "/dns_records/usage")
    quota = (reply.get("result") or {}).get("record_quota")
    return Census(
        records=len(marks),
        quota=quota if isinstance(quota, int) else None,
        by_mark=Counter(mark[0] for mark in marks if mark),
        own_marks=(mark_of(site.stage.name, _installation(site.stage, site.account)), mark_of(site.stage.name)),
    )


def _examine_room(api: _Api, site: Site) -> Iterator[Finding]:
    """Yield whether the zone has room for the records of as many desktops as people may schedule, where it tells."""
    try:
        census = _census(api, site)
    except Unavailable:
        return  # whose the records are cannot be told either, and that is said
    if census.quota is None:
        return
    others = census.records - sum(census.by_mark.get(mark, 0) for mark in census.own_marks)
    room, limit = max(0, census.quota - others), site.stage.variable("MAX_DNS_RECORDS")
    wanted = min(site.stage.at_once, int(limit)) if limit else site.stage.at_once
    text = f"of the {census.quota} records that the zone may hold {others} are others'"
    if wanted <= room:
        yield ok(f"{text}: there is room for {wanted} desktops at once")
    else:
        least = f"set dns.max_records = {room} in {site.file}, or " if room >= OF_A_MEETING else ""
        yield warn(
            f"{text}: there is room for {room} desktops at once, and {wanted} can be scheduled",
            f"{least}make room in the zone, or take a larger plan ({site.make('dns-audit')} says whose they are)",
        )


def _domain(site: Site, zone_name: str | None) -> Finding:
    domain = one_form(site.stage.domain)
    shown = for_people(domain)
    if zone_name is None:
        return warn(
            "the token cannot read the zone's name, so whether the domain is the zone's was not checked",
            "give the token Zone → Zone → Read too, or compare dns.domain with the zone's name yourself",
        )
    zone, zone_name = one_form(zone_name), for_people(one_form(zone_name))
    if domain == zone:
        return ok(f"desktops become <instance-id>.{shown}, which Universal SSL covers")
    if domain.endswith(f".{zone}"):
        return fail(
            f"<instance-id>.{shown} is below the first level of {zone_name}, which Universal SSL does not cover",
            f'set dns.domain = "{zone_name}" in {site.file}, or buy Advanced Certificate Manager for *.{shown}',
        )
    return fail(f"{shown} is not in the zone, which is {zone_name}", f"correct [dns] in {site.file}")

"""The rules of a zone's records, as Cloudflare has them: which values one may have, and what may stand beside what."""

from __future__ import annotations

import ipaddress
from typing import Any

from chalicelib.names import one_form

ZONE_ID = "023e105f4ecef8ad9ca31a8372d0c353"
_COMMENT_LIMIT = 100
_ADDRESSES = ("A", "AAAA", "CNAME")
_SETTINGS = ("content", "ttl", "proxied", "comment")

Record = dict[str, Any]
Zone = dict[str, Record]


class Refusal(Exception):
    """A request that Cloudflare answers with an error of its own."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def check_values(record: Record, domain: str) -> None:
    """Check a record's values, and fill in those that follow from others."""
    if missing := [name for name in ("type", "name", "content") if not record.get(name)]:
        raise Refusal(1004, f"DNS Validation Error: {', '.join(missing)} must be given.")
    name = one_form(record["name"])
    record["name"] = name if name == domain or name.endswith(f".{domain}") else f"{name}.{domain}"
    if record["type"] == "A" and not _is_ipv4(record["content"]):
        raise Refusal(9005, "Content for A record must be a valid IPv4 address.")
    if record["proxied"]:
        record["ttl"] = 1
    if record["ttl"] != 1 and not 60 <= record["ttl"] <= 86400:
        raise Refusal(9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
    if len(record["comment"] or "") > _COMMENT_LIMIT:
        raise Refusal(1004, f"DNS Validation Error: a comment holds at most {_COMMENT_LIMIT} characters.")
    record.update(zone_id=ZONE_ID, zone_name=domain, proxiable=record["type"] in _ADDRESSES)
    record |= {"tags": [], "meta": {}, "settings": {}}


def check_conflict(record: Record, other: Record, round_robin: bool) -> None:
    """Refuse a record that cannot stand beside another of its name."""
    kind, there = record["type"], other["type"]
    if kind == there:
        if all(record[setting] == other[setting] for setting in _SETTINGS):
            raise Refusal(81058, "An identical record already exists.")
        if record["content"] == other["content"]:
            raise Refusal(81057, "The record already exists.")
    if kind not in _ADDRESSES or there not in _ADDRESSES:
        return
    if there == "CNAME" != kind:
        raise Refusal(81054, "A CNAME record with that host already exists.")
    if kind == "CNAME" or not round_robin:
        raise Refusal(81053, "An A, AAAA, or CNAME record with that host already exists.")


def existing(zone: Zone, record_id: str) -> Record:
    """Return a record of the zone."""
    if record_id not in zone:
        raise Refusal(81044, "Record does not exist.", 404)
    return zone[record_id]


def removed(zone: Zone, record_id: str) -> Record:
    """Take a record out of the zone, and return it."""
    existing(zone, record_id)
    return zone.pop(record_id)


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True

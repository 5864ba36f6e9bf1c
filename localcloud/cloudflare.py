"""Cloudflare's API, as far as a zone's records, its encryption mode and its origin certificates go, on a loopback port.

It speaks the real paths, envelopes and error codes, keeps the real limit of 1,200 requests in five
minutes on the local cloud's clock, and can be down or refuse, as the real one sometimes does.
"""

from __future__ import annotations

import math
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, jsonify, request

from chalicelib.names import one_form
from localcloud.clock import Clock
from localcloud.ledger import APP, Ledger
from localcloud.origin_ca import BadRequest, OriginCa
from localcloud.records import ZONE_ID, Record, Refusal, Zone, check_conflict, check_values, existing, removed
from localcloud.server import Server

__all__ = ["CERTIFICATE_TOKEN", "DOMAIN", "TOKEN", "ZONE_ID", "Change", "Cloudflare", "Record"]

TOKEN = "local-cloudflare-token"
CERTIFICATE_TOKEN = "local-cloudflare-certificate-token"
"""May have certificates issued and set the zone's mode, and nothing else."""

DOMAIN = "example.com"

_LIMIT = 1200
_WINDOW = timedelta(minutes=5)
_BATCH_LIMITS = {"free": 200, "pro": 3500}

_MODES = ("off", "flexible", "full", "strict", "origin_pull")
_NOT_GRANTED = (9109, "Unauthorized to access requested resource")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the zone. `what` is created, changed or deleted."""

    at: datetime
    what: str
    record: Record

    @property
    def desktop_id(self) -> str:
        """Return the first label of the name, which is the id of the desktop that it leads to."""
        return str(self.record["name"]).partition(".")[0]


class Cloudflare:
    """One zone.

    `limit` is how many requests there may be in five minutes, more than that and all are blocked for five minutes.
    `outage` is None on a good day, "5xx" or "success: false" on a bad one. `round_robin` lets records
    of different addresses share a name, as Cloudflare does; without it a name has one address record,
    which is how its error 81053 is documented. `plan` is "free" or "pro"; `holds` is how many records the zone may
    hold, None for any number.
    """

    def __init__(self, clock: Clock, ledger: Ledger, port: int = 0, domain: str = DOMAIN) -> None:
        """Take the port, 0 for any that is free, and the name of the one zone.

        Raises:
            PortTaken: another program has it.
        """
        self.records: Zone = {}
        self.changes: list[Change] = []
        self.listeners: list[Callable[[Change], object]] = []
        self.limit = _LIMIT
        self.outage: str | None = None
        self.round_robin = True
        self.domain = domain
        self.status = "active"
        self.plan = "free"
        self.holds: int | None = None
        self.mode = "full"
        self.rights = {TOKEN: {"records"}, CERTIFICATE_TOKEN: {"certificates", "settings"}}
        self.authority = OriginCa(domain, clock.now)
        self._clock = clock
        self._ledger = ledger
        self._recent: deque[datetime] = deque()
        self._blocked_until: datetime | None = None
        self._server = Server(self._application(), port)
        self.url = f"{self._server.url}/client/v4"

    def stop(self) -> None:
        """Release the port."""
        self._server.stop()

    def named(self, name: str) -> list[Record]:
        """Return the records of this name."""
        return [record for record in self.records.values() if record["name"] == one_form(name)]

    def add(self, **settings: Any) -> Record:
        """Put a record into the zone as its owner would in the dashboard, and return it."""
        record: Record = self._commit(lambda zone: self._create(zone, {"type": "A", **settings}))
        return record

    def use_up(self, left: int = 0) -> None:
        """Let the user have made so many requests just now that this many are left."""
        self._recent.extend([self._clock.now()] * (_LIMIT - left - len(self._recent)))

    # --- HTTP

    def _application(self) -> Flask:
        flask = Flask("cloudflare")
        records, certificates = "/client/v4/zones/<zone>/dns_records", "/client/v4/certificates"
        mode = "/client/v4/zones/<zone>/settings/ssl"
        flask.before_request(self._admit)
        flask.after_request(self._note)
        flask.register_error_handler(Refusal, _refused)
        for path, method, name, view in (
            ("/client/v4/user/tokens/verify", "GET", "verify token", self._verify),
            (records, "GET", "list records", self._list),
            (records, "POST", "create record", self._post),
            (f"{records}/batch", "POST", "change records (batch)", self._batch),
            (f"{records}/usage", "GET", "count records", self._usage),
            (f"{records}/<record_id>", "GET", "read record", self._get),
            (f"{records}/<record_id>", "PATCH", "change record", self._patch),
            (f"{records}/<record_id>", "PUT", "replace record", self._put),
            (f"{records}/<record_id>", "DELETE", "delete record", self._delete),
            ("/client/v4/zones/<zone>", "GET", "read zone", self._zone),
            (mode, "GET", "read mode", self._mode),
            (mode, "PATCH", "change mode", self._change_mode),
            (certificates, "GET", "list certificates", self._certificates),
            (certificates, "POST", "issue certificate", self._issue),
            (f"{certificates}/<certificate_id>", "DELETE", "revoke certificate", self._revoke),
        ):
            flask.add_url_rule(path, endpoint=name, view_func=view, methods=[method])
        return flask

    def _admit(self) -> Response | None:
        """Check what is checked before every request: the rate limit, the outage, the token, the zone."""
        if wait_s := self._count():
            refusal = _refused(Refusal(10100, "Rate limited. Please wait and consider throttling your request speed."))
            refusal.status_code, refusal.headers["Retry-After"] = 429, str(wait_s)
            return refusal
        if self.outage == "5xx":
            return Response("<html><body>502 Bad Gateway: cloudflare</body></html>", status=502)
        if self.outage:
            refusal = _refused(Refusal(1000, "Something went wrong. Please try again."))
            refusal.status_code = 200
            return refusal
        rights = self.rights.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if rights is None:
            return _refused(Refusal(10000, "Authentication error", 403))
        if not _needed() <= rights:
            code, message = (1016, "User is not authorized") if "certificates" in _needed() else _NOT_GRANTED
            return _refused(Refusal(code, message, 403))
        zone = (request.view_args or {}).pop("zone", ZONE_ID)
        if zone != ZONE_ID:
            message = f"Could not route to /zones/{zone}/dns_records, perhaps your object identifier is invalid?"
            return _refused(Refusal(7003, message, 404))
        return None

    def _count(self) -> int:
        """Count this request against the limit; return the seconds until requests are served again, 0 for now."""
        now = self._clock.now()
        if self._blocked_until and now < self._blocked_until:
            return math.ceil((self._blocked_until - now).total_seconds())
        while self._recent and self._recent[0] <= now - _WINDOW:
            self._recent.popleft()
        self._recent.append(now)
        if len(self._recent) <= self.limit:
            return 0
        self._blocked_until = now + _WINDOW
        self._recent.clear()
        return int(_WINDOW.total_seconds())

    def _note(self, response: Response) -> Response:
        left, again_at = _LIMIT - len(self._recent), self._recent[0] + _WINDOW if self._recent else None
        if response.status_code == 429:
            left, again_at = 0, self._blocked_until
        again_in_s = math.ceil((again_at - self._clock.now()).total_seconds()) if again_at else 0
        response.headers["Ratelimit"] = f'"default";r={left};t={again_in_s}'
        response.headers["Ratelimit-Policy"] = f'"default";q={_LIMIT};w={_WINDOW.seconds}'
        operation = request.endpoint or f"{request.method} {request.path}"
        self._ledger.record(self._clock.now(), APP, "cloudflare", operation, response.status_code)
        return response

    def _verify(self) -> Response:
        return _success({"id": "local", "status": "active"})

    def _list(self) -> Response:
        asked = request.args
        found = [
            record
            for record in self.records.values()
            if asked.get("type") in (None, record["type"])
            and one_form(asked.get("name") or asked.get("name.exact") or record["name"]) == record["name"]
            and asked.get("content") in (None, record["content"])
            and asked.get("proxied") in (None, str(record["proxied"]).lower())
            and (record["comment"] or "").lower().startswith(asked.get("comment.startswith", "").lower())
        ]
        size = min(int(asked.get("per_page", 100)), 5000)
        page = int(asked.get("page", 1))
        shown = found[(page - 1) * size : page * size]
        info = {
            "page": page,
            "per_page": size,
            "count": len(shown),
            "total_count": len(found),
            "total_pages": math.ceil(len(found) / size),
        }
        return _success(shown, result_info=info)

    def _get(self, record_id: str) -> Response:
        return _success(existing(self.records, record_id))

    def _post(self) -> Response:
        return _success(self._commit(lambda zone: self._create(zone, _body())))

    def _patch(self, record_id: str) -> Response:
        return _success(self._commit(lambda zone: self._change(zone, record_id, _body())))

    def _put(self, record_id: str) -> Response:
        return _success(self._commit(lambda zone: self._replace(zone, record_id, _body())))

    def _delete(self, record_id: str) -> Response:
        return _success(self._commit(lambda zone: {"id": removed(zone, record_id)["id"]}))

    def _batch(self) -> Response:
        """Apply all changes in Cloudflare's order, or none."""
        asked = _body()
        most = _BATCH_LIMITS[self.plan]
        if sum(len(asked.get(kind) or ()) for kind in ("deletes", "patches", "puts", "posts")) > most:
            raise Refusal(1004, f"DNS Validation Error: a batch holds at most {most} changes on this plan.")

        def apply(zone: Zone) -> dict[str, list[Record]]:
            return {
                "deletes": [removed(zone, item["id"]) for item in asked.get("deletes") or ()],
                "patches": [self._change(zone, item["id"], item) for item in asked.get("patches") or ()],
                "puts": [self._replace(zone, item["id"], item) for item in asked.get("puts") or ()],
                "posts": [self._create(zone, item) for item in asked.get("posts") or ()],
            }

        return _success(self._commit(apply))

    def _usage(self) -> Response:
        return _success({"record_quota": self.holds, "record_usage": len(self.records)})

    # --- certificates and the mode

    def _zone(self) -> Response:
        plan = {"legacy_id": self.plan, "name": f"{self.plan.title()} Plan"}
        return _success({"id": ZONE_ID, "name": self.domain, "status": self.status, "plan": plan})

    def _mode(self) -> Response:
        return _success({"id": "ssl", "value": self.mode, "editable": True})

    def _change_mode(self) -> Response:
        value = _body().get("value")
        if value not in _MODES:
            raise Refusal(1007, f"Invalid value for zone setting ssl: {value}")
        self.mode = value
        return self._mode()

    def _certificates(self) -> Response:
        if request.args.get("zone_id") != ZONE_ID:
            raise Refusal(1001, "zone_id must be given")
        found = list(self.authority.issued.values())
        size, page = int(request.args.get("per_page", 20)), int(request.args.get("page", 1))
        return _success(found[(page - 1) * size : page * size])

    def _issue(self) -> Response:
        try:
            return _success(self.authority.issue(_body()))
        except BadRequest as error:
            raise Refusal(error.code, str(error)) from None

    def _revoke(self, certificate_id: str) -> Response:
        if certificate_id not in self.authority.issued:
            raise Refusal(1101, "Certificate not found", 404)
        del self.authority.issued[certificate_id]
        return _success({"id": certificate_id, "revoked_at": self._time()})

    # --- the zone

    def _commit(self, change: Callable[[Zone], Any]) -> Any:
        """Apply a change to a copy of the zone and keep the copy if it succeeds; no record is changed in place."""
        before, after = self.records, dict(self.records)
        result = change(after)
        self.records = after
        for record_id in before.keys() - after.keys():
            self._tell("deleted", before[record_id])
        for record_id, record in after.items():
            if record_id not in before:
                self._tell("created", record)
            elif record != before[record_id]:
                self._tell("changed", record)
        return result

    def _tell(self, what: str, record: Record) -> None:
        change = Change(self._clock.now(), what, dict(record))
        self.changes.append(change)
        for listener in self.listeners:
            listener(change)

    def _create(self, zone: Zone, asked: Record) -> Record:
        record = {"ttl": 1, "proxied": False, "comment": None, **asked, "id": uuid.uuid4().hex}
        record["created_on"] = record["modified_on"] = self._time()
        kept = self._keep(zone, record)
        if self.holds is not None and len(zone) > self.holds:
            raise Refusal(81045, "The record quota has been exceeded.")
        return kept

    def _change(self, zone: Zone, record_id: str, asked: Record) -> Record:
        return self._keep(zone, {**existing(zone, record_id), **asked, "id": record_id, "modified_on": self._time()})

    def _replace(self, zone: Zone, record_id: str, asked: Record) -> Record:
        before = existing(zone, record_id)
        defaults = {"ttl": 1, "proxied": False, "comment": None}
        kept = {"id": record_id, "created_on": before["created_on"], "modified_on": self._time()}
        return self._keep(zone, {**defaults, **asked, **kept})

    def _keep(self, zone: Zone, record: Record) -> Record:
        """Check a record against the rules and the rest of the zone, and keep it there."""
        check_values(record, self.domain)
        for other in zone.values():
            if other["id"] != record["id"] and other["name"] == record["name"]:
                check_conflict(record, other, self.round_robin)
        zone[record["id"]] = record
        return record

    def _time(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _needed() -> set[str]:
    """Return the right that this request takes."""
    path = request.path.removeprefix("/client/v4/")
    if path.startswith("certificates"):
        return {"certificates"}
    if path.endswith("settings/ssl"):
        return {"settings"}
    if "dns_records" in path:
        return {"records"}
    return {"zone"} if path.startswith("zones/") else set()


def _body() -> Record:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Refusal(9207, "Request body is invalid.")
    return body


def _success(result: Any, **more: Any) -> Response:
    return jsonify({"success": True, "errors": [], "messages": [], "result": result, **more})


def _refused(refusal: Refusal) -> Response:
    errors = [{"code": refusal.code, "message": str(refusal)}]
    response = jsonify({"success": False, "errors": errors, "messages": [], "result": None})
    response.status_code = refusal.status
    return response

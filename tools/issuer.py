"""Whose certificates desktops must have: the roots that the stage's file names, beside it as PEM.

A deploy puts them into the state table with the keys for desktops' doors, where the app finds both by one read: the
functions' environment has no room for them.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.adapters.keys import ISSUER_ROOT, item_id
from chalicelib.domain.keys import Purpose
from tools.account import Clients
from tools.pem import CERTIFICATE, LONGEST
from tools.stage import ROOT, Stage, StageError

_KEY = {"id": {"S": item_id(Purpose.TOKENS)}}


class NoRoot(StageError):
    """The file holds no roots: what it holds instead, and the remedy."""

    def __init__(self, what: str, stage: Stage) -> None:
        self.what = what
        self.remedy = (
            f"put the issuer's root certificates into stages/{stage.issuer_root}, as PEM, or leave "
            f"desktops.issuer_root in stages/{stage.name}.toml empty"
        )
        super().__init__(f"{what}. To repair it: {self.remedy}.")


def load(stage: Stage, now: datetime, folder: Path = ROOT / "stages") -> str:
    """Return the roots that the stage's file names, as PEM and without what else their file holds; empty for none.

    `now` is UTC.

    Raises:
        NoRoot: they cannot be used, now or any more.
    """
    if not stage.issuer_root:
        return ""
    path = folder / stage.issuer_root
    try:
        text = path.read_text(encoding="utf-8")
        roots = _roots(text)
        _refuse_unusable(roots, now)
    except FileNotFoundError:
        raise NoRoot(f"there is no {path}, which desktops.issuer_root names", stage) from None
    except OSError as error:
        raise NoRoot(f"{path} cannot be read: {error.strerror}", stage) from None
    except ValueError as error:
        raise NoRoot(f"{path} holds no roots to judge desktops' certificates by: {error}", stage) from None
    return roots


def ends_at(roots: str) -> datetime | None:
    """Return when the first of these roots is valid no more (UTC), None for none."""
    return min((_moment(root["notAfter"]) for root in _parsed(roots)), default=None) if roots else None


def keep(stage: Stage, roots: str, table: str, client: Clients) -> list[str]:
    """Put the roots beside the keys in the state table; return what had to be changed. No roots take them away."""
    if kept(table, client) == roots:
        return []
    change: dict[str, Any] = {"UpdateExpression": f"REMOVE {ISSUER_ROOT}"}
    if roots:
        change = {
            "UpdateExpression": f"SET {ISSUER_ROOT} = :roots",
            "ExpressionAttributeValues": {":roots": {"S": roots}},
        }
    client("dynamodb").update_item(TableName=table, Key=_KEY, ConditionExpression="attribute_exists(id)", **change)
    whose = f"must be issued by the roots in {stage.issuer_root}" if roots else "may be whosever the desktop trusts"
    return [f"desktops' certificates {whose}"]


def kept(table: str, client: Clients) -> str:
    """Return the roots that stand in the state table, empty for none."""
    found = client("dynamodb").get_item(TableName=table, Key=_KEY, ConsistentRead=True).get("Item", {})
    return str(found.get(ISSUER_ROOT, {}).get("S", ""))


def _roots(text: str) -> str:
    """Return the certificates in a file's text, and nothing else of it.

    Raises:
        ValueError: what it holds must not be handed over; the message says why.
    """
    if "PRIVATE KEY" in text:
        raise ValueError("it holds a private key, and every desktop would be told it")
    found = dict.fromkeys(CERTIFICATE.findall(text.replace("\r\n", "\n")))
    roots = "".join(f"{certificate}\n" for certificate in found)
    if len(roots) > LONGEST:
        raise ValueError(f"it holds more than {LONGEST} characters of certificates")
    return roots


def _refuse_unusable(roots: str, now: datetime) -> None:
    wrong = list(_problems(roots, now)) if roots else ["it holds no PEM certificate"]
    if wrong:
        raise ValueError("; ".join(wrong))


def _problems(roots: str, now: datetime) -> Iterator[str]:
    """Yield what keeps these certificates from being roots at this time."""
    parsed = _parsed(roots)
    if len(parsed) < len(CERTIFICATE.findall(roots)):
        yield "a certificate in it may issue none, so it is no root"
    for root in parsed:
        name = ", ".join(value for part in root["subject"] for _, value in part)
        if root["subject"] != root["issuer"]:
            yield f"the certificate of {name} was issued by another one: it is no root"
        if _moment(root["notAfter"]) <= now:
            yield f"the certificate of {name} has expired on {_moment(root['notAfter']):%Y-%m-%d}"
        if _moment(root["notBefore"]) > now:
            yield f"the certificate of {name} is valid only from {_moment(root['notBefore']):%Y-%m-%d}"


def _parsed(roots: str) -> list[dict[str, Any]]:
    """Return those certificates that may issue others, as `ssl` tells them.

    Raises:
        ValueError: one is none.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for number, certificate in enumerate(CERTIFICATE.findall(roots), 1):
        try:
            context.load_verify_locations(cadata=certificate)
        except (ssl.SSLError, ValueError):  # ValueError: it is not even ASCII
            raise ValueError(f"the certificate number {number} in it is none") from None
    return context.get_ca_certs()


def _moment(told: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(told), UTC)

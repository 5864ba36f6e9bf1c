"""The links that people are sent: how they are made, and how the id in one is read again.

Where a signing key is set, the `id` in a link is `<id>.<signature>`, bound to the role, so that
nobody can open the other person's desktop by changing `role` in the address.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import parse_qs, unquote, urlencode

from chalicelib.domain.errors import BadRequest, Forbidden
from chalicelib.domain.model import Role

_SIGNATURE_LENGTH = 32  # hex digits: 128 bits
_PUBLIC_ID = re.compile(rf"[A-Za-z0-9_-]{{1,64}}(\.[0-9a-f]{{{_SIGNATURE_LENGTH}}})?")
_ROLE = re.compile(rf"({'|'.join(Role)})(?![\w-])")
_DAMAGE = re.compile(r"(?:&#?\w+;|[^\w-])+$")  # a full stop, a bracket, a quote, an entity: no id and no role ends so
_DECODINGS = 3  # a mail scanner that rewrites links encodes them again


def public_id(meeting_id: str, role: Role, key: str | None) -> str:
    """Return what a link for this role holds as `id`."""
    return f"{meeting_id}.{_sign(meeting_id, role, key)}" if key else meeting_id


def link(frontend_base_url: str, meeting_id: str, role: Role, key: str | None) -> str:
    """Return the link for this role: the page's address with `id` and `role` added to its query.

    A page that is routed by its fragment (`https://example.com/#/meeting`) reads them there.
    """
    page, anchor = _split(frontend_base_url)
    query = urlencode({"id": public_id(meeting_id, role, key), "role": role.value})
    return f"{page}{'&' if '?' in page else '?'}{query}{anchor}"


def names_a_seat(frontend_base_url: str) -> bool:
    """Return whether a page's address says `id` or `role` already, so that a link could not."""
    page, _ = _split(frontend_base_url)
    return not {"id", "role"}.isdisjoint(parse_qs(page.partition("?")[2], keep_blank_values=True))


def _split(frontend_base_url: str) -> tuple[str, str]:
    """Return a page's address up to where its query ends, and the anchor behind that, if any."""
    address, mark, fragment = frontend_base_url.partition("#")
    return (frontend_base_url, "") if fragment.startswith(("/", "!")) else (address, mark + fragment)


def role_of(text: str) -> Role:
    """Return the role that a link names, in any case, even if a mail program has damaged the link's end.

    Raises:
        BadRequest: it is neither teacher nor student.
    """
    named = _ROLE.match(_undamaged(text).rstrip("_-").lower())
    if not named:
        raise BadRequest(f"The role must be teacher or student, not {text!r:.40}.")
    return Role(named[1])


def meeting_id_of(text: str, role: Role, key: str | None) -> str:
    """Return the meeting's id from the `id` in a link, even if a mail program has damaged its end.

    Raises:
        BadRequest: it does not look like an id.
        Forbidden: links are signed, and this one is not, or is for the other role.
    """
    public = _undamaged(text)
    if not _PUBLIC_ID.fullmatch(public):
        raise BadRequest("The meeting's id is malformed; open the link exactly as it was sent.")
    meeting_id, _, signature = public.partition(".")
    if key and not hmac.compare_digest(signature, _sign(meeting_id, role, key)):
        raise Forbidden("This link is not valid for this role; open the link exactly as it was sent.")
    return meeting_id


def _undamaged(text: str) -> str:
    """Return a part of a link without what mail programs do to it.

    They encode it again, break it with line breaks and signs that nobody sees (soft hyphens, spaces of no width), and
    take for a part of it what follows it in the text.
    """
    for _ in range(_DECODINGS):
        text = unquote(text)
    visible = "".join(sign for sign in text if sign.isprintable())
    return _DAMAGE.sub("", visible.strip())


def _sign(meeting_id: str, role: Role, key: str) -> str:
    digest = hmac.new(key.encode(), f"{meeting_id}/{role}".encode(), hashlib.sha256)
    return digest.hexdigest()[:_SIGNATURE_LENGTH]

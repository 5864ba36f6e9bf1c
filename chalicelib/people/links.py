"""The links that people are sent: how they are made, and how the id in one is read again.

Where links are signed, the `id` in one is `<id>.<signature>`, bound to the role, so that nobody can open the other
person's desktop by changing `role` in the address, and that who learns a meeting's id cannot come in. That holds of
people. Who may write the table, as desktops with the seeds' scripts do, reads the desktops' addresses there anyway.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlencode

from chalicelib.domain.errors import BadRequest, Forbidden
from chalicelib.domain.keys import Keys
from chalicelib.domain.seat import Role

_SIGNATURE_LENGTH = 32  # hex digits: 128 bits
_PUBLIC_ID = re.compile(rf"[A-Za-z0-9_-]{{1,64}}(\.[0-9a-f]{{{_SIGNATURE_LENGTH}}})?")
_ROLE = re.compile(rf"({'|'.join(Role)})(?![\w-])")
_DAMAGE = re.compile(r"(?:&#?\w+;|[^\w-])+$")  # a full stop, a bracket, a quote, an entity: no id and no role ends so
_DECODINGS = 3  # a mail scanner that rewrites links encodes them again


def public_id(meeting_id: str, role: Role, keys: Keys | None) -> str:
    """Return what a link for this role holds as `id`."""
    if keys is None:
        return meeting_id
    return f"{meeting_id}.{keys.sign(_seat(meeting_id, role))[:_SIGNATURE_LENGTH]}"


def link(frontend_base_url: str, meeting_id: str, role: Role, keys: Keys | None) -> str:
    """Return the link for this role: the page's address with `id` and `role` added to its query.

    A page that is routed by its fragment (`https://example.com/#/meeting`) reads them there.
    """
    page, anchor = _split(frontend_base_url)
    query = urlencode({"id": public_id(meeting_id, role, keys), "role": role.value})
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


def meeting_id_of(text: str, role: Role, link_keys: Callable[[], Keys | None]) -> str:
    """Return the meeting's id from the `id` in a link, even if a mail program has damaged its end.

    One without a signature is for `resolve_join` to judge, unless it can be told here that none is good. The keys are
    asked for only where they are needed.

    Raises:
        BadRequest: it does not look like an id.
        Forbidden: its signature is wrong or for the other role, or it has none and needs one.
    """
    public = _undamaged(text)
    if not _PUBLIC_ID.fullmatch(public):
        raise BadRequest("The meeting's id is malformed; open the link exactly as it was sent.")
    meeting_id, dot, signature = public.partition(".")
    keys = link_keys()
    if keys and not (keys.has_signed(_seat(meeting_id, role), signature) if dot else not keys.all_signed):
        raise not_valid()
    return meeting_id


def is_signed(text: str) -> bool:
    """Return whether the `id` in a link has a signature, whatever it is worth."""
    return "." in _undamaged(text)


def not_valid() -> Forbidden:
    """Return the refusal of a link that opens nothing."""
    return Forbidden("This link is not valid for this role; open the link exactly as it was sent.")


def _undamaged(text: str) -> str:
    """Return a part of a link without what mail programs do to it.

    They encode it again, break it with line breaks and signs that nobody sees (soft hyphens, spaces of no width), and
    take for a part of it what follows it in the text.
    """
    for _ in range(_DECODINGS):
        text = unquote(text)
    visible = "".join(sign for sign in text if sign.isprintable())
    return _DAMAGE.sub("", visible.strip())


def _seat(meeting_id: str, role: Role) -> str:
    return f"{meeting_id}/{role}"

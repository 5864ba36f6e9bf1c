"""The links that people are sent: how they are made, and how the id in one is read again.

Where links are signed, the `id` in one is `<id>.<signature>`, bound to the role, so that nobody can open the other
person's desktop by changing `role` in the address, and that who learns a meeting's id cannot come in. That holds of
people. Who may write the table, as desktops with the seeds' scripts do, reads the desktops' addresses there anyway.

A link that is made anew for a role bears a number, which the signature covers too: `<id>.<signature>.<number>`. The row
says which number holds; a link with another one is dead.

Keys are replaced. The present one signs; earlier ones still open the links of meetings that were made in their time, so
who has got hold of one opens none that was made later.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlencode

from chalicelib.domain.errors import BadRequest, Forbidden, LinkReplaced
from chalicelib.domain.keys import Keys
from chalicelib.domain.model import Meeting
from chalicelib.domain.seat import Role

_SIGNATURE_LENGTH = 32  # hex digits: 128 bits
_PUBLIC_ID = re.compile(
    rf"(?P<id>[A-Za-z0-9_-]{{1,64}})(\.(?P<signature>[0-9a-f]{{{_SIGNATURE_LENGTH}}})(\.(?P<number>[1-9]\d{{0,4}}))?)?",
    re.ASCII,
)
_ROLE = re.compile(rf"({'|'.join(Role)})(?![\w-])")
_DAMAGE = re.compile(r"(?:&#?\w+;|[^\w-])+$")  # a full stop, a bracket, a quote, an entity: no id and no role ends so
_DECODINGS = 3  # a mail scanner that rewrites links encodes them again


class Link(NamedTuple):
    """What the `id` in a link says, and of which role it is.

    `number` counts the links of its role that were made anew: 0 for the first. `signed` says that nothing more is asked
    of it: it has a good signature, or nothing is signed here. Where a key signed that was replaced, `until` is when it
    signed last (UTC): that is good for meetings that were made before.
    """

    meeting_id: str
    role: Role
    number: int = 0
    signed: bool = False
    until: datetime | None = None

    @property
    def covered(self) -> str:
        """What its signature covers."""
        numbered = f"/{self.number}" if self.number else ""
        return f"{self.meeting_id}/{self.role}{numbered}"


def public_id(meeting: Meeting, role: Role, keys: Keys | None) -> str:
    """Return what the link that holds now for this role has as `id`."""
    if keys is None:
        return meeting.id
    link = Link(meeting.id, role, meeting.seat(role).link_number)
    signed = f"{meeting.id}.{keys.sign(link.covered)[:_SIGNATURE_LENGTH]}"
    return f"{signed}.{link.number}" if link.number else signed


def link(frontend_base_url: str, meeting: Meeting, role: Role, keys: Keys | None) -> str:
    """Return the link for this role: the page's address with `id` and `role` added to its query.

    A page that is routed by its fragment (`https://example.com/#/meeting`) reads them there.
    """
    page, anchor = _split(frontend_base_url)
    query = urlencode({"id": public_id(meeting, role, keys), "role": role.value})
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


def meeting_id_in(text: str, role: Role) -> str:
    """Return the meeting's id in a link of which nothing is proved yet.

    Raises:
        BadRequest: it does not look like a link's id.
    """
    return _read(text, role)[0].meeting_id


def parse(text: str, role: Role, link_keys: Callable[[], Keys | None]) -> Link:
    """Return the link of this role whose `id` this is, even if a mail program has damaged its end.

    One without a signature is for the row to judge (`refuse_dead`), unless it can be told here that none is good. The
    keys are asked for only where they are needed.

    Raises:
        BadRequest: it does not look like an id.
        Forbidden: its signature is wrong or for the other role, or it has none and needs one.
    """
    link, signature = _read(text, role)
    keys = link_keys()
    if keys is None:
        return link._replace(signed=True)
    found = _vouched(link, signature, keys) if link.signed or keys.all_signed else link
    if found is None:
        raise _not_valid()
    return found


def parse_of_any_role(text: str, link_keys: Callable[[], Keys | None]) -> Link:
    """Return the link whose `id` this is; its signature tells of which role it is.

    Where nothing is signed, nothing tells the two people apart: whoever knows the meeting's id counts as its teacher.

    Raises:
        BadRequest: it does not look like an id.
        Forbidden: its signature is wrong, or it has none.
    """
    seats = [_read(text, role) for role in Role]
    keys = link_keys()
    if keys is None:
        return seats[0][0]._replace(signed=True)
    for link, signature in seats:
        if found := _vouched(link, signature, keys):
            return found
    raise Forbidden("This link is not valid here; open the link that you were sent, exactly as it is.")


def refuse_dead(link: Link, meeting: Meeting) -> None:
    """Refuse a link that opens nothing of this meeting, by what its row says.

    One that is not `signed` is of a meeting that was made before links were, or by hand: nobody was ever sent another
    one for it.

    Raises:
        Forbidden: people were sent signed links of this meeting, and this one is not, or was signed with a key that had
            been replaced when the meeting was made.
        LinkReplaced: another link was made in its place.
    """
    if meeting.links_signed and not link.signed:
        raise _not_valid()
    if link.until and not (meeting.created_at and meeting.created_at < link.until):
        raise _not_valid()
    if link.number != meeting.seat(link.role).link_number:
        raise LinkReplaced("This link was replaced by a newer one; open the one that you were sent last.")


def _read(text: str, role: Role) -> tuple[Link, str]:
    """Return a link as it is read, for this role, and its signature, whatever that is worth.

    Raises:
        BadRequest: it does not look like one.
    """
    found = _PUBLIC_ID.fullmatch(_undamaged(text))
    if not found:
        raise BadRequest("The meeting's id is malformed; open the link exactly as it was sent.")
    signature = found["signature"] or ""
    return Link(found["id"], role, int(found["number"] or 0), bool(signature)), signature


def _vouched(link: Link, signature: str, keys: Keys) -> Link | None:
    """Return a link with what its signature is worth, None where that is nothing."""
    signer = keys.signer(link.covered, signature)
    return link._replace(until=keys.signs_until(signer)) if signer else None


def _not_valid() -> Forbidden:
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

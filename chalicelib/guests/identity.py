"""Which desktop speaks: AWS's own word for it, as API Gateway passes it on with a signed request.

An instance signs with the credentials of its profile, and the name of that session is the instance's id. Systems
Manager gives instances sessions of another role under the same name, and who may assume a role chooses its session's
name: so account and role are compared as well, and only EC2 may assume the desktops' role.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from chalicelib.domain.errors import Forbidden

_SESSION = re.compile(r"arn:([a-z-]+):sts::([0-9]{12}):assumed-role/([\w+=,.@-]+)/([^/]+)", re.ASCII)
_ROLE = re.compile(r"arn:([a-z-]+):iam::([0-9]{12}):role/(?:[\x21-\x7e]+/)?([\w+=,.@-]+)", re.ASCII)
_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")


def speaker(identity: Mapping[str, object], desktop_role: str | None) -> str:
    """Return the id of the instance that has signed a request.

    `identity` is what API Gateway says of the caller, `desktop_role` the ARN of the role of the desktops' profile.

    Raises:
        Forbidden: nobody has signed it, or somebody who is no desktop of this stage.
    """
    told = identity.get("userArn")
    if not isinstance(told, str):
        raise Forbidden("Nobody has signed this request; desktops sign theirs with their instance profile.")
    role = _ROLE.fullmatch(desktop_role or "")
    if role is None:
        raise Forbidden("No role of desktops is set here (DESKTOP_ROLE_ARN), so none is known; deploy the stage again.")
    session = _SESSION.fullmatch(told)
    if session is None or session.groups()[:3] != role.groups():
        raise Forbidden("This request is not signed by an instance of this stage's desktops; check its profile.")
    if not _INSTANCE.fullmatch(session[4]):
        raise Forbidden("This request is signed with the desktops' role, and not by an instance.")
    return session[4]

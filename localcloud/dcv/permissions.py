"""Who may connect to a session, by a permissions file of DCV.

Without one, the owner alone. With one, whoever it lets see the session (the feature `display`, or `builtin`, which
holds it). `deny` is final, of `allow` and `disallow` the later line counts. Not modelled: imports, operating system
groups, and what each single feature opens.
"""

from __future__ import annotations

from collections.abc import Iterator

BY_DEFAULT = "[permissions]\n%owner% allow builtin\n"
NOBODY = "[permissions]\n"
_ENOUGH = {"display", "builtin"}


def may_connect(user: str, owner: str, permissions: str) -> bool:
    """Return whether the text of a permissions file lets this user in."""
    groups = {
        name: {member.strip() for member in members.split(",")} for name, members in _pairs(permissions, "groups")
    }
    aliases = {name: {each.strip() for each in many.split(",")} for name, many in _pairs(permissions, "aliases")}
    allowed = False
    for line in _lines(permissions, "permissions"):
        actor, rule, *features = [*line.split(), ""]
        if not _is(actor, user, owner, groups) or not _opens(features, aliases):
            continue
        if rule == "deny":
            return False
        if rule in {"allow", "disallow"}:
            allowed = rule == "allow"
    return allowed


def _is(actor: str, user: str, owner: str, groups: dict[str, set[str]]) -> bool:
    if actor == "%owner%":
        return user == owner
    if actor.startswith("group:"):
        return bool({user, f"user:{user}"} & groups.get(actor.removeprefix("group:"), set()))
    return actor in {"%any%", user, f"user:{user}"}


def _opens(features: list[str], aliases: dict[str, set[str]]) -> bool:
    return any(feature in _ENOUGH or aliases.get(feature, set()) & _ENOUGH for feature in features)


def _pairs(text: str, section: str) -> Iterator[tuple[str, str]]:
    for line in _lines(text, section):
        name, _, value = line.partition("=")
        yield name.strip(), value


def _lines(text: str, section: str) -> Iterator[str]:
    here = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            here = line[1:-1]
        elif line and not line.startswith("#") and here == section:
            yield line

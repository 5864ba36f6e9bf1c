"""Where links may lead: to pages by HTTPS, at a host that people know by its name. Pure.

Whoever schedules says which page links are opened with. So an address is taken only if every program reads it alike,
and a person who looks at it sees where it leads.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from chalicelib import names

LONGEST = 2000

_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z]+)://(?P<place>[^/?#]*)(?P<page>.*)")
_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # a host that ends so is an IP address to browsers, or broken
_OWN_PORTS = {"https": 443, "http": 80}
_LIKE = "a name like school.example.com"


def page_address(text: str, hosts: Collection[str] = ()) -> str:
    """Return the address of a page in its one form: scheme and host in lower case, the host as DNS has it.

    It leads to one of these hosts, which are in their one form, or to any where there are none.

    Raises:
        ValueError: no link may lead there; the message says why, and ends the sentence "It cannot be used: ".
    """
    if len(text) > LONGEST:
        raise ValueError(f"it is too long, {len(text)} characters of {LONGEST} at most")
    if not text.isprintable() or not {" ", "\\"}.isdisjoint(text):
        raise ValueError("it holds a space, a backslash or a sign that nobody sees; copy it from the browser anew")
    found = _ADDRESS.fullmatch(text)
    if not found:
        raise ValueError(f"it must begin with https:// and {_LIKE}")
    scheme, place = found["scheme"].lower(), found["place"]
    if "@" in place:
        raise ValueError("it may hold nothing before an @ in front of its host; leave that out")
    if "[" in place:
        raise ValueError(f"its host must be {_LIKE}, not an IP address")
    name, colon, port = place.partition(":")
    host = _host(name)
    at_home = host == "localhost" or host.endswith(".localhost")
    if scheme != "https" and not (scheme == "http" and at_home):
        raise ValueError("it must begin with https://, so that nobody on the way reads people's links")
    if colon and not (re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) < 65536):
        raise ValueError("what stands behind the colon of its host must be a port from 1 to 65535")
    if hosts and host not in hosts:
        raise ValueError(
            f"links from here may not lead to {names.for_people(host)}. Use the form where you usually find it, or ask "
            "whoever runs it to add that host to meetings.link_hosts"
        )
    own = not colon or int(port) == _OWN_PORTS[scheme]
    return f"{scheme}://{host}{'' if own else f':{int(port)}'}{found['page']}"


def _host(name: str) -> str:
    """Return a host's name in its one form.

    Raises:
        ValueError: it is no name, or one that may be taken for another.
    """
    name = name.removesuffix(".")
    host = names.one_form(name)
    if not _NAME.fullmatch(host) or name.count(".") != host.count(".") or "\u3002" in name:  # that is a dot too
        raise ValueError(f"its host must be {_LIKE}")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise ValueError(f"its host must be {_LIKE}, not an IP address")
    letters = names.for_people(host)
    if "xn--" in letters or names.one_form(letters) != host:
        raise ValueError(f"its host must be {_LIKE}; xn-- stands for no letters there")
    if names.is_look_alike(name) or names.is_look_alike(host):
        raise ValueError(f"its host {name!r:.80} may be taken for another, since its letters look like others")
    return host

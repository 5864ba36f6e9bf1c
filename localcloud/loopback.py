"""Keeps what never leaves this machine away from proxies, whatever the shell says of them.

A proxy knows another machine's loopback, not ours. Every client that is used here (botocore, requests, urllib,
and what other processes are started with) reads the exceptions from the environment, so they stand there.
"""

from __future__ import annotations

from collections.abc import Mapping

HOSTS = ("127.0.0.1", "localhost", "::1", "[::1]")
"""This machine's own names, as clients spell them in an address."""

_SPELLINGS = ("no_proxy", "NO_PROXY")  # some clients read one, some the other, some the first that is set


def exempt(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that except loopback, beside whatever is excepted already."""
    there = [host.strip() for name in _SPELLINGS for host in environ.get(name, "").split(",")]
    hosts = dict.fromkeys(filter(None, [*there, *HOSTS]))
    return dict.fromkeys(_SPELLINGS, "*" if "*" in hosts else ",".join(hosts))  # a star counts only where it is alone

"""The zone that desktops' names live in."""

from __future__ import annotations

from collections.abc import Iterator

from tools.findings import Finding
from tools.site import Site


def zone(site: Site) -> Iterator[Finding]:
    """The app may edit the zone's records, and the domain is the zone's own; how to tell is the provider's to know."""
    return site.provider.examine(site)

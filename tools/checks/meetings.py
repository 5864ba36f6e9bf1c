"""What a meeting offers its people beside their desktops: the video room."""

from __future__ import annotations

from collections.abc import Iterator

from tools.errors import ignore_not_found
from tools.findings import Finding, ok, warn
from tools.site import Site

_WANT_A_LOGIN = ("meet.jit.si", "8x8.vc")
"""Public hosts at which no meeting begins before somebody has logged in, which nobody does on a desktop."""

_LINE = "meetings.jitsi_domain"


def video(site: Site) -> Iterator[Finding]:
    """The video rooms are where two people can begin a meeting by themselves."""
    remedy = f"write the domain of a Jitsi of your own as {_LINE} in {site.file} (docs/deploy.md, The video room)"
    domain = site.stage.variable("JITSI_DOMAIN")
    kept = "" if "JITSI_DOMAIN" in site.stage.environment else _standing(site)
    if not (domain or kept):
        yield warn(f"meetings have no video room: {_LINE} is empty", remedy)
    elif any(f".{domain or kept}".endswith(f".{host}") for host in _WANT_A_LOGIN):
        why = f"; {site.file} has no line {_LINE}, so what was deployed before stands" if kept else ""
        yield warn(f"at {domain or kept} no meeting begins before somebody has logged in{why}", remedy)
    else:
        yield ok(f"the meetings' video rooms are at {domain or kept}")


def _standing(site: Site) -> str:
    """Return the domain that the functions have, empty where they have none or are not deployed."""
    with ignore_not_found():
        found = site.client("lambda").get_function_configuration(FunctionName=site.stage.function("api_handler"))
        return str(found.get("Environment", {}).get("Variables", {}).get("JITSI_DOMAIN", ""))
    return ""

"""What meetings depend on beside their desktops: that the stage is not paused, and the video room."""

from __future__ import annotations

from collections.abc import Iterator

from tools.errors import ignore_not_found
from tools.findings import Finding, ok, warn
from tools.pausing import standing, told
from tools.site import Site

_WANT_A_LOGIN = ("meet.jit.si", "8x8.vc")
"""Public hosts at which no meeting begins before somebody has logged in, which nobody does on a desktop."""

_LINE = "meetings.jitsi_domain"


def paused(site: Site) -> Iterator[Finding]:
    """Meetings are scheduled and launched: nobody has paused the stage."""
    table = site.outputs.get("StateTable")
    if not table:
        return
    if pause := standing(table, site.client):
        yield warn(f"the stage is paused {told(pause)}; nothing new is scheduled or launched", site.make("resume"))
    else:
        yield ok("the stage is not paused")


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

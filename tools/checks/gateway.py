"""The API's gateway: it limits how often each method is called."""

from __future__ import annotations

from collections.abc import Iterator

from tools.findings import Finding, fail, ok, warn
from tools.limits import apis, unlimited
from tools.site import Site


def limits(site: Site) -> Iterator[Finding]:
    """Nobody can schedule, or poll, so often that others are kept out or desktops are launched without end."""
    client = site.client("apigateway")
    found = list(apis(site.stage, client))
    if not found:
        yield fail("the API is not deployed", site.make("deploy"))
    for api in found:
        lacking = unlimited(api, site.stage, client)
        if lacking:
            methods = ", ".join(method.replace("~1", "/") for method in lacking)
            yield warn(f"the API {api} does not limit how often these are called: {methods}", site.make("deploy"))
        else:
            yield ok(f"the API {api} limits how often each method is called")

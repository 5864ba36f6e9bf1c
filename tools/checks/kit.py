"""What desktops with the kit stand on: the API's address, their role, their tags, and their certificates' roots."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from chalicelib.settings import Client
from tools import inventory, issuer
from tools.desktops import living
from tools.errors import ignore_not_found
from tools.findings import Finding, fail, ok, warn
from tools.site import Site

SOON = timedelta(days=30)
"""How long before a root ends it is told."""


def kit(site: Site) -> Iterator[Finding]:
    """Desktops with the kit are told the API that is there, and heard by the role that they sign with."""
    if site.desktop_client is Client.SCRIPTS:
        yield ok("desktops with scripts ask the table, and no API")
        return
    sound = True
    for finding in (*_address(site), *_role(site), *_tags(site)):
        sound = False
        yield finding
    if sound:
        yield ok(f"desktops are told where the API is: {inventory.address(site.stage, site.api)}")


def _address(site: Site) -> Iterator[Finding]:
    if not site.api:
        yield fail("there is no API that desktops could ask", site.make("deploy"))
        return
    right = inventory.address(site.stage, site.api).rstrip("/")
    for name, found in inventory.functions(site.stage, site.client).items():
        told = found.get("Environment", {}).get("Variables", {}).get("API_URL", "").rstrip("/")
        if told != right:
            yield fail(f"{name} knows the API as {told or 'nothing'}, and it is {right}", site.make("deploy"))


def _role(site: Site) -> Iterator[Finding]:
    held = [role["Arn"] for role in site.roles]
    told = inventory.environment(site.stage, site.client).get("DESKTOP_ROLE_ARN", "")
    if held and told not in held:
        yield fail(
            f"the app hears desktops that sign as {told or 'nobody'}, and the profile {site.profile} holds {held[0]}",
            site.make("deploy"),
        )


def _tags(site: Site) -> Iterator[Finding]:
    """Yield which living desktops cannot read what they were launched as, and so can ask nothing."""
    for desktop in living(site.stage, site.client):
        options = desktop.get("MetadataOptions", {})
        if "disabled" in (options.get("HttpEndpoint"), options.get("InstanceMetadataTags")):
            show = "ec2 modify-instance-metadata-options --http-endpoint enabled --instance-metadata-tags enabled"
            what = f"the desktop {desktop['InstanceId']} cannot read its tags in its metadata, and asks nobody anything"
            yield warn(what, site.aws(f"{show} --instance-id {desktop['InstanceId']}"))


def issuer_root(site: Site) -> Iterator[Finding]:
    """The roots of desktops' certificates are what the stage's file names, and are good for a while."""
    if site.desktop_client is Client.SCRIPTS:
        yield ok("desktops with scripts are told no issuer of their certificates")
        return
    try:
        wanted = issuer.load(site.stage, site.now(), site.folder)
    except issuer.NoRoot as none:
        yield fail(none.what, none.remedy)
        return
    stands = ""
    with ignore_not_found():
        stands = issuer.kept(site.outputs.get("StateTable", ""), site.client)
    ends = issuer.ends_at(wanted)
    if stands != wanted:
        yield fail("desktops are told other roots of their certificates than the file names", site.make("deploy"))
    elif ends is None:
        yield ok("desktops judge their certificate by the roots that they trust themselves")
    elif ends - site.now() < SOON:
        another = (
            f"put the issuer's next one beside it into stages/{site.stage.issuer_root}, then {site.make('deploy')}"
        )
        yield warn(f"a root of the desktops' certificates ends on {ends:%Y-%m-%d}", another)
    else:
        yield ok(
            f"desktops' certificates must be issued by the roots in {site.stage.issuer_root}, good to {ends:%Y-%m-%d}"
        )

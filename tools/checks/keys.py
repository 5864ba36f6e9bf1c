"""The stage's keys: each is there, none stands in plain text, and scheduling is locked."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.adapters.keys import item_id
from chalicelib.domain.keys import Purpose
from chalicelib.environment import Settings
from chalicelib.settings import Scheduling
from tools.findings import Finding, fail, ok, warn
from tools.keys import environment, given_out, kept
from tools.site import Site
from tools.stage import SECRETS

KEYS = "docs/deploy.md#keys"


def keys(site: Site) -> Iterator[Finding]:
    """Every key is in the state table, and no function's environment and no file holds one."""
    table = site.outputs.get("StateTable")
    if not table:
        yield fail("the stage was deployed by a version that made it no keys", site.make("deploy"))
        return
    found = kept(table, site.client)
    missing = [purpose.value for purpose in Purpose if purpose not in found]
    spoilt = [item_id(purpose) for purpose, held in found.items() if held is None]
    if missing:
        yield fail(f"the table {table} lacks the keys for {', '.join(missing)}", site.make("deploy"))
    if spoilt:
        yield fail(f"the table {table} holds what is no key in {', '.join(spoilt)}", KEYS)
    if plain := sorted(SECRETS & (environment(site.stage, site.client) or {}).keys()):
        yield fail(f"the functions' environment holds {', '.join(plain)} in plain text", site.make("deploy"))
    elif not missing and not spoilt:
        yield ok(f"the stage's keys are in the table {table} alone")
    if site.stage.secrets:
        yield warn(
            f"{site.file} still holds {', '.join(sorted(site.stage.secrets))}, which nothing reads any more: the "
            f"stage's keys are in the table {table}",
            f"remove the line from {site.file}; if others may have read it, {KEYS}",
        )


def scheduling(site: Site) -> Iterator[Finding]:
    """Whoever schedules brings the stage's key."""
    deployed = environment(site.stage, site.client)
    if deployed is None:
        return
    if Settings(deployed).scheduling is Scheduling.OPEN:
        yield warn(
            "scheduling is open: whoever finds the API launches desktops at your cost",
            f'write scheduling = "locked" under [meetings] in {site.file}, give those who schedule a key that '
            f"{site.make('key')} NAME=… SCOPE=schedule makes, then {site.make('deploy')}",
        )
    elif given_out(site.outputs["StateTable"], site.client):
        yield ok("scheduling is locked with the keys that were given out")
    else:
        yield warn(
            "scheduling is locked and no key was given out, so nobody can schedule",
            f"{site.make('key')} NAME=… SCOPE=schedule",
        )

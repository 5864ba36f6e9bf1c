"""The DNS providers that the tools know, one module each. The app's side of each is its adapter of the port `Dns`.

To add one, write both modules and name the tools' one in `PROVIDERS`. What a provider has to answer is
`tools.site.Provider`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tools.providers.cloudflare import Cloudflare
from tools.site import Provider
from tools.stage import Stage, StageError

PROVIDERS: dict[str, Provider] = {"cloudflare": Cloudflare()}
"""The providers by the names that a stage's file calls them."""

_RULES = 15  # for ranges, in infra/template.yaml


def of(_stage: Stage) -> Provider:
    """Return the provider of the stage's zone; there is a choice as soon as there is a second one."""
    return PROVIDERS["cloudflare"]


def parameters(provider: Provider, stage: Stage) -> dict[str, str]:
    """Return what the stack's template must know of the provider, by its parameters' names.

    Raises:
        StageError: there are more ranges than the template has rules for.
    """
    ranges = [str(network) for network in provider.networks]
    if len(ranges) > _RULES:
        raise StageError(
            f"{provider.name} reaches desktops from {len(ranges)} ranges, and infra/template.yaml has {_RULES} rules "
            "for them; write more there, or name the desktops' own security groups in the stage's file."
        )
    return {"Networks": ",".join(ranges + ["-"] * (_RULES - len(ranges))), **provider.parameters(stage)}


def calls_with(provider: Provider, calls: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
    """Return those of the observed calls that the functions make where names live with this provider."""
    others = {service for other in PROVIDERS.values() for service in other.services} - provider.services
    return {
        function: {call for call in made if call.partition(":")[0] not in others} for function, made in calls.items()
    }

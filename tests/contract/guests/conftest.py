"""Every test of what runs on desktops is run over each kind there is: those the demo models, and the agent's parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest

from chalicelib.settings import Client
from tests.contract.guests.guests import Stage, agents_parts, modelled

Setting = Callable[[], AbstractContextManager[Stage]]

KIT: dict[str, Setting] = {"the modelled kit": partial(modelled, Client.KIT), "the agent's parts": agents_parts}
ALL: dict[str, Setting] = {"the modelled scripts": partial(modelled, Client.SCRIPTS), **KIT}


@pytest.fixture(params=list(ALL))
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Return the stage for a kind of guests."""
    with ALL[request.param]() as ready:
        yield ready


@pytest.fixture(params=list(KIT))
def kit(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Return the stage for guests of the kit."""
    with KIT[request.param]() as ready:
        yield ready

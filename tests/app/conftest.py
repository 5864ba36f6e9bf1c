"""The cloud that the app's tests share, wiped before each of them; and what holds of every answer that they get."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from chalice.app import Chalice
from chalice.test import Client

import app
from localcloud.cloud import Cloud
from tests import description
from tests.app.world import NOW, Listener, StillClock, World, project_folder


@pytest.fixture(scope="session", autouse=True)
def _answers_are_as_described() -> Iterator[None]:
    """Fail the test in which the app answers what docs/openapi.yaml does not describe."""
    answer = Chalice.__call__

    def described(chalice: Chalice, event: Any, context: Any) -> Any:
        told = answer(chalice, event, context)
        if chalice.app_name == app.app.app_name:  # other tests of the same process may make apps of their own
            asked = event.get("requestContext") or {}
            description.hold(asked.get("httpMethod", ""), asked.get("resourcePath"), told)
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Chalice, "__call__", described)
        yield


@pytest.fixture(scope="module")
def clock() -> StillClock:
    return StillClock(NOW)


def reusing(make: Callable[..., Any]) -> Callable[..., Any]:
    """Return a maker of clients that makes each kind once: it takes longer than a test does."""
    made: dict[tuple[object, ...], Any] = {}

    def client(service: str, config: Any) -> Any:
        endpoint = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
        kind = (service, endpoint, config.retries["total_max_attempts"])
        if kind not in made:
            made[kind] = make(service, config=config)
        return made[kind]

    return client


@pytest.fixture(scope="module")
def cloud(clock: StillClock) -> Iterator[Cloud]:
    # boto3's default session remembers the first credentials it saw: those of whatever ran before.
    with pytest.MonkeyPatch.context() as patch, Cloud(app.app, clock) as cloud:
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        patch.setattr(boto3, "client", reusing(boto3.client))
        yield cloud


@pytest.fixture
def world(cloud: Cloud, clock: StillClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with Client(app.app, stage_name="dev", project_dir=project_folder()) as client:
        world = World(cloud, clock, monkeypatch, client)
        listener = Listener(world.log)
        logger = logging.getLogger("elephant")
        logger.addHandler(listener)
        yield world
        logger.removeHandler(listener)

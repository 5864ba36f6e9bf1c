"""The cloud that the app's tests share, wiped before each of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import boto3
import pytest
from chalice.test import Client

import app
from localcloud.cloud import Cloud
from tests.app.world import NOW, Listener, StillClock, World, project_folder


@pytest.fixture(scope="module")
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture(scope="module")
def cloud(clock: StillClock) -> Iterator[Cloud]:
    # boto3's default session remembers the first credentials it saw: those of whatever ran before.
    with pytest.MonkeyPatch.context() as patch, Cloud(app.app, clock) as cloud:
        patch.setattr(boto3, "DEFAULT_SESSION", None)
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

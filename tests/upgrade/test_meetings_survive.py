"""A stage that lives survives an upgrade: every meeting ends as it would have under the release that it was made by."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from app import app
from localcloud.judge import leftovers
from tests import at_length
from tests.upgrade.deployed import redeployed
from tests.upgrade.left_behind import RELEASES, Upgraded, moments, recorded, start_anew, upgraded
from tests.upgrade.plots import END, PLOTS

SAME = timedelta(minutes=2)
"""Ends that are no further apart are the same: a sweep may do what a timer did."""

WAITING = "at-49.6"
"""A moment at which people wait at their doors."""

MID_LAUNCH = "at-mid-launch"
"""The moment at which most is under way; the others are played at length."""

FOUND = [(release, moment) for release in RELEASES for moment in moments(release)]


def problems(stage: Upgraded, release: str, until: datetime = END) -> Iterator[str]:
    """Let the stage live on; yield what came out otherwise than it would have without the upgrade."""
    stage.clock.run(until)
    story = recorded(release, "release")
    for plot in PLOTS:
        row = stage.cloud.row(stage.lives.ids[plot.name])
        expected, came = story["ends"][plot.name], stage.lives.end(plot, row)
        # Who had been let in, or turned away, before the upgrade does not ask again.
        answers = {role: status for role, status in came["last_answers"].items() if status}
        if any(expected["last_answers"][role] != status for role, status in answers.items()):
            yield f"{plot.name}: people were answered {answers}, not {expected['last_answers']}"
        if (came["status"], came["reason"]) != (expected["status"], expected["reason"]):
            yield f"{plot.name}: it ended as {came['reason']}, not {expected['reason']}"
        elif abs(_moment(came["ended_at"]) - _moment(expected["ended_at"])) > SAME:
            yield f"{plot.name}: it ended at {came['ended_at']}, not {expected['ended_at']}"
        for visitor in stage.lives.visitors[plot.name].values():
            yield from (f"{plot.name}: {problem}" for problem in visitor.problems)
    yield from (f"left behind: {thing}" for thing in leftovers(stage.cloud))
    yield from (f"given up: {event}" for event in stage.cloud.functions.dead_letters)


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))


@pytest.mark.parametrize(("release", "moment"), at_length.split(FOUND, lambda found: found[1] == MID_LAUNCH))
def test_every_meeting_ends_as_it_would_have(release: str, moment: str) -> None:
    """The stage signed no links; the deploy made its state table just now, and its keys. Sent links open as before."""
    with upgraded(app, release, moment) as stage, redeployed(stage.cloud, release, None):
        assert list(problems(stage, release)) == []


@pytest.mark.parametrize("release", RELEASES)
def test_links_that_were_signed_with_a_key_in_plain_text_open_once_the_key_has_moved(release: str) -> None:
    key = recorded(release, "release")["signing_key"]
    with upgraded(app, release, WAITING, "signed_links") as stage, redeployed(stage.cloud, release, key):
        assert "LINK_SIGNING_KEY" not in os.environ
        assert list(problems(stage, release)) == []


@pytest.mark.long
@pytest.mark.parametrize("release", RELEASES)
def test_an_operator_who_says_that_meetings_are_recorded_lengthens_none_on_desktops_with_scripts(release: str) -> None:
    with upgraded(app, release, WAITING) as stage, redeployed(stage.cloud, release, None):
        os.environ["RECORD"] = "true"
        start_anew(stage.cloud)
        assert list(problems(stage, release)) == []


@pytest.mark.long
@pytest.mark.parametrize("release", RELEASES)
def test_functions_whose_environment_knows_nothing_new_go_on_as_well(release: str) -> None:
    """New code with the environment of the release, as `chalice deploy` alone leaves it: no state table, no keys."""
    with upgraded(app, release, WAITING) as stage:
        assert list(problems(stage, release)) == []


def test_functions_that_do_nothing_any_more_are_noticed() -> None:
    with upgraded(app, RELEASES[0], "at-74.2") as stage:
        stage.gate.is_open = False
        found = list(problems(stage, RELEASES[0], stage.clock.now() + timedelta(minutes=20)))
    assert "one-uploads: it ended as None, not PARTIAL_UPLOAD_TIMEOUT" in found
    assert sum(problem.startswith("left behind: instance") for problem in found) > 5

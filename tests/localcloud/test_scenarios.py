"""Every scenario, as `make demo` runs it, and that a broken promise would not go unnoticed."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from unittest.mock import patch

import pytest
from chalice.app import Chalice, CloudWatchEvent, DynamoDBEvent, Rate

from chalicelib.rules.endings import ENDINGS
from localcloud import demo, display
from localcloud.cloud import Cloud
from localcloud.conditions import GOOD_DAY
from localcloud.desktops import SAVING
from localcloud.ledger import APP
from localcloud.play import play
from localcloud.scenario import Run, Scenario, Visits, minutes
from localcloud.scenarios import BY_SCRIPTS, SCENARIOS
from localcloud.timeline import Entry
from tests import at_length

SHORT = {"normal", "no-show", "partial", "scripts", "capacity", "dns-down", "lost-events", "desktop-dies", "whole-time"}
"""What is played each time; the other scenarios differ from these in what people do, which the simulation plays too."""

COUNTED = ("normal", "scripts")
"""The lives of which calls are counted; to warm the app up for the others would take as long again."""


@cache
def demonstrated(name: str) -> tuple[Run, str]:
    """Return what `make demo` plays of a scenario and what it prints in 80 columns."""
    played: list[Run] = []

    def play_and_keep(scenario: Scenario, listener: Callable[[Entry], object], *, warm: bool) -> Run:
        played.append(play(scenario, listener=listener, warm=warm and name in COUNTED))
        return played[0]

    with (
        redirect_stdout(io.StringIO()) as out,
        patch.object(demo, "play", play_and_keep),
        patch.dict(os.environ, {"COLUMNS": "80"}),
    ):
        demo.main([name])
    return played[0], out.getvalue()


def lived(name: str) -> Run:
    return demonstrated(name)[0]


@pytest.mark.parametrize("name", at_length.split(SCENARIOS, SHORT.__contains__))
def test_it_ends_as_promised_leaves_nothing_behind_and_is_told_in_eighty_columns(name: str) -> None:
    result, printed = demonstrated(name)
    assert not result.broken
    assert result.kept
    [told] = result.timeline.of("meeting")
    assert told.what == f"has ended: {SCENARIOS[name].reason}"
    assert told.why in [ending.when for ending in ENDINGS if ending.reason == SCENARIOS[name].reason]
    assert 70 < max(map(len, printed.splitlines())) <= 80
    said = " ".join(printed.split())
    assert "As promised, and nothing is left alive." in said
    for entry in result.timeline.entries:
        assert display.short(entry.what) in said


@pytest.mark.parametrize(
    "name", at_length.split(["no-show", "partial", "lost-events", "desktop-dies"], ("no-show", "partial").__contains__)
)
def test_it_ends_so_on_desktops_with_scripts_as_well(name: str) -> None:
    assert not play(BY_SCRIPTS[name]).broken


def test_a_lesson_that_uses_its_whole_time_is_paid_for_until_both_recordings_are_safe_and_no_longer() -> None:
    result = lived("whole-time")
    ended_at = datetime.fromisoformat(result.row["ended_at"])
    assert minutes(60) + SAVING < ended_at < minutes(60) + SAVING + timedelta(minutes=1)


def test_one_on_desktops_with_scripts_ends_with_people_s_time_as_ever() -> None:
    whole = SCENARIOS["whole-time"]
    by_scripts = replace(whole, conditions=GOOD_DAY, ends=(60, 61), promises=())
    assert not play(by_scripts).broken


def test_one_whose_desktops_do_not_upload_is_waited_for_to_the_hard_deadline() -> None:
    def keep_quiet(cloud: Cloud, _people: Visits) -> None:
        for desktop in cloud.desktops.all.values():
            desktop.upload = lambda: None  # type: ignore[method-assign]

    whole = SCENARIOS["whole-time"]
    mute = replace(whole, script=lambda cloud, people: cloud.clock.at(minutes(5), lambda: keep_quiet(cloud, people)))
    assert play(replace(mute, ends=(70, 71))).broken == ["not so: both recordings are safe"]


def test_a_run_can_be_repeated() -> None:
    def lines(result: Run) -> list[tuple[object, ...]]:
        return [(e.at, e.trigger, e.who, e.bad) for e in result.timeline.entries]

    assert lines(play(SCENARIOS["no-show"])) == lines(lived("no-show"))


def test_an_end_other_than_the_promised_one_is_noticed() -> None:
    wrong = replace(SCENARIOS["no-show"], reason="SUCCESS", ends=(0, 1), replaced=1)
    broken = play(wrong).broken
    assert broken[0] == "it ended with NO_SHOW_TIMEOUT, not SUCCESS"
    assert broken[1].startswith("it ended at T+15.")
    assert broken[2] == "2 desktops were launched, not 3"


def test_what_an_idle_app_leaves_is_noticed() -> None:
    app = Chalice("idle")

    @app.route("/schedule", methods=["POST"])
    def schedule() -> dict[str, str]:
        return {"id": "m", "teacher_link": "http://x/?id=m&role=teacher", "student_link": "http://x/?id=m&role=student"}

    @app.on_dynamodb_record(stream_arn="arn:aws:dynamodb:us-west-2:1:table/x/stream/y")
    def stream_terminator(event: DynamoDBEvent) -> None:
        json.dumps(event.to_dict())

    @app.schedule(Rate(1, unit=Rate.MINUTES))
    def sweep(event: CloudWatchEvent) -> None:
        json.dumps(event.to_dict())

    result = play(replace(SCENARIOS["no-show"], script=None, promises=()), app)
    assert not result.kept
    assert result.broken == ["it ended with no reason, not NO_SHOW_TIMEOUT", "0 desktops were launched, not 2"]


def test_every_call_of_the_app_has_its_trigger() -> None:
    triggers = {call.trigger for call in lived("normal").ledger.of(APP)}
    assert triggers == {"schedule", "launch timer", "EC2 event", "stream", "join", "desktop", "safety timer", "sweep"}


def test_an_ordinary_life_costs_what_the_project_claims() -> None:
    assert len([call for call in lived("scripts").ledger.of(APP) if call.trigger != "sweep"]) <= 39


def test_who_reloads_the_page_is_in_again_by_the_same_token() -> None:
    told = [entry.what for entry in lived("one-reload").timeline.of("student")]
    assert told[told.index("loses the connection") + 1 :] == ["is in again", "is done and leaves"]
    assert lived("one-reload").people["student"].visits == 1


def test_who_only_looks_at_a_link_is_not_let_in_and_has_not_come() -> None:
    for name in ("open-tab", "mail-scanner"):
        result = lived(name)
        assert not any(attribute.endswith("_joined_at") for attribute in result.row)
        assert [entry.what for entry in result.timeline.of("student")].count("is in") == 0


def test_what_came_before_the_meeting_is_no_part_of_its_story() -> None:
    result = lived("early")
    scheduling, *rest = result.timeline.entries
    assert (scheduling.what, scheduling.meeting) == ("schedules the meeting", "")
    assert {entry.meeting for entry in rest} == {result.meeting_id}
    assert [change.what for change in result.records] == ["created", "created", "deleted", "deleted"]


def a_record_comes_back(cloud: Cloud, _people: Visits) -> None:
    def add() -> None:
        record = cloud.cloudflare.changes[0].record
        cloud.cloudflare.add(**{name: record[name] for name in ("name", "content", "comment")})

    cloud.clock.at(minutes(16.5), add)


def test_a_record_made_after_the_end_is_noticed_and_told_apart_from_the_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    haunted = replace(SCENARIOS["no-show"], script=a_record_comes_back, promises=())
    monkeypatch.setitem(SCENARIOS, "no-show", haunted)
    assert demo.main(["no-show"]) == 1
    shown = capsys.readouterr().out
    assert re.search(r"Not as promised: the record i-\w+ was made after the meeting had ended\.", shown)
    spans = re.findall(r"│ record +│ i-\w+ +│ (T\S+) +│ (T\S+) +│ withdrawn", shown)
    assert len(spans) == 3
    assert spans[0][1].startswith("T+15:")
    assert spans[2][0] == "T+16:30"
    assert spans[2][1] > "T+16:30"


def test_the_demo_shows_the_timeline_and_the_sums_in_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert demo.main(["partial"]) == 0
    shown = capsys.readouterr().out
    for text in ("T-12:00", "launch timer", "│ PARTIAL_NO_SHOW_TIMEOUT │", "left alive", "without the sweep │"):
        assert text in shown


def test_the_demo_fails_where_the_promise_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(SCENARIOS, "no-show", replace(SCENARIOS["no-show"], reason="SUCCESS"))
    assert demo.main(["no-show"]) == 1
    assert "it ended with NO_SHOW_TIMEOUT, not SUCCESS" in capsys.readouterr().out


def test_an_unknown_scenario_is_answered_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCENARIO", "holiday")
    assert demo.main([]) == 2
    assert f"'holiday'; SCENARIO can be {', '.join(SCENARIOS)}" in " ".join(capsys.readouterr().err.split())

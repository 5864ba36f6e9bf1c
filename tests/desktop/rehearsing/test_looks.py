"""What a rehearsal makes of what it sees: one sentence for each way in which a machine can be otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desktop import notice
from desktop.config import Config
from desktop.hooks import Runner
from desktop.notice import Told
from desktop.rehearsal import looks, session
from desktop.rehearsal.app import App
from desktop.rehearsal.certificate import Issued
from desktop.rehearsal.findings import Finding, lacking
from desktop.rehearsal.hosts import Linux
from desktop.rehearsal.metadata import Metadata
from desktop.rehearsal.session import Probed
from desktop.state import State
from tests.desktop.http_server import Answer, serving

ME = "i-0123456789abcdef0"
NOW = datetime.now(UTC).replace(microsecond=0)
DEADLINE = NOW + timedelta(hours=1)
ISSUED = Issued(f"{ME}.rehearsal.invalid", "certificate", "key", "root")


@pytest.fixture
def app() -> Iterator[App]:
    app = App(ME, ISSUED, DEADLINE)
    yield app
    app.stop()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    for name in ("state", "session"):
        (tmp_path / name).mkdir()
    return replace(Config(), state=tmp_path / "state", session=tmp_path / "session", hooks=tmp_path / "hooks")


def sentence(found: Finding | None, is_ok: bool) -> str:
    assert found is not None
    assert found.is_ok is is_ok, found
    assert "\n" not in str(found)
    return found.sentence


# --- the agent's own word


def test_what_the_service_complained_of_last_is_why_it_does_not_come_up(app: App) -> None:
    log = "2026-03-02 15:00:00,000 INFO begun\n2026-03-02 15:00:01,000 WARNING Port 8444 is taken.\n"
    assert "It says: Port 8444 is taken." in sentence(looks.agent(app, log, 15), is_ok=False)


def test_a_service_that_has_not_said_whether_it_is_ready(app: App, config: Config) -> None:
    [found] = looks.ready(app, config, ISSUED.host_name, 0.25)
    assert "has not said within 0.25 minutes" in sentence(found, is_ok=False)


@pytest.mark.parametrize(
    ("missing", "where"),
    [
        ("The DCV service is not running.", "dcvserver"),
        ("It cannot be told whether this holds: The DCV service is not running. (systemctl fails)", "dcvserver"),
        ("DCV cannot be asked: `dcv list-sessions` fails with 1.", "server.log"),
        ("DCV has no session yet.", "create-session"),
        ("DCV's session is SYSTEM's and not lesson's, so nobody would be let in.", "owner"),
        ("DCV has no licence: DCV lists no licence.", "dcv-license"),
        ("The certificate on port 8443 is not good for a.invalid: Hostname mismatch.", "dcv_certificates"),
        ("The certificate that the app keeps is not installed yet.", "dcv_certificates"),
        ("Nothing listens on port 8443.", "web-port"),
        ("lesson is not logged on yet.", "rehearse --prepare"),
        ("The machine is about to restart.", "installer"),
        ("A check of the operator's: 10-mine failed with 1.", "hooks/checks"),
        ("Something that nobody thought of.", "agent's log"),
    ],
)
def test_each_thing_that_is_missing_is_told_with_where_to_look(missing: str, where: str) -> None:
    [found] = lacking([missing])
    assert sentence(found, is_ok=False).startswith(missing)
    assert where in found.sentence.removeprefix(missing)


# --- the door


def answering(app: App, config: Config, answer: Callable[[], Answer]) -> list[Finding]:
    with serving(lambda asked: answer()) as url:
        return looks.verifier(app, replace(config, verifier_port=int(url.rpartition(":")[2])))


YES = '<auth result="yes"><username>lesson</username></auth>'
NO = '<auth result="no"><message>Go back.</message></auth>'


def test_a_verifier_that_lets_everybody_in(app: App, config: Config) -> None:
    bad, good = answering(app, config, lambda: Answer(200, YES))
    assert "A token that the app has not made opens the desktop." in sentence(bad, is_ok=False)
    sentence(good, is_ok=True)


def test_a_verifier_that_lets_nobody_in(app: App, config: Config) -> None:
    bad, good = answering(app, config, lambda: Answer(200, NO))
    sentence(bad, is_ok=True)
    assert "the agent says 'Go back.'" in sentence(good, is_ok=False)


def test_a_verifier_that_opens_to_another_user(app: App, config: Config) -> None:
    _, good = answering(app, config, lambda: Answer(200, YES.replace("lesson", "somebody")))
    assert "'somebody'" in sentence(good, is_ok=False)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, YES),
        Answer(200, "Welcome to nginx"),
        Answer(200, "<html/>"),
        Answer(200, '<auth result="perhaps"/>'),
        Answer(200, '<!DOCTYPE auth [<!ENTITY a "lesson">]><auth result="yes"><username>&a;</username></auth>'),
        Answer(200, "<auth"),
    ],
)
def test_a_port_that_does_not_answer_as_dcv_is_to_be_answered(app: App, config: Config, answer: Answer) -> None:
    for found in answering(app, config, lambda: answer):
        assert "not what DCV understands" in sentence(found, is_ok=False)


# --- DCV's settings


@pytest.mark.parametrize(
    ("line", "is_ok", "says"),
    [
        ('auth-token-verifier="http://127.0.0.1:8444"', True, "http://127.0.0.1:8444"),
        ("auth-token-verifier='http://127.0.0.1:8444/agent'", True, "/agent"),
        ('auth-token-verifier="http://127.0.0.1:9444"', False, "DCV asks http://127.0.0.1:9444"),
        ("os-auto-lock=false", False, "DCV asks nobody"),
    ],
)
def test_whom_dcv_asks(tmp_path: Path, config: Config, line: str, is_ok: bool, says: str) -> None:
    (tmp_path / "etc" / "dcv").mkdir(parents=True)
    (tmp_path / "etc" / "dcv" / "dcv.conf").write_text(f"[security]\n{line}\n")
    assert says in sentence(looks.setting(Linux(tmp_path), config), is_ok)


def test_settings_of_dcv_that_are_not_there_or_no_settings(tmp_path: Path, config: Config) -> None:
    assert "cannot be read" in sentence(looks.setting(Linux(tmp_path), config), is_ok=False)
    (tmp_path / "etc" / "dcv").mkdir(parents=True)
    (tmp_path / "etc" / "dcv" / "dcv.conf").write_text("auth-token-verifier\n")
    assert "is not to be understood" in sentence(looks.setting(Linux(tmp_path), config), is_ok=False)


# --- the guard


@pytest.mark.parametrize(
    ("kept", "tag", "is_ok", "says"),
    [
        (DEADLINE, DEADLINE, True, "the machine ends itself at"),
        (None, DEADLINE, False, "is not armed"),
        (DEADLINE - timedelta(hours=2), DEADLINE - timedelta(hours=2), False, "would act before the deadline"),
        (DEADLINE + timedelta(hours=2), DEADLINE + timedelta(hours=2), False, "would act even after the deadline"),
    ],
)
def test_a_guard_is_armed_and_would_act_then_and_not_before(
    config: Config, kept: datetime | None, tag: datetime, is_ok: bool, says: str
) -> None:
    state = State(config.state / "state.json", ME)
    if kept:
        state.keep("first_deadline", f"{kept:%Y-%m-%dT%H:%M:%SZ}")
        state.keep("deadline", f"{kept:%Y-%m-%dT%H:%M:%SZ}")
    metadata = Metadata(ME, "us-west-2", {"Deadline": f"{tag:%Y-%m-%dT%H:%M:%SZ}"})
    found = looks.guard(config, ME, metadata.url, DEADLINE)
    metadata.stop()
    assert says in sentence(found, is_ok)


def test_the_deadline_of_another_instance_arms_nothing(config: Config) -> None:
    State(config.state / "state.json", "i-0fedcba9876543210").keep("deadline", f"{DEADLINE:%Y-%m-%dT%H:%M:%SZ}")
    assert "is not armed" in sentence(looks.guard(config, ME, "http://127.0.0.1:9", DEADLINE), is_ok=False)


# --- the session


def test_what_the_person_s_command_has_left_is_hearsay(tmp_path: Path) -> None:
    file = tmp_path / "rehearsal.json"
    for text in ("", "[]", "{}", '{"user": 3}', "[" * 100_000):
        file.write_text(text)
        assert session.probed(file) is None
    file.write_text(json.dumps({"user": "lesson", "metadata": "refused"}))
    assert session.probed(file) == Probed("lesson", "refused")


def test_commands_that_did_not_run_or_ran_as_another(config: Config) -> None:
    assert "by the service" in sentence(session.ran(config, Runner.SERVICE, None), is_ok=False)
    assert "by the session helper" in sentence(session.ran(config, Runner.SESSION, None), is_ok=False)
    assert "as root, and not as lesson" in sentence(session.ran(config, Runner.SESSION, Probed("root", None)), False)
    sentence(session.ran(config, Runner.SESSION, Probed("LESSON", None)), is_ok=True)
    sentence(session.ran(config, Runner.SERVICE, Probed("SYSTEM", None)), is_ok=True)


def test_only_commands_of_the_image_are_told_to_have_failed(config: Config) -> None:
    for runner in Runner:
        for moment in ("connect", "disconnect"):
            (config.hooks / runner / moment).mkdir(parents=True)
    (config.hooks / "service" / "connect" / "10-mine").touch()
    (config.hooks / "session" / "disconnect" / "20-mine").touch()
    log = (
        "x WARNING 10-mine failed with -9. It printed: y\nx WARNING 10-mine failed with -9.\n"
        "x WARNING 20-mine has not ended after 60 s and was stopped.\nx WARNING upload failed with 1.\n"
    )
    found = session.failing(config, {Runner.SERVICE: log, Runner.SESSION: log})
    assert [sentence(each, is_ok=False).partition(" It is in")[0] for each in found] == [
        "The command 10-mine failed with -9.",
        "The command 20-mine has not ended after 60 s and was stopped.",
    ]


def test_metadata_are_the_service_s_alone(config: Config) -> None:
    open_, shut = Probed("SYSTEM", None), Probed("lesson", "refused")
    assert "and not lesson" in sentence(session.metadata(config, open_, shut), is_ok=True)
    assert "firewall" in sentence(session.metadata(config, open_, Probed("lesson", None)), is_ok=False)
    assert "not looked at" in sentence(session.metadata(config, Probed("SYSTEM", "refused"), shut), is_ok=True)
    assert session.metadata(config, None, shut) is session.metadata(config, open_, None) is None


def test_a_helper_of_long_ago_is_none(config: Config) -> None:
    file = notice.told_file(config.session)
    assert session.helper(config) is None
    notice.write(file, Told(at=datetime.now(UTC) - timedelta(minutes=1), recording=True))
    assert session.helper(config) is None
    notice.write(file, Told(at=datetime.now(UTC), recording=True))
    assert session.helper(config) is not None


def test_a_room_that_did_not_open(config: Config) -> None:
    fault = "No browser is found here."
    assert fault in sentence(session.room(Told(fault=fault)), is_ok=False)
    assert "says nothing" in sentence(session.room(None), is_ok=False)


def test_a_recording_is_there_or_it_is_said_why_not(app: App) -> None:
    assert "within 15 minutes" in sentence(session.recording(app, None, 15), is_ok=False)
    app.heard.lost = ["a.mkv holds 0 bytes."]
    assert "a.mkv holds 0 bytes." in sentence(session.recording(app, None, 15), is_ok=False)
    assert "It has ended." in sentence(session.recording(app, "It has ended.", 15), is_ok=False)
    app.heard.lost = []
    app.recordings.safe["c.mkv"] = 1234
    assert "A piece" in sentence(session.recording(app, None, 15), is_ok=False)
    app.heard.pieces = 1
    assert "1,234 bytes" in sentence(session.recording(app, None, 15), is_ok=True)
    app.recordings.empty.append("b.mkv")
    assert "b.mkv holds nothing" in sentence(session.recording(app, None, 15), is_ok=False)


@pytest.mark.parametrize(
    ("fault", "is_recorder_s"),
    [
        ("The recorder has ended at once with 1.", True),
        ("Nothing records: ffmpeg is not found, and agent.toml names no recorder.", True),
        ("No browser is found here.", False),
        (None, False),
    ],
)
def test_what_the_helper_says_of_the_recorder(fault: str | None, is_recorder_s: bool) -> None:
    assert session.recorder_fault(Told(fault=fault)) == (fault if is_recorder_s else None)

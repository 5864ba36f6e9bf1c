"""What stands in for EC2, the app and its bucket: as the agent's own parts see it, and against what none should do."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from desktop import tls
from desktop.api import App as Asking
from desktop.api import AppRefused
from desktop.clock import AppClock
from desktop.conversation import understand
from desktop.door import Door, Presence
from desktop.metadata import Metadata as Reading
from desktop.rehearsal import probe, visit
from desktop.rehearsal.app import MEETING, App
from desktop.rehearsal.certificate import Issued, issue
from desktop.rehearsal.metadata import Metadata
from desktop.rehearsal.recordings import CHECKSUM
from desktop.state import State

ME = "i-0123456789abcdef0"
NAME = f"{ME}.rehearsal.invalid"
NOW = datetime.now(UTC)
DESK = f"/desktop/{MEETING}"


@pytest.fixture(scope="module")
def issued() -> Issued:
    return issue(NAME)


@pytest.fixture
def app(issued: Issued) -> Iterator[App]:
    app = App(ME, issued, NOW + timedelta(hours=1))
    yield app
    app.stop()


@pytest.fixture
def metadata(app: App) -> Iterator[Metadata]:
    metadata = Metadata(ME, "us-west-2", {"MeetingID": MEETING, "Api": app.url, "Deadline": "2026-03-02T15:00:00Z"})
    yield metadata
    metadata.stop()


@pytest.fixture
def asks(app: App, metadata: Metadata) -> Asking:
    """The agent's own client of the app."""
    return Asking(app.url, "us-west-2", Reading(metadata.url).credentials, AppClock())


# --- metadata


def test_the_agent_reads_who_it_is(metadata: Metadata, app: App) -> None:
    own = Reading(metadata.url).machine()
    assert (own.instance_id, own.region) == (ME, "us-west-2")
    assert own.tags == {"MeetingID": MEETING, "Api": app.url, "Deadline": "2026-03-02T15:00:00Z"}
    assert Reading(metadata.url).credentials().expires_at > NOW + timedelta(hours=5)


def test_nothing_is_told_without_a_token(metadata: Metadata) -> None:
    where = f"{metadata.url}/latest/meta-data/instance-id"
    assert requests.get(where, timeout=10).status_code == 401
    assert requests.put(f"{metadata.url}/latest/api/token", timeout=10).status_code == 400


# --- the app


def test_the_agent_learns_its_place(asks: Asking, app: App) -> None:
    told = asks.ask("GET", DESK)
    place = understand(told, ME)
    assert (place.host_name, place.seat.role, place.room) == (NAME, "teacher", f"{app.origin}/room")
    assert (place.record, place.uploads) == (True, True)
    assert app.heard.has_asked
    handed = asks.ask("GET", f"{DESK}/certificate")
    assert (
        told["certificate_id"] == handed["certificate_id"] == hashlib.sha256(handed["certificate"].encode()).hexdigest()
    )
    assert handed["issuer_root"] == place.issuer_root


def test_what_the_agent_says_is_kept(asks: Asking, app: App) -> None:
    asks.ask("POST", f"{DESK}/ready", {"missing": ["A."]})
    assert "role" in asks.ask("POST", f"{DESK}/presence", {"connected": True})
    asks.ask("POST", f"{DESK}/uploaded", {"pieces": 0, "lost": ["B."]})
    assert (app.heard.missing, app.heard.connected, app.heard.lost) == (["A."], True, ["B."])


def test_nobody_else_is_told_anything(app: App) -> None:
    answer = requests.get(f"{app.url}{DESK}", timeout=10)
    assert (answer.status_code, "Elephant" in answer.headers) == (403, False)
    assert not app.heard.has_asked


def test_a_route_that_the_app_has_not_is_refused(asks: Asking) -> None:
    with pytest.raises(AppRefused) as refused:
        asks.ask("POST", f"{DESK}/dance", {})
    assert refused.value.status == 404


def test_a_browser_gets_a_room(app: App) -> None:
    assert "rehearsal" in requests.get(f"{app.origin}/room", timeout=10).text


def test_the_agent_s_door_opens_to_the_good_token_alone(asks: Asking, app: App, tmp_path: Path) -> None:
    seat = understand(asks.ask("GET", DESK), ME).seat
    door = Door(lambda: seat, Presence, lambda: NOW, State(tmp_path / "state.json", ME))
    assert not door.judge(app.token(NOW, key="another's")).opens
    assert door.judge(app.token(NOW)).opens


# --- its certificate


def shown(issued: Issued, folder: Path, roots: str, name: str) -> str | None:
    """Return what the agent finds wrong with a port that shows this certificate."""
    (folder / "cert.pem").write_text(issued.certificate)
    (folder / "key.pem").write_text(issued.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                with context.wrap_socket(listening.accept()[0], server_side=True) as channel:
                    channel.recv(100)
                    channel.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            except ssl.SSLError:
                pass  # who asks did not like it

        thread = threading.Thread(target=serve)
        thread.start()
        fault = tls.find_fault(listening.getsockname()[1], name, roots)
        thread.join()
    return fault


def test_the_certificate_is_good_for_its_name_and_its_root_alone(issued: Issued, tmp_path: Path) -> None:
    assert shown(issued, tmp_path, issued.root, NAME) is None
    assert "not good for other.invalid" in (shown(issued, tmp_path, issued.root, "other.invalid") or "")
    assert "not good for" in (shown(issued, tmp_path, issue(NAME).root, NAME) or "")


def test_its_key_stands_in_no_text(issued: Issued) -> None:
    assert "PRIVATE" not in repr(issued)


# --- recordings


def offer(asks: Asking, content: bytes, **more: Any) -> dict[str, Any]:
    parts = [{"number": 1, "sha256": digest(content)}]
    return asks.ask("POST", f"{DESK}/recordings", {"piece": "a.mkv", "bytes": len(content), "parts": parts, **more})


def finish(asks: Asking, content: bytes, upload: str) -> dict[str, Any]:
    parts = [{"number": 1, "sha256": digest(content)}]
    told = {"piece": "a.mkv", "bytes": len(content), "upload": upload, "parts": parts}
    return asks.ask("POST", f"{DESK}/recordings/safe", told)


def digest(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def test_a_piece_arrives_whole_and_once(asks: Asking, app: App) -> None:
    told = offer(asks, b"film", upload="")
    [link] = told["links"]
    assert (told["there"], link["number"]) == ([], 1)
    assert requests.put(link["url"], b"film", headers=link["headers"], timeout=10).status_code == 200
    assert offer(asks, b"film", upload="")["there"] == [{"number": 1, "sha256": digest(b"film"), "bytes": 4}]
    assert finish(asks, b"film", told["upload"])["safe"] is True
    assert finish(asks, b"film", told["upload"])["safe"] is True
    assert offer(asks, b"film", upload="") | {"message": ""} == {
        "upload": "",
        "there": [],
        "links": [],
        "safe": True,
        "message": "",
    }
    assert app.recordings.safe == {"a.mkv": 4}


@pytest.mark.parametrize("sent", [b"fil", b"filn", b""])
def test_a_part_that_is_not_what_it_says_is_refused(asks: Asking, app: App, sent: bytes) -> None:
    told = offer(asks, b"film", upload="")
    answer = requests.put(told["links"][0]["url"], sent, headers=told["links"][0]["headers"], timeout=10)
    assert (answer.status_code, "BadDigest" in answer.text) == (400, True)
    unsigned = requests.put(told["links"][0]["url"], b"film", headers={CHECKSUM: digest(b"else")}, timeout=10)
    assert unsigned.status_code == 400
    with pytest.raises(AppRefused) as refused:
        finish(asks, b"film", told["upload"])
    assert refused.value.status == 409
    assert app.recordings.safe == {}


def test_a_piece_is_whole_of_just_the_parts_that_are_named(asks: Asking, app: App) -> None:
    told = offer(asks, b"film", upload="")
    requests.put(told["links"][0]["url"], b"film", headers=told["links"][0]["headers"], timeout=10)
    with pytest.raises(AppRefused) as refused:
        finish(asks, b"filn", told["upload"])
    assert (refused.value.status, app.recordings.safe) == (409, {})


def test_an_upload_that_nobody_knows_is_to_be_begun_anew(asks: Asking) -> None:
    with pytest.raises(AppRefused) as refused:
        offer(asks, b"film", upload="gone")
    assert refused.value.status == 409
    with pytest.raises(AppRefused) as refused:
        finish(asks, b"film", "gone")
    assert refused.value.status == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"piece": "../a"},
        {"bytes": "4"},
        {"parts": None},
        {"parts": [{"number": 0, "sha256": "x"}]},
        {"parts": [{"number": 1, "sha256": "x"}] * 21},
    ],
)
def test_what_the_app_would_not_take_is_refused(asks: Asking, wrong: dict[str, Any]) -> None:
    with pytest.raises(AppRefused) as refused:
        offer(asks, b"film", upload="", **wrong)
    assert refused.value.status == 400


def test_a_piece_of_nothing_is_noted(asks: Asking, app: App) -> None:
    with pytest.raises(AppRefused, match="holds nothing"):
        offer(asks, b"", upload="")
    assert app.recordings.empty == ["a.mkv"]


# --- what is run as a file of its own


def test_dcv_tells_of_one_connection_more_while_somebody_is_said_to_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"id": "console", "num-of-connections": 1, "owner": "lesson"}
    command = [sys.executable, "-c", f"print({json.dumps(told)!r})"]
    flag = tmp_path / "visiting"
    assert visit.main([str(flag), *command]) == 0
    assert json.loads(capsys.readouterr().out) == told
    flag.touch()
    assert visit.main([str(flag), *command]) == 0
    assert json.loads(capsys.readouterr().out) == told | {"num-of-connections": 2}


@pytest.mark.parametrize("printed", ["", "no JSON", "[]", '[{"id": "console"}]', '{"id": "console"}', "3"])
def test_what_is_no_session_is_left_as_it_is(printed: str) -> None:
    assert visit.with_one_more(printed) == printed


def test_how_dcv_fails_is_passed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [sys.executable, "-c", "import sys; print('why', file=sys.stderr); sys.exit(4)"]
    assert visit.main([str(tmp_path / "visiting"), *words]) == 4
    assert capsys.readouterr().err == "why\n"


def test_a_probe_tells_whether_a_token_is_to_be_had(metadata: Metadata, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    assert probe.main([metadata.url, str(result)]) == 0
    told = json.loads(result.read_text())
    assert (told["metadata"], bool(told["user"])) == (None, True)
    metadata.stop()
    probe.main([metadata.url, str(result)])
    assert "refused" in json.loads(result.read_text())["metadata"]


def test_a_server_that_gives_no_token_is_none_that_answers(app: App) -> None:
    assert probe.reach(app.origin) == "status 403"

"""Live connections to the stand-in for DCV: lost, made again, evicted, left, and what dies with the machine."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

from localcloud.dcv.certificate import make_pair
from localcloud.dcv.process import DcvProcess
from localcloud.dcv.server import CRASHED
from tests.localcloud.dcv.stands import NO, Desk, Verifier, peer_certificate, until

ONE = "max-concurrent-clients=1"
ROOM = {
    "person": "Zoë <b>",
    "role": "teacher",
    "room_url": "https://meet.example/m-1",
    "opened_at": "2026-03-02T12:00:00Z",
    "opened_by": "the session helper",
}


def last_left(desk: Desk) -> str:
    return str(desk.told("describe-session", "console")["last-disconnection-time"])


def test_a_dropped_connection_is_noticed_and_the_same_token_is_asked_about_again(
    running: Desk, verifier: Verifier
) -> None:
    first = running.connect("t-1")
    assert (running.connections(), last_left(running)) == (1, "")
    first.drop()
    until(lambda: running.connections() == 0)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", last_left(running))
    again = running.connect("t-1")
    assert again.is_in
    assert running.connections() == 1
    assert [asked.body for asked in verifier.asked] == [verifier.asked[0].body] * 2


def test_a_reconnect_that_the_verifier_refuses_stays_out(running: Desk, verifier: Verifier) -> None:
    running.connect().drop()
    verifier.answer = NO
    assert running.connect().status == 403
    until(lambda: running.connections() == 0)


def test_a_newer_connection_of_the_same_user_replaces_the_oldest(desk: Desk, verifier: Verifier) -> None:
    desk.settings(verifier.url, automatic=f"{ONE}\nclient-eviction-policy='same-user-oldest-connection'")
    desk.start()
    first = desk.connect()
    second = desk.connect()
    assert second.is_in
    assert first.next() == {"event": "over", "reason": "evicted"}
    assert first.next() is None
    assert desk.told("list-connections", "console") == [{"id": 2}]
    assert last_left(desk)


def test_another_user_is_never_evicted(desk: Desk, verifier: Verifier) -> None:
    file = desk.home / "my.perm"
    file.write_text("[permissions]\n%any% allow builtin\n")
    policy = f"{ONE}\nclient-eviction-policy='same-user-oldest-connection'\npermissions-file='{file}'"
    desk.settings(verifier.url, automatic=policy)
    desk.start()
    first = desk.connect()
    verifier.answer = (200, b'<auth result="yes"><username>guest</username></auth>')
    assert desk.connect().status == 403
    assert first.is_in
    assert desk.told("list-connections", "console") == [{"id": 1}]


def test_by_default_a_full_desktop_refuses_the_newer_one(desk: Desk, verifier: Verifier) -> None:
    desk.settings(verifier.url, automatic=ONE)
    desk.start()
    first = desk.connect()
    refused = desk.connect()
    assert refused.status == 403
    assert "no more at a time" in refused.first["message"]
    assert desk.told("list-connections", "console") == [{"id": 1}]
    first.drop()
    until(lambda: desk.connections() == 0)
    assert desk.connect().is_in


def test_without_a_limit_nobody_is_evicted_up_to_the_users_own(desk: Desk, verifier: Verifier) -> None:
    desk.settings(verifier.url, security="max-connections-per-user=2")
    desk.start()
    lives = [desk.connect(), desk.connect()]
    assert desk.connections() == len(lives)
    assert "may not have more" in desk.connect().first["message"]


def test_the_page_is_told_of_the_room_as_it_opens(running: Desk) -> None:
    live = running.connect()
    assert live.first["room"] is None
    (running.home / "session.json").write_text('{"person": ')
    (running.home / "session.json").write_text(json.dumps({"person": 1, **dict.fromkeys(ROOM, None)}))
    (running.home / "session.json").write_text(json.dumps(ROOM | {"more": 1}))
    assert live.next() == {"event": "room", "room": ROOM}
    second = running.connect()
    assert second.first["room"] == ROOM


def test_work_is_written_down_and_a_strangers_is_not(running: Desk) -> None:
    live = running.connect()
    assert running.press("work", live) == 200
    assert running.press("work", live) == 200
    lines = (running.home / "work.log").read_text().splitlines()
    assert [line.split()[1:] for line in lines] == [["lesson", "1"]] * 2
    live.drop()
    until(lambda: running.connections() == 0)
    assert running.press("work", live) == 404
    live.first["key"] = ""
    assert running.press("crash", live) == 404
    assert len((running.home / "work.log").read_text().splitlines()) == 2
    assert running.is_running


def test_who_leaves_is_let_go_for_good(running: Desk) -> None:
    live = running.connect()
    assert running.press("leave", live) == 200
    assert live.next() == {"event": "over", "reason": "left"}
    until(lambda: running.connections() == 0)
    assert last_left(running)


def test_a_crash_ends_the_process_and_everything_it_knew(running: Desk, verifier: Verifier) -> None:
    live = running.connect()
    port = running.port
    with contextlib.suppress(OSError):
        running.press("crash", live)
    until(lambda: running.exit_code == CRASHED)
    assert live.next() is None
    assert running.dcv("list-sessions", "--json").returncode != 0
    running.start()
    assert running.port == port
    assert (running.connections(), last_left(running)) == (0, "")
    assert running.connect().is_in


def test_a_kill_is_a_machine_that_loses_its_power(running: Desk) -> None:
    created = running.told("describe-session", "console")["creation-time"]
    live = running.connect()
    running.kill()
    assert live.next() is None
    assert running.dcv("describe-session", "console", "--json").returncode != 0
    running.start()
    told = running.told("describe-session", "console")
    assert told["creation-time"] > created
    assert (told["num-of-connections"], told["last-disconnection-time"]) == (0, "")


def test_a_stop_is_clean_and_a_page_may_come_back(running: Desk) -> None:
    live = running.connect()
    running.stop()
    assert running.exit_code == 0
    assert live.next() is None
    assert not (running.home / "port").exists()
    assert not (running.home / "control").exists()


def test_a_certificate_is_made_once_and_replaced_while_running(running: Desk) -> None:
    first = peer_certificate(running.port)
    live = running.connect()
    make_pair(running.home, ["other.example.com"])
    second = peer_certificate(running.port)
    assert second != first
    running.press("leave", live)
    assert live.next() == {"event": "over", "reason": "left"}
    (running.home / "dcv.pem").write_text("garbage")
    assert peer_certificate(running.port) == second
    (running.home / "dcv.pem").unlink()
    assert peer_certificate(running.port) == second
    make_pair(running.home, ["third.example.com"])
    assert peer_certificate(running.port) not in {first, second}


def test_the_certificate_outlives_a_restart(running: Desk) -> None:
    first = peer_certificate(running.port)
    running.kill()
    running.start()
    assert peer_certificate(running.port) == first


def test_two_desktops_have_nothing_in_common(running: Desk, verifier: Verifier, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other")
    other.settings(verifier.url)
    other.start()
    try:
        live = running.connect()
        assert (running.connections(), other.connections()) == (1, 0)
        assert other.press("crash", live) == 404
        assert other.is_running
    finally:
        other.kill()


def test_a_process_tells_the_address_that_opens_it(tmp_path: Path) -> None:
    process = DcvProcess(tmp_path, port=4711)
    assert process.desktop_url("a+b/c") == "https://127.0.0.1:4711/?authToken=a%2Bb%2Fc#console"
    assert (process.is_running, process.exit_code) == (False, None)
